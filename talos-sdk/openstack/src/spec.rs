//! What a cluster shall be.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use talos_factory::{DEFAULT_SCHEMATIC_ID, PUBLIC_FACTORY};

use crate::balancer::LoadBalancer;

/// What a cluster shall be.
///
/// ```
/// use talos_openstack::Spec;
///
/// let spec = Spec::new("prod")
///     .with_workers(5)
///     .with_talos_version("v1.13.9")
///     .with_flavors("m1.large", "m1.xlarge")
///     .with_endpoint("https://prod.example.org:6443");
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Spec {
    /// The name of the cluster, and the beginning of the names of all that is made: a DNS label of at most 40 characters.
    pub name: String,
    /// How many control planes: 1, 3, 5 or 7. Default: 3.
    pub control_planes: usize,
    /// How many workers. Default: 2. Servers beyond these numbers are left alone.
    pub workers: usize,
    /// The version of Talos, such as `v1.13.9`, which is the default.
    pub talos_version: String,
    /// The version of Kubernetes, such as `1.30.4`. Default: the one that the release of Talos ships.
    pub kubernetes_version: Option<String>,
    /// Where clients reach the Kubernetes API, such as `https://prod.example.org:6443`. Default: the first control plane.
    pub endpoint: Option<String>,
    /// Addresses of the Talos API for the talosconfig. Default: the control planes.
    pub talos_endpoints: Vec<String>,
    /// More names and addresses for the certificates, beside the endpoint and every address of the control planes.
    pub additional_sans: Vec<String>,
    /// The image that installs and upgrades Talos. Default: the Image Factory's, of the same schematic and version.
    pub install_image: Option<String>,
    /// The disk to install to. Default: what `talosctl gen config` takes.
    pub install_disk: Option<String>,
    /// Patches for every machine, for control planes, and for workers; applied in this order.
    pub patches: Patches,
    /// Where the disk image comes from.
    pub image: ImageSource,
    /// The flavor of control planes, by name or id. Default: `m1.medium`.
    pub control_plane_flavor: String,
    /// The flavor of workers, by name or id. Default: `m1.medium`.
    pub worker_flavor: String,
    /// The network.
    pub network: NetworkOptions,
    /// What puts the load balancer's configuration in force; `None` where somebody else does, or there is none.
    pub load_balancer: Option<Arc<dyn LoadBalancer>>,
    /// How long each step may take.
    pub timeouts: Timeouts,
}

/// Patches of the machine configurations.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Patches {
    /// For every machine.
    pub all: Vec<PatchText>,
    /// For control planes, after [`all`](Self::all).
    pub control_planes: Vec<PatchText>,
    /// For workers, after [`all`](Self::all).
    pub workers: Vec<PatchText>,
}

/// The text of a patch, and where it came from. `Debug` does not print the text: it may hold secrets.
#[derive(Clone)]
pub struct PatchText {
    pub(crate) origin: String,
    pub(crate) text: String,
}

impl PatchText {
    /// A patch; `origin` names it in errors, for example by its file.
    #[must_use]
    pub fn new(origin: impl Into<String>, text: impl Into<String>) -> Self {
        Self { origin: origin.into(), text: text.into() }
    }
}

impl fmt::Debug for PatchText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PatchText").field("origin", &self.origin).finish_non_exhaustive()
    }
}

/// Where the disk image comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ImageSource {
    /// An Image Factory: an image that Glance has of this schematic and the spec's version is used again, otherwise
    /// the factory's is decoded and uploaded in one pass.
    Factory {
        /// Its address. Default: `https://factory.talos.dev`.
        url: String,
        /// The id of the schematic. Default: [`DEFAULT_SCHEMATIC_ID`].
        schematic: String,
    },
    /// An image in Glance, by id or name, taken as it is.
    Existing(String),
}

impl Default for ImageSource {
    fn default() -> Self {
        Self::Factory { url: PUBLIC_FACTORY.into(), schematic: DEFAULT_SCHEMATIC_ID.into() }
    }
}

/// The network of a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NetworkOptions {
    /// A network that is there, by name or id. Default: the only one of the project, if there is just one; if there is
    /// none, one is made.
    pub network: Option<String>,
    /// The address range of a network that is made. Default: `10.5.0.0/24`. It gets a router to
    /// [`floating_network`](Self::floating_network), or else to the only external network, if there is just one.
    pub cidr: String,
    /// Name servers of a network that is made. Default: Neutron's.
    pub dns_servers: Vec<String>,
    /// The external network, by name or id, from which every control plane gets a floating address. Default: none.
    pub floating_network: Option<String>,
    /// Address ranges that may reach Kubernetes and Talos on the control planes. Default: `0.0.0.0/0`.
    pub allowed_cidrs: Vec<String>,
}

