//! Addresses and networks, which may be absent.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

use crate::error::{Error, ErrorKind, Result};
use crate::model::{Shape, text_value};

/// An IP address, with a zone if it is a scoped IPv6 address. Absent by default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Addr(Option<(IpAddr, String)>);

/// A network: an address with the length of its prefix. Bits behind the prefix are kept. Absent by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Prefix(Option<(IpAddr, u8)>);

/// An address with a port. Absent by default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct AddrPort(Option<(IpAddr, String, u16)>);

impl Addr {
    /// The address without its zone.
    pub fn ip(&self) -> Option<IpAddr> {
        self.0.as_ref().map(|(ip, _)| *ip)
    }

    /// Whether it is `0.0.0.0` or `::`.
    pub(crate) fn is_unspecified(&self) -> bool {
        self.0.as_ref().is_some_and(|(ip, zone)| ip.is_unspecified() && zone.is_empty())
    }
}

impl From<IpAddr> for Addr {
    fn from(ip: IpAddr) -> Self {
        Self(Some((ip, String::new())))
    }
}

impl Prefix {
    /// The address as given.
    pub fn ip(&self) -> Option<IpAddr> {
        self.0.map(|(ip, _)| ip)
    }

    /// Length of the prefix in bits.
    pub fn bits(&self) -> Option<u8> {
        self.0.map(|(_, bits)| bits)
    }

    /// Whether all bits behind the prefix are zero.
    pub(crate) fn is_masked(&self) -> bool {
        self.0.is_none_or(|(ip, bits)| leading(ip, 128) == leading(ip, bits))
    }

    /// Whether one of the two networks is in the other.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        match (self.0, other.0) {
            (Some((left, left_bits)), Some((right, right_bits))) => {
                let bits = left_bits.min(right_bits);
                left.is_ipv4() == right.is_ipv4() && leading(left, bits) == leading(right, bits)
            }
            _ => false,
        }
    }
}

/// The first bits of an address, as the first bits of a number.
fn leading(ip: IpAddr, bits: u8) -> u128 {
    let number = match ip {
        IpAddr::V4(ip) => u128::from(ip.to_bits()) << 96,
        IpAddr::V6(ip) => ip.to_bits(),
    };
    let dropped = 128u32.saturating_sub(bits.into());
    number.checked_shr(dropped).and_then(|number| number.checked_shl(dropped)).unwrap_or_default()
}

fn invalid(text: &str, what: &str) -> Error {
    Error::new(ErrorKind::InvalidValue, format!("{text:?} is not {what}"))
}

fn parse_ip(text: &str) -> Option<(IpAddr, String)> {
    if let Some((address, zone)) = text.split_once('%') {
        let address: Ipv6Addr = address.parse().ok()?;
        return (!zone.is_empty()).then(|| (address.into(), zone.to_owned()));
    }
    text.parse().ok().map(|ip| (ip, String::new()))
}

fn write_ip(f: &mut fmt::Formatter<'_>, ip: &IpAddr, zone: &str) -> fmt::Result {
    write!(f, "{ip}")?;
    if zone.is_empty() { Ok(()) } else { write!(f, "%{zone}") }
}

impl FromStr for Addr {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        if text.is_empty() {
            return Ok(Self::default());
        }
        parse_ip(text).map(|address| Self(Some(address))).ok_or_else(|| invalid(text, "an IP address"))
    }
}

impl fmt::Display for Addr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some((ip, zone)) => write_ip(f, ip, zone),
            None => Ok(()),
        }
    }
}

impl FromStr for Prefix {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        if text.is_empty() {
            return Ok(Self::default());
        }
        let parse = || {
            let (ip, bits) = text.rsplit_once('/')?;
            let ip: IpAddr = ip.parse().ok()?;
            let plain = bits.bytes().all(|b| b.is_ascii_digit()) && (bits == "0" || !bits.starts_with('0'));
            let bits: u8 = Some(bits).filter(|_| plain)?.parse().ok()?;
            (bits <= if ip.is_ipv4() { 32 } else { 128 }).then_some(Self(Some((ip, bits))))
        };
        parse().ok_or_else(|| {
            invalid(text, "a network: write an address with a prefix length, such as 10.0.0.0/8")
        })
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some((ip, bits)) => write!(f, "{ip}/{bits}"),
            None => Ok(()),
        }
    }
}

impl FromStr for AddrPort {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        if text.is_empty() {
            return Ok(Self::default());
        }
        let parse = || {
            let (host, port) = text.rsplit_once(':')?;
            let plain = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
            let port: u16 = Some(port).filter(|_| plain)?.parse().ok()?;
            let (ip, zone) = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
                Some(host) => parse_ip(host).filter(|(ip, _)| ip.is_ipv6())?,
                None => parse_ip(host).filter(|(ip, _)| ip.is_ipv4())?,
            };
            Some(Self(Some((ip, zone, port))))
        };
        parse()
            .ok_or_else(|| invalid(text, "an address with a port, such as 10.0.0.1:51820 or [fd00::1]:51820"))
    }
}

impl fmt::Display for AddrPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some((ip, zone, port)) if ip.is_ipv6() => {
                f.write_str("[")?;
                write_ip(f, ip, zone)?;
                write!(f, "]:{port}")
            }
            Some((ip, _, port)) => write!(f, "{ip}:{port}"),
            None => Ok(()),
        }
    }
}

text_value!(Addr: Shape::Text, Prefix: Shape::Text, AddrPort: Shape::Text);

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn networks_compare_by_their_prefix() {
        let network = |text: &str| text.parse::<Prefix>().unwrap();
        assert!(network("10.1.0.0/16").is_masked() && network("::/0").is_masked());
        assert!(!network("10.1.2.0/16").is_masked() && !network("fd00::1/127").is_masked());
        for (left, right, overlap) in [
            ("10.0.0.0/8", "10.1.2.3/32", true),
            ("10.0.0.0/8", "11.0.0.0/8", false),
            ("0.0.0.0/0", "::/0", false),
            ("fd00::/8", "::/0", true),
        ] {
            assert_eq!(network(left).overlaps(&network(right)), overlap, "{left} {right}");
        }
    }

    #[test]
    fn text_is_read_and_written() {
        for text in ["10.0.0.1", "fd00::1", "fe80::1%eth0", ""] {
            assert_eq!(text.parse::<Addr>().unwrap().to_string(), text);
        }
        for text in ["10.0.0.1/8", "::/0", ""] {
            assert_eq!(text.parse::<Prefix>().unwrap().to_string(), text);
        }
        for text in ["10.0.0.1:80", "[fd00::1]:51820"] {
            assert_eq!(text.parse::<AddrPort>().unwrap().to_string(), text);
        }
        for text in ["10.0.0.1/33", "10.0.0.1", "10.0.0.0/08", "a/8", "fe80::1%eth0/64"] {
            assert!(text.parse::<Prefix>().is_err(), "{text}");
        }
        for text in ["10.0.0.1", "fd00::1:80", "10.0.0.1:65536", "h:1"] {
            assert!(text.parse::<AddrPort>().is_err(), "{text}");
        }
    }
}
