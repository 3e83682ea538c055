//! What happens on a machine.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;
use prost::{Message, Name};
use prost_types::Any;
use talos_proto::machine::{self, EventsRequest};
use tonic::Streaming;

use crate::node::{Opened, Origin};
use crate::reply::{self, malformed};
use crate::services::ServiceHealth;
use crate::stage::{MachineStage, UnmetCondition};
use crate::{Node, Result};

/// Which events, beside those to come.
///
/// A machine remembers about a thousand events, in memory only. Set one of the `tail` options at most.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct EventOptions {
    /// This many of the last events.
    pub tail: Option<EventTail>,
    /// Only events of this actor, an id that [`Node::reboot`] and its like return.
    pub actor_id: Option<String>,
}

/// Where in the past a stream of events begins.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum EventTail {
    /// With all that the machine remembers.
    All,
    /// With this many events.
    Last(u32),
    /// With those of this time; whole seconds.
    Within(Duration),
    /// With those after the event of this id.
    After(String),
}

impl EventOptions {
    /// Begins in the past.
    #[must_use]
    pub fn with_tail(mut self, tail: EventTail) -> Self {
        self.tail = Some(tail);
        self
    }

    /// Gives only events of this actor.
    #[must_use]
    pub fn with_actor_id(mut self, id: impl Into<String>) -> Self {
        self.actor_id = Some(id.into());
        self
    }

