//! Links and what is common to all of them.

use talos_machineconfig_derive::Fields;

use crate::types::network::RoutingTable;
use crate::types::{Addr, Expression, HardwareAddr, Prefix};

/// A network link that exists: addresses, routes, state.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "LinkConfig", since = "1.12")]
pub struct LinkConfig {
    /// Name of the document.
    #[config(always)]
    pub name: String,
    /// What every link has.
    #[config(inline)]
    pub link: CommonLinkConfig,
}

/// What every link has.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct CommonLinkConfig {
    /// Whether the link is brought up.
    pub up: Option<bool>,
    /// Largest packet in bytes.
    pub mtu: u32,
    /// Addresses.
    pub addresses: Vec<AddressConfig>,
    /// Routes.
    pub routes: Vec<RouteConfig>,
    /// Whether multicast is on.
    pub multicast: Option<bool>,
}

/// An address of a link.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct AddressConfig {
    /// The address with prefix length.
    #[config(always)]
    pub address: Prefix,
    /// Priority of the route it brings.
    pub route_priority: Option<u32>,
}

/// A route of a link.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct RouteConfig {
    /// Destination; absent is the default route.
    pub destination: Prefix,
    /// Gateway.
    pub gateway: Addr,
    /// Source address.
    pub source: Addr,
    /// Metric.
    pub metric: u32,
    /// Largest packet in bytes.
    pub mtu: u32,
    /// Routing table.
    pub table: RoutingTable,
}

/// A dummy link.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "DummyLinkConfig", since = "1.12")]
pub struct DummyLinkConfig {
    /// Name of the document.
    #[config(always)]
    pub name: String,
    /// Hardware address.
    pub hardware_addr: HardwareAddr,
    /// What every link has.
    #[config(inline)]
    pub link: CommonLinkConfig,
}

/// A stable name for a link.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "LinkAliasConfig", since = "1.12")]
pub struct LinkAliasConfig {
    /// Name of the document.
    #[config(always)]
    pub name: String,
    /// Which link.
    pub selector: LinkSelector,
}

/// A link by its properties.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct LinkSelector {
    /// Condition on the link.
    pub r#match: Expression,
}

/// A virtual routing and forwarding link.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "VRFConfig", since = "1.13")]
pub struct VrfConfig {
    /// Name of the document.
    #[config(always)]
    pub name: String,
    /// Hardware address.
    pub hardware_addr: HardwareAddr,
    /// Links in it.
    pub links: Vec<String>,
    /// Its routing table.
    #[config(always)]
    pub table: RoutingTable,
    /// What every link has.
    #[config(inline)]
    pub link: CommonLinkConfig,
}

/// A pair of virtual Ethernet links.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "VethConfig", since = "1.14")]
pub struct VethConfig {
    /// Name of the document.
    #[config(always)]
    pub name: String,
    /// The other end.
    #[config(always)]
    pub peer: VethPeerConfig,
    /// What every link has.
    #[config(inline)]
    pub link: CommonLinkConfig,
}

/// The other end of a pair.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct VethPeerConfig {
    /// Name of the link.
    #[config(always)]
    pub name: String,
    /// What every link has.
    #[config(inline)]
    pub link: CommonLinkConfig,
}
