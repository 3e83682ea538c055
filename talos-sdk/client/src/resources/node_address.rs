//! The addresses of a machine.

use bytes::Bytes;
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

impl SpecData for NodeAddress {
    fn decode_spec(proto: Bytes, _: String) -> Result<Self> {
        let spec: NodeAddressSpec = protobuf::message(proto)?;
        Ok(Self { addresses: spec.addresses.iter().map(Prefix::from_proto).collect::<Result<_>>()? })
    }
}
