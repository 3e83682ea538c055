//! A simulated OpenStack over HTTP on loopback: Keystone, Glance, Nova, Neutron.
//!
//! It keeps its world in memory, answers with the status codes and bodies of the real services, and goes wrong on
//! demand ([`Faults`]). What a server does once it is booted is up to the caller ([`Machines`]).

mod cidr;
mod clock;
mod faults;
mod machines;
mod options;
mod records;
mod sim;

pub use cidr::{Cidr, ParseCidrError};
pub use clock::{Clock, SystemClock};
pub use faults::{Effect, Fault, Faults, Service};
pub use futures_util::future::BoxFuture;
pub use machines::{Boot, Machines, NoMachines};
pub use options::{Flavor, Options, Quota};
pub use records::{Call, Image, Port, Server};
pub use sim::OpenStackSim;
