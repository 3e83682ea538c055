//! Bonds of network interfaces, as releases up to 1.11 know them.

use talos_machineconfig_derive::Fields;

use crate::types::v1alpha1::NetworkDeviceSelector;

/// A bond. Values are those of the Linux bonding driver.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct Bond {
    /// Its ports.
    #[config(always)]
    pub interfaces: Vec<String>,
    /// Its ports by their properties.
    pub device_selectors: Vec<NetworkDeviceSelector>,
    /// Addresses to ask for by ARP. Not supported.
    #[config(key = "arpIPTarget")]
    pub arp_ip_target: Vec<String>,
    /// Mode.
    #[config(always)]
    pub mode: String,
    /// Hash that chooses the port.
    pub xmit_hash_policy: String,
    /// Rate of LACP packets.
    pub lacp_rate: String,
    /// System of the actor in 802.3ad. Not supported.
    pub ad_actor_system: String,
    /// Which ARP replies are validated.
    pub arp_validate: String,
    /// How many ARP targets must answer.
    pub arp_all_targets: String,
    /// Preferred port.
    pub primary: String,
    /// When the preferred port is chosen again.
    pub primary_reselect: String,
    /// Which hardware address is used after a failover.
    pub fail_over_mac: String,
    /// How 802.3ad aggregators are chosen.
    pub ad_select: String,
    /// Interval of link monitoring in milliseconds.
    pub miimon: u32,
    /// Delay before a port counts as up, in milliseconds.
    pub updelay: u32,
    /// Delay before a port counts as down, in milliseconds.
    pub downdelay: u32,
    /// Interval of ARP monitoring in milliseconds.
    pub arp_interval: u32,
    /// IGMP reports after a failover.
    pub resend_igmp: u32,
    /// Least number of ports.
    pub min_links: u32,
    /// Interval of learning packets in seconds.
    pub lp_interval: u32,
    /// Packets before the next port in round robin.
    pub packets_per_slave: u32,
    /// Notifications after a failover.
    pub num_peer_notif: u8,
    /// Whether transmit load is balanced dynamically.
    pub tlb_dynamic_lb: u8,
    /// Whether packets on inactive ports are accepted.
    pub all_slaves_active: u8,
    /// Whether the carrier state is used.
    pub use_carrier: Option<bool>,
    /// Priority of the actor in 802.3ad.
    pub ad_actor_sys_prio: u16,
    /// User part of the port key in 802.3ad.
    pub ad_user_port_key: u16,
    /// Delay between notifications in milliseconds.
    pub peer_notify_delay: u32,
}
