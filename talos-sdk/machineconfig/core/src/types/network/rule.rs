//! The firewall for incoming traffic.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use talos_machineconfig_derive::Fields;
use talos_yaml::Node;

use crate::model::{Mismatch, Rule, Shape, Value, text_enum};
use crate::types::{Prefix, ReplaceList};
use crate::validate::{Findings, Rules};

/// What happens to incoming traffic that no rule is for.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "NetworkDefaultActionConfig", since = "1.6")]
pub struct NetworkDefaultActionConfig {
    /// Accept or block.
    #[config(always)]
    pub ingress: DefaultAction,
}

/// Incoming traffic that is accepted.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "NetworkRuleConfig", since = "1.6")]
pub struct NetworkRuleConfig {
    /// Name of the document.
    #[config(always)]
    pub name: String,
    /// To which ports.
    #[config(always)]
    pub port_selector: RulePortSelector,
    /// From which networks. A patch replaces the list.
    #[config(always)]
    pub ingress: ReplaceList<IngressRule>,
}

impl Rules for NetworkRuleConfig {
    fn check(&self, found: &mut Findings) {
        found.require("name", &self.name, "the name of the rule");
        found.within("portSelector", |found| check_ports(&self.port_selector.ports, found));
        found.each("ingress", &self.ingress, |rule, found| {
            if rule.subnet.ip().is_none() {
                found.missing("subnet", "the network that traffic is accepted from, such as 10.0.0.0/8");
            }
        });
    }
}

fn check_ports(ports: &[PortRange], found: &mut Findings) {
    if ports.is_empty() {
        found.missing("ports", "at least one port or range of ports");
    }
    found.each("ports", ports, |range, found| {
        if range.first > range.last {
            found.error("", format!("the range ends before it starts: write {}-{}", range.last, range.first));
        }
    });
    let mut sorted: Vec<_> = ports.iter().collect();
    sorted.sort_by_key(|range| range.first);
    for pair in sorted.windows(2) {
        if let [left, right] = pair
            && right.first <= left.last
        {
            found.error("ports", format!("port {} is in two entries: leave it in one", right.first));
        }
    }
}

/// Ports of a protocol.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct RulePortSelector {
    /// Ports and ranges. A patch replaces the list.
    #[config(always)]
    pub ports: ReplaceList<PortRange>,
    /// Protocol.
    #[config(always)]
    pub protocol: Protocol,
}

/// Networks traffic comes from.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct IngressRule {
    /// A network.
    #[config(always)]
    pub subnet: Prefix,
    /// A network inside it that is left out.
    pub except: Prefix,
}

text_enum! {
    /// What happens to traffic that no rule is for.
    pub enum DefaultAction {
        /// It is accepted.
        Accept = "accept",
        /// It is blocked.
        Block = "block",
    }

    /// Protocol of a rule.
    pub enum Protocol {
        /// None is given; this is how Talos writes it.
        Unset = "Protocol(0)",
        /// ICMP.
        Icmp = "icmp",
        /// TCP.
        Tcp = "tcp",
        /// UDP.
        Udp = "udp",
        /// ICMPv6.
        Icmpv6 = "icmpv6",
    }
}

/// A port, or all ports from the first to the last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct PortRange {
    /// First port.
    pub first: u16,
    /// Last port.
    pub last: u16,
}

impl From<u16> for PortRange {
    fn from(port: u16) -> Self {
        Self { first: port, last: port }
    }
}

impl Serialize for PortRange {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.first == self.last {
            return serializer.serialize_u16(self.first);
        }
        serializer.collect_str(&format_args!("{}-{}", self.first, self.last))
    }
}

impl<'de> Deserialize<'de> for PortRange {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let node = Node::deserialize(deserializer)?;
        if let Ok(port) = talos_yaml::from_node::<u16>(&node) {
            return Ok(port.into());
        }
        let range = node.value().and_then(|text| text.split_once('-'));
        let port =
            |text: &str| Some(text).filter(|text| !text.starts_with('+')).and_then(|text| text.parse().ok());
        range
            .and_then(|(first, last)| Some(Self { first: port(first)?, last: port(last)? }))
            .ok_or_else(|| D::Error::custom("expected a port or a range of ports, such as 80 or 8000-8080"))
    }
}

impl Value for PortRange {
    const SHAPE: &'static Shape = &Shape::Pattern { regex: r"^[0-9]+(-[0-9]+)?$", or_number: true };

    fn is_zero(&self) -> bool {
        *self == Self::default()
    }

    fn merge(&mut self, right: Self, rule: Rule) -> Result<(), Mismatch> {
        self.first.merge(right.first, rule)?;
        self.last.merge(right.last, rule)
    }
}
