//! What is seen of an action.

use std::fmt;

use crate::events::{EventAction, ServiceAction};
use crate::images::PullProgress;
use crate::stage::{MachineStage, UnmetCondition};
use crate::{Error, Event, EventPayload};

/// What is seen of an [`Action`](super::Action) that goes on. `Display` is a line for people.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Progress {
    /// The image of the installer is pulled.
    Pull(PullProgress),
    /// A line of the installer.
    Installer(String),
    /// The machine took the call; what follows carries this id, where the version of Talos gives one.
    Accepted {
        /// The id.
        actor_id: Option<String>,
    },
    /// A sequence such as `reboot` started or ended.
    Sequence {
        /// Its name.
        name: String,
        /// Which of both.
        action: EventAction,
    },
    /// A phase of a sequence started or ended.
    Phase {
        /// Its name.
        name: String,
        /// Which of both.
        action: EventAction,
    },
    /// A task of a phase started or ended.
    Task {
        /// Its name.
        name: String,
        /// Which of both.
        action: EventAction,
    },
    /// A service of the machine changed.
    Service {
        /// Its name.
        name: String,
        /// What it does now.
        action: ServiceAction,
        /// The same in words.
        message: String,
    },
    /// The stage or the readiness of the machine changed.
    Stage {
        /// What it does now.
        stage: MachineStage,
        /// Whether it is ready.
        ready: bool,
        /// Why not.
        unmet_conditions: Vec<UnmetCondition>,
    },
    /// The machine can't be reached at present, as is to be expected while it is down.
    Disconnected {
        /// Why.
        error: Error,
    },
    /// The machine is up again: this is proven to be another boot than the one before.
    Booted,
    /// The action is done. This is the last item.
    Done(Outcome),
}

/// How an action ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// The machine is up again, in another boot.
    Up,
    /// The machine is up again and waits for a configuration: it was wiped.
    Maintenance,
    /// The machine has stopped its services and its API. The hardware may take a moment longer to turn off.
    Off,
}

impl Progress {
    /// What an event tells of the action with this id. An error that a sequence ended with is not told.
    pub(super) fn of(event: Event) -> Option<Self> {
        Some(match event.payload {
            EventPayload::Sequence { sequence, action, .. } => Self::Sequence { name: sequence, action },
            EventPayload::Phase { phase, action } => Self::Phase { name: phase, action },
            EventPayload::Task { task, action } => Self::Task { name: task, action },
            EventPayload::ServiceState { service, action, message, .. } => {
                Self::Service { name: service, action, message }
            }
            EventPayload::MachineStatus { stage, ready, unmet_conditions } => {
                Self::Stage { stage, ready, unmet_conditions }
            }
            _ => return None,
        })
    }
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = |action: &EventAction| match action {
            EventAction::Start => "started",
            EventAction::Stop => "ended",
            EventAction::Noop => "reported",
        };
        match self {
            Self::Pull(PullProgress::Layer(layer)) => {
                write!(f, "layer {}: {:?}, {} of {} bytes", layer.id, layer.state, layer.offset, layer.total)
            }
            Self::Pull(PullProgress::Pulled { name }) => write!(f, "pulled {name}"),
            Self::Installer(line) => f.write_str(line.trim_end()),
            Self::Accepted { actor_id: Some(id) } => write!(f, "accepted as {id}"),
            Self::Accepted { actor_id: None } => f.write_str("accepted"),
            Self::Sequence { name, action } => write!(f, "sequence {name} {}", verb(action)),
            Self::Phase { name, action } => write!(f, "phase {name} {}", verb(action)),
            Self::Task { name, action } => write!(f, "task {name} {}", verb(action)),
            Self::Service { name, message, .. } => write!(f, "service {name}: {message}"),
            Self::Stage { stage, ready: true, .. } => write!(f, "{stage}, ready"),
            Self::Stage { stage, unmet_conditions, .. } => {
                write!(f, "{stage}")?;
                for (index, unmet) in unmet_conditions.iter().enumerate() {
                    let before = if index == 0 { ", not ready: " } else { ", " };
                    write!(f, "{before}{} ({})", unmet.name, unmet.reason)?;
                }
                Ok(())
            }
            Self::Disconnected { error } => write!(f, "not to be reached: {}", error.message()),
            Self::Booted => f.write_str("booted"),
            Self::Done(outcome) => write!(f, "done: {outcome}"),
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Up => "the machine is up",
            Self::Maintenance => "the machine waits for a configuration",
            Self::Off => "the machine is off",
        })
    }
}
