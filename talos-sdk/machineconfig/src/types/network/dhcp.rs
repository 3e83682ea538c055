//! DHCP.

use talos_machineconfig_derive::Fields;

use crate::model::text_enum;
use crate::types::HardwareAddr;

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
