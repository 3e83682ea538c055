//! Several nodes at once.

use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_util::stream::{self, SelectAll};
use futures_util::{StreamExt, TryFutureExt, TryStreamExt};

use crate::target::{self, Target};
use crate::{Client, Error, ErrorKind, Node, Result};

/// Several nodes, from [`Client::nodes`].
#[derive(Debug, Clone)]
pub struct Nodes {
    names: Vec<String>,
    nodes: Vec<Node>,
    concurrency: usize,
    /// Why no node can be asked.
    invalid: Option<Error>,
}

impl Nodes {
    pub(crate) fn new(client: &Client, names: Vec<String>) -> Self {
        let invalid = check(&names).err();
        let nodes = names
            .iter()
            .map(|name| match &invalid {
                Some(error) => client.at(Target::invalid(name, error.clone())),
                None => client.node(name),
            })
            .collect();
        Self { names, nodes, concurrency: client.concurrency(), invalid }
    }

    /// The names, in the order given.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The nodes, in the order given.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Node> {
        self.nodes.iter()
    }

    /// Does the same on every node, on as many at once as the options say, and keeps each result.
    ///
    /// One node's failure does not stop the others. Dropping the future stops all.
    pub async fn each<T, F, Fut>(&self, work: F) -> PerNode<T>
    where
        F: Fn(Node) -> Fut,
        Fut: Future<Output = Result<T>>,
    {
        if let Some(error) = &self.invalid {
            let results = self.names.iter().map(|name| (name.clone(), Err(error.clone())));
            return PerNode {
                results: results.collect(),
                empty: self.names.is_empty().then(|| error.clone()),
            };
        }
        let work = &work;
        let mut results: Vec<Option<Result<T>>> = self.nodes.iter().map(|_| None).collect();
        let mut running = stream::iter(self.nodes.iter().cloned().enumerate())
            .map(|(index, node)| async move { (index, work(node).await) })
            .buffer_unordered(self.concurrency);
        while let Some((index, result)) = running.next().await {
            results[index] = Some(result);
        }
        let results = self.names.iter().cloned().zip(results.into_iter().flatten());
        PerNode { results: results.collect(), empty: None }
    }
}

impl Nodes {
    /// Opens a stream on every node, and gives what they send as it comes, each item with the name of its node.
    ///
    /// An error of one node, in opening its stream or later, is its last item; the others go on. The whole ends when
    /// all have ended. Memory is bounded by one item a node. Dropping the stream ends all calls.
    ///
    /// Fails with [`ErrorKind::InvalidTarget`] before anything is sent if a name can't be a node or is there twice.
    ///
    /// ```no_run
    /// # async fn example(client: talos_client::Client) -> Result<(), talos_client::Error> {
    /// use futures_util::StreamExt;
    /// use talos_client::EventOptions;
    ///
    /// let nodes = client.nodes(["10.0.0.2", "10.0.0.3"]);
    /// let mut events = nodes.merge(|node| async move { node.events(EventOptions::default()).await })?;
    /// while let Some((node, event)) = events.next().await {
    ///     match event {
    ///         Ok(event) => println!("{node}: {:?}", event.payload),
    ///         Err(error) => eprintln!("{node} is gone: {error}"),
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn merge<T, F, Fut, S>(&self, open: F) -> Result<Merged<T>>
    where
        F: Fn(Node) -> Fut,
        Fut: Future<Output = Result<S>> + Send + 'static,
        S: Stream<Item = Result<T>> + Send + 'static,
        T: 'static,
    {
        if let Some(error) = &self.invalid {
            return Err(error.clone());
        }
        let streams = self.names.iter().zip(&self.nodes).map(|(name, node)| Part {
            node: Some(name.as_str().into()),
            items: open(node.clone()).try_flatten_stream().into_stream().boxed(),
        });
        Ok(Merged { parts: streams.collect() })
    }
}

