//! Stages in the life of a machine.

use std::fmt;

use talos_proto::machine::machine_status_event::MachineStage as EventStage;
use talos_proto::talos::resource::definitions::enums::RuntimeMachineStage as ResourceStage;

/// What a machine does, as [events](crate::EventPayload::MachineStatus) and the resource
/// [`MachineStatus`](crate::resources::MachineStatus) tell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum MachineStage {
    /// Not known, or not known to this version of the library.
    #[default]
    Unknown,
    /// Booting.
    Booting,
    /// Installing Talos to disk.
    Installing,
    /// Waiting for a configuration.
    Maintenance,
    /// Running with its configuration.
    Running,
    /// Going down to come up again.
    Rebooting,
    /// Going down.
    ShuttingDown,
    /// Wiping itself.
    Resetting,
    /// Writing another version of Talos to disk.
    Upgrading,
}

impl MachineStage {
    /// The stage that a machine writes so.
    pub(crate) fn from_text(text: &str) -> Self {
        [
            Self::Booting,
            Self::Installing,
            Self::Maintenance,
            Self::Running,
            Self::Rebooting,
            Self::ShuttingDown,
            Self::Resetting,
            Self::Upgrading,
        ]
        .into_iter()
        .find(|stage| stage.to_string() == text)
        .unwrap_or_default()
    }
}

impl From<EventStage> for MachineStage {
    fn from(stage: EventStage) -> Self {
        match stage {
            EventStage::Unknown => Self::Unknown,
            EventStage::Booting => Self::Booting,
            EventStage::Installing => Self::Installing,
            EventStage::Maintenance => Self::Maintenance,
            EventStage::Running => Self::Running,
            EventStage::Rebooting => Self::Rebooting,
            EventStage::ShuttingDown => Self::ShuttingDown,
            EventStage::Resetting => Self::Resetting,
            EventStage::Upgrading => Self::Upgrading,
        }
    }
}

impl From<ResourceStage> for MachineStage {
    fn from(stage: ResourceStage) -> Self {
        match stage {
            ResourceStage::MachineStageUnknown => Self::Unknown,
            ResourceStage::MachineStageBooting => Self::Booting,
            ResourceStage::MachineStageInstalling => Self::Installing,
            ResourceStage::MachineStageMaintenance => Self::Maintenance,
            ResourceStage::MachineStageRunning => Self::Running,
            ResourceStage::MachineStageRebooting => Self::Rebooting,
            ResourceStage::MachineStageShuttingDown => Self::ShuttingDown,
            ResourceStage::MachineStageResetting => Self::Resetting,
            ResourceStage::MachineStageUpgrading => Self::Upgrading,
        }
    }
}

impl fmt::Display for MachineStage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unknown => "unknown",
            Self::Booting => "booting",
            Self::Installing => "installing",
            Self::Maintenance => "maintenance",
            Self::Running => "running",
            Self::Rebooting => "rebooting",
            Self::ShuttingDown => "shutting down",
            Self::Resetting => "resetting",
            Self::Upgrading => "upgrading",
        })
    }
}

/// Why a machine is not ready.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct UnmetCondition {
    /// What is checked.
    pub name: String,
    /// What is wrong with it.
    pub reason: String,
}

impl UnmetCondition {
    pub(crate) fn new(name: String, reason: String) -> Self {
        Self { name, reason }
    }
}
