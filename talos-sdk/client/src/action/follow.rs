//! Follows an action from the call to its end.

use std::collections::VecDeque;
use std::future::Future;
use std::time::Duration;

use futures_util::StreamExt;
use tokio::time::Instant;

use super::Milestone;
use super::boot::Boot;
use super::progress::{Outcome, Progress};
use crate::events::EventAction;
use crate::resources::MachineStatus;
use crate::{
    Error, ErrorKind, Event, EventOptions, EventPayload, EventStream, EventTail, MachineStage, Node, Result,
    TalosVersion,
};

/// How often the machine is asked while it is being waited for.
const POLL: Duration = Duration::from_millis(500);
/// How often it is asked while its events come in: they may stop without a word.
const GLANCE: Duration = Duration::from_secs(3);
/// How long one question may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often in a row a machine that stopped its services has to be silent to count as off.
const SILENCES: u32 = 3;
/// For how long our sequence may begin after one was refused because another goes on.
const GRACE: Duration = Duration::from_secs(5);
/// The task that ends all services, the API too.
const STOP_ALL: &str = "stopAllServices";

/// What an action is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Goal {
    /// The machine boots again, with its configuration.
    Up,
    /// The machine boots again, and may have forgotten its configuration.
    UpOrFresh,
    /// The machine turns off.
    Off,
}

/// An action, and what is known of it.
pub(crate) struct Follower {
    node: Node,
    /// The sequences that carry it out, by their names in events.
    sequences: &'static [&'static str],
    goal: Goal,
    actor: Option<String>,
    before: Boot,
    events: Option<EventStream>,
    /// The last event that was seen of the boot before.
    last_event: Option<String>,
    queue: VecDeque<Progress>,
    /// Whether another boot was proven.
    booted: bool,
    /// Whether the machine said that it stops its services, or ended its events in order.
    going_down: bool,
    /// How often in a row it did not answer.
    silences: u32,
    /// Whether any event of ours was seen.
    started: bool,
    /// When and how a sequence of this kind was refused, without saying whose.
    refused: Option<(Instant, String)>,
    stage: Option<(MachineStage, bool)>,
    next_look: Instant,
    /// The version before an upgrade, and the one that must not be missed by it.
    upgrade: Option<(TalosVersion, TalosVersion)>,
}

