//! A native SDK for Talos Linux.
//!
//! This crate only gathers the others under one name, each behind a feature.
//!
//! | to | use | feature |
//! |---|---|---|
//! | call machines; [`client::guide`] has an example for each task | [`client`] | `client` (default) |
//! | read, merge and write a talosconfig | [`talosconfig`] | `client` (default) |
//! | make secrets, generate and patch machine configurations | [`machineconfig`] | `machineconfig` (default) |
//! | make keys and certificates as Talos has them | [`pki`] | either of the defaults |
//! | read and write YAML exactly as Talos does | [`yaml`] | `machineconfig` (default) |
//! | name and download images | `factory` | `factory` |
//! | bootstrap a cluster and wait for its health | `cluster` | `cluster` |
//! | bring a cluster up on OpenStack | `openstack`, `openstack_sdk` | `openstack` |
//!
//! The names at the root are those that most programs need; everything else is in the modules.
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use talos_sdk::resources::MachineStatus;
//! use talos_sdk::{Client, ClientOptions, TalosConfig};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! // The file that talosctl uses, and its current context.
//! let client = Client::connect(&TalosConfig::find()?, ClientOptions::default())?;
//!
//! // Several machines at once: one result each.
//! for (node, version) in client.nodes(["10.0.0.2", "10.0.0.3"]).each(|node| async move { node.version().await }).await {
//!     match version {
//!         Ok(version) => println!("{node}: Talos {}", version.tag),
//!         Err(error) => println!("{node}: {error}"),
//!     }
//! }
//!
//! // One machine, until it is ready, whatever breaks meanwhile.
//! let statuses = client.node("10.0.0.2").resources::<MachineStatus>();
//! let ten_minutes = Duration::from_secs(600);
//! statuses.wait_until(|all| all.iter().any(|status| status.spec.ready), ten_minutes).await?;
//! # Ok(())
//! # }
//! ```

#[cfg(feature = "openstack")]
pub use openstack_sdk;
#[cfg(feature = "client")]
pub use talos_client as client;
#[cfg(feature = "client")]
pub use talos_client::{Client, ClientOptions, Node, PerNode, resources};
#[cfg(feature = "cluster")]
pub use talos_cluster as cluster;
#[cfg(feature = "factory")]
pub use talos_factory as factory;
#[cfg(feature = "machineconfig")]
pub use talos_machineconfig as machineconfig;
#[cfg(feature = "openstack")]
pub use talos_openstack as openstack;
#[cfg(any(feature = "client", feature = "machineconfig"))]
pub use talos_pki as pki;
#[cfg(feature = "machineconfig")]
pub use talos_yaml as yaml;
#[cfg(feature = "client")]
pub use talosconfig::{self, TalosConfig};

/// The traits whose methods one wants at hand, and nothing else: `use talos_sdk::prelude::*`.
pub mod prelude {
    #[cfg(feature = "client")]
    pub use talos_client::resources::{ResourceSpec, SpecData};
    #[cfg(any(feature = "client", feature = "machineconfig"))]
    pub use talos_pki::Clock;
}

/// The README's program compiles too.
#[cfg(all(doctest, feature = "client"))]
#[doc = include_str!("../../README.md")]
pub struct Readme;
