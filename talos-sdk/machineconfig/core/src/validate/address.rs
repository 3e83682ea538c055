//! Addresses, networks and URLs that the configuration holds as plain text, read as Go reads them.

use std::net::IpAddr;

use crate::types::{Addr, Prefix, Url};
use crate::validate::Findings;

/// An address or a network: `10.0.0.1`, `10.0.0.0/8`, `fe80::1%eth0`. What follows `%` is a zone, slashes and all.
pub(crate) fn is_address_or_network(text: &str) -> bool {
    !text.is_empty() && (text.parse::<Prefix>().is_ok() || text.parse::<Addr>().is_ok())
}

/// A network of a list from which `!` excludes one.
pub(crate) fn is_network_filter(text: &str) -> bool {
    is_address_or_network(text.strip_prefix('!').unwrap_or(text))
}

/// Checks the list at `key` of networks or addresses, from which `!` excludes one.
pub(crate) fn check_filters(key: &str, filters: &[String], found: &mut Findings) {
    found.each(key, filters, |filter, found| {
        if !is_network_filter(filter) {
            found.error(
                "",
                format!(
                    "{filter:?} is no network: write one such as 10.0.0.0/8, or !10.0.0.0/8 to exclude it"
                ),
            );
        }
    });
}

/// A network: an address without zone and the length of its prefix.
pub(crate) fn is_network(text: &str) -> bool {
    !text.is_empty() && text.parse::<Prefix>().is_ok()
}

/// An address, which may have a zone.
pub(crate) fn is_scoped_address(text: &str) -> bool {
    !text.is_empty() && text.parse::<Addr>().is_ok()
}

/// An address without zone.
pub(crate) fn is_address(text: &str) -> bool {
    text.parse::<IpAddr>().is_ok()
}

/// An address with the length of its prefix, which may have leading zeros here.
pub(crate) fn is_address_with_prefix(text: &str) -> bool {
    let Some((address, bits)) = text.split_once('/') else { return false };
    let Ok(address) = address.parse::<IpAddr>() else { return false };
    let most = if address.is_ipv4() { 32 } else { 128 };
    bits.bytes().all(|b| b.is_ascii_digit()) && bits.parse::<u32>().is_ok_and(|bits| bits <= most)
}

/// `host:port`, `10.0.0.1:51820`, `[fd00::1]:51820`. Neither part is looked into, but for IPv6 addresses.
pub(crate) fn has_port(text: &str) -> bool {
    host_before_port(text).is_some_and(|host| !host.contains(':') || host.parse::<Addr>().is_ok())
}

/// The same, and neither part is looked into at all.
pub(crate) fn is_host_and_port(text: &str) -> bool {
    host_before_port(text).is_some()
}

fn host_before_port(text: &str) -> Option<&str> {
    let (before, port) = text.rsplit_once(':')?;
    let host = match before.strip_prefix('[') {
        Some(inner) => inner.strip_suffix(']').filter(|host| !host.contains(']'))?,
        None => Some(before).filter(|host| !host.contains([':', ']']))?,
    };
    (!host.contains('[') && !port.contains(['[', ']'])).then_some(host)
}

/// What is wrong with a URL that something is to be reached at, if anything.
pub(crate) fn endpoint_problem(url: &Url) -> Option<&'static str> {
    if url.host().is_empty() {
        return Some("the host is missing, write a URL such as https://cluster.example.com:6443");
    }
    let port = url.port();
    if !port.is_empty() && !port.parse::<u16>().is_ok_and(|port| port > 0) {
        return Some("the port is not one of 1 to 65535");
    }
    None
}

/// What is wrong with the text of a URL that something is to be reached at, if anything.
pub(crate) fn endpoint_text_problem(text: &str) -> Option<String> {
    match text.parse::<Url>() {
        Ok(url) => endpoint_problem(&url).map(str::to_owned),
        Err(error) => Some(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_networks() {
        for text in
            ["10.0.0.1", "10.0.0.0/8", "fd00::/8", "fe80::1%eth0", "fe80::1%eth0/64", "::ffff:1.2.3.4"]
        {
            assert!(is_address_or_network(text), "{text}");
        }
        for text in ["", "!10.0.0.0/8", "10.0.0.0/08", "10.0.0.256", "010.0.0.1", "x"] {
            assert!(!is_address_or_network(text), "{text}");
        }
        assert!(
            is_network_filter("!10.0.0.0/8") && !is_network_filter("!!10.0.0.0/8") && !is_network_filter("!")
        );
        for text in ["10.0.0.0/08", "10.0.0.1/32", "fd00::1/128"] {
            assert!(is_address_with_prefix(text), "{text}");
        }
        for text in ["10.0.0.0", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/+8", "10.0.0.0/8/8", "fe80::1%eth0/64"]
        {
            assert!(!is_address_with_prefix(text), "{text}");
        }
    }

    #[test]
    fn hosts_with_a_port() {
        for text in
            ["10.0.0.1:51820", "[fd00::1]:51820", "[fe80::1%eth0]:1", "host:name", "host:", ":1", "[h]:1"]
        {
            assert!(has_port(text), "{text}");
        }
        for text in [
            "",
            "host",
            "fd00::1",
            "[fd00::1]",
            "[fd00::1:80",
            "fd00::1]:80",
            "[fd00::x]:1",
            "[[::1]]:1",
            "h:[1",
        ] {
            assert!(!has_port(text), "{text}");
        }
    }

    #[test]
    fn endpoints() {
        for text in ["https://1.2.3.4:6443", "https://[fd00::1]", "tcp://host/path", "//host:1"] {
            assert_eq!(endpoint_text_problem(text), None, "{text}");
        }
        for text in [
            "",
            "host",
            "https://",
            "https://host:0",
            "https://host:65536",
            "mailto:a",
            "https://:80",
            "https://a b",
        ] {
            assert!(endpoint_text_problem(text).is_some(), "{text}");
        }
    }
}
