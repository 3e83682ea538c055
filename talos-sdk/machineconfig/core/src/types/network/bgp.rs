//! BGP.

use std::collections::HashSet;

use talos_machineconfig_derive::Fields;

use crate::types::{Addr, Duration, Prefix, ReplaceList};
use crate::validate::duration::check_not_negative;
use crate::validate::{Findings, Rules};

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

impl Rules for BgpInstanceConfig {
    fn check(&self, found: &mut Findings) {
        found.require("name", &self.name, "the name of the BGP instance");
        if self.local_asn == 0 {
            found.missing("localASN", "the number of the own autonomous system");
        }
        if self.router_id.ip().is_some_and(|ip| !ip.is_ipv4()) {
            found.error("routerID", "the router id is an IPv4 address: write one");
        }
        if self.neighbors.is_empty() {
            found.warn("neighbors", "without neighbours nothing is announced or learned: add one");
        }
        let mut seen = HashSet::new();
        found.each("neighbors", &self.neighbors, |neighbor, found| {
            neighbor.check(!self.vrf.is_empty(), found);
            if neighbor.key().is_some_and(|key| !seen.insert(key)) {
                found.error("", "this neighbour is there twice: remove one of the two");
            }
        });
        self.check_imports(found);
    }
}

impl BgpInstanceConfig {
    fn check_imports(&self, found: &mut Findings) {
        let mut instances = HashSet::new();
        let mut earlier: Vec<Prefix> = Vec::new();
        found.each("importRoutes", &self.import_routes, |route, found| {
            let instance = route.bgp_instance.as_str();
            found.require("bgpInstance", instance, "the BGP instance to take routes from");
            if instance == self.name && !instance.is_empty() {
                found.error("bgpInstance", "routes come from another BGP instance: write its name");
            }
            if !instance.is_empty() && !instances.insert(instance) {
                found.error(
                    "bgpInstance",
                    "this BGP instance is there twice: write all its prefixes in one entry",
                );
            }
            route.check_prefixes(found);
            // As in Talos, prefixes of different entries are compared only if they are well-formed.
            let prefixes =
                || route.prefixes.iter().filter(|prefix| prefix.ip().is_some() && prefix.is_masked());
            for prefix in prefixes() {
                if let Some(other) = earlier.iter().find(|other| other.overlaps(prefix)) {
                    found.error(
                        "prefixes",
                        format!("{prefix} overlaps {other} of an entry above: leave one of them"),
                    );
                }
            }
            earlier.extend(prefixes());
        });
    }
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

impl BgpImportRoute {
    fn check_prefixes(&self, found: &mut Findings) {
        if self.prefixes.is_empty() {
            found.missing("prefixes", "at least one network to take");
        }
        let mut earlier: Vec<Prefix> = Vec::new();
        found.each("prefixes", &self.prefixes, |prefix, found| {
            if prefix.ip().is_none() {
                found.missing("", "a network such as 10.0.0.0/8");
            } else if !prefix.is_masked() {
                found.error("", format!("{prefix} has bits behind its length: set them to zero"));
            }
            if let Some(other) = earlier.iter().find(|other| other.overlaps(prefix)) {
                found.error("", format!("{prefix} overlaps {other} above: leave one of them"));
            }
            earlier.push(*prefix);
        });
    }
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

impl BgpNeighborConfig {
    /// The address or the link, whichever is given alone.
    fn key(&self) -> Option<String> {
        match (self.address.ip(), self.link.as_str()) {
            (Some(_), "") => Some(self.address.to_string()),
            (None, link) if !link.is_empty() => Some(link.to_owned()),
            _ => None,
        }
    }

    fn check(&self, in_vrf: bool, found: &mut Findings) {
        if self.key().is_none() {
            found.error("", "a neighbour has either an address or a link: write one of the two");
        }
        check_not_negative("holdTime", self.hold_time, found);
        let Some(bfd) = &self.bfd else { return };
        if in_vrf {
            found.error("bfd", "it does not work in a VRF: remove it, or vrf");
        }
        check_not_negative("bfd.transmitInterval", bfd.transmit_interval, found);
        check_not_negative("bfd.receiveInterval", bfd.receive_interval, found);
    }
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
