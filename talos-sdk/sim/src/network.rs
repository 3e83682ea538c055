//! The part of the loopback network that a simulation has for itself.

use std::net::Ipv4Addr;
use std::ops::RangeInclusive;

use openstack_sim::LoopbackNetwork;

use crate::error::{Error, ErrorKind};

/// Sixteen /24s: room for some 3,800 machines.
const PREFIX: u8 = 20;
/// Last parts of the addresses that machines are given; those below are left to load balancers and the like.
const HOSTS: RangeInclusive<u8> = FIRST_HOST..=250;
/// The first of them.
pub(crate) const FIRST_HOST: u8 = 10;

/// A network `127.x.y.0/20` that belongs to one simulation as long as this lives.
#[derive(Debug)]
pub(crate) struct Network(LoopbackNetwork);

impl Network {
    /// Takes a free network.
    pub(crate) fn claim() -> Result<Self, Error> {
        LoopbackNetwork::reserve_prefix(PREFIX).map(Self).map_err(|error| {
            Error::new(ErrorKind::Address, "no network 127.x.y.0/20 with a free port 50000 was found")
                .with_source(error)
        })
    }

    /// The addresses that machines are given, in their order.
    pub(crate) fn hosts(&self) -> impl Iterator<Item = Ipv4Addr> {
        let blocks = 1u32 << (24 - PREFIX);
        (0..blocks)
            .flat_map(|block| HOSTS.map(move |host| (block << 8) + u32::from(host)))
            .filter_map(|n| self.0.network().nth(n))
    }

    /// The address with this last number in the first /24.
    pub(crate) fn host(&self, number: u8) -> Ipv4Addr {
        self.0.network().nth(number.into()).unwrap_or(Ipv4Addr::LOCALHOST)
    }

    /// The network in CIDR notation.
    pub(crate) fn cidr(&self) -> String {
        self.0.network().to_string()
    }

    /// Whether a machine may have this address: it lies in the network, and the network does not need it itself.
    pub(crate) fn contains(&self, address: Ipv4Addr) -> bool {
        self.0.network().contains(address) && !matches!(address.octets()[3], 0 | 1 | 255)
    }
}
