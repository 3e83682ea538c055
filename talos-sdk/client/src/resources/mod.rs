//! Resources: what a machine knows, wants and does, as its controllers write it down.
//!
//! A resource has a namespace, a type and an id, [`Metadata`], and a specification. All types of Talos 1.9 and later
//! are in [`types`], a few of them as structs that are handier than the messages: [`MachineStatus`], [`Member`],
//! [`NodeAddress`]. Any type can be read as [`Untyped`], and [`WithRaw`] keeps what was sent beside what was read.
//!
//! | to | use |
//! |---|---|
//! | read one, or all, or some | [`Resources::get`], [`list`](Resources::list), [`with_labels`](Resources::with_labels), [`with_ids`](Resources::with_ids) |
//! | read the one of a type that has only one | [`Resources::get_single`] |
//! | find a type by a short name | [`Node::resource_definition`] |
//! | hear of every change, whatever happens | [`Resources::changes`] |
//! | keep them in memory for many tasks | [`Resources::cache`] |
//! | wait until they are so | [`Resources::wait_until`], [`wait_for`](Resources::wait_for) |
//! | write, where the server is not Talos | [`Resources::create`], [`update`](Resources::update), [`modify`](Resources::modify), [`teardown_and_destroy`](Resources::teardown_and_destroy) |
//! | watch as the machine serves it, until it breaks | [`Resources::watch`] |
//!
//! ```no_run
//! use std::time::Duration;
//! use talos_client::resources::MachineStatus;
//!
//! # async fn example(node: talos_client::Node) -> Result<(), talos_client::Error> {
//! let status = node.resources::<MachineStatus>().get_single().await?;
//! println!("{:?}", status.spec.stage);
//!
//! let statuses = node.resources::<MachineStatus>();
//! statuses.wait_until(|all| all.iter().any(|status| status.spec.ready), Duration::from_secs(600)).await?;
//! # Ok(())
//! # }
//! ```
//!
//! Machines let nobody write resources through the API. For a type that a machine does not have, or not in its version,
//! the answer is [`ErrorKind::Unimplemented`]; for one with secrets and no role to see
//! them, [`ErrorKind::PermissionDenied`].

mod cache;
mod changes;
mod definition;
mod follow;
mod machine_status;
mod member;
mod metadata;
mod net;
mod node_address;
mod older;
mod protobuf;
mod query;
mod spec;
pub mod types;
mod wait;
mod watch;
mod write;

use std::collections::VecDeque;
use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use futures_util::{TryStreamExt, stream};
use talos_proto::cosi::resource::{
    self as proto, GetRequest, IdQuery, ListOptions, ListRequest, WatchResponse,
};
use tonic::Streaming;

use crate::node::Origin;
use crate::reply::malformed;
use crate::{Error, ErrorKind, Node, Result};

use write::OneCall;

pub use cache::{Cache, CacheSubscription, Snapshot};
pub use changes::{Change, Changes, ChangesOptions};
pub use definition::ResourceDefinition;
pub use machine_status::MachineStatus;
pub use member::{MachineType, Member};
pub use metadata::{Metadata, Phase};
pub use net::Prefix;
pub use node_address::NodeAddress;
pub use protobuf::ProtobufSpec;
pub use query::LabelQuery;
pub use spec::{ResourceSpec, Sensitivity, Singleton, SpecData, SpecEncode, Untyped, WithRaw};
pub use types::ResourceType;
pub use watch::{Bookmark, WatchEvent, WatchOptions, WatchStream};
pub use write::ExpectedPhase;

/// A resource.
///
/// `Debug` does not show specifications that may hold secrets.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct Resource<S> {
    /// Which resource this is, and its history.
    pub metadata: Metadata,
    /// What it says.
    pub spec: S,
}

impl<S> Resource<S> {
    /// A resource to create, of the type and in the namespace of the [`Resources`] that it is created with.
    #[must_use]
    pub fn new(id: impl Into<String>, spec: S) -> Self {
        Self { metadata: Metadata { id: id.into(), ..Metadata::default() }, spec }
    }
}

