//! BGP.

use talos_machineconfig_derive::Fields;

use crate::types::{Addr, Duration, Prefix, ReplaceList};

/// A BGP speaker.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "BGPInstanceConfig", since = "1.14")]
pub struct BgpInstanceConfig {
    /// Name of the document.
    #[config(always)]
    pub name: String,
    /// The VRF it runs in.
    pub vrf: String,
    /// Its number of autonomous system.
    #[config(key = "localASN", always)]
    pub local_asn: u32,
    /// Its router id, an IPv4 address.
    #[config(key = "routerID")]
    pub router_id: Addr,
    /// Source address of installed routes.
    pub route_source: Addr,
    /// What it announces.
    pub advertise: ReplaceList<String>,
    /// Whether several paths are installed.
    pub multipath: Option<bool>,
    /// Most paths for a destination.
    pub max_paths: u8,
    /// Whether received routes are installed.
    pub install_routes: Option<bool>,
    /// Routes taken from other speakers.
    pub import_routes: ReplaceList<BgpImportRoute>,
    /// Neighbours.
    pub neighbors: ReplaceList<BgpNeighborConfig>,
}

/// Routes taken from another speaker.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct BgpImportRoute {
    /// Name of the speaker.
    #[config(always)]
    pub bgp_instance: String,
    /// Networks to take.
    #[config(always)]
    pub prefixes: Vec<Prefix>,
}

/// A neighbour.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct BgpNeighborConfig {
    /// Its address.
    pub address: Addr,
    /// The link it is found on.
    pub link: String,
    /// Its number of autonomous system.
    #[config(key = "peerASN")]
    pub peer_asn: u32,
    /// Number of autonomous system shown to it.
    #[config(key = "localASN")]
    pub local_asn: u32,
    /// Whether the neighbour has to connect.
    pub passive: bool,
    /// Time after which a silent neighbour is dropped.
    pub hold_time: Duration,
    /// Bidirectional forwarding detection.
    pub bfd: Option<BgpbfdConfig>,
}

/// Bidirectional forwarding detection.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct BgpbfdConfig {
    /// Interval of sent packets.
    pub transmit_interval: Duration,
    /// Interval of received packets.
    pub receive_interval: Duration,
    /// Missed packets before the neighbour counts as down.
    pub detect_multiplier: u8,
}
