//! The part of the loopback network that a simulation has for itself.

use std::net::Ipv4Addr;

use openstack_sim::LoopbackNetwork;

use crate::error::{Error, ErrorKind};

/// A network `127.x.y.0/24` that belongs to one simulation as long as this lives.
#[derive(Debug)]
pub(crate) struct Network(LoopbackNetwork);

impl Network {
    /// Takes a free network.
    pub(crate) fn claim() -> Result<Self, Error> {
        LoopbackNetwork::reserve().map(Self).map_err(|error| {
            Error::new(ErrorKind::Address, "no network 127.x.y.0/24 with a free port 50000 was found")
                .with_source(error)
        })
    }

    /// The address with this last number.
    pub(crate) fn host(&self, number: u8) -> Ipv4Addr {
        self.0.network().nth(number.into()).unwrap_or(Ipv4Addr::LOCALHOST)
    }

    /// The network in CIDR notation.
    pub(crate) fn cidr(&self) -> String {
        self.0.network().to_string()
    }

    /// Whether an address lies in the network.
    pub(crate) fn contains(&self, address: Ipv4Addr) -> bool {
        self.0.network().contains(address)
    }
}
