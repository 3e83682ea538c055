//! Network of a machine, as releases up to 1.11 know it.

use talos_machineconfig_derive::Fields;

use crate::types::v1alpha1::Bond;
use crate::types::{Duration, Given, List, Secret};

/// Network of a machine.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct NetworkConfig {
    /// Host name.
    pub hostname: String,
    /// Network interfaces. A patch merges by name or selector.
    #[config(merge = super::lists::merge_devices, by("interface", "deviceSelector"))]
    pub interfaces: List<Device>,
    /// DNS servers.
    pub nameservers: Vec<String>,
    /// DNS search domains.
    pub search_domains: Given<Vec<String>>,
    /// Entries of `/etc/hosts`.
    pub extra_host_entries: List<ExtraHost>,
    /// KubeSpan, the WireGuard mesh.
    pub kubespan: Option<NetworkKubeSpan>,
    /// True: the domain of the host name is not searched.
    pub disable_search_domain: Option<bool>,
}

/// A network interface.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct Device {
    /// Name of the interface.
    pub interface: String,
    /// The interface by its properties.
    pub device_selector: Option<NetworkDeviceSelector>,
    /// Addresses with prefix length.
    pub addresses: Vec<String>,
    /// One address. Deprecated: `addresses`.
    pub cidr: String,
    /// Routes.
    pub routes: List<Route>,
    /// Makes it a bond.
    pub bond: Option<Bond>,
    /// Makes it a bridge.
    pub bridge: Option<Bridge>,
    /// Puts it into a bridge.
    pub bridge_port: Option<BridgePort>,
    /// VLANs on top of it. A patch merges by id.
    #[config(merge = super::lists::merge_vlans, by("vlanId"))]
    pub vlans: List<Vlan>,
    /// Largest packet in bytes.
    pub mtu: i64,
    /// Whether addresses come from DHCP.
    pub dhcp: Option<bool>,
    /// True: Talos leaves the interface alone.
    pub ignore: Option<bool>,
    /// True: it is a dummy interface.
    pub dummy: Option<bool>,
    /// How DHCP is done.
    pub dhcp_options: Option<DhcpOptions>,
    /// Makes it a WireGuard interface.
    pub wireguard: Option<DeviceWireguardConfig>,
    /// An address shared by control planes.
    pub vip: Option<DeviceVipConfig>,
}

/// An interface by its properties; all that are given must match.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct NetworkDeviceSelector {
    /// Path on the bus, shell pattern.
    pub bus_path: String,
    /// Hardware address, shell pattern.
    pub hardware_addr: String,
    /// Permanent hardware address, shell pattern.
    pub permanent_addr: String,
    /// PCI vendor and product, shell pattern.
    #[config(key = "pciID")]
    pub pci_id: String,
    /// Kernel driver, shell pattern.
    pub driver: String,
    /// Whether the interface is a physical one.
    pub physical: Option<bool>,
}

/// A route.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct Route {
    /// Destination.
    #[config(always)]
    pub network: String,
    /// Gateway.
    #[config(always)]
    pub gateway: String,
    /// Source address.
    pub source: String,
    /// Metric.
    pub metric: u32,
    /// Largest packet in bytes.
    pub mtu: u32,
}

/// A bridge.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct Bridge {
    /// Its ports.
    #[config(always)]
    pub interfaces: Vec<String>,
    /// Spanning tree.
    pub stp: Option<Stp>,
    /// VLAN filtering.
    pub vlan: Option<BridgeVlan>,
}

/// Spanning tree.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct Stp {
    /// Whether it is on.
    pub enabled: Option<bool>,
}

/// VLAN filtering of a bridge.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct BridgeVlan {
    /// Whether it is on.
    pub vlan_filtering: Option<bool>,
}

/// Membership of a bridge.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct BridgePort {
    /// Name of the bridge.
    pub master: String,
}

/// A VLAN on top of an interface.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct Vlan {
    /// Addresses with prefix length.
    pub addresses: Vec<String>,
    /// One address. Deprecated: `addresses`.
    pub cidr: String,
    /// Routes.
    #[config(always)]
    pub routes: List<Route>,
    /// Whether addresses come from DHCP.
    pub dhcp: Option<bool>,
    /// Id of the VLAN.
    #[config(always)]
    pub vlan_id: u16,
    /// Largest packet in bytes.
    pub mtu: u32,
    /// An address shared by control planes.
    pub vip: Option<DeviceVipConfig>,
    /// How DHCP is done.
    pub dhcp_options: Option<DhcpOptions>,
}

/// How DHCP is done.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct DhcpOptions {
    /// Metric of the routes it gives.
    #[config(always)]
    pub route_metric: u32,
    /// Whether IPv4 is asked for.
    pub ipv4: Option<bool>,
    /// Whether IPv6 is asked for.
    pub ipv6: Option<bool>,
    /// Unique identifier for DHCPv6.
    pub duidv6: String,
}

/// A WireGuard interface.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct DeviceWireguardConfig {
    /// Private key in base64.
    pub private_key: Secret,
    /// Port it listens on.
    pub listen_port: i64,
    /// Firewall mark of its packets.
    pub firewall_mark: i64,
    /// Peers.
    pub peers: List<DeviceWireguardPeer>,
}

/// A WireGuard peer.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct DeviceWireguardPeer {
    /// Public key in base64.
    pub public_key: String,
    /// Address and port.
    pub endpoint: String,
    /// Interval of keep-alive packets.
    pub persistent_keepalive_interval: Duration,
    /// Networks behind the peer.
    #[config(key = "allowedIPs")]
    pub allowed_ips: Vec<String>,
}

/// An address shared by control planes.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct DeviceVipConfig {
    /// The address.
    pub ip: String,
    /// Moves it through the API of Equinix Metal.
    pub equinix_metal: Option<VipEquinixMetalConfig>,
    /// Moves it through the API of Hetzner Cloud.
    pub hcloud: Option<VipHCloudConfig>,
}

/// Access to the API of Equinix Metal.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct VipEquinixMetalConfig {
    /// Token of the API.
    #[config(always)]
    pub api_token: Secret,
}

/// Access to the API of Hetzner Cloud.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct VipHCloudConfig {
    /// Token of the API.
    #[config(always)]
    pub api_token: Secret,
}

/// An entry of `/etc/hosts`.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct ExtraHost {
    /// Address.
    #[config(always)]
    pub ip: String,
    /// Names.
    #[config(always)]
    pub aliases: Vec<String>,
}

/// KubeSpan, the WireGuard mesh.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct NetworkKubeSpan {
    /// Whether it is on.
    pub enabled: Option<bool>,
    /// Whether the networks of pods are announced.
    pub advertise_kubernetes_networks: Option<bool>,
    /// Whether traffic to a peer that is down goes around the mesh.
    pub allow_down_peer_bypass: Option<bool>,
    /// Whether addresses seen from outside are announced.
    pub harvest_extra_endpoints: Option<bool>,
    /// Largest packet in bytes.
    pub mtu: Option<u32>,
    /// Which addresses are announced.
    pub filters: Option<KubeSpanFilters>,
}

/// Which addresses are announced.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct KubeSpanFilters {
    /// Networks of endpoints; a leading `!` excludes one.
    pub endpoints: Vec<String>,
    /// Networks that are not announced.
    pub exclude_advertised_networks: Vec<String>,
}
