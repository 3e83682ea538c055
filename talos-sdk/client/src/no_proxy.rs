//! Which hosts are reached without a proxy.

use std::net::IpAddr;

/// The variable `NO_PROXY`, read as Go reads it.
///
/// A list of addresses, networks and domains, separated by commas; an address or a domain may have a port. A domain
/// covers itself and what is under it; with a leading dot or `*.` only what is under it. `*` covers everything.
pub(crate) struct NoProxy {
    entries: Vec<Entry>,
}

enum Entry {
    Everything,
    Network { address: IpAddr, prefix: u32 },
    Address { address: IpAddr, port: Option<String> },
    Domain { suffix: String, itself: bool, port: Option<String> },
}

impl NoProxy {
    pub(crate) fn parse(text: &str) -> Self {
        let entries = text.split(',').filter_map(|entry| Entry::parse(&entry.trim().to_ascii_lowercase()));
        Self { entries: entries.collect() }
    }

    /// Whether a host is reached without a proxy. This machine itself always is.
    pub(crate) fn covers(&self, host: &str, port: u16) -> bool {
        let host = host.to_ascii_lowercase();
        let address = host.parse::<IpAddr>().ok().map(|address| address.to_canonical());
        if host == "localhost" || address.is_some_and(|address| address.is_loopback()) {
            return true;
        }
        let port = port.to_string();
        self.entries.iter().any(|entry| entry.covers(&host, address, &port))
    }
}

impl Entry {
    fn parse(text: &str) -> Option<Self> {
        if text == "*" {
            return Some(Self::Everything);
        }
        if let Some((address, prefix)) = text.split_once('/')
            && let (Ok(address), Ok(prefix)) = (address.parse::<IpAddr>(), prefix.parse::<u32>())
        {
            let bits = if address.is_ipv4() { 32 } else { 128 };
            return (prefix <= bits).then_some(Self::Network { address, prefix });
        }
        let (host, port) = match text.rsplit_once(':') {
            // A bare IPv6 address has several colons and no port.
            Some((host, _)) if host.contains(':') && !host.starts_with('[') => (text, None),
            Some((host, port)) => (host.trim_start_matches('[').trim_end_matches(']'), Some(port.to_owned())),
            None => (text, None),
        };
        if let Ok(address) = host.parse::<IpAddr>() {
            return Some(Self::Address { address: address.to_canonical(), port });
        }
        let host = host.strip_prefix('*').filter(|rest| rest.starts_with('.')).unwrap_or(host);
        let itself = !host.starts_with('.');
        let suffix = if itself { format!(".{host}") } else { host.to_owned() };
        (!host.is_empty()).then_some(Self::Domain { suffix, itself, port })
    }

    fn covers(&self, host: &str, address: Option<IpAddr>, port: &str) -> bool {
        let same_port = |wanted: &Option<String>| {
            wanted.as_ref().is_none_or(|wanted| wanted.is_empty() || wanted == port)
        };
        match (self, address) {
            (Self::Everything, _) => true,
            (Self::Network { address: network, prefix }, Some(address)) => {
                in_network(*network, *prefix, address)
            }
            (Self::Address { address: wanted, port }, Some(address)) => *wanted == address && same_port(port),
            (Self::Domain { suffix, itself, port }, None) => {
                (host.ends_with(suffix.as_str()) || *itself && host == &suffix[1..]) && same_port(port)
            }
            _ => false,
        }
    }
}

fn in_network(network: IpAddr, prefix: u32, address: IpAddr) -> bool {
    match (network, address) {
        (IpAddr::V4(network), IpAddr::V4(address)) => {
            let mask = u32::MAX.checked_shl(32 - prefix).unwrap_or(0);
            network.to_bits() & mask == address.to_bits() & mask
        }
        (IpAddr::V6(network), IpAddr::V6(address)) => {
            let mask = u128::MAX.checked_shl(128 - prefix).unwrap_or(0);
            network.to_bits() & mask == address.to_bits() & mask
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_cover_what_they_cover_in_go() {
        for (list, host, covered) in [
            ("", "10.0.0.1", false),
            ("", "localhost", true),
            ("", "127.8.9.1", true),
            ("", "::1", true),
            ("*", "cp.example.org", true),
            ("*", "10.0.0.1", true),
            ("10.0.0.1", "10.0.0.1", true),
            ("10.0.0.1", "10.0.0.10", false),
            ("10.0.0.1:50000", "10.0.0.1", true),
            ("10.0.0.1:6443", "10.0.0.1", false),
            ("10.0.0.0/24", "10.0.0.77", true),
            ("10.0.0.0/24", "10.0.1.77", false),
            ("0.0.0.0/0", "10.0.1.77", true),
            ("0.0.0.0/0", "fd00::1", false),
            ("fd00::/8", "fd00::1", true),
            ("fd00::1", "fd00::1", true),
            ("[fd00::1]:50000", "fd00::1", true),
            ("[fd00::1]:443", "fd00::1", false),
            (" other.org , Example.ORG ", "cp.example.org", true),
            ("example.org", "example.org", true),
            ("example.org", "notexample.org", false),
            ("example.org:443", "example.org", false),
            (".example.org", "example.org", false),
            (".example.org", "cp.example.org", true),
            ("*.example.org", "a.b.example.org", true),
            ("*.example.org", "example.org", false),
            (",,:50000,10.0.0.0/99", "10.0.0.1", false),
        ] {
            assert_eq!(NoProxy::parse(list).covers(host, 50000), covered, "{list:?} {host}");
        }
    }
}
