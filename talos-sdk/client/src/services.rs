//! The services of a machine.

use std::fmt;
use std::time::SystemTime;

use talos_proto::machine::{
    ServiceEvent as ProtoEvent, ServiceHealth as ProtoHealth, ServiceInfo, ServiceRestartRequest,
    ServiceStartRequest, ServiceStopRequest,
};

use crate::instant::instant;
use crate::{Error, ErrorKind, Node, Result};

/// A service of a machine, such as `kubelet` or `etcd`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Service {
    /// Its name.
    pub id: String,
    /// What it does now.
    pub state: ServiceState,
    /// How well it does.
    pub health: ServiceHealth,
    /// What happened to it lately, oldest first.
    pub events: Vec<ServiceEvent>,
}

impl Service {
    /// Whether it runs and is not known to be unhealthy. Not every service has a health check.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.state == ServiceState::Running && self.health.status != HealthStatus::Unhealthy
    }
}

/// What a service does.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ServiceState {
    /// Known, nothing done yet.
    Initialized,
    /// Getting ready, for example pulling its image.
    Preparing,
    /// Waiting for another service or a condition.
    Waiting,
    /// About to run.
    Starting,
    /// Running.
    Running,
    /// Being stopped.
    Stopping,
    /// Ended as it should.
    Finished,
    /// Ended as it should not.
    Failed,
    /// Not needed on this machine.
    Skipped,
    /// A word that this version of the library does not know.
    Other(String),
}

impl ServiceState {
    /// Reads the word that Talos uses.
    #[must_use]
    pub fn parse(word: &str) -> Self {
        match word {
            "Initialized" => Self::Initialized,
            "Preparing" => Self::Preparing,
            "Waiting" => Self::Waiting,
            "Starting" => Self::Starting,
            "Running" => Self::Running,
            "Stopping" => Self::Stopping,
            "Finished" => Self::Finished,
            "Failed" => Self::Failed,
            "Skipped" => Self::Skipped,
            other => Self::Other(other.to_owned()),
        }
    }
}

impl fmt::Display for ServiceState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Initialized => "Initialized",
            Self::Preparing => "Preparing",
            Self::Waiting => "Waiting",
            Self::Starting => "Starting",
            Self::Running => "Running",
            Self::Stopping => "Stopping",
            Self::Finished => "Finished",
            Self::Failed => "Failed",
            Self::Skipped => "Skipped",
            Self::Other(word) => word,
        })
    }
}

/// How well a service does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServiceHealth {
    /// The verdict.
    pub status: HealthStatus,
    /// What the last check said.
    pub last_message: String,
    /// When the verdict last changed.
    pub last_change: Option<SystemTime>,
}

/// The verdict of a health check.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HealthStatus {
    /// Not checked yet, or there is no check.
    #[default]
    Unknown,
    /// As it should be.
    Healthy,
    /// Not as it should be.
    Unhealthy,
}

impl ServiceHealth {
    pub(crate) fn from_proto(health: Option<ProtoHealth>) -> Self {
        let Some(health) = health else { return Self::default() };
        Self {
            status: match health {
                ProtoHealth { unknown: true, .. } => HealthStatus::Unknown,
                ProtoHealth { healthy: true, .. } => HealthStatus::Healthy,
                _ => HealthStatus::Unhealthy,
            },
            last_message: health.last_message,
            last_change: instant(health.last_change),
        }
    }
}

/// A change in the life of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServiceEvent {
    /// What happened, in words.
    pub message: String,
    /// The state from then on.
    pub state: ServiceState,
    /// When.
    pub at: Option<SystemTime>,
}

impl Node {
    /// The services of the machine (`machine.MachineService/ServiceList`, any role).
    pub async fn services(&self) -> Result<Vec<Service>> {
        let reply = self
            .call((), |raw, request| async move { raw.machine().service_list(request).await })
            .await?
            .single()?;
        Ok(reply.services.into_iter().map(service).collect())
    }

    /// One service of the machine, such as `kubelet` (`machine.MachineService/ServiceList`, any role).
    ///
    /// [`ErrorKind::NotFound`]: the machine has no service of that name.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/example.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> { example(async |node| {
    /// assert!(node.service("kubelet").await?.is_running());
    /// assert!(node.service("none").await.is_err_and(|error| error.is_not_found()));
    /// # Ok(()) }) }
    /// ```
    pub async fn service(&self, id: &str) -> Result<Service> {
        let found = self.services().await?.into_iter().find(|service| service.id == id);
        found.ok_or_else(|| {
            Error::new(ErrorKind::NotFound, format!("the machine has no service {id:?}")).at(
                Some("ServiceList"),
                self.name(),
                None,
            )
        })
    }

    /// Starts a service (`machine.MachineService/ServiceStart`, os:admin or os:operator).
    ///
    /// The machine answers before the service runs: look at [`service`](Self::service) then. It allows this for few
    /// services only, and its error for the others has no kind of its own.
    ///
    /// [`ErrorKind::InvalidTarget`](crate::ErrorKind::InvalidTarget), with nothing sent: no name on a client with several
    /// endpoints.
    pub async fn start_service(&self, id: impl Into<String>) -> Result<()> {
        self.must_be_one_machine("starting a service")?;
        let request = ServiceStartRequest { id: id.into() };
        let reply = self
            .call(request, |raw, request| async move { raw.machine().service_start(request).await })
            .await?;
        reply.single()?;
        Ok(())
    }

    /// Stops a service (`machine.MachineService/ServiceStop`, os:admin or os:operator), as
    /// [`start_service`](Self::start_service) starts it.
    ///
    /// [`ErrorKind::InvalidTarget`](crate::ErrorKind::InvalidTarget), with nothing sent: no name on a client with several
    /// endpoints.
    pub async fn stop_service(&self, id: impl Into<String>) -> Result<()> {
        self.must_be_one_machine("stopping a service")?;
        let request = ServiceStopRequest { id: id.into() };
        let reply = self
            .call(request, |raw, request| async move { raw.machine().service_stop(request).await })
            .await?;
        reply.single()?;
        Ok(())
    }

    /// Restarts a service (`machine.MachineService/ServiceRestart`, os:admin or os:operator), as
    /// [`start_service`](Self::start_service) starts it.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/example.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> { example(async |node| {
    /// node.restart_service("kubelet").await?;
    /// # Ok(()) }) }
    /// ```
    ///
    /// [`ErrorKind::InvalidTarget`](crate::ErrorKind::InvalidTarget), with nothing sent: no name on a client with several
    /// endpoints.
    pub async fn restart_service(&self, id: impl Into<String>) -> Result<()> {
        self.must_be_one_machine("restarting a service")?;
        let request = ServiceRestartRequest { id: id.into() };
        let reply = self
            .call(request, |raw, request| async move { raw.machine().service_restart(request).await })
            .await?;
        reply.single()?;
        Ok(())
    }
}

fn service(info: ServiceInfo) -> Service {
    let events = info.events.map(|events| events.events).unwrap_or_default();
    Service {
        id: info.id,
        state: ServiceState::parse(&info.state),
        health: ServiceHealth::from_proto(info.health),
        events: events.into_iter().map(event).collect(),
    }
}

fn event(event: ProtoEvent) -> ServiceEvent {
    ServiceEvent { message: event.msg, state: ServiceState::parse(&event.state), at: instant(event.ts) }
}
