//! Bonds.

use talos_machineconfig_derive::Fields;

use crate::types::network::{
    AdLacpActive, AdSelect, ArpAllTargets, ArpValidate, BondMode, BondXmitHashPolicy, CommonLinkConfig,
    FailOverMac, LacpRate, PrimaryReselect,
};
use crate::types::{Addr, HardwareAddr};
use crate::validate::{Findings, Rules};

/// A bond. Values are those of the Linux bonding driver.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "BondConfig", since = "1.12")]
pub struct BondConfig {
    /// Name of the document.
    #[config(always)]
    pub name: String,
    /// Hardware address.
    pub hardware_addr: HardwareAddr,
    /// Its ports.
    pub links: Vec<String>,
    /// Mode.
    pub bond_mode: Option<BondMode>,
    /// Interval of link monitoring in milliseconds.
    pub miimon: Option<u32>,
    /// Delay before a port counts as up, in milliseconds.
    pub updelay: Option<u32>,
    /// Delay before a port counts as down, in milliseconds.
    pub downdelay: Option<u32>,
    /// Whether the carrier state is used.
    pub use_carrier: Option<bool>,
    /// Hash that chooses the port.
    pub xmit_hash_policy: Option<BondXmitHashPolicy>,
    /// Interval of ARP monitoring in milliseconds.
    pub arp_interval: Option<u32>,
    /// Addresses to ask for by ARP.
    pub arp_ip_targets: Vec<Addr>,
    /// Addresses to ask for by neighbour solicitation.
    pub ns_ip6_targets: Vec<Addr>,
    /// Which ARP replies are validated.
    pub arp_validate: Option<ArpValidate>,
    /// How many ARP targets must answer.
    pub arp_all_targets: Option<ArpAllTargets>,
    /// Rate of LACP packets.
    pub lacp_rate: Option<LacpRate>,
    /// Which hardware address is used after a failover.
    pub fail_over_mac: Option<FailOverMac>,
    /// How 802.3ad aggregators are chosen.
    pub ad_select: Option<AdSelect>,
    /// Priority of the actor in 802.3ad.
    pub ad_actor_sys_prio: Option<u16>,
    /// User part of the port key in 802.3ad.
    pub ad_user_port_key: Option<u16>,
    /// Whether LACP packets are sent unasked.
    #[config(key = "adLACPActive")]
    pub ad_lacp_active: Option<AdLacpActive>,
    /// Preferred port.
    pub primary: Option<String>,
    /// When the preferred port is chosen again.
    pub primary_reselect: Option<PrimaryReselect>,
    /// IGMP reports after a failover.
    #[config(key = "resendIGMP")]
    pub resend_igmp: Option<u32>,
    /// Least number of ports.
    pub min_links: Option<u32>,
    /// Interval of learning packets in seconds.
    pub lp_interval: Option<u32>,
    /// Packets before the next port in round robin.
    pub packets_per_slave: Option<u32>,
    /// Notifications after a failover.
    pub num_peer_notif: Option<u8>,
    /// Whether transmit load is balanced dynamically.
    pub tlb_logical_lb: Option<u8>,
    /// Whether packets on inactive ports are accepted.
    pub all_slaves_active: Option<u8>,
    /// Delay between notifications in milliseconds.
    pub peer_notif_delay: Option<u32>,
    /// Missed ARP answers before a port counts as down.
    pub missed_max: Option<u8>,
    /// What every link has.
    #[config(inline)]
    pub link: CommonLinkConfig,
}

impl Rules for BondConfig {
    fn check(&self, found: &mut Findings) {
        found.require("name", &self.name, "the name of the bond, such as bond0");
        if self.links.is_empty() {
            found.missing("links", "at least one link");
        }
        match self.bond_mode {
            None => found.missing("bondMode", "a mode, such as active-backup or 802.3ad"),
            Some(BondMode::Ieee8023Ad) => {
                for (key, value) in
                    [("miimon", self.miimon), ("updelay", self.updelay), ("downdelay", self.downdelay)]
                {
                    if value.is_none() {
                        found.warn(key, "missing: without it, mode 802.3ad does not see that a link fails");
                    }
                }
            }
            Some(_) => {}
        }
        self.check_primary(found);
        self.link.check(found);
    }
}

impl BondConfig {
    fn check_primary(&self, found: &mut Findings) {
        let has_primary = |mode| matches!(mode, BondMode::ActiveBackup | BondMode::Tlb | BondMode::Alb);
        if let Some(primary) = &self.primary {
            if primary.is_empty() {
                found.error("primary", "write one of the links, or leave it out");
            } else if !self.links.contains(primary) {
                found.error(
                    "primary",
                    format!("{primary:?} is not one of the links: add it to them, or write one of them"),
                );
            }
            if let Some(mode) = self.bond_mode.filter(|mode| !has_primary(*mode)) {
                found.error("primary", format!("mode {mode} has no preferred link: remove it"));
            }
        } else if self.primary_reselect.is_some() && self.bond_mode.is_some_and(has_primary) {
            found.warn("primaryReselect", "it does nothing without primary: write that too, or remove it");
        }
    }
}
