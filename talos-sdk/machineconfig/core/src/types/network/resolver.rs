//! DNS.

use talos_machineconfig_derive::Fields;

use crate::model::Value as _;
use crate::model::text_enum;
use crate::types::Addr;
use crate::types::v1alpha1;
use crate::validate::address::is_scoped_address;
use crate::validate::{Findings, Rules};

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

impl Rules for ResolverConfig {
    fn check(&self, found: &mut Findings) {
        let host_dns = &self.host_dns;
        if host_dns.enabled != Some(true) {
            for (keys, value) in [
                ("hostDNS.forwardKubeDNSToHost", host_dns.forward_kube_dns_to_host),
                ("hostDNS.resolveMemberNames", host_dns.resolve_member_names),
            ] {
                if value == Some(true) {
                    found.error(keys, "it needs hostDNS.enabled: set that to true, or this to false");
                }
            }
        }
        found.each("nameservers", &self.nameservers, |server, found| {
            let is_plain = server.protocol == DnsProtocol::Do53;
            if is_plain && !server.tls_server_name.is_empty() {
                found.error(
                    "tlsServerName",
                    "Do53 does not use TLS: remove it, or set protocol to DoT or DoH",
                );
            } else if !is_plain {
                found.require(
                    "tlsServerName",
                    &server.tls_server_name,
                    "the name in the certificate of the server",
                );
            }
            if server.address.ip().is_none() {
                found.missing("address", "the IP address of the server");
            }
        });
        let is_encrypted = |server: &NameserverConfig| server.protocol != DnsProtocol::Do53;
        if !self.nameservers.is_empty() && self.nameservers.iter().all(is_encrypted) {
            found.warn(
                "nameservers",
                "checking certificates needs the right time, and names of time servers need DNS: add a Do53 server, or \
                 write time servers as IP addresses",
            );
        }
    }

    fn check_sections(&self, sections: &v1alpha1::Config, found: &mut Findings) {
        let Some(machine) = &sections.machine else { return };
        if let Some(network) = &machine.network {
            found.exclude("machine.network.searchDomains", network.search_domains.is_given());
            let has_servers = network.nameservers.iter().any(|server| is_scoped_address(server));
            found.exclude("machine.network.nameservers", has_servers);
            found.exclude("machine.network.disableSearchDomain", network.disable_search_domain == Some(true));
        }
        let host_dns = machine.features.as_ref().is_some_and(|features| features.host_dns.is_some());
        found.exclude("machine.features.hostDNS", host_dns && !self.host_dns.is_zero());
    }
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
