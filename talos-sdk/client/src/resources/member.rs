//! The machines of a cluster.

use std::fmt;
use std::net::IpAddr;

use bytes::Bytes;
use serde::Deserialize;
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

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Yaml {
    node_id: String,
    addresses: Vec<IpAddr>,
    hostname: String,
    machine_type: String,
    #[serde(default)]
    operating_system: String,
    control_plane: Option<YamlControlPlane>,
}

#[derive(Deserialize)]
struct YamlControlPlane {
    port: u16,
}

impl From<Yaml> for Member {
    fn from(yaml: Yaml) -> Self {
        let types = [MachineType::Init, MachineType::ControlPlane, MachineType::Worker];
        let machine_type = types.into_iter().find(|known| known.to_string() == yaml.machine_type);
        Self {
            node_id: yaml.node_id,
            addresses: yaml.addresses,
            hostname: yaml.hostname,
            machine_type: machine_type.unwrap_or_default(),
            operating_system: yaml.operating_system,
            api_server_port: yaml.control_plane.map(|it| it.port).filter(|port| *port != 0),
        }
    }
}

impl SpecData for Member {
    fn decode_spec(proto: Bytes, yaml: String) -> Result<Self> {
        protobuf::message_or_yaml(proto, &yaml, Self::from_message, |spec: Yaml| Ok(spec.into()))
    }
}

impl Member {
    fn from_message(spec: MemberSpec) -> Result<Self> {
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

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn yaml_is_read_where_the_message_can_not_be() {
        let broken = Bytes::from_static(&[0x0a, 0x7f]);
        let yaml = concat!(
            "nodeId: abc\naddresses:\n    - 10.0.0.2\n    - fd00::2\nhostname: cp-1\nmachineType: controlplane\n",
            "operatingSystem: Talos (v1.13.9)\ncontrolPlane:\n    port: 6443\n",
        );
        let read = Member::decode_spec(broken, yaml.to_owned()).unwrap();
        assert_eq!((read.hostname.as_str(), read.addresses.len()), ("cp-1", 2));
        assert_eq!((read.machine_type, read.api_server_port), (MachineType::ControlPlane, Some(6443)));
    }
}
