//! Names and time.

use talos_machineconfig_derive::Fields;

use crate::model::text_enum;
use crate::types::{Addr, Duration};

/// DNS.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "ResolverConfig")]
pub struct ResolverConfig {
    /// DNS servers.
    pub nameservers: Vec<NameserverConfig>,
    /// DNS search domains.
    pub search_domains: SearchDomainsConfig,
    /// The DNS resolver of the host.
    #[config(key = "hostDNS")]
    pub host_dns: HostDnsConfig,
}

/// A DNS server.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct NameserverConfig {
    /// Its address.
    #[config(always)]
    pub address: Addr,
    /// How it is asked.
    pub protocol: DnsProtocol,
    /// Name in its certificate, if it is asked over TLS.
    pub tls_server_name: String,
}

/// DNS search domains.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct SearchDomainsConfig {
    /// The domains.
    pub domains: Vec<String>,
    /// True: the domain of the host name is not searched.
    pub disable_default: Option<bool>,
}

/// The DNS resolver of the host.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct HostDnsConfig {
    /// Whether it is on.
    pub enabled: Option<bool>,
    /// Whether CoreDNS asks it.
    #[config(key = "forwardKubeDNSToHost")]
    pub forward_kube_dns_to_host: Option<bool>,
    /// Whether it knows the names of cluster members.
    pub resolve_member_names: Option<bool>,
}

/// An entry of `/etc/hosts`.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "StaticHostConfig")]
pub struct StaticHostConfig {
    /// Address.
    #[config(always)]
    pub name: String,
    /// Names.
    #[config(always)]
    pub hostnames: Vec<String>,
}

/// Time synchronisation.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "TimeSyncConfig")]
pub struct TimeSyncConfig {
    /// Whether it is on.
    pub enabled: Option<bool>,
    /// How long the boot waits for the clock; zero waits for ever.
    pub boot_timeout: Duration,
    /// NTP.
    pub ntp: Option<NtpConfig>,
    /// PTP.
    pub ptp: Option<PtpConfig>,
}

/// NTP.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct NtpConfig {
    /// Servers.
    pub servers: Vec<String>,
    /// Whether the servers are authenticated.
    #[config(key = "useNTS")]
    pub use_nts: Option<bool>,
}

/// PTP.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct PtpConfig {
    /// Clock devices.
    pub devices: Vec<String>,
}

text_enum! {
    /// How a DNS server is asked.
    pub enum DnsProtocol {
        /// In plain text.
        Do53 = "Do53",
        /// Over TLS.
        DoT = "DoT",
        /// Over HTTPS.
        DoH = "DoH",
    }
}
