//! A simulated OpenStack over HTTP on loopback: Keystone, Glance, Nova, Neutron.
//!
//! It keeps its world in memory, answers with the status codes and bodies of the real services, and goes wrong on
//! demand ([`Faults`]). What a server does once it is booted is up to the caller ([`Machines`]).
//!
//! - start one: [`OpenStackSim::start`], with [`Options`]
//! - reach it: [`OpenStackSim::clouds_yaml`]
//! - make it fail: [`OpenStackSim::faults`], [`OpenStackSim::expire_tokens`]
//! - see what was done to it: [`OpenStackSim::calls`], [`OpenStackSim::servers`] and their like
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! use openstack_sim::{OpenStackSim, Options};
//!
//! let cloud = OpenStackSim::start(Options::default().with_seed(7)).await?;
//! assert!(cloud.clouds_yaml().contains(&cloud.auth_url()));
//! assert!(cloud.servers().is_empty());
//! # Ok(())
//! # }
//! ```

mod cidr;
mod clock;
mod faults;
mod glance;
mod http;
mod ids;
mod keystone;
mod loopback;
mod machines;
mod neutron;
mod nova;
mod options;
mod records;
mod runner;
mod serve;
mod sim;
mod upload;
mod user_data;
mod world;

pub use cidr::{Cidr, ParseCidrError};
pub use clock::{Clock, SystemClock};
pub use faults::{Effect, Fault, Faults, Service};
pub use futures_util::future::BoxFuture;
pub use loopback::LoopbackNetwork;
pub use machines::{Boot, Machines, NoMachines};
pub use options::{Flavor, Options, Quota};
pub use records::{Call, Image, Port, Server};
pub use sim::OpenStackSim;
pub use user_data::UserData;
