//! Routes that belong to no link, and routing rules.

use talos_machineconfig_derive::Fields;

use crate::model::text_enum;
use crate::types::Prefix;
use crate::types::network::RoutingTable;
use crate::validate::address::is_network;
use crate::validate::{Findings, Rules};

/// A destination whose packets are dropped.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "BlackholeRouteConfig", since = "1.13")]
pub struct BlackholeRouteConfig {
    /// The destination, a network.
    #[config(always)]
    pub name: String,
    /// Metric.
    pub metric: u32,
}

impl Rules for BlackholeRouteConfig {
    fn check(&self, found: &mut Findings) {
        if !is_network(&self.name) {
            found.error(
                "name",
                "the name of this document is the destination: write a network such as 10.0.0.0/8",
            );
        }
    }
}

/// Priorities of the rules that Linux and KubeSpan make.
const RESERVED_PRIORITIES: [u32; 4] = [0, 32500, 32766, 32767];

/// A rule that chooses a routing table.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "RoutingRuleConfig", since = "1.13")]
pub struct RoutingRuleConfig {
    /// Priority of the rule.
    #[config(always)]
    pub name: String,
    /// Source network.
    pub src: Prefix,
    /// Destination network.
    pub dst: Prefix,
    /// Routing table.
    #[config(always)]
    pub table: RoutingTable,
    /// What is done with the packet.
    pub action: RoutingRuleAction,
    /// Link the packet came in on.
    pub iif_name: String,
    /// Link the packet goes out on.
    pub oif_name: String,
    /// Firewall mark of the packet.
    pub fw_mark: u32,
    /// Mask for the firewall mark.
    pub fw_mask: u32,
}

impl Rules for RoutingRuleConfig {
    fn check(&self, found: &mut Findings) {
        let digits = self.name.bytes().all(|b| b.is_ascii_digit());
        match self.name.parse::<u32>() {
            Ok(priority) if digits => {
                if RESERVED_PRIORITIES.contains(&priority) {
                    found.error(
                        "name",
                        format!(
                            "priority {priority} is taken by Linux or KubeSpan: write another one up to 32765"
                        ),
                    );
                }
            }
            _ => found.error(
                "name",
                "the name of this document is the priority of the rule: write a number, such as 1000",
            ),
        }
        let needs_table = matches!(self.action, RoutingRuleAction::Unspec | RoutingRuleAction::Unicast);
        if needs_table && self.table == RoutingTable::default() {
            found.missing("table", "a routing table, or an action that needs none, such as blackhole");
        }
        if self.fw_mask != 0 && self.fw_mark == 0 {
            found.error("fwMask", "a mask needs a mark: set fwMark too, or remove it");
        }
    }
}

text_enum! {
    /// What a routing rule does with a packet.
    pub enum RoutingRuleAction {
        /// Nothing is said.
        Unspec = "unspec",
        /// It is routed by the table.
        Unicast = "unicast",
        /// It is dropped.
        Blackhole = "blackhole",
        /// It is answered with unreachable.
        Unreachable = "unreachable",
        /// It is answered with prohibited.
        Prohibit = "prohibit",
    }
}
