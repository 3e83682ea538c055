//! Where a cluster's state is kept.

mod folder;

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::pin::Pin;

use crate::error::Result;
use crate::secret::SecretString;

pub use folder::FolderStore;

/// A future of a [`Store`] or a [`LoadBalancer`](crate::LoadBalancer).
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// One of the things that are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StateFile {
    /// `state.json`: ids and intents, no secrets.
    State,
    /// `secrets.yaml`: the secrets bundle.
    Secrets,
    /// `controlplane.yaml`: the machine configuration of control planes.
    ControlPlane,
    /// `worker.yaml`: the machine configuration of workers.
    Worker,
    /// `talosconfig`: the way in, with the role `os:admin`.
    Talosconfig,
    /// `kubeconfig`: the way into Kubernetes, as administrator.
    Kubeconfig,
    /// `haproxy.cfg`: the load balancer's configuration.
    Haproxy,
}

impl StateFile {
    /// The name of the file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::State => "state.json",
            Self::Secrets => "secrets.yaml",
            Self::ControlPlane => "controlplane.yaml",
            Self::Worker => "worker.yaml",
            Self::Talosconfig => "talosconfig",
            Self::Kubeconfig => "kubeconfig",
            Self::Haproxy => "haproxy.cfg",
        }
    }
}

/// Where the state of one cluster is kept: what the cloud can't tell again.
///
/// A write is whole or not at all, whatever happens meanwhile, and nobody else may read what is written.
pub trait Store: Send + Sync {
    /// Takes the cluster for this runner alone, until the lease is dropped or the process ends, however it ends.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Locked`](crate::ErrorKind::Locked) at once if another runner has it,
    /// [`ErrorKind::Store`](crate::ErrorKind::Store) if the store can't be written.
    fn lock(&self) -> BoxFuture<'_, Result<Lease>>;

    /// Reads a file; `None` if it was never written.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Store`](crate::ErrorKind::Store).
    fn read(&self, file: StateFile) -> BoxFuture<'_, Result<Option<SecretString>>>;

    /// Writes a file, replacing what it held.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Store`](crate::ErrorKind::Store).
    fn write<'a>(&'a self, file: StateFile, text: &'a SecretString) -> BoxFuture<'a, Result<()>>;

    /// Where a user finds the file: a path or an address.
    fn location(&self, file: StateFile) -> String;
}

/// The right to work on a cluster, until it is dropped.
pub struct Lease(#[allow(dead_code, reason = "it is kept for what dropping it does")] Box<dyn Any + Send>);

impl Lease {
    /// A lease that ends when `guard` is dropped.
    #[must_use]
    pub fn new(guard: impl Any + Send) -> Self {
        Self(Box::new(guard))
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lease")
    }
}
