//! Brings a Talos cluster up on OpenStack, resumably.
//!
//! | to do | use |
//! |---|---|
//! | say what the cluster shall be | [`Spec`] |
//! | bring it up, or go on after any failure | [`bring_up`] |
//! | remove it | [`tear_down`] |
//! | keep its state in a folder | [`FolderStore`] |
//! | keep its state elsewhere | [`Store`] |
//! | follow what happens | [`Observer`], [`Event`], [`Step`] |
//! | put a load balancer in front | [`LoadBalancer`], [`BalancerCommand`], [`Haproxy`] |
//!
//! [`bring_up`] looks at the cloud before every act, so it can be killed at any point and called again: it makes one
//! image, one server a node, and one bootstrap call. What it made carries the tag `talos-cluster=NAME`; [`tear_down`]
//! removes that and nothing else.
//!
//! ```no_run
//! use openstack_sdk::{Cloud, CloudConfig};
//! use talos_openstack::{Event, FolderStore, Spec, bring_up};
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let spec = Spec::new("prod").with_endpoint("https://prod.example.org:6443");
//! let cloud = Cloud::connect(CloudConfig::load("mycloud")?).await?;
//! let store = FolderStore::new("clusters", &spec.name);
//!
//! let report = bring_up(&spec, &cloud, &store, &|event: &Event| println!("{event}")).await?;
//! println!("kubectl --kubeconfig {} get nodes", report.kubeconfig);
//! # Ok(())
//! # }
//! ```

mod balancer;
mod bring_up;
mod check;
mod configs;
mod download;
mod error;
mod event;
mod haproxy;
mod image;
mod machine_config;
mod network;
mod plan;
mod run;
mod secret;
mod servers;
mod spec;
mod state;
mod store;
mod talos;
mod tear_down;
mod user_data;

pub use balancer::{BalancerCommand, LoadBalancer};
pub use bring_up::{NodeReport, Report, bring_up};
pub use error::{Error, ErrorKind, Result};
pub use event::{Event, Observer, Resource, Step};
pub use haproxy::Haproxy;
pub use secret::SecretString;
pub use spec::{ImageSource, NetworkOptions, PatchText, Patches, Spec, Timeouts};
pub use store::{BoxFuture, FolderStore, Lease, StateFile, Store};
pub use tear_down::tear_down;
// Their types are in the signatures here.
pub use {openstack_sdk, talos_cluster, talos_factory};
