//! Whole-cluster work on Talos: bootstrap, kubeconfig, health.
//!
//! | to do | use |
//! |---|---|
//! | say which nodes are a cluster | [`Cluster`] |
//! | start etcd, once in the cluster's life | [`Cluster::bootstrap`] |
//! | wait for etcd on every control plane | [`Cluster::wait_for_etcd`] |
//! | wait for the Kubernetes API | [`wait_for_kubernetes_api`] |
//! | get a kubeconfig | [`Cluster::kubeconfig`] |
//! | wait until every node is Ready | [`Cluster::wait_for_nodes_ready`] |
//! | see how a cluster is | [`Cluster::health`] |
//!
//! Everything looks first, acts only if needed and confirms, so it can be called again after any failure. Every wait
//! has a limit from the caller, tells an [`Observer`] why it goes on, and its error names the node that is missing.
//!
//! ```no_run
//! use std::time::Duration;
//! use talos_cluster::{BootstrapOptions, Cluster, Event, Kubernetes};
//! use talos_cluster::talos_client::Client;
//!
//! # async fn bring_up(client: Client) -> Result<(), talos_cluster::Error> {
//! let cluster = Cluster::new(client)
//!     .with_control_plane("cp-1", "10.0.0.11")
//!     .with_worker("worker-1", "10.0.0.21");
//! let tell = |event: &Event| println!("{event}");
//! let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
//!
//! cluster.bootstrap(&BootstrapOptions::default(), &tell).await?;
//! cluster.wait_for_etcd(minutes(10), &tell).await?;
//! let kubeconfig = cluster.kubeconfig(minutes(5), &tell).await?;
//! let kubernetes = Kubernetes::from_kubeconfig(kubeconfig.expose())?;
//! cluster.wait_for_nodes_ready(&kubernetes, minutes(15), &tell).await?;
//! # Ok(())
//! # }
//! ```

mod bootstrap;
mod cluster;
mod error;
mod event;
mod health;
mod kubeconfig;
mod kubernetes;
mod readiness;
mod wait;

pub use bootstrap::BootstrapOptions;
pub use cluster::{Cluster, Member};
pub use error::{Error, ErrorKind, Result};
pub use event::{Event, Observer};
pub use health::{Health, NodeHealth};
pub use kubernetes::{Kubernetes, KubernetesNode};
pub use readiness::wait_for_kubernetes_api;
// Their types are in the signatures here and in crates on top.
pub use {talos_client, talos_machineconfig};