/// The streams of several nodes as one, from [`Nodes::merge`]: each item with the name of its node.
#[must_use = "nothing is sent before the stream is polled"]
pub struct Merged<T> {
    parts: SelectAll<Part<T>>,
}

impl<T> Stream for Merged<T> {
    type Item = (Arc<str>, Result<T>);

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.parts.poll_next_unpin(cx)
    }
}

impl<T> std::fmt::Debug for Merged<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Merged").field("open", &self.parts.len()).finish_non_exhaustive()
    }
}

/// The stream of one node.
struct Part<T> {
    /// None after an error.
    node: Option<Arc<str>>,
    items: Pin<Box<dyn Stream<Item = Result<T>> + Send>>,
}

impl<T> Stream for Part<T> {
    type Item = (Arc<str>, Result<T>);

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(node) = self.node.clone() else { return Poll::Ready(None) };
        self.items.as_mut().poll_next(cx).map(|item| {
            let item = item?;
            if item.is_err() {
                self.node = None;
            }
            Some((node, item))
        })
    }
}

fn check(names: &[String]) -> Result<()> {
    if names.is_empty() {
        return Err(Error::new(
            ErrorKind::InvalidTarget,
            "no node was named: give the address of at least one",
        ));
    }
    let mut seen = BTreeSet::new();
    for name in names {
        if let Target::Invalid { error, .. } = Target::node(name) {
            return Err(error);
        }
        if !seen.insert(target::canonical(name)) {
            return Err(Error::new(ErrorKind::InvalidTarget, format!("the node {name} is named twice")));
        }
    }
    Ok(())
}

/// One result a node, in the order in which the nodes were given.
#[derive(Debug, Clone)]
#[must_use = "each node may have failed"]
pub struct PerNode<T> {
    results: Vec<(String, Result<T>)>,
    /// The error of an empty list, which is nobody's result.
    empty: Option<Error>,
}

impl<T> PerNode<T> {
    /// The results, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Result<T>)> {
        self.results.iter().map(|(node, result)| (node.as_str(), result))
    }

    /// How many nodes there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.results.len()
    }

    /// Whether there is no node.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.results.is_empty()
    }

    /// The result of the node of this name.
    #[must_use]
    pub fn get(&self, node: &str) -> Option<&Result<T>> {
        self.results.iter().find(|(name, _)| name == node).map(|(_, result)| result)
    }

    /// What succeeded.
    pub fn successes(&self) -> impl Iterator<Item = (&str, &T)> {
        self.iter().filter_map(|(node, result)| Some((node, result.as_ref().ok()?)))
    }

    /// What failed.
    pub fn failures(&self) -> impl Iterator<Item = (&str, &Error)> {
        self.iter().filter_map(|(node, result)| Some((node, result.as_ref().err()?)))
    }

    /// Everything, if every node succeeded; otherwise an error that names every node that failed.
    ///
    /// The kind of the error is that of the failures if they agree, and [`ErrorKind::Nodes`] if not.
    pub fn into_result(self) -> Result<Vec<(String, T)>> {
        if let Some(error) = self.empty {
            return Err(error);
        }
        let all = self.results.len();
        let mut values = Vec::with_capacity(all);
        let mut failures = Vec::new();
        for (node, result) in self.results {
            match result {
                Ok(value) => values.push((node, value)),
                Err(error) => failures.push((node, error)),
            }
        }
        let Some((_, first)) = failures.first() else { return Ok(values) };
        let kind = match failures.iter().all(|(_, error)| error.kind() == first.kind()) {
            true => first.kind(),
            false => ErrorKind::Nodes,
        };
        let each: Vec<String> =
            failures.iter().map(|(node, error)| format!("{node}: {}", error.message())).collect();
        let message = format!("{} of {all} nodes failed: {}", failures.len(), each.join("; "));
        Err(Error::new(kind, message).with_nodes(failures))
    }
}

impl<T> IntoIterator for PerNode<T> {
    type Item = (String, Result<T>);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.results.into_iter()
    }
}
