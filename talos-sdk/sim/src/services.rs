//! The services of one boot.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use talos_proto::machine;

/// The service of a system extension, on machines that have one.
pub(crate) const EXTENSION_SERVICE: &str = "ext-hello";

/// What a service is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ServiceState {
    Starting,
    Preparing,
    Running,
    Stopping,
    Finished,
    Failed,
}

impl ServiceState {
    fn word(self) -> &'static str {
        match self {
            Self::Starting => "Starting",
            Self::Preparing => "Preparing",
            Self::Running => "Running",
            Self::Stopping => "Stopping",
            Self::Finished => "Finished",
            Self::Failed => "Failed",
        }
    }

    /// The action that announces the state in an event.
    pub(crate) fn action(self) -> machine::service_state_event::Action {
        use machine::service_state_event::Action;
        match self {
            Self::Starting => Action::Starting,
            Self::Preparing => Action::Preparing,
            Self::Running => Action::Running,
            Self::Stopping => Action::Stopping,
            Self::Finished => Action::Finished,
            Self::Failed => Action::Failed,
        }
    }
}

/// So many changes of a service are kept.
const HISTORY: usize = 20;

/// What services do and did.
#[derive(Debug, Default)]
pub(crate) struct Services(Mutex<BTreeMap<&'static str, Service>>);

#[derive(Debug)]
struct Service {
    state: ServiceState,
    healthy: bool,
    changed: SystemTime,
    history: Vec<machine::ServiceEvent>,
}

impl Services {
    /// Notes a change.
    pub(crate) fn set(
        &self,
        id: &'static str,
        state: ServiceState,
        healthy: bool,
        message: &str,
        now: SystemTime,
    ) {
        let mut services = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let service = services.entry(id).or_insert_with(|| Service {
            state,
            healthy,
            changed: now,
            history: Vec::new(),
        });
        if service.healthy != healthy {
            service.changed = now;
        }
        service.state = state;
        service.healthy = healthy;
        if service.history.len() == HISTORY {
            service.history.remove(0);
        }
        service.history.push(machine::ServiceEvent {
            msg: message.to_owned(),
            state: state.word().to_owned(),
            ts: Some(now.into()),
        });
    }

    /// Whether a service runs and is healthy.
    pub(crate) fn healthy(&self, id: &str) -> bool {
        let services = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        services.get(id).is_some_and(|service| service.state == ServiceState::Running && service.healthy)
    }

    pub(crate) fn state(&self, id: &str) -> Option<ServiceState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(id).map(|service| service.state)
    }

    /// Ids of the services in this state.
    pub(crate) fn in_state(&self, state: ServiceState) -> Vec<&'static str> {
        let services = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        services.iter().filter(|(_, service)| service.state == state).map(|(id, _)| *id).collect()
    }

    /// The answer to `ServiceList`.
    pub(crate) fn list(&self) -> Vec<machine::ServiceInfo> {
        let services = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let info = |(id, service): (&&'static str, &Service)| machine::ServiceInfo {
            id: (*id).to_owned(),
            state: service.state.word().to_owned(),
            events: Some(machine::ServiceEvents { events: service.history.clone() }),
            health: Some(machine::ServiceHealth {
                unknown: !service.healthy && service.state != ServiceState::Running,
                healthy: service.healthy,
                last_message: String::new(),
                last_change: Some(service.changed.into()),
            }),
        };
        services.iter().map(info).collect()
    }
}
