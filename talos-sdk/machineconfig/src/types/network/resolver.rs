//! DNS.

use talos_machineconfig_derive::Fields;

use crate::model::text_enum;
use crate::types::Addr;

/// DNS.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "ResolverConfig", since = "1.12")]
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
