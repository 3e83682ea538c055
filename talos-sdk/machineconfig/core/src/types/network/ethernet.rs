//! Settings of Ethernet links.

use std::collections::BTreeMap;

use talos_machineconfig_derive::Fields;

use crate::model::text_enum;
use crate::types::network::link::LINK_NAME;
use crate::validate::{Findings, Rules};

/// Settings of an Ethernet link, those of `ethtool`.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "EthernetConfig", since = "1.10")]
pub struct EthernetConfig {
    /// Name of the document.
    #[config(always)]
    pub name: String,
    /// Features by name.
    pub features: BTreeMap<String, bool>,
    /// Sizes of ring buffers.
    pub rings: Option<EthernetRingsConfig>,
    /// Numbers of channels.
    pub channels: Option<EthernetChannelsConfig>,
    /// What wakes the machine.
    pub wake_on_lan: Vec<WakeOnLan>,
}

impl Rules for EthernetConfig {
    fn check(&self, found: &mut Findings) {
        found.require("name", &self.name, LINK_NAME);
    }
}

/// Sizes of ring buffers.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct EthernetRingsConfig {
    /// Receive ring.
    pub rx: Option<u32>,
    /// Transmit ring.
    pub tx: Option<u32>,
    /// Receive ring for small packets.
    #[config(key = "rx-mini")]
    pub rx_mini: Option<u32>,
    /// Receive ring for jumbo packets.
    #[config(key = "rx-jumbo")]
    pub rx_jumbo: Option<u32>,
    /// Length of receive buffers.
    #[config(key = "rx-buf-len")]
    pub rx_buf_len: Option<u32>,
    /// Size of completion queue events.
    #[config(key = "cqe-size")]
    pub cqe_size: Option<u32>,
    /// Whether descriptors are pushed to transmit.
    #[config(key = "tx-push")]
    pub tx_push: Option<bool>,
    /// Whether descriptors are pushed to receive.
    #[config(key = "rx-push")]
    pub rx_push: Option<bool>,
    /// Length of the push buffer.
    #[config(key = "tx-push-buf-len")]
    pub tx_push_buf_len: Option<u32>,
    /// Whether TCP headers and data are split.
    #[config(key = "tcp-data-split")]
    pub tcp_data_split: Option<bool>,
}

/// Numbers of channels.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct EthernetChannelsConfig {
    /// Receive channels.
    pub rx: Option<u32>,
    /// Transmit channels.
    pub tx: Option<u32>,
    /// Other channels.
    pub other: Option<u32>,
    /// Channels that do both.
    pub combined: Option<u32>,
}

text_enum! {
    /// What wakes a machine.
    pub enum WakeOnLan {
        /// Activity of the link.
        Phy = "phy",
        /// A packet for the machine.
        Unicast = "unicast",
        /// A multicast packet.
        Multicast = "multicast",
        /// A broadcast packet.
        Broadcast = "broadcast",
        /// A magic packet.
        Magic = "magic",
        /// A magic packet with a password.
        MagicSecure = "magicsecure",
        /// A packet that a filter matches.
        Filter = "filter",
    }
}
