//! Network documents.

mod bgp;
mod bond;
mod bond_value;
mod bridge;
mod dhcp;
mod ethernet;
mod host;
mod hostname;
mod kubespan;
mod link;
mod probe;
mod resolver;
mod route;
mod routing_table;
mod rule;
mod time;
mod vip;
mod vlan;
mod wireguard;

pub use bgp::{BgpImportRoute, BgpInstanceConfig, BgpNeighborConfig, BgpbfdConfig};
pub use bond::BondConfig;
pub use bond_value::{
    AdLacpActive, AdSelect, ArpAllTargets, ArpValidate, BondMode, BondXmitHashPolicy, FailOverMac, LacpRate,
    PrimaryReselect,
};
pub use bridge::{BridgeConfig, BridgeStpConfig, BridgeVlanConfig};
pub use dhcp::{ClientIdentifier, DhcPv4Config, DhcPv6Config};
pub use ethernet::{EthernetChannelsConfig, EthernetConfig, EthernetRingsConfig, WakeOnLan};
pub use host::StaticHostConfig;
pub use hostname::{AutoHostnameKind, HostnameConfig};
pub use kubespan::{KubeSpanConfig, KubeSpanEndpointsConfig, KubeSpanFiltersConfig};
pub use link::{
    AddressConfig, CommonLinkConfig, DummyLinkConfig, LinkAliasConfig, LinkConfig, LinkSelector, RouteConfig,
    VethConfig, VethPeerConfig, VrfConfig,
};
pub use probe::{CommonProbeConfig, HttpProbeConfig, TcpProbeConfig};
pub use resolver::{DnsProtocol, HostDnsConfig, NameserverConfig, ResolverConfig, SearchDomainsConfig};
pub use route::{BlackholeRouteConfig, RoutingRuleAction, RoutingRuleConfig};
pub use routing_table::RoutingTable;
pub use rule::{
    DefaultAction, IngressRule, NetworkDefaultActionConfig, NetworkRuleConfig, PortRange, Protocol,
    RulePortSelector,
};
pub use time::{NtpConfig, PtpConfig, TimeSyncConfig};
pub use vip::{HCloudVipConfig, Layer2VipConfig};
pub use vlan::{VlanConfig, VlanProtocol};
pub use wireguard::{WireguardConfig, WireguardPeer};
