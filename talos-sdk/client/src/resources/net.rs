//! Addresses inside of specifications.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use bytes::Bytes;
use talos_proto::common::NetIpPrefix;

use crate::reply::malformed;
use crate::{Error, ErrorKind, Result};

/// An address with the length of its network, such as `10.0.0.2/24`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Prefix {
    /// The address.
    pub address: IpAddr,
    /// How many of its first bits are the network: up to 32, or 128 for IPv6.
    pub length: u8,
}

impl Prefix {
    pub(super) fn from_proto(prefix: &NetIpPrefix) -> Result<Self> {
        let address = address(&prefix.ip)?;
        let length = u8::try_from(prefix.prefix_length).ok().filter(|length| *length <= bits(address));
        Ok(Self { address, length: length.ok_or_else(|| malformed("a network has a wrong length"))? })
    }
}

fn bits(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.length)
    }
}

impl FromStr for Prefix {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let parse = || {
            let (address, length) = text.split_once('/')?;
            let address: IpAddr = address.parse().ok()?;
            let length = length.parse().ok().filter(|length| *length <= bits(address))?;
            Some(Self { address, length })
        };
        parse().ok_or_else(|| {
            Error::new(
                ErrorKind::InvalidArgument,
                format!("{text:?} is no address with a length, such as 10.0.0.2/24"),
            )
        })
    }
}

/// Reads an address as Go writes one: 4 bytes, or 16 and perhaps the name of a zone.
pub(super) fn address(bytes: &Bytes) -> Result<IpAddr> {
    if let Ok(four) = <[u8; 4]>::try_from(&bytes[..]) {
        return Ok(IpAddr::from(four));
    }
    match bytes.first_chunk::<16>() {
        Some(sixteen) => Ok(IpAddr::from(*sixteen)),
        None => Err(malformed(format!("an address has {} bytes", bytes.len()))),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_four_bytes_or_sixteen() {
        assert_eq!(address(&Bytes::from_static(&[10, 0, 0, 2])).unwrap().to_string(), "10.0.0.2");
        let mut with_zone = [0; 20];
        with_zone[15] = 1;
        assert_eq!(address(&Bytes::copy_from_slice(&with_zone)).unwrap().to_string(), "::1");
        assert!(address(&Bytes::from_static(&[1, 2, 3])).is_err());
        assert!(address(&Bytes::new()).is_err());
    }

    #[test]
    fn prefixes_read_what_they_write() {
        for text in ["10.0.0.2/24", "fd00::1/64", "0.0.0.0/0"] {
            assert_eq!(text.parse::<Prefix>().unwrap().to_string(), text);
        }
        for text in ["10.0.0.2", "10.0.0.2/33", "fd00::1/129", "a/1"] {
            assert!(text.parse::<Prefix>().is_err(), "{text}");
        }
    }
}
