//! Routes that belong to no link, and routing rules.

use talos_machineconfig_derive::Fields;

use crate::model::text_enum;
use crate::types::Prefix;
use crate::types::network::RoutingTable;

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
