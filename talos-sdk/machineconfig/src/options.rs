//! What [`generate`](crate::generate()) may be told.

use std::collections::BTreeMap;

use crate::contract::Contract;
use crate::patch::Patch;

/// The installer that a configuration names unless it is told another.
pub const DEFAULT_INSTALL_IMAGE: &str = "ghcr.io/siderolabs/installer:v1.13.9";

/// What [`generate`](crate::generate()) may be told. The defaults are those of `talosctl gen config`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct GenerateOptions {
    /// Name of the cluster, also of the context in the talosconfig.
    pub cluster_name: String,
    /// Where the Kubernetes API is reached: an `https://` URL, written as given.
    pub endpoint: String,
    /// The Talos release to suit. Default: the newest.
    pub contract: Contract,
    /// Kubernetes version without `v`, the tag of its images. Default: the one that the contract's release ships.
    pub kubernetes_version: String,
    /// The disk to install to; empty leaves it out. Default: `/dev/sda`.
    pub install_disk: String,
    /// The installer image; empty leaves it out. Default: [`DEFAULT_INSTALL_IMAGE`].
    pub install_image: String,
    /// Kernel arguments for the installed system.
    pub install_extra_kernel_args: Vec<String>,
    /// More names and addresses for the certificates of the Talos API and the Kubernetes API.
    pub additional_sans: Vec<String>,
    /// DNS domain of the cluster. Default: `cluster.local`.
    pub dns_domain: String,
    /// Port of the API server on the machine itself, if it is not 6443.
    pub local_api_server_port: Option<u16>,
    /// Mirror addresses by registry host.
    pub registry_mirrors: BTreeMap<String, Vec<String>>,
    /// Kernel parameters.
    pub sysctls: BTreeMap<String, String>,
    /// Whether machines find each other through the discovery service. Default: true.
    pub cluster_discovery: bool,
    /// KubeSpan, the WireGuard mesh, on or off; `None` says nothing about it.
    pub kubespan: Option<bool>,
    /// Whether control planes run workloads.
    pub allow_scheduling_on_control_planes: bool,
    /// The network plugin, if not the default one.
    pub cni: Option<Cni>,
    /// Addresses of the Talos API in the talosconfig.
    pub talosconfig_endpoints: Vec<String>,
    /// Patches for every machine, applied first.
    pub patches: Vec<Patch>,
    /// Patches for control planes, applied after [`patches`](Self::patches).
    pub control_plane_patches: Vec<Patch>,
    /// Patches for workers, applied after [`patches`](Self::patches).
    pub worker_patches: Vec<Patch>,
}

/// A network plugin of Kubernetes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cni {
    /// Flannel, the default.
    Flannel,
    /// None: something else installs one.
    None,
    /// Manifests at these addresses.
    Custom(Vec<String>),
}

impl GenerateOptions {
    /// Options for the cluster `cluster_name` whose Kubernetes API is at `endpoint`, such as `https://10.0.0.1:6443`.
    #[must_use]
    pub fn new(cluster_name: impl Into<String>, endpoint: impl Into<String>) -> Self {
        Self {
            cluster_name: cluster_name.into(),
            endpoint: endpoint.into(),
            contract: Contract::CURRENT,
            kubernetes_version: Contract::CURRENT.default_kubernetes_version().to_owned(),
            install_disk: "/dev/sda".to_owned(),
            install_image: DEFAULT_INSTALL_IMAGE.to_owned(),
            install_extra_kernel_args: Vec::new(),
            additional_sans: Vec::new(),
            dns_domain: "cluster.local".to_owned(),
            local_api_server_port: None,
            registry_mirrors: BTreeMap::new(),
            sysctls: BTreeMap::new(),
            cluster_discovery: true,
            kubespan: None,
            allow_scheduling_on_control_planes: false,
            cni: None,
            talosconfig_endpoints: Vec::new(),
            patches: Vec::new(),
            control_plane_patches: Vec::new(),
            worker_patches: Vec::new(),
        }
    }

    /// Suits `contract`, and takes the Kubernetes version which that release ships: set another one after this.
    #[must_use]
    pub fn with_contract(mut self, contract: Contract) -> Self {
        self.contract = contract;
        self.kubernetes_version = contract.default_kubernetes_version().to_owned();
        self
    }

