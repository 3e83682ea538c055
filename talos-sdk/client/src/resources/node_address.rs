//! The addresses of a machine.

use bytes::Bytes;
use serde::Deserialize;
use talos_proto::talos::resource::definitions::network::NodeAddressSpec;

use super::net::Prefix;
use super::protobuf;
use super::spec::{ResourceSpec, SpecData};
use crate::Result;

/// Addresses of a machine.
///
/// The ids say which: [`DEFAULT`](Self::DEFAULT), [`CURRENT`](Self::CURRENT), [`ROUTED`](Self::ROUTED),
/// `accumulative`, and each of them with a filter, such as `current-no-k8s`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct NodeAddress {
    /// The addresses, in the order of the machine's preference.
    pub addresses: Vec<Prefix>,
}

impl NodeAddress {
    /// The id of the one address that the machine was first known by.
    pub const DEFAULT: &'static str = "default";
    /// The id of all addresses that the machine has now.
    pub const CURRENT: &'static str = "current";
    /// The id of those addresses that can be reached from elsewhere.
    pub const ROUTED: &'static str = "routed";
}

impl ResourceSpec for NodeAddress {
    const TYPE: &'static str = "NodeAddresses.net.talos.dev";
    const NAMESPACE: &'static str = "network";
}

#[derive(Deserialize)]
struct Yaml {
    addresses: Vec<String>,
}

impl SpecData for NodeAddress {
    fn decode_spec(proto: Bytes, yaml: String) -> Result<Self> {
        protobuf::message_or_yaml(
            proto,
            &yaml,
            |spec: NodeAddressSpec| {
                Ok(Self { addresses: spec.addresses.iter().map(Prefix::from_proto).collect::<Result<_>>()? })
            },
            |spec: Yaml| {
                Ok(Self { addresses: spec.addresses.iter().map(|text| text.parse()).collect::<Result<_>>()? })
            },
        )
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn yaml_is_read_where_the_message_can_not_be() {
        let broken = Bytes::from_static(&[0x0a, 0x7f]);
        let yaml = "addresses:\n    - 10.0.0.2/24\n    - fd00::2/64\nsortAlgorithm: v1\n";
        let read = NodeAddress::decode_spec(broken.clone(), yaml.to_owned()).unwrap();
        assert_eq!(read.addresses, ["10.0.0.2/24".parse().unwrap(), "fd00::2/64".parse().unwrap()]);
        assert!(NodeAddress::decode_spec(broken, "x: 1\n".to_owned()).is_err());
    }
}
