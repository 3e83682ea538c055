//! Links and what is common to all of them.

use talos_machineconfig_derive::Fields;

use crate::cel::Environment;
use crate::model::Value as _;
use crate::types::network::RoutingTable;
use crate::types::{Addr, Expression, HardwareAddr, Prefix};
use crate::validate::{Findings, Rules};

/// What a missing name of a link should be.
pub(super) const LINK_NAME: &str = "the name of the link, such as eth0";

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

impl Rules for LinkConfig {
    fn check(&self, found: &mut Findings) {
        found.require("name", &self.name, LINK_NAME);
        self.link.check(found);
    }
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

impl CommonLinkConfig {
    pub(super) fn check(&self, found: &mut Findings) {
        found.each("addresses", &self.addresses, |entry, found| match entry.address.ip() {
            None => found.missing("address", "an address with prefix length, such as 10.0.0.1/24"),
            Some(ip) if ip.is_unspecified() => {
                found.error("address", "a link can't have this address: write its own")
            }
            Some(_) => {}
        });
        found.each("routes", &self.routes, |route, found| {
            if route.destination.ip().is_some_and(|ip| ip.is_unspecified()) {
                found.error("destination", "leave it out for the default route, or write another network");
            }
            for (key, address) in [("gateway", &route.gateway), ("source", &route.source)] {
                if address.is_unspecified() {
                    found.error(key, "this is no address of a machine: write one, or leave it out");
                }
            }
        });
    }
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

impl Rules for DummyLinkConfig {
    fn check(&self, found: &mut Findings) {
        found.require("name", &self.name, LINK_NAME);
        self.link.check(found);
    }
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

impl Rules for LinkAliasConfig {
    fn check(&self, found: &mut Findings) {
        found.require("name", &self.name, "the alias, such as net0 or, for several links, net%d");
        if let Some((prefix, rest)) = self.name.split_once('%')
            && (prefix.is_empty() || rest != "d")
        {
            found.error("name", "a pattern is a name that ends in %d, such as net%d");
        }
        let condition = &self.selector.r#match;
        if condition.is_zero() {
            found.missing("selector.match", "a condition on the link, such as link.driver == \"e1000\"");
        } else if let Err(error) = condition.check(Environment::LinkLocator) {
            found.error("selector.match", error.to_string());
        }
    }
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

impl Rules for VrfConfig {
    fn check(&self, found: &mut Findings) {
        found.require("name", &self.name, LINK_NAME);
        if !(1..=252).contains(&self.table.0) {
            found.error("table", "a VRF needs a routing table of its own: write a number from 1 to 252");
        }
        self.link.check(found);
    }
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

impl Rules for VethConfig {
    fn check(&self, found: &mut Findings) {
        for (keys, name) in [("name", &self.name), ("peer.name", &self.peer.name)] {
            if let Some(problem) = link_name_problem(name) {
                found.error(keys, problem);
            }
        }
        self.link.check(found);
        found.within("peer", |found| self.peer.link.check(found));
    }
}

/// What is wrong with the name of a link that is to be made.
fn link_name_problem(name: &str) -> Option<&'static str> {
    match name {
        "" => Some("missing: write the name of the link, such as veth0"),
        "." | ".." => Some("a link can't have this name: write one such as veth0"),
        _ if name.len() > 15 => Some("the name of a link has at most 15 bytes"),
        _ if name.contains(['/', ':']) => Some("the name of a link has no / and no :"),
        _ if name.chars().any(|c| c.is_whitespace() || !is_printable(c)) => {
            Some("the name of a link has only characters that can be seen")
        }
        _ => None,
    }
}

/// Whether the character shows when printed. The escaping of the standard library knows, but it escapes three that do.
fn is_printable(c: char) -> bool {
    matches!(c, '"' | '\'' | '\\') || format!("_{c}").escape_debug().count() == 2
}