impl Default for NetworkOptions {
    fn default() -> Self {
        Self {
            network: None,
            cidr: "10.5.0.0/24".into(),
            dns_servers: Vec::new(),
            floating_network: None,
            allowed_cidrs: vec!["0.0.0.0/0".into()],
        }
    }
}

impl NetworkOptions {
    /// Uses a network that is there, by name or id.
    #[must_use]
    pub fn with_network(mut self, network: impl Into<String>) -> Self {
        self.network = Some(network.into());
        self
    }

    /// Gives a network that is made this address range.
    #[must_use]
    pub fn with_cidr(mut self, cidr: impl Into<String>) -> Self {
        self.cidr = cidr.into();
        self
    }

    /// Gives a network that is made these name servers.
    #[must_use]
    pub fn with_dns_servers<S: Into<String>>(mut self, servers: impl IntoIterator<Item = S>) -> Self {
        self.dns_servers = servers.into_iter().map(Into::into).collect();
        self
    }

    /// Gives every control plane a floating address from this external network.
    #[must_use]
    pub fn with_floating_network(mut self, network: impl Into<String>) -> Self {
        self.floating_network = Some(network.into());
        self
    }

    /// Lets only these address ranges reach Kubernetes and Talos.
    #[must_use]
    pub fn with_allowed_cidrs<S: Into<String>>(mut self, cidrs: impl IntoIterator<Item = S>) -> Self {
        self.allowed_cidrs = cidrs.into_iter().map(Into::into).collect();
        self
    }
}

/// How long each step may take, retries included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timeouts {
    /// Any step that has no limit of its own. Default: 5 minutes.
    pub step: Duration,
    /// The image, download and upload included. Default: 60 minutes.
    pub image: Duration,
    /// The servers. Default: 20 minutes.
    pub servers: Duration,
    /// The first answer of every node. Default: 15 minutes.
    pub first_contact: Duration,
    /// etcd on every control plane. Default: 15 minutes.
    pub bootstrap: Duration,
    /// How long to look for etcd before a bootstrap call that may have been taken is made again. Default: 20 s.
    pub bootstrap_settle: Duration,
    /// The Kubernetes API. Default: 15 minutes.
    pub kubernetes_api: Duration,
    /// Every node being Ready. Default: 20 minutes.
    pub nodes: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
        Self {
            step: minutes(5),
            image: minutes(60),
            servers: minutes(20),
            first_contact: minutes(15),
            bootstrap: minutes(15),
            bootstrap_settle: Duration::from_secs(20),
            kubernetes_api: minutes(15),
            nodes: minutes(20),
        }
    }
}

impl Timeouts {
    /// The same limit for every step.
    #[must_use]
    pub fn all(limit: Duration) -> Self {
        Self {
            step: limit,
            image: limit,
            servers: limit,
            first_contact: limit,
            bootstrap: limit,
            kubernetes_api: limit,
            nodes: limit,
            ..Self::default()
        }
    }

    /// Looks this long for etcd before a bootstrap call that may have been taken is made again.
    #[must_use]
    pub fn with_bootstrap_settle(mut self, settle: Duration) -> Self {
        self.bootstrap_settle = settle;
        self
    }
}