impl<S: SpecData + fmt::Debug> fmt::Debug for Resource<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Resource");
        debug.field("metadata", &self.metadata);
        if S::REDACTED {
            debug.field("spec", &"[redacted]")
        } else {
            debug.field("spec", &self.spec)
        };
        debug.finish()
    }
}

/// Resources of one type on one node, from [`Node::resources`].
///
/// The selection of `with_labels` and `with_ids` is for lists and watches.
#[derive(Debug)]
pub struct Resources<S> {
    node: Node,
    namespace: String,
    kind: String,
    labels: Vec<LabelQuery>,
    ids: Option<String>,
    /// In whose name resources are written.
    owner: String,
    one_call: Arc<OneCall>,
    spec: PhantomData<fn() -> S>,
}

// Derived, it would want the specification to be `Clone`.
impl<S> Clone for Resources<S> {
    fn clone(&self) -> Self {
        Self {
            node: self.node.clone(),
            namespace: self.namespace.clone(),
            kind: self.kind.clone(),
            labels: self.labels.clone(),
            ids: self.ids.clone(),
            owner: self.owner.clone(),
            one_call: Arc::clone(&self.one_call),
            spec: PhantomData,
        }
    }
}

impl Node {
    /// Resources of a type that this library knows, in the namespace where Talos keeps them.
    #[must_use]
    pub fn resources<S: ResourceSpec>(&self) -> Resources<S> {
        Resources::new(self, S::NAMESPACE, S::TYPE)
    }

    /// Resources of any type, such as `HostnameStatuses.net.talos.dev` in `network`.
    ///
    /// [`resource_definition`](Self::resource_definition) finds both by a short name.
    #[must_use]
    pub fn resources_untyped(&self, namespace: &str, kind: &str) -> Resources<Untyped> {
        Resources::new(self, namespace, kind)
    }
}

impl<S: SpecData> Resources<S> {
    pub(crate) fn new(node: &Node, namespace: &str, kind: &str) -> Self {
        Self {
            node: node.clone(),
            namespace: namespace.to_owned(),
            kind: kind.to_owned(),
            labels: Vec::new(),
            ids: None,
            owner: String::new(),
            one_call: Arc::default(),
            spec: PhantomData,
        }
    }

    /// In this namespace instead of the usual one.
    #[must_use]
    pub fn in_namespace(mut self, namespace: impl Into<String>) -> Self {
        self.namespace = namespace.into();
        self
    }

    /// Only those that match this query, or another one given before.
    #[must_use]
    pub fn with_labels(mut self, query: LabelQuery) -> Self {
        self.labels.push(query);
        self
    }

    /// Only those whose id has a match of this regular expression (RE2, not anchored).
    #[must_use]
    pub fn with_ids(mut self, expression: impl Into<String>) -> Self {
        self.ids = Some(expression.into());
        self
    }

    /// The resource of this id (`cosi.resource.State/Get`).
    ///
    /// [`ErrorKind::NotFound`]: there is none.
    pub async fn get(&self, id: &str) -> Result<Resource<S>> {
        let message = GetRequest {
            namespace: self.namespace.clone(),
            r#type: self.kind.clone(),
            id: id.to_owned(),
            options: None,
        };
        let reply =
            self.node.call(message, |raw, request| async move { raw.state().get(request).await }).await;
        let reply = reply.map_err(|error| self.explain(error))?;
        let resource = reply.message.resource.ok_or_else(|| malformed("the reply holds no resource"));
        resource.and_then(decode).map_err(|error| reply.origin.place(error))
    }

    /// The resource of a type that has only one.
    ///
    /// Errors are those of [`get`](Self::get).
    pub async fn get_single(&self) -> Result<Resource<S>>
    where
        S: Singleton,
    {
        self.get(S::ID).await
    }

