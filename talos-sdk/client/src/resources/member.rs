//! The machines of a cluster.

use std::fmt;
use std::net::IpAddr;

use bytes::Bytes;
use talos_proto::talos::resource::definitions::cluster::MemberSpec;
use talos_proto::talos::resource::definitions::enums::MachineType as ProtoType;

use super::net;
use super::protobuf;
use super::spec::{ResourceSpec, SpecData};
use crate::Result;

/// A machine of the cluster, as the discovery service knows it. Its id is its host name.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Member {
    /// Its identity in the discovery service.
    pub node_id: String,
    /// Its addresses; the first one is the best to reach it by.
    pub addresses: Vec<IpAddr>,
    /// Its host name.
    pub hostname: String,
    /// What it is in the cluster.
    pub machine_type: MachineType,
    /// The operating system, such as `Talos (v1.13.9)`.
    pub operating_system: String,
    /// The port of its Kubernetes API, if it is a control plane node that says so.
    pub api_server_port: Option<u16>,
}

/// What a machine is in its cluster.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MachineType {
    /// Not known.
    #[default]
    Unknown,
    /// The first control plane node, in configurations of old.
    Init,
    /// A control plane node.
    ControlPlane,
    /// A worker.
    Worker,
}

impl MachineType {
    /// Whether it is a control plane node of either kind.
    #[must_use]
    pub fn is_control_plane(self) -> bool {
        matches!(self, Self::Init | Self::ControlPlane)
    }
}

impl fmt::Display for MachineType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unknown => "unknown",
            Self::Init => "init",
            Self::ControlPlane => "controlplane",
            Self::Worker => "worker",
        })
    }
}

impl ResourceSpec for Member {
    const TYPE: &'static str = "Members.cluster.talos.dev";
    const NAMESPACE: &'static str = "cluster";
}

impl SpecData for Member {
    fn decode_spec(proto: Bytes, _: String) -> Result<Self> {
        let spec: MemberSpec = protobuf::message(proto)?;
        let machine_type = match spec.machine_type() {
            ProtoType::TypeUnknown => MachineType::Unknown,
            ProtoType::TypeInit => MachineType::Init,
            ProtoType::TypeControlPlane => MachineType::ControlPlane,
            ProtoType::TypeWorker => MachineType::Worker,
        };
        Ok(Self {
            node_id: spec.node_id,
            addresses: spec
                .addresses
                .iter()
                .map(|address| net::address(&address.ip))
                .collect::<Result<_>>()?,
            hostname: spec.hostname,
            machine_type,
            operating_system: spec.operating_system,
            api_server_port: spec
                .control_plane
                .and_then(|control_plane| u16::try_from(control_plane.api_server_port).ok())
                .filter(|port| *port != 0),
        })
    }
}
