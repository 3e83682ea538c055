//! Bridges.

use talos_machineconfig_derive::Fields;

use crate::types::HardwareAddr;
use crate::types::network::CommonLinkConfig;
use crate::validate::{Findings, Rules};

/// A bridge.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "BridgeConfig", since = "1.12")]
pub struct BridgeConfig {
    /// Name of the document.
    #[config(always)]
    pub name: String,
    /// Hardware address.
    pub hardware_addr: HardwareAddr,
    /// Its ports.
    pub links: Vec<String>,
    /// Spanning tree.
    pub stp: BridgeStpConfig,
    /// VLAN filtering.
    pub vlan: BridgeVlanConfig,
    /// What every link has.
    #[config(inline)]
    pub link: CommonLinkConfig,
}

impl Rules for BridgeConfig {
    fn check(&self, found: &mut Findings) {
        found.require("name", &self.name, "the name of the bridge, such as br0");
        self.link.check(found);
    }
}

/// Spanning tree.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct BridgeStpConfig {
    /// Whether it is on.
    pub enabled: Option<bool>,
}

/// VLAN filtering of a bridge.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct BridgeVlanConfig {
    /// Whether it is on.
    pub filtering: Option<bool>,
}