impl Spec {
    /// A cluster of three control planes and two workers.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            control_planes: 3,
            workers: 2,
            talos_version: "v1.13.9".into(),
            kubernetes_version: None,
            endpoint: None,
            talos_endpoints: Vec::new(),
            additional_sans: Vec::new(),
            install_image: None,
            install_disk: None,
            patches: Patches::default(),
            image: ImageSource::default(),
            control_plane_flavor: "m1.medium".into(),
            worker_flavor: "m1.medium".into(),
            network: NetworkOptions::default(),
            load_balancer: None,
            timeouts: Timeouts::default(),
        }
    }

    /// Sets the number of control planes.
    #[must_use]
    pub fn with_control_planes(mut self, count: usize) -> Self {
        self.control_planes = count;
        self
    }

    /// Sets the number of workers.
    #[must_use]
    pub fn with_workers(mut self, count: usize) -> Self {
        self.workers = count;
        self
    }

    /// Sets the version of Talos.
    #[must_use]
    pub fn with_talos_version(mut self, version: impl Into<String>) -> Self {
        self.talos_version = version.into();
        self
    }

    /// Sets the version of Kubernetes.
    #[must_use]
    pub fn with_kubernetes_version(mut self, version: impl Into<String>) -> Self {
        self.kubernetes_version = Some(version.into());
        self
    }

    /// Sets where clients reach the Kubernetes API.
    #[must_use]
    pub fn with_endpoint(mut self, url: impl Into<String>) -> Self {
        self.endpoint = Some(url.into());
        self
    }

    /// Sets the addresses of the Talos API for the talosconfig.
    #[must_use]
    pub fn with_talos_endpoints<S: Into<String>>(mut self, endpoints: impl IntoIterator<Item = S>) -> Self {
        self.talos_endpoints = endpoints.into_iter().map(Into::into).collect();
        self
    }

    /// Adds names and addresses for the certificates.
    #[must_use]
    pub fn with_additional_sans<S: Into<String>>(mut self, sans: impl IntoIterator<Item = S>) -> Self {
        self.additional_sans.extend(sans.into_iter().map(Into::into));
        self
    }

    /// Sets the image that installs and upgrades Talos.
    #[must_use]
    pub fn with_install_image(mut self, image: impl Into<String>) -> Self {
        self.install_image = Some(image.into());
        self
    }

    /// Sets the disk to install to.
    #[must_use]
    pub fn with_install_disk(mut self, disk: impl Into<String>) -> Self {
        self.install_disk = Some(disk.into());
        self
    }

    /// Adds a patch for every machine.
    #[must_use]
    pub fn with_patch(mut self, patch: PatchText) -> Self {
        self.patches.all.push(patch);
        self
    }

    /// Adds a patch for control planes.
    #[must_use]
    pub fn with_control_plane_patch(mut self, patch: PatchText) -> Self {
        self.patches.control_planes.push(patch);
        self
    }

    /// Adds a patch for workers.
    #[must_use]
    pub fn with_worker_patch(mut self, patch: PatchText) -> Self {
        self.patches.workers.push(patch);
        self
    }

    /// Sets where the disk image comes from.
    #[must_use]
    pub fn with_image(mut self, image: ImageSource) -> Self {
        self.image = image;
        self
    }

    /// Sets the flavors of control planes and workers.
    #[must_use]
    pub fn with_flavors(mut self, control_plane: impl Into<String>, worker: impl Into<String>) -> Self {
        self.control_plane_flavor = control_plane.into();
        self.worker_flavor = worker.into();
        self
    }

    /// Sets the network.
    #[must_use]
    pub fn with_network(mut self, network: NetworkOptions) -> Self {
        self.network = network;
        self
    }

    /// Sets what puts the load balancer's configuration in force.
    #[must_use]
    pub fn with_load_balancer(mut self, load_balancer: impl LoadBalancer + 'static) -> Self {
        self.load_balancer = Some(Arc::new(load_balancer));
        self
    }

    /// Sets how long each step may take.
    #[must_use]
    pub fn with_timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// The nodes, control planes first.
    pub(crate) fn nodes(&self) -> impl Iterator<Item = NodeName> + '_ {
        let control_planes =
            (1..=self.control_planes).map(|n| (true, format!("{}-control-plane-{n}", self.name)));
        let workers = (1..=self.workers).map(|n| (false, format!("{}-worker-{n}", self.name)));
        control_planes.chain(workers).map(|(control_plane, name)| NodeName { name, control_plane })
    }

    /// The name of what exists once in a cluster.
    pub(crate) fn own_name(&self) -> String {
        format!("talos-{}", self.name)
    }

    /// Written into what can't be tagged in the moment of its creation, so that it is known again if the tag is missing.
    pub(crate) fn description(&self) -> String {
        format!("Talos cluster {}", self.name)
    }

    /// Whether something was made for this cluster.
    pub(crate) fn owns(&self, tags: &[String], description: &str) -> bool {
        tags.contains(&self.tag()) || description == self.description()
    }

    /// The tag that everything made for this cluster carries.
    pub(crate) fn tag(&self) -> String {
        format!("talos-cluster={}", self.name)
    }
}

/// A node that shall be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NodeName {
    pub(crate) name: String,
    pub(crate) control_plane: bool,
}
