//! A part of 127.0.0.0/8 that nobody else uses.

use std::io;
use std::net::{Ipv4Addr, TcpListener};

use crate::Cidr;

/// Port of the listener that reserves a network.
const GUARD: u16 = 50_000;
const TRIES: usize = 64;

/// A part of 127.0.0.0/8, reserved while this lives against all others who reserve the same way.
///
/// The address that ends in .1 of each /24 inside of it is the reservation: leave these alone.
#[derive(Debug)]
pub struct LoopbackNetwork {
    network: Cidr,
    _guards: Vec<TcpListener>,
}

impl LoopbackNetwork {
    /// Reserves a random free /24.
    ///
    /// # Errors
    /// When no address of 127.0.0.0/8 beyond 127.0.0.1 can be listened on, as on systems other than Linux
    /// without further set-up.
    pub fn reserve() -> io::Result<Self> {
        Self::reserve_prefix(24)
    }

    /// Reserves a random free network of `prefix` bits, 16 to 24; what lies outside is taken for the nearest of them.
    /// It costs one socket for each /24 in it.
    ///
    /// # Errors
    /// As [`reserve`](Self::reserve).
    pub fn reserve_prefix(prefix: u8) -> io::Result<Self> {
        let prefix = prefix.clamp(16, 24);
        let mut last = io::Error::from(io::ErrorKind::AddrInUse);
        for _ in 0..TRIES {
            // 127.0 to 127.63 are left to people, who like low numbers.
            let (second, third) = (fastrand::u8(64..=254), fastrand::u8(..));
            let Some(network) = Cidr::new(Ipv4Addr::new(127, second, third, 0), prefix) else { continue };
            let firsts = (0..1 << (24 - prefix)).filter_map(|block: u32| network.nth((block << 8) + 1));
            match firsts.map(|first| TcpListener::bind((first, GUARD))).collect() {
                Ok(guards) => return Ok(Self { network, _guards: guards }),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// The network.
    pub fn network(&self) -> Cidr {
        self.network
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn two_do_not_meet() {
        let (a, b) = (LoopbackNetwork::reserve().unwrap(), LoopbackNetwork::reserve().unwrap());
        assert_ne!(a.network(), b.network());
    }

    #[test]
    fn a_larger_one_keeps_all_of_its_parts() {
        let large = LoopbackNetwork::reserve_prefix(22).unwrap();
        assert!(large.network().to_string().ends_with("/22"));
        for block in 0..4 {
            let first = large.network().nth(block * 256 + 1).unwrap();
            assert!(TcpListener::bind((first, GUARD)).is_err(), "{first} is free");
        }
    }
}
