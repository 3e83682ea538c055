//! DHCP.

use talos_machineconfig_derive::Fields;

use crate::model::text_enum;
use crate::types::HardwareAddr;
use crate::types::network::link::LINK_NAME;
use crate::validate::{Findings, Rules};

/// DHCPv4 on a link.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "DHCPv4Config", since = "1.12")]
pub struct DhcPv4Config {
    /// Name of the document.
    #[config(always)]
    pub name: String,
    /// Metric of the routes it gives.
    pub route_metric: u32,
    /// True: the host name it gives is ignored.
    pub ignore_hostname: Option<bool>,
    /// True: the routes it gives are ignored.
    pub ignore_routes: Option<bool>,
    /// What the client is identified by.
    pub client_identifier: Option<ClientIdentifier>,
    /// Unique identifier, if that is used.
    pub duid_raw: HardwareAddr,
}

impl Rules for DhcPv4Config {
    fn check(&self, found: &mut Findings) {
        check(&self.name, self.client_identifier, &self.duid_raw, found);
    }
}

/// DHCPv6 on a link.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "DHCPv6Config", since = "1.12")]
pub struct DhcPv6Config {
    /// Name of the document.
    #[config(always)]
    pub name: String,
    /// Metric of the routes it gives.
    pub route_metric: u32,
    /// True: the host name it gives is ignored.
    pub ignore_hostname: Option<bool>,
    /// What the client is identified by.
    pub client_identifier: Option<ClientIdentifier>,
    /// Unique identifier, if that is used.
    pub duid_raw: HardwareAddr,
}

impl Rules for DhcPv6Config {
    fn check(&self, found: &mut Findings) {
        check(&self.name, self.client_identifier, &self.duid_raw, found);
    }
}

fn check(name: &str, identifier: Option<ClientIdentifier>, duid: &HardwareAddr, found: &mut Findings) {
    found.require("name", name, LINK_NAME);
    let is_duid = identifier == Some(ClientIdentifier::Duid);
    if is_duid && duid.0.is_empty() {
        found.missing("duidRaw", "the identifier in hexadecimal, or choose another clientIdentifier");
    } else if !is_duid && !duid.0.is_empty() {
        found.error("duidRaw", "it is used with clientIdentifier: duid alone: set that, or remove it");
    }
}

text_enum! {
    /// What a DHCP client is identified by.
    pub enum ClientIdentifier {
        /// Nothing.
        None = "none",
        /// Its hardware address.
        Mac = "mac",
        /// A unique identifier.
        Duid = "duid",
    }
}
