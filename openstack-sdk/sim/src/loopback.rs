//! A part of 127.0.0.0/8 that nobody else uses.

use std::io;
use std::net::{Ipv4Addr, TcpListener};

use crate::Cidr;

/// Port of the listener that reserves a network.
const GUARD: u16 = 50_000;
const TRIES: usize = 64;

/// A /24 of 127.0.0.0/8, reserved while this lives against all others who reserve the same way.
///
/// The first address of the network is the reservation: leave it alone.
#[derive(Debug)]
pub struct LoopbackNetwork {
    network: Cidr,
    _guard: TcpListener,
}

impl LoopbackNetwork {
    /// Reserves a random free network.
    ///
    /// # Errors
    /// When no address of 127.0.0.0/8 beyond 127.0.0.1 can be listened on, as on systems other than Linux
    /// without further set-up.
    pub fn reserve() -> io::Result<Self> {
        let mut last = io::Error::from(io::ErrorKind::AddrInUse);
        for _ in 0..TRIES {
            // 127.0 to 127.63 are left to people, who like low numbers.
            let (second, third) = (fastrand::u8(64..=254), fastrand::u8(..));
            match TcpListener::bind((Ipv4Addr::new(127, second, third, 1), GUARD)) {
                Ok(guard) => {
                    let network = Cidr::new(Ipv4Addr::new(127, second, third, 0), 24);
                    if let Some(network) = network {
                        return Ok(Self { network, _guard: guard });
                    }
                }
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
}