    fn into_proto(self) -> EventsRequest {
        let mut request =
            EventsRequest { with_actor_id: self.actor_id.unwrap_or_default(), ..Default::default() };
        match self.tail {
            None => {}
            Some(EventTail::All) => request.tail_events = -1,
            Some(EventTail::Last(events)) => request.tail_events = i32::try_from(events).unwrap_or(i32::MAX),
            Some(EventTail::Within(time)) => {
                request.tail_seconds = i32::try_from(time.as_secs()).unwrap_or(i32::MAX)
            }
            Some(EventTail::After(id)) => request.tail_id = id,
        }
        request
    }
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event {
    /// Its id; ids grow with time.
    pub id: String,
    /// The id of the call that caused it; empty if none did.
    pub actor_id: String,
    /// What happened.
    pub payload: EventPayload,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum EventPayload {
    /// A sequence such as `boot` or `reboot` started or ended.
    Sequence {
        /// Its name.
        sequence: String,
        /// Whether it started or stopped; [`EventAction::Noop`] if it only reports an error.
        action: EventAction,
        /// Why it failed.
        error: Option<String>,
    },
    /// A phase of a sequence started or ended.
    Phase {
        /// Its name.
        phase: String,
        /// Which of both.
        action: EventAction,
    },
    /// A task of a phase started or ended.
    Task {
        /// Its name.
        task: String,
        /// Which of both.
        action: EventAction,
    },
    /// A service changed.
    ServiceState {
        /// Its name.
        service: String,
        /// What it does now.
        action: ServiceAction,
        /// The same in words.
        message: String,
        /// How well it does.
        health: ServiceHealth,
    },
    /// The kernel was asked to restart or halt, with this command of `reboot(2)`.
    Restart {
        /// The command.
        command: i64,
    },
    /// A configuration could not be read.
    ConfigLoadError {
        /// Why.
        error: String,
    },
    /// A configuration was found wrong.
    ConfigValidationError {
        /// Why.
        error: String,
    },
    /// The machine has a host name and addresses.
    Address {
        /// Its host name.
        hostname: String,
        /// Its addresses.
        addresses: Vec<String>,
    },
    /// The stage or the readiness of the machine changed.
    MachineStatus {
        /// What it does now.
        stage: MachineStage,
        /// Whether it is ready.
        ready: bool,
        /// Why not.
        unmet_conditions: Vec<UnmetCondition>,
    },
    /// A kind of event that this version of the library does not know.
    Unknown {
        /// The name of its type.
        type_url: String,
        /// Its content.
        value: Bytes,
    },
}

/// Start or end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EventAction {
    /// Neither.
    Noop,
    /// It started.
    Start,
    /// It ended.
    Stop,
}

/// What a service began to do.
pub use machine::service_state_event::Action as ServiceAction;

/// The events of a machine, from [`Node::events`]. Dropping it ends the call.
#[derive(Debug)]
#[must_use = "events come when the stream is polled"]
pub struct EventStream {
    messages: Streaming<machine::Event>,
    origin: Origin,
    /// The first message, if it was an event.
    first: Option<machine::Event>,
    ended: bool,
}

impl Node {
    /// What happens on the machine (`machine.MachineService/Events`, any role).
    ///
    /// When this returns, the machine has taken the call: nothing that happens from now on is missed. The stream ends
    /// when the API of the machine stops, and also when the reader is so slow that the machine had to drop events.
    pub async fn events(&self, options: EventOptions) -> Result<EventStream> {
        let Opened { messages, origin, first } = self
            .open(options.into_proto(), |raw, request| async move { raw.machine().events(request).await })
            .await?;
        let ended = first.is_none();
        if let Some(event) = &first {
            reply::check(event, &origin)?;
        }
        // Machines greet with an event that has no type.
        let first = first.filter(|event| !is_greeting(event));
        Ok(EventStream { messages, origin, first, ended })
    }
}

fn is_greeting(event: &machine::Event) -> bool {
    event.data.as_ref().is_none_or(|data| data.type_url.is_empty())
}

impl Stream for EventStream {
    type Item = Result<Event>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Event>>> {
        let this = &mut *self;
        loop {
            if this.ended {
                return Poll::Ready(None);
            }
            let message = match this.first.take() {
                Some(first) => Some(Ok(first)),
                None => ready!(Pin::new(&mut this.messages).poll_next(cx)),
            };
            let event = match message {
                None => {
                    this.ended = true;
                    return Poll::Ready(None);
                }
                Some(Ok(event)) if is_greeting(&event) && event.metadata.is_none() => continue,
                Some(Ok(event)) => reply::check(&event, &this.origin)
                    .and_then(|()| decode(event).map_err(|error| this.origin.place(error))),
                Some(Err(status)) => Err(this.origin.error(status)),
            };
            this.ended = event.is_err();
            return Poll::Ready(Some(event));
        }
    }
}

/// Reads an event.
pub(crate) fn decode(event: machine::Event) -> Result<Event> {
    let data = event.data.unwrap_or_default();
    let payload = payload(&data)
        .map_err(|error| {
            malformed(format!("an event of type {} can't be read", data.type_url)).with_source(error)
        })?
        .unwrap_or_else(|| EventPayload::Unknown { type_url: data.type_url, value: data.value.into() });
    Ok(Event { id: event.id, actor_id: event.actor_id, payload })
}

/// `None` for a type that is not known.
fn payload(data: &Any) -> Result<Option<EventPayload>, prost::DecodeError> {
    let name = data.type_url.rsplit('/').next().unwrap_or_default();
    let value = data.value.as_slice();
    Ok(Some(if name == machine::SequenceEvent::full_name() {
        let event = machine::SequenceEvent::decode(value)?;
        EventPayload::Sequence {
            action: match event.action() {
                machine::sequence_event::Action::Noop => EventAction::Noop,
                machine::sequence_event::Action::Start => EventAction::Start,
                machine::sequence_event::Action::Stop => EventAction::Stop,
            },
            error: event.error.map(|error| error.message),
            sequence: event.sequence,
        }
    } else if name == machine::PhaseEvent::full_name() {
        let event = machine::PhaseEvent::decode(value)?;
        let action = match event.action() {
            machine::phase_event::Action::Start => EventAction::Start,
            machine::phase_event::Action::Stop => EventAction::Stop,
        };
        EventPayload::Phase { action, phase: event.phase }
    } else if name == machine::TaskEvent::full_name() {
        let event = machine::TaskEvent::decode(value)?;
        let action = match event.action() {
            machine::task_event::Action::Start => EventAction::Start,
            machine::task_event::Action::Stop => EventAction::Stop,
        };
        EventPayload::Task { action, task: event.task }
    } else if name == machine::ServiceStateEvent::full_name() {
        let event = machine::ServiceStateEvent::decode(value)?;
        EventPayload::ServiceState {
            action: event.action(),
            service: event.service,
            message: event.message,
            health: ServiceHealth::from_proto(event.health),
        }
    } else if name == machine::RestartEvent::full_name() {
        EventPayload::Restart { command: machine::RestartEvent::decode(value)?.cmd }
    } else if name == machine::ConfigLoadErrorEvent::full_name() {
        EventPayload::ConfigLoadError { error: machine::ConfigLoadErrorEvent::decode(value)?.error }
    } else if name == machine::ConfigValidationErrorEvent::full_name() {
        EventPayload::ConfigValidationError {
            error: machine::ConfigValidationErrorEvent::decode(value)?.error,
        }
    } else if name == machine::AddressEvent::full_name() {
        let event = machine::AddressEvent::decode(value)?;
        EventPayload::Address { hostname: event.hostname, addresses: event.addresses }
    } else if name == machine::MachineStatusEvent::full_name() {
        let event = machine::MachineStatusEvent::decode(value)?;
        let stage = event.stage().into();
        let status = event.status.unwrap_or_default();
        let unmet = status.unmet_conditions.into_iter();
        EventPayload::MachineStatus {
            stage,
            ready: status.ready,
            unmet_conditions: unmet.map(|unmet| UnmetCondition::new(unmet.name, unmet.reason)).collect(),
        }
    } else {
        return Ok(None);
    }))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_known_by_the_name_after_the_last_slash() {
        let event = machine::RestartEvent { cmd: 5 };
        for prefix in ["talos/runtime/", "type.googleapis.com/"] {
            let data =
                Any { type_url: format!("{prefix}machine.RestartEvent"), value: event.encode_to_vec() };
            assert_eq!(payload(&data).unwrap(), Some(EventPayload::Restart { command: 5 }));
        }
        let data = Any { type_url: "talos/runtime/machine.Unheard".into(), value: vec![1] };
        assert_eq!(payload(&data).unwrap(), None);
    }

    #[test]
    fn a_stage_of_the_future_is_unknown() {
        let event = machine::MachineStatusEvent { stage: 99, status: None };
        let data =
            Any { type_url: "talos/runtime/machine.MachineStatusEvent".into(), value: event.encode_to_vec() };
        let Some(EventPayload::MachineStatus { stage, .. }) = payload(&data).unwrap() else { unreachable!() };
        assert_eq!(stage, MachineStage::Unknown);
    }
}
