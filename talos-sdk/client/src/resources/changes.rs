//! A watch that goes on whatever happens to the connection or the machine.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;

use super::follow::{Batch, Follower};
use super::{Resource, Resources, SpecData};
use crate::Result;

/// A difference between what was told before and what is.
#[non_exhaustive]
pub enum Change<S> {
    /// It is there, or matches the selection, and was not, or did not.
    Created(Arc<Resource<S>>),
    /// It has a newer version.
    Updated {
        /// As it was told last.
        old: Arc<Resource<S>>,
        /// As it is.
        new: Arc<Resource<S>>,
    },
    /// It is gone, or does not match the selection any more. This is how it was told last.
    Destroyed(Arc<Resource<S>>),
    /// All that was there when the watch began has been told. This comes once.
    Synced,
}

impl<S> Change<S> {
    /// The resource as it is, or was last.
    #[must_use]
    pub fn resource(&self) -> Option<&Arc<Resource<S>>> {
        match self {
            Self::Created(resource) | Self::Updated { new: resource, .. } | Self::Destroyed(resource) => {
                Some(resource)
            }
            Self::Synced => None,
        }
    }

    /// The id of the resource.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.resource().map(|resource| resource.metadata.id.as_str())
    }
}

impl<S> Clone for Change<S> {
    fn clone(&self) -> Self {
        match self {
            Self::Created(resource) => Self::Created(Arc::clone(resource)),
            Self::Updated { old, new } => Self::Updated { old: Arc::clone(old), new: Arc::clone(new) },
            Self::Destroyed(resource) => Self::Destroyed(Arc::clone(resource)),
            Self::Synced => Self::Synced,
        }
    }
}

impl<S: SpecData + fmt::Debug> fmt::Debug for Change<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Created(resource) => f.debug_tuple("Created").field(resource).finish(),
            Self::Updated { old, new } => {
                f.debug_struct("Updated").field("old", old).field("new", new).finish()
            }
            Self::Destroyed(resource) => f.debug_tuple("Destroyed").field(resource).finish(),
            Self::Synced => f.write_str("Synced"),
        }
    }
}

/// How a watch goes on after it broke.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChangesOptions {
    /// The pause after a first failure. By default 100 ms.
    pub shortest_pause: Duration,
    /// Pauses double up to this one. By default 15 s. Each is shortened by up to a half, at random.
    pub longest_pause: Duration,
    /// Ends with the last error if nothing was heard for so long, for the machine may be gone for good. By default
    /// never.
    pub give_up_after: Option<Duration>,
}

impl Default for ChangesOptions {
    fn default() -> Self {
        Self {
            shortest_pause: Duration::from_millis(100),
            longest_pause: Duration::from_secs(15),
            give_up_after: None,
        }
    }
}

impl ChangesOptions {
    /// With these pauses after failures.
    #[must_use]
    pub fn with_pauses(mut self, shortest: Duration, longest: Duration) -> Self {
        self.shortest_pause = shortest;
        self.longest_pause = longest.max(shortest);
        self
    }

    /// Ends with the last error if nothing was heard for so long after a failure.
    #[must_use]
    pub fn with_give_up_after(mut self, most: Duration) -> Self {
        self.give_up_after = Some(most);
        self
    }
}

/// Changes of resources, from [`Resources::changes`]. Dropping it ends the watch.
///
/// Applied to a map in their order they give what the machine has: nothing is lost, nothing comes twice, and a
/// version never follows a newer one. While the machine could not be heard, or after it has restarted, several
/// changes of a resource may come as one.
///
/// An error is the last item: one that will not pass by itself, such as missing roles or a type that the machine does
/// not have, or what was given up on.
#[must_use = "changes come when the stream is polled"]
pub struct Changes<S> {
    batches: Pin<Box<dyn Stream<Item = Result<Batch<S>>> + Send>>,
    pending: VecDeque<Change<S>>,
}

impl<S> fmt::Debug for Changes<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Changes").finish_non_exhaustive()
    }
}

impl<S: SpecData + Sync> Resources<S> {
    /// All that is there as [`Change::Created`], [`Change::Synced`], then each change, for as long as it is polled.
    ///
    /// It goes on after broken connections, and after the machine has restarted or forgotten its last changes: it
    /// then reads all resources again and tells what is different.
    ///
    /// ```no_run
    /// use futures_util::TryStreamExt;
    /// use talos_client::resources::{Change, Member};
    ///
    /// # async fn example(node: talos_client::Node) -> Result<(), talos_client::Error> {
    /// let mut changes = node.resources::<Member>().changes();
    /// while let Some(change) = changes.try_next().await? {
    ///     match change {
    ///         Change::Created(member) => println!("{} joined", member.spec.hostname),
    ///         Change::Destroyed(member) => println!("{} left", member.spec.hostname),
    ///         _ => {}
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn changes(&self) -> Changes<S> {
        self.changes_with(ChangesOptions::default())
    }

    /// As [`changes`](Self::changes), with these pauses and limits.
    pub fn changes_with(&self, options: ChangesOptions) -> Changes<S> {
        Changes::new(self.follow(options))
    }
}

impl<S: SpecData + Sync> Changes<S> {
    pub(super) fn new(follower: Follower<S>) -> Self {
        let batches = futures_util::stream::unfold(Some(follower), |follower| async {
            let mut follower = follower?;
            match follower.next().await {
                Ok(batch) => Some((Ok(batch), Some(follower))),
                Err(error) => Some((Err(error), None)),
            }
        });
        Self { batches: Box::pin(batches), pending: VecDeque::new() }
    }
}

impl<S> Stream for Changes<S> {
    type Item = Result<Change<S>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(change) = self.pending.pop_front() {
                return Poll::Ready(Some(Ok(change)));
            }
            match ready!(self.batches.as_mut().poll_next(cx)) {
                Some(Ok(batch)) => self.pending = batch.changes.into(),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
    }
}
