//! The role of a machine in its cluster.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, ErrorKind, Result};

/// The role of a machine in its cluster, `machine.type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MachineType {
    /// The one control plane machine that bootstraps by itself; only old clusters have it.
    Init,
    /// Runs etcd and the Kubernetes control plane.
    ControlPlane,
    /// Runs workloads.
    Worker,
}

impl MachineType {
    /// As configurations spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Init => "init",
            Self::ControlPlane => "controlplane",
            Self::Worker => "worker",
        }
    }

    /// Whether machines of this type run etcd and the Kubernetes control plane.
    pub const fn is_control_plane(self) -> bool {
        matches!(self, Self::Init | Self::ControlPlane)
    }
}

impl fmt::Display for MachineType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for MachineType {
    type Err = Error;

    /// Reads the spelling of configurations; `join` and nothing at all mean a worker.
    fn from_str(text: &str) -> Result<Self> {
        match text {
            "init" => Ok(Self::Init),
            "controlplane" => Ok(Self::ControlPlane),
            "worker" | "join" | "" => Ok(Self::Worker),
            _ => Err(Error::new(
                ErrorKind::InvalidValue,
                format!("machine type {text:?} is unknown: use controlplane or worker"),
            )),
        }
    }
}
