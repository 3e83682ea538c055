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

use crate::upgrade::{Preparation, Upgrade};
use crate::{Error, ErrorKind, Node, Result};

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
    work: Work,
    milestone: Milestone,
}

/// How far an action is.
enum Work {
    /// Before the machine goes down.
    Preparing(Box<Upgrade>),
    Following(Box<Follower>),
}

impl Work {
    async fn next(&mut self, milestone: Milestone) -> Result<Progress> {
        if let Self::Preparing(upgrade) = self {
            match upgrade.next().await? {
                Preparation::Goes(progress) => return Ok(progress),
                Preparation::Ready => *self = Self::Following(Box::new(upgrade.reboot().await?)),
            }
        }
        match self {
            Self::Following(follower) => follower.next(milestone).await,
            Self::Preparing(_) => Err(Error::new(ErrorKind::InvalidReply, "the upgrade did not go on")),
        }
    }

    fn node(&self) -> &Node {
        match self {
            Self::Preparing(upgrade) => upgrade.node(),
            Self::Following(follower) => follower.node(),
        }
    }
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
        Self { work: Work::Following(Box::new(follower)), milestone: Milestone::default() }
    }

    pub(crate) fn preparing(upgrade: Upgrade) -> Self {
        Self { work: Work::Preparing(Box::new(upgrade)), milestone: Milestone::default() }
    }

    /// The id that the [events](crate::Node::events) of this action carry as their actor. A rollback has none, and an
    /// upgrade that goes step by step has it only later, see [`Progress::Accepted`].
    #[must_use]
    pub fn actor_id(&self) -> Option<&str> {
        match &self.work {
            Work::Preparing(_) => None,
            Work::Following(follower) => follower.actor(),
        }
    }

    /// Is done when the machine has got this far, instead of [`Milestone::Ready`].
    pub fn until(mut self, milestone: Milestone) -> Self {
        self.milestone = milestone;
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
        let Self { work, milestone } = self;
        let items = stream::unfold(Some((work, String::new())), move |state| async move {
            let (mut work, mut seen) = state?;
            let item = match tokio::time::timeout_at(deadline, work.next(milestone)).await {
                Ok(item) => item,
                Err(_) => Err(overdue(timeout, &seen).at(None, work.node().name(), None)),
            };
            if let Ok(progress) = &item {
                seen = progress.to_string();
            }
            let ended = matches!(item, Ok(Progress::Done(_)) | Err(_));
            Some((item, (!ended).then_some((work, seen))))
        });
        ActionProgress { items: items.boxed() }
    }
}

fn overdue(timeout: Duration, seen: &str) -> Error {
    let seen = if seen.is_empty() { "nothing was seen of it" } else { seen };
    let text = format!("not done within {timeout:?}; seen last: {seen}. The machine may still be at it");
    Error::new(ErrorKind::DeadlineExceeded, text)
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
