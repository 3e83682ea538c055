//! WireGuard links.

use talos_machineconfig_derive::Fields;
use talos_secret::base64;

use crate::types::network::CommonLinkConfig;
use crate::types::{AddrPort, Duration, Prefix, Secret};
use crate::validate::duration::check_not_negative;
use crate::validate::{Findings, Rules};

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

impl Rules for WireguardConfig {
    fn check(&self, found: &mut Findings) {
        found.require("name", &self.name, "the name of the link, such as wg0");
        let private_key = self.private_key.expose();
        found.require("privateKey", private_key, "a key, made by wg genkey");
        check_key("privateKey", private_key, found);
        if u16::try_from(self.listen_port).is_err() {
            found.error("listenPort", "the port is out of range: write 1 to 65535, or 0 for any");
        }
        found.each("peers", &self.peers, |peer, found| {
            found.require("publicKey", &peer.public_key, "the public key of the peer");
            check_key("publicKey", &peer.public_key, found);
            check_key("presharedKey", peer.preshared_key.expose(), found);
            check_not_negative("persistentKeepaliveInterval", peer.persistent_keepalive_interval, found);
        });
        self.link.check(found);
    }
}

/// Checks a key unless it is missing.
fn check_key(field: &str, key: &str, found: &mut Findings) {
    if !key.is_empty() && base64::decode(key).is_none_or(|key| key.len() != 32) {
        found.error(field, "this is not a WireGuard key: write 32 bytes in base64");
    }
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
