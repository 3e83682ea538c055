//! What work on a cluster tells while it goes on.

use std::fmt;

/// Whoever is told of progress: any closure. It is called from within the work, so it must not block.
pub type Observer<'a> = &'a (dyn Fn(&Event) + Send + Sync + 'a);

/// Something happened. `Display` says it in one line.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A wait goes on; told when the reason changes.
    Waiting {
        /// What is waited for.
        what: String,
        /// What was seen last.
        reason: String,
    },
    /// A control plane is asked to start etcd as the first member.
    BootstrapSent {
        /// Its name.
        node: String,
    },
    /// The control plane took the call.
    BootstrapAccepted {
        /// Its name.
        node: String,
    },
    /// etcd runs on a control plane.
    EtcdMember {
        /// Its name.
        node: String,
    },
    /// The Kubernetes API answers.
    KubernetesApi {
        /// Its address.
        server: String,
        /// The HTTP status of the answer.
        status: u16,
    },
    /// Kubernetes says that a node is Ready.
    NodeReady {
        /// Its name in the cluster.
        node: String,
    },
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Waiting { what, reason } => write!(f, "waiting for {what}: {reason}"),
            Self::BootstrapSent { node } => write!(f, "bootstrap sent to {node}"),
            Self::BootstrapAccepted { node } => write!(f, "{node} starts etcd"),
            Self::EtcdMember { node } => write!(f, "etcd runs on {node}"),
            Self::KubernetesApi { server, status } => write!(f, "{server} answers {status}"),
            Self::NodeReady { node } => write!(f, "{node} is Ready"),
        }
    }
}
