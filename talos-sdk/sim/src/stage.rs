//! The stages of a machine.

use std::fmt;

/// What a machine is doing, as `MachineStatus` says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// Powered off, or failed to boot.
    Unknown,
    /// Coming up; a control plane without etcd stays here until it is bootstrapped.
    Booting,
    /// Writing Talos to the disk.
    Installing,
    /// Waiting for a configuration.
    Maintenance,
    /// Everything that the configuration asks for runs.
    Running,
    /// Going down to come up again.
    Rebooting,
    /// Going down for good.
    ShuttingDown,
    /// Wiping itself.
    Resetting,
    /// Replacing its version, and about to restart.
    Upgrading,
}

impl Stage {
    /// The number that events and resources carry.
    pub(crate) fn number(self) -> i32 {
        match self {
            Self::Unknown => 0,
            Self::Booting => 1,
            Self::Installing => 2,
            Self::Maintenance => 3,
            Self::Running => 4,
            Self::Rebooting => 5,
            Self::ShuttingDown => 6,
            Self::Resetting => 7,
            Self::Upgrading => 8,
        }
    }

    /// The word that resources carry.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Booting => "booting",
            Self::Installing => "installing",
            Self::Maintenance => "maintenance",
            Self::Running => "running",
            Self::Rebooting => "rebooting",
            Self::ShuttingDown => "shuttingDown",
            Self::Resetting => "resetting",
            Self::Upgrading => "upgrading",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