    /// Sets the Kubernetes version; one leading `v` is dropped.
    #[must_use]
    pub fn with_kubernetes_version(mut self, version: impl Into<String>) -> Self {
        let version = version.into();
        self.kubernetes_version = version.strip_prefix('v').map_or_else(|| version.clone(), str::to_owned);
        self
    }

    /// Sets the disk to install to; empty leaves it out.
    #[must_use]
    pub fn with_install_disk(mut self, disk: impl Into<String>) -> Self {
        self.install_disk = disk.into();
        self
    }

    /// Sets the installer image; empty leaves it out.
    #[must_use]
    pub fn with_install_image(mut self, image: impl Into<String>) -> Self {
        self.install_image = image.into();
        self
    }

    /// Sets the kernel arguments of the installed system.
    #[must_use]
    pub fn with_install_extra_kernel_args<S: Into<String>>(
        mut self,
        args: impl IntoIterator<Item = S>,
    ) -> Self {
        self.install_extra_kernel_args = args.into_iter().map(Into::into).collect();
        self
    }

    /// Adds names and addresses for the certificates of the Talos API and the Kubernetes API.
    #[must_use]
    pub fn with_additional_sans<S: Into<String>>(mut self, sans: impl IntoIterator<Item = S>) -> Self {
        self.additional_sans.extend(sans.into_iter().map(Into::into));
        self
    }

    /// Sets the DNS domain of the cluster.
    #[must_use]
    pub fn with_dns_domain(mut self, domain: impl Into<String>) -> Self {
        self.dns_domain = domain.into();
        self
    }

    /// Sets the port of the API server on the machine itself.
    #[must_use]
    pub fn with_local_api_server_port(mut self, port: u16) -> Self {
        self.local_api_server_port = Some(port);
        self
    }

    /// Adds mirror addresses for the registry `host`.
    #[must_use]
    pub fn with_registry_mirror<S: Into<String>>(
        mut self,
        host: impl Into<String>,
        endpoints: impl IntoIterator<Item = S>,
    ) -> Self {
        self.registry_mirrors.entry(host.into()).or_default().extend(endpoints.into_iter().map(Into::into));
        self
    }

    /// Sets a kernel parameter.
    #[must_use]
    pub fn with_sysctl(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.sysctls.insert(name.into(), value.into());
        self
    }

    /// Turns the discovery service on or off.
    #[must_use]
    pub fn with_cluster_discovery(mut self, enabled: bool) -> Self {
        self.cluster_discovery = enabled;
        self
    }

    /// Says that KubeSpan is on or off.
    #[must_use]
    pub fn with_kubespan(mut self, enabled: bool) -> Self {
        self.kubespan = Some(enabled);
        self
    }

    /// Says whether control planes run workloads.
    #[must_use]
    pub fn with_allow_scheduling_on_control_planes(mut self, allowed: bool) -> Self {
        self.allow_scheduling_on_control_planes = allowed;
        self
    }

    /// Sets the network plugin.
    #[must_use]
    pub fn with_cni(mut self, cni: Cni) -> Self {
        self.cni = Some(cni);
        self
    }

    /// Sets the addresses of the Talos API in the talosconfig.
    #[must_use]
    pub fn with_talosconfig_endpoints<S: Into<String>>(
        mut self,
        endpoints: impl IntoIterator<Item = S>,
    ) -> Self {
        self.talosconfig_endpoints = endpoints.into_iter().map(Into::into).collect();
        self
    }

    /// Adds patches for every machine.
    #[must_use]
    pub fn with_patches(mut self, patches: impl IntoIterator<Item = Patch>) -> Self {
        self.patches.extend(patches);
        self
    }

    /// Adds patches for control planes.
    #[must_use]
    pub fn with_control_plane_patches(mut self, patches: impl IntoIterator<Item = Patch>) -> Self {
        self.control_plane_patches.extend(patches);
        self
    }

    /// Adds patches for workers.
    #[must_use]
    pub fn with_worker_patches(mut self, patches: impl IntoIterator<Item = Patch>) -> Self {
        self.worker_patches.extend(patches);
        self
    }
}
