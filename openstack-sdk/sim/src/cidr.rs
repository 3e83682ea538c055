//! IPv4 networks in CIDR notation.

use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

/// An IPv4 network such as `127.20.5.0/24`. Host bits are cleared when it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cidr {
    network: u32,
    prefix: u8,
}

impl Cidr {
    /// A block that RFC 5737 keeps for documentation: nothing answers there.
    pub(crate) const EXTERNAL: Self = Self { network: 0xCB00_7100, prefix: 24 };

    /// The network of `prefix` bits (0 to 32) that `address` lies in; `None` for a longer prefix.
    pub fn new(address: Ipv4Addr, prefix: u8) -> Option<Self> {
        (prefix <= 32).then(|| Self { network: u32::from(address) & mask(prefix), prefix })
    }

    /// Whether `address` lies in the network.
    pub fn contains(&self, address: Ipv4Addr) -> bool {
        u32::from(address) & mask(self.prefix) == self.network
    }

    /// The `n`th address, counted from the network's own address as 0; `None` past its end.
    pub fn nth(&self, n: u32) -> Option<Ipv4Addr> {
        let address = self.network.checked_add(n)?;
        (address & mask(self.prefix) == self.network).then(|| Ipv4Addr::from(address))
    }

    /// The last address: the broadcast address of an ordinary network.
    pub fn last(&self) -> Ipv4Addr {
        Ipv4Addr::from(self.network | !mask(self.prefix))
    }
}

fn mask(prefix: u8) -> u32 {
    u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0)
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", Ipv4Addr::from(self.network), self.prefix)
    }
}

/// The text is not an IPv4 network such as `10.0.0.0/24`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParseCidrError;

impl fmt::Display for ParseCidrError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an IPv4 network, give one such as 127.20.5.0/24")
    }
}

impl std::error::Error for ParseCidrError {}

impl FromStr for Cidr {
    type Err = ParseCidrError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (address, prefix) = text.split_once('/').ok_or(ParseCidrError)?;
        let address = address.parse().map_err(|_| ParseCidrError)?;
        let prefix = prefix.parse().map_err(|_| ParseCidrError)?;
        Self::new(address, prefix).ok_or(ParseCidrError)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn reads_and_clears_host_bits() {
        let cidr: Cidr = "127.20.5.77/24".parse().unwrap();
        assert_eq!(cidr.to_string(), "127.20.5.0/24");
        assert_eq!(cidr.nth(7), Some(Ipv4Addr::new(127, 20, 5, 7)));
        assert_eq!(cidr.nth(256), None);
        assert_eq!(cidr.last(), Ipv4Addr::new(127, 20, 5, 255));
        assert!(!cidr.contains(Ipv4Addr::new(127, 20, 6, 1)));
    }

    #[test]
    fn whole_space_and_one_address() {
        let all: Cidr = "1.2.3.4/0".parse().unwrap();
        assert!(all.contains(Ipv4Addr::BROADCAST));
        let one: Cidr = "1.2.3.4/32".parse().unwrap();
        assert_eq!(one.nth(0), Some(one.last()));
        assert_eq!(one.nth(1), None);
    }

    #[test]
    fn refuses_what_is_no_network() {
        for text in ["", "10.0.0.0", "10.0.0.0/33", "10.0.0/8", "::/0", "10.0.0.0/-1"] {
            assert_eq!(text.parse::<Cidr>(), Err(ParseCidrError), "{text}");
        }
    }
}