impl Follower {
    /// Opens the events and learns the present boot, then acts.
    pub(crate) async fn begin<F, Fut>(
        node: &Node,
        goal: Goal,
        sequences: &'static [&'static str],
        act: F,
    ) -> Result<Self>
    where
        F: FnOnce(Node) -> Fut,
        Fut: Future<Output = Result<Option<String>>>,
    {
        node.must_be_one_machine("what is followed to its end")?;
        let probe = node.clone().with_timeout(PATIENCE);
        // The stream has no limit in time, only its beginning.
        let events = match node.clone().without_timeout().events(EventOptions::default()).await {
            Ok(events) => Some(events),
            // Maintenance mode before 1.13 has no events.
            Err(error) if error.is_unimplemented() => None,
            Err(error) => return Err(error),
        };
        let before = Boot::of(&probe).await?;
        let actor = act(node.clone()).await?.filter(|actor| !actor.is_empty());
        // The next boot may be of another version.
        node.forget_server_version();
        Ok(Self {
            node: probe,
            sequences,
            goal,
            before,
            events,
            last_event: None,
            queue: [Progress::Accepted { actor_id: actor.clone() }].into(),
            actor,
            booted: false,
            going_down: false,
            silences: 0,
            started: false,
            refused: None,
            stage: None,
            next_look: Instant::now() + POLL,
            upgrade: None,
        })
    }

    /// Fails if the machine has the version from before once it is up, unless that is the one it was to have.
    pub(crate) fn expecting(mut self, before: TalosVersion, expected: Option<TalosVersion>) -> Self {
        self.upgrade = expected.filter(|expected| *expected != before).map(|expected| (before, expected));
        self
    }

    pub(crate) fn node(&self) -> &Node {
        &self.node
    }

    pub(crate) fn actor(&self) -> Option<&str> {
        self.actor.as_deref()
    }

    /// What happens next.
    pub(super) async fn next(&mut self, milestone: Milestone) -> Result<Progress> {
        loop {
            if let Some(progress) = self.queue.pop_front() {
                return Ok(progress);
            }
            let look = tokio::time::sleep_until(self.next_look);
            let event = tokio::select! {
                event = next_event(&mut self.events) => Some(event),
                () = look => None,
            };
            match event {
                Some(Some(Ok(event))) => self.see(event)?,
                // An end in order is how the API of a machine stops; it is also how one forgets a slow reader.
                Some(ended) => {
                    self.going_down |= ended.is_none() && self.started;
                    self.events = None;
                    self.next_look = Instant::now();
                }
                None => {
                    self.look(milestone).await?;
                    let pause = if self.events.is_some() && !self.booted { GLANCE } else { POLL };
                    self.next_look = Instant::now() + pause;
                }
            }
        }
    }

    /// Makes of an event what it says about this action.
    fn see(&mut self, event: Event) -> Result<()> {
        let ours = self.actor.is_some() && self.actor.as_deref() == Some(&*event.actor_id);
        if !self.booted {
            self.last_event = Some(event.id.clone());
        }
        if let EventPayload::Sequence { sequence, error: Some(error), .. } = &event.payload {
            let kind = self.sequences.contains(&&**sequence);
            // A sequence that turns the machine off ends with the system call as its error.
            let by_design = error.contains("unix.Reboot(");
            match () {
                () if (ours || (self.actor.is_none() && kind)) && by_design => self.going_down = true,
                () if ours => return Err(self.failed(sequence, error)),
                // A sequence that is refused because of another one does not say whose it is.
                () if kind && event.actor_id.is_empty() && !self.started && !self.booted => {
                    let words = self.words(sequence, error);
                    self.refused.get_or_insert((Instant::now(), words));
                    self.next_look = self.next_look.min(Instant::now() + GRACE);
                }
                () => {}
            }
        }
        if ours {
            self.started = true;
            self.refused = None;
        }
        let of_machine =
            matches!(event.payload, EventPayload::ServiceState { .. } | EventPayload::MachineStatus { .. });
        let unnamed = self.actor.is_none()
            && matches!(&event.payload, EventPayload::Sequence { sequence, .. } if self.sequences.contains(&&**sequence));
        self.started |= unnamed;
        if let EventPayload::Task { task, action: EventAction::Start | EventAction::Stop } = &event.payload {
            self.going_down |= task == STOP_ALL && (ours || (self.actor.is_none() && self.started));
        }
        if let EventPayload::MachineStatus { stage, ready, .. } = &event.payload
            && self.stage.replace((*stage, *ready)) == Some((*stage, *ready))
        {
            return Ok(());
        }
        if ours
            || of_machine
            || unnamed
            || (self.actor.is_none() && event.actor_id.is_empty() && self.started)
        {
            self.queue.extend(Progress::of(event));
        }
        Ok(())
    }

    /// Looks at the machine itself. Only this can find the action done.
    async fn look(&mut self, milestone: Milestone) -> Result<()> {
        if let Some((_, words)) = self.refused.as_ref().filter(|(when, _)| when.elapsed() >= GRACE) {
            return Err(Error::new(ErrorKind::ActionFailed, words.clone()).at(None, self.node.name(), None));
        }
        if !self.booted {
            let boot = match Boot::of(&self.node).await {
                Ok(boot) => boot,
                Err(error) => return self.silent(error).await,
            };
            let unreached = std::mem::take(&mut self.silences);
            // Where nothing tells boots apart, having been away must do.
            let again = boot.is_another_than(&self.before)
                || (self.before == Boot::Unknown && (unreached > 0 || boot != Boot::Unknown));
            if !again {
                return self.listen_again().await;
            }
            self.booted = true;
            // Somebody may have asked before it went down.
            self.node.forget_server_version();
            self.stage = None;
            self.queue.push_back(Progress::Booted);
            self.events = self.reopen(EventOptions::default().with_tail(EventTail::All)).await;
        }
        if milestone == Milestone::Booted || self.goal == Goal::Off {
            return self.up().await;
        }
        match self.node.resources::<MachineStatus>().get(MachineStatus::ID).await {
            Ok(status) => self.weigh(status.spec).await,
            Err(error) if patience_helps(&error) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Judges what a machine that booted again does.
    async fn weigh(&mut self, status: MachineStatus) -> Result<()> {
        let MachineStatus { stage, ready, unmet_conditions } = status;
        if self.stage.replace((stage, ready)) != Some((stage, ready)) {
            self.queue.push_back(Progress::Stage { stage, ready, unmet_conditions });
        }
        match stage {
            MachineStage::Running if ready => return self.up().await,
            MachineStage::Maintenance => self.queue.push_back(Progress::Done(Outcome::Maintenance)),
            _ => {}
        }
        Ok(())
    }

    /// The machine is up. After an upgrade it must not be the old version again: a machine whose new version does not
    /// start falls back without a word.
    async fn up(&mut self) -> Result<()> {
        if let Some((before, expected)) = &self.upgrade {
            let tag = match self.node.version().await {
                Ok(version) => version.tag,
                Err(error) if patience_helps(&error) => return Ok(()),
                Err(error) => return Err(error),
            };
            if tag.parse().is_ok_and(|version: TalosVersion| version == *before) {
                let text = format!(
                    "the machine is back with {before} instead of {expected}: the new version did not start, or its \
                     image holds another one"
                );
                return Err(Error::new(ErrorKind::ActionFailed, text).at(None, self.node.name(), None));
            }
        }
        self.queue.push_back(Progress::Done(Outcome::Up));
        Ok(())
    }

    /// The machine did not answer.
    async fn silent(&mut self, error: Error) -> Result<()> {
        if self.goal == Goal::UpOrFresh && self.in_maintenance().await {
            self.node.forget_server_version();
            self.queue.push_back(Progress::Booted);
            self.queue.push_back(Progress::Done(Outcome::Maintenance));
            return Ok(());
        }
        if !patience_helps(&error) {
            return Err(error);
        }
        self.silences += 1;
        if self.silences == 1 {
            self.queue.push_back(Progress::Disconnected { error });
        }
        if self.goal == Goal::Off && self.going_down && self.silences >= SILENCES {
            self.queue.push_back(Progress::Done(Outcome::Off));
        }
        Ok(())
    }

    /// Whether the machine waits for a configuration, which it tells to everyone. To those who know the cluster it is
    /// only a machine with the wrong certificate, if they reach it at all.
    async fn in_maintenance(&self) -> bool {
        let Some(node) = self.node.as_stranger() else { return false };
        let status = node.resources::<MachineStatus>().get(MachineStatus::ID).await;
        status.is_ok_and(|status| status.spec.stage == MachineStage::Maintenance)
    }

    /// The machine is still in the boot before: its events must not be missed.
    async fn listen_again(&mut self) -> Result<()> {
        if self.events.is_some() {
            return Ok(());
        }
        self.going_down = false;
        let tail = match &self.last_event {
            Some(id) => EventTail::After(id.clone()),
            // Whatever there is of this actor came after the call, for its id was made up in it.
            None if self.actor.is_some() => EventTail::All,
            None => return Ok(()),
        };
        let mut options = EventOptions::default().with_tail(tail);
        options.actor_id = self.actor.clone();
        self.events = self.reopen(options).await;
        Ok(())
    }

    async fn reopen(&self, options: EventOptions) -> Option<EventStream> {
        // It is for show, or comes with the next look.
        self.node.clone().without_timeout().events(options).await.ok()
    }

    fn words(&self, sequence: &str, error: &str) -> String {
        format!("the machine gave up the sequence {sequence:?}: {error}")
    }

    fn failed(&self, sequence: &str, error: &str) -> Error {
        Error::new(ErrorKind::ActionFailed, self.words(sequence, error)).at(None, self.node.name(), None)
    }
}

/// The next event; never, where there are none.
async fn next_event(events: &mut Option<EventStream>) -> Option<Result<Event>> {
    match events {
        Some(events) => events.next().await,
        None => std::future::pending().await,
    }
}

/// Whether asking again can help. Of a machine that goes down, boots or changes its certificates, nearly every answer
/// is possible for a while; what is wrong on this side stays.
fn patience_helps(error: &Error) -> bool {
    !matches!(
        error.kind(),
        ErrorKind::InvalidTarget
            | ErrorKind::InvalidConfiguration
            | ErrorKind::InvalidEndpoint
            | ErrorKind::NoEndpoints
            | ErrorKind::ClientCertificateExpired
    )
}
