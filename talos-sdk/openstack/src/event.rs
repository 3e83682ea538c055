//! What a bring-up tells while it works.

use std::fmt;
use std::time::Duration;

/// Whoever is told of progress: any closure. It is called from within the work, so it must not block.
pub type Observer<'a> = &'a (dyn Fn(&Event) + Send + Sync + 'a);

/// A step of [`bring_up`](crate::bring_up()), in order. Each looks at the world, acts only where needed, and confirms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Step {
    /// Checks of everything that can be checked before anything is created.
    Plan,
    /// The secrets bundle, made once and stored before anything else.
    Secrets,
    /// The disk image in Glance.
    Image,
    /// Network, subnet, security group and server group.
    Network,
    /// A port with a fixed address for every node.
    Ports,
    /// The load balancer in front of the control planes.
    LoadBalancer,
    /// The endpoint's name has an address.
    Dns,
    /// The machine configurations and the talosconfig.
    MachineConfigs,
    /// The servers.
    Servers,
    /// Every node answers with a certificate of the cluster.
    FirstContact,
    /// etcd runs on every control plane, after one bootstrap in the cluster's life.
    Bootstrap,
    /// The Kubernetes API answers at the endpoint.
    KubernetesApi,
    /// The kubeconfig.
    Kubeconfig,
    /// Every node is Ready.
    Nodes,
}

impl Step {
    /// All steps, in order.
    pub const ALL: [Self; 14] = [
        Self::Plan,
        Self::Secrets,
        Self::Image,
        Self::Network,
        Self::Ports,
        Self::LoadBalancer,
        Self::Dns,
        Self::MachineConfigs,
        Self::Servers,
        Self::FirstContact,
        Self::Bootstrap,
        Self::KubernetesApi,
        Self::Kubeconfig,
        Self::Nodes,
    ];

    /// A word for it, such as `first-contact`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Secrets => "secrets",
            Self::Image => "image",
            Self::Network => "network",
            Self::Ports => "ports",
            Self::LoadBalancer => "load-balancer",
            Self::Dns => "dns",
            Self::MachineConfigs => "machine-configs",
            Self::Servers => "servers",
            Self::FirstContact => "first-contact",
            Self::Bootstrap => "bootstrap",
            Self::KubernetesApi => "kubernetes-api",
            Self::Kubeconfig => "kubeconfig",
            Self::Nodes => "nodes",
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A kind of thing in the cloud.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Resource {
    /// An image of Glance.
    Image,
    /// A network of Neutron.
    Network,
    /// A subnet of Neutron.
    Subnet,
    /// A router of Neutron.
    Router,
    /// A security group of Neutron.
    SecurityGroup,
    /// A port of Neutron.
    Port,
    /// A floating address of Neutron.
    FloatingIp,
    /// A server group of Nova.
    ServerGroup,
    /// A server of Nova.
    Server,
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Image => "image",
            Self::Network => "network",
            Self::Subnet => "subnet",
            Self::Router => "router",
            Self::SecurityGroup => "security group",
            Self::Port => "port",
            Self::FloatingIp => "floating address",
            Self::ServerGroup => "server group",
            Self::Server => "server",
        })
    }
}

/// Something happened. `Display` says it in one line, without a secret.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// A step begins.
    StepStarted {
        /// Which.
        step: Step,
    },
    /// A step is done, and what it leads to is stored.
    StepDone {
        /// Which.
        step: Step,
    },
    /// A passing failure; the step looks at the world again after a pause.
    Retrying {
        /// The step.
        step: Step,
        /// What failed.
        reason: String,
        /// The pause.
        after: Duration,
    },
    /// Something is there from before and is used.
    Found {
        /// What it is.
        resource: Resource,
        /// Its name.
        name: String,
        /// Its id.
        id: String,
    },
    /// Something was created.
    Created {
        /// What it is.
        resource: Resource,
        /// Its name.
        name: String,
        /// Its id.
        id: String,
    },
    /// Something was deleted.
    Deleted {
        /// What it is.
        resource: Resource,
        /// Its name.
        name: String,
        /// Its id.
        id: String,
    },
    /// Bytes of the image that are in Glance.
    ImageProgress {
        /// Decoded bytes sent.
        sent: u64,
        /// Compressed bytes received from the source.
        received: u64,
        /// All the compressed bytes, where the source tells.
        total: Option<u64>,
    },
    /// A server is on its way.
    ServerStatus {
        /// Its name.
        name: String,
        /// Nova's word, such as `BUILD`.
        status: String,
    },
    /// A node does not answer yet.
    NodeUnreachable {
        /// Its name.
        name: String,
        /// The last reason.
        reason: String,
    },
    /// A node answered with a certificate of the cluster.
    NodeAnswered {
        /// Its name.
        name: String,
        /// The version of Talos that it runs.
        version: String,
    },
    /// The cluster's own progress.
    Cluster(talos_cluster::Event),
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StepStarted { step } => write!(f, "{step}: started"),
            Self::StepDone { step } => write!(f, "{step}: done"),
            Self::Retrying { step, reason, after } => {
                write!(f, "{step}: trying again in {} ms: {reason}", after.as_millis())
            }
            Self::Found { resource, name, id } => write!(f, "{resource} {name} is there ({id})"),
            Self::Created { resource, name, id } => write!(f, "{resource} {name} created ({id})"),
            Self::Deleted { resource, name, id } => write!(f, "{resource} {name} deleted ({id})"),
            Self::ImageProgress { sent, received, total } => {
                write!(f, "image: {sent} bytes sent, {received} received")?;
                total.map_or(Ok(()), |total| write!(f, " of {total}"))
            }
            Self::ServerStatus { name, status } => write!(f, "server {name} is {status}"),
            Self::NodeUnreachable { name, reason } => write!(f, "node {name} does not answer yet: {reason}"),
            Self::NodeAnswered { name, version } => write!(f, "node {name} runs Talos {version}"),
            Self::Cluster(event) => event.fmt(f),
        }
    }
}