    /// All resources, in order of their ids (`cosi.resource.State/List`).
    pub async fn list(&self) -> Result<Vec<Resource<S>>> {
        let resources = Self { node: self.node.for_one_reply(), ..self.clone() };
        resources.stream().await?.try_collect().await
    }

    /// All resources, in order of their ids, one by one as they come.
    pub async fn stream(&self) -> Result<ListStream<S>> {
        let message = ListRequest {
            namespace: self.namespace.clone(),
            r#type: self.kind.clone(),
            options: Some(ListOptions { label_query: self.label_queries(), id_query: self.id_query() }),
        };
        let list = self.node.call(message, |raw, request| async move { raw.state().list(request).await });
        let reply = self.node.begin(list).await.map_err(|error| self.explain(error))?;
        Ok(ListStream { messages: reply.message, origin: reply.origin, ended: false, spec: PhantomData })
    }

    /// Says which versions have a type that the machine does not have.
    fn explain(&self, error: Error) -> Error {
        let known = ResourceType::find(&self.kind).filter(|_| error.kind() == ErrorKind::Unimplemented);
        match known {
            Some(ResourceType { until: Some(until), .. }) => {
                error.with_note(&format!("Talos 1.{until} no longer has {}", self.kind))
            }
            Some(ResourceType { since: since @ 10.., .. }) => {
                error.with_note(&format!("{} needs Talos 1.{since} or later", self.kind))
            }
            _ => error,
        }
    }

    fn label_queries(&self) -> Vec<proto::LabelQuery> {
        self.labels.iter().map(LabelQuery::to_proto).collect()
    }

    fn id_query(&self) -> Option<IdQuery> {
        self.ids.clone().map(|regexp| IdQuery { regexp })
    }
}

/// The changes that these messages tell, those of one watch after those of another, until there are no more watches.
pub(crate) fn told(watches: Vec<Vec<Result<WatchResponse>>>) -> Changes<Untyped> {
    let watches = Mutex::new(VecDeque::from(watches));
    let open = move |_| -> follow::Opening {
        let watch = watches.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let no_more = || Error::new(ErrorKind::Unimplemented, "there are no more watches");
        Box::pin(async move { Ok(Box::pin(stream::iter(watch.ok_or_else(no_more)?)) as follow::Messages) })
    };
    let at_once = ChangesOptions::default().with_pauses(Duration::ZERO, Duration::ZERO);
    Changes::new(follow::Follower::new(Box::new(open), at_once))
}

fn decode<S: SpecData>(resource: proto::Resource) -> Result<Resource<S>> {
    let metadata = Metadata::from_proto(resource.metadata.unwrap_or_default());
    let spec = resource.spec.unwrap_or_default();
    let spec = S::decode_spec(spec.proto_spec, spec.yaml_spec).map_err(|error| {
        malformed(format!("{} {} can't be read: {}", metadata.kind, metadata.id, error.message()))
            .with_source(error)
    })?;
    Ok(Resource { metadata, spec })
}

/// Resources as they come, from [`Resources::stream`].
#[derive(Debug)]
#[must_use = "resources come when the stream is polled"]
pub struct ListStream<S> {
    messages: Streaming<proto::ListResponse>,
    origin: Origin,
    ended: bool,
    spec: PhantomData<fn() -> S>,
}

impl<S: SpecData> Stream for ListStream<S> {
    type Item = Result<Resource<S>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.ended {
            return Poll::Ready(None);
        }
        let item = match Pin::new(&mut self.messages).poll_next(cx) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(None) => None,
            Poll::Ready(Some(Err(status))) => Some(Err(self.origin.error(status))),
            Poll::Ready(Some(Ok(reply))) => {
                let resource = reply.resource.ok_or_else(|| malformed("a reply holds no resource"));
                Some(resource.and_then(decode).map_err(|error| self.origin.place(error)))
            }
        };
        self.ended = !matches!(item, Some(Ok(_)));
        Poll::Ready(item)
    }
}
