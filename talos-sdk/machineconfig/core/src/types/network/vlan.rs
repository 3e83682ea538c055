//! VLANs.

use talos_machineconfig_derive::Fields;

use crate::model::text_enum;
use crate::types::network::CommonLinkConfig;
use crate::validate::{Findings, Rules};

/// A VLAN on top of a link.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "VLANConfig", since = "1.12")]
pub struct VlanConfig {
    /// Name of the document.
    #[config(always)]
    pub name: String,
    /// Id of the VLAN.
    #[config(key = "vlanID")]
    pub vlan_id: u16,
    /// Protocol.
    pub vlan_mode: Option<VlanProtocol>,
    /// The link it is on.
    pub parent: String,
    /// What every link has.
    #[config(inline)]
    pub link: CommonLinkConfig,
}

impl Rules for VlanConfig {
    fn check(&self, found: &mut Findings) {
        found.require("name", &self.name, "the name of the link, such as eth0.10");
        if !(1..=4094).contains(&self.vlan_id) {
            found.error("vlanID", "write the number of the VLAN, 1 to 4094");
        }
        found.require("parent", &self.parent, "the link that the VLAN is on");
        self.link.check(found);
    }
}

text_enum! {
    /// Protocol of a VLAN.
    pub enum VlanProtocol {
        /// IEEE 802.1Q.
        Dot1Q = "802.1q",
        /// IEEE 802.1ad.
        Dot1Ad = "802.1ad",
    }
}
