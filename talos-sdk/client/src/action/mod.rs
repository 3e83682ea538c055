//! Work that a machine does after it has answered: reboots and their like.

mod boot;
mod follow;
mod progress;

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use futures_util::stream::{self, BoxStream};
use futures_util::{StreamExt, TryStreamExt};
use tokio::time::Instant;

use crate::{Error, ErrorKind, Result};

pub(crate) use follow::{Follower, Goal};
pub use progress::{Outcome, Progress};

/// A reboot, shutdown, reset, rollback or upgrade that a machine works on.
///
/// The machine answers such a call at once and does the work afterwards, so the answer proves nothing. Follow it with
/// [`finished`](Self::finished) or [`progress`](Self::progress). Dropping this stops nothing on the machine.
///
/// Nothing but another boot of the machine counts as a reboot: neither events of an earlier time nor a broken
/// connection to an endpoint can be mistaken for it. Callers who may read files of the machine (os:admin) are told by
/// its boot id; others, such as os:operator, by the same id as a resource (from 1.14 on), or by what the machine
/// remembers of the time since it booted.
///
/// ```
/// use std::time::Duration;
///
/// use talos_client::{Client, ClientOptions, Outcome, RebootOptions};
/// # use talos_client::talosconfig::TalosConfig;
/// # use talos_sim::{ClusterOptions, Simulation, SimulationOptions};
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let simulation = Simulation::start(SimulationOptions::default())?;
/// # let cluster = simulation.cluster(ClusterOptions::default().with_control_planes(1)).await?;
/// # let talosconfig = TalosConfig::from_yaml(cluster.talosconfig(talos_client::talos_pki::Role::Admin)?.expose())?;
/// # let address = cluster.control_planes()[0].address().to_string();
/// let client = Client::connect(&talosconfig, ClientOptions::default())?;
/// let reboot = client.node(address).reboot(RebootOptions::default()).await?;
/// let outcome = reboot.finished(Duration::from_secs(600)).await?;
/// assert_eq!(outcome, Outcome::Up);
/// # Ok(())
/// # }
/// ```
#[must_use = "the machine has only taken the call; follow it to know what becomes of it"]
pub struct Action {
    follower: Follower,
}

/// What has to be seen of a machine that comes up again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Milestone {
    /// It runs and is ready: its services are healthy and Kubernetes has the node Ready. A control plane node that
    /// was never bootstrapped does not get there.
    #[default]
    Ready,
    /// It has booted and its API answers.
    Booted,
}

impl Action {
    pub(crate) fn new(follower: Follower) -> Self {
        Self { follower }
    }

    /// The id that the [events](crate::Node::events) of this action carry as their actor. A rollback has none, and an
    /// upgrade only from its reboot on.
    #[must_use]
    pub fn actor_id(&self) -> Option<&str> {
        self.follower.actor()
    }

    /// Is done when the machine has got this far, instead of [`Milestone::Ready`].
    pub fn until(mut self, milestone: Milestone) -> Self {
        self.follower.set_milestone(milestone);
        self
    }

    /// Waits until it is done, for this long at most.
    ///
    /// [`ErrorKind::ActionFailed`]: the machine gave up; the text has its own words.
    /// [`ErrorKind::DeadlineExceeded`]: the time is over; the text says what was seen last. The machine works on.
    pub async fn finished(self, timeout: Duration) -> Result<Outcome> {
        let mut progress = self.progress(timeout);
        while let Some(item) = progress.try_next().await? {
            if let Progress::Done(outcome) = item {
                return Ok(outcome);
            }
        }
        Err(Error::new(ErrorKind::InvalidReply, "the action ended without an outcome"))
    }

    /// What happens, as it happens, for this long at most. The last item is [`Progress::Done`], or an error as of
    /// [`finished`](Self::finished).
    pub fn progress(self, timeout: Duration) -> ActionProgress {
        let deadline = Instant::now() + timeout;
        let items = stream::unfold(Some(self.follower), move |follower| async move {
            let mut follower = follower?;
            let item = match tokio::time::timeout_at(deadline, follower.next()).await {
                Ok(item) => item,
                Err(_) => Err(follower.overdue(timeout)),
            };
            let ended = matches!(item, Ok(Progress::Done(_)) | Err(_));
            Some((item, (!ended).then_some(follower)))
        });
        ActionProgress { items: items.boxed() }
    }
}

impl fmt::Debug for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Action").field("actor_id", &self.actor_id()).finish_non_exhaustive()
    }
}

/// What happens in an [`Action`], from [`Action::progress`]. Dropping it stops nothing on the machine.
#[must_use = "nothing is seen before the stream is polled"]
pub struct ActionProgress {
    items: BoxStream<'static, Result<Progress>>,
}

impl Stream for ActionProgress {
    type Item = Result<Progress>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.items.poll_next_unpin(cx)
    }
}

impl fmt::Debug for ActionProgress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ActionProgress").finish_non_exhaustive()
    }
}
