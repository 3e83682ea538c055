//! WireGuard links.

use talos_machineconfig_derive::Fields;

use crate::types::network::CommonLinkConfig;
use crate::types::{AddrPort, Duration, Prefix, Secret};

/// A WireGuard link.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "WireguardConfig", since = "1.12")]
pub struct WireguardConfig {
    /// Name of the document.
    #[config(always)]
    pub name: String,
    /// Private key in base64.
    pub private_key: Secret,
    /// Port it listens on.
    pub listen_port: i64,
    /// Firewall mark of its packets.
    pub firewall_mark: i64,
    /// Peers.
    pub peers: Vec<WireguardPeer>,
    /// What every link has.
    #[config(inline)]
    pub link: CommonLinkConfig,
}

/// A WireGuard peer.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct WireguardPeer {
    /// Public key in base64.
    pub public_key: String,
    /// Shared key in base64.
    pub preshared_key: Secret,
    /// Address and port.
    pub endpoint: AddrPort,
    /// Interval of keep-alive packets.
    pub persistent_keepalive_interval: Duration,
    /// Networks behind the peer.
    #[config(key = "allowedIPs")]
    pub allowed_ips: Vec<Prefix>,
}
