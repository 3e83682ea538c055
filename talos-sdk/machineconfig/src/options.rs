//! What [`generate`](crate::generate()) may be told.

use std::collections::BTreeMap;

use talos_pki::{Role, RoleSet};

use crate::Contract;
use crate::Patch;
use crate::types::cri::{RegistryAuthConfig, RegistryTlsConfig};

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
    /// Kernel arguments for the installed system. From release 1.14 on they come with the installer image, and are not
    /// written.
    pub install_extra_kernel_args: Vec<String>,
    /// Whether releases from 1.14 on are told what to install and where. Default: true.
    pub unattended_install: bool,
    /// Whether services log more, to the console. Default: false.
    pub debug: bool,
    /// Whether the machines run Kubernetes and etcd. Default: true.
    pub kubernetes: bool,
    /// More names and addresses for the certificates of the Talos API and the Kubernetes API.
    pub additional_sans: Vec<String>,
    /// DNS domain of the cluster. Default: `cluster.local`.
    pub dns_domain: String,
    /// Port of the API server on the machine itself, if it is not 6443.
    pub local_api_server_port: Option<u16>,
    /// Networks of the pods. Default: `10.244.0.0/16`.
    pub pod_subnets: Vec<String>,
    /// Networks of the services. Default: `10.96.0.0/12`.
    pub service_subnets: Vec<String>,
    /// Mirror addresses by registry host.
    pub registry_mirrors: BTreeMap<String, Vec<String>>,
    /// How registries are trusted, by host.
    pub registry_tls: BTreeMap<String, RegistryTlsConfig>,
    /// Credentials of registries, by host.
    pub registry_auth: BTreeMap<String, RegistryAuthConfig>,
    /// Kernel parameters.
    pub sysctls: BTreeMap<String, String>,
    /// Whether machines find each other through the discovery service. Default: true.
    pub cluster_discovery: bool,
    /// KubeSpan, the WireGuard mesh, on or off; `None` says nothing about it.
    pub kubespan: Option<bool>,
    /// Port of KubePrism on every machine, zero for none. Default: 7445 from release 1.6 on.
    pub kube_prism_port: Option<u16>,
    /// Whether the host's DNS resolver answers for CoreDNS in releases before 1.8 too. Default: false.
    pub host_dns_forward_kube_dns_to_host: bool,
    /// Whether control planes run workloads.
    pub allow_scheduling_on_control_planes: bool,
    /// The network plugin, if not the default one.
    pub cni: Option<Cni>,
    /// Addresses of the Talos API in the talosconfig.
    pub talosconfig_endpoints: Vec<String>,
    /// Roles of the certificate in the talosconfig. Default: `os:admin`.
    pub talosconfig_roles: RoleSet,
    /// Whether patches may bring documents of kinds that the contract's release does not know, as `talosctl` lets
    /// them. A machine of that release would refuse its whole configuration. Default: false.
    pub newer_documents: bool,
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
            unattended_install: true,
            debug: false,
            kubernetes: true,
            additional_sans: Vec::new(),
            dns_domain: "cluster.local".to_owned(),
            local_api_server_port: None,
            pod_subnets: vec!["10.244.0.0/16".to_owned()],
            service_subnets: vec!["10.96.0.0/12".to_owned()],
            registry_mirrors: BTreeMap::new(),
            registry_tls: BTreeMap::new(),
            registry_auth: BTreeMap::new(),
            sysctls: BTreeMap::new(),
            cluster_discovery: true,
            kubespan: None,
            kube_prism_port: None,
            host_dns_forward_kube_dns_to_host: false,
            allow_scheduling_on_control_planes: false,
            cni: None,
            talosconfig_endpoints: Vec::new(),
            talosconfig_roles: Role::Admin.into(),
            newer_documents: false,
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

    /// Says whether releases from 1.14 on are told what to install and where.
    #[must_use]
    pub fn with_unattended_install(mut self, unattended: bool) -> Self {
        self.unattended_install = unattended;
        self
    }

    /// Lets services log more.
    #[must_use]
    pub fn with_debug(mut self, debug: bool) -> Self {
        self.debug = debug;
        self
    }

    /// Says whether the machines run Kubernetes and etcd.
    #[must_use]
    pub fn with_kubernetes(mut self, kubernetes: bool) -> Self {
        self.kubernetes = kubernetes;
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

    /// Sets the networks of the pods.
    #[must_use]
    pub fn with_pod_subnets<S: Into<String>>(mut self, subnets: impl IntoIterator<Item = S>) -> Self {
        self.pod_subnets = subnets.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the networks of the services.
    #[must_use]
    pub fn with_service_subnets<S: Into<String>>(mut self, subnets: impl IntoIterator<Item = S>) -> Self {
        self.service_subnets = subnets.into_iter().map(Into::into).collect();
        self
    }

    /// Gives pods and services the IPv6 networks that Talos has for clusters without IPv4.
    #[must_use]
    pub fn with_ipv6_subnets(self) -> Self {
        self.with_pod_subnets(["fc00:db8:10::/56"]).with_service_subnets(["fc00:db8:20::/112"])
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

    /// Trusts the registry `host` if its certificate comes from this authority, PEM.
    #[must_use]
    pub fn with_registry_ca(mut self, host: impl Into<String>, ca: impl Into<String>) -> Self {
        self.tls_of(host.into()).ca = ca.into();
        self
    }

    /// Does not verify the certificate of the registry `host`.
    #[must_use]
    pub fn with_registry_insecure_skip_verify(mut self, host: impl Into<String>) -> Self {
        self.tls_of(host.into()).insecure_skip_verify = Some(true);
        self
    }

    /// Sets how the registry that `tls` names is trusted, and by which certificate it knows the machines.
    #[must_use]
    pub fn with_registry_tls(mut self, tls: RegistryTlsConfig) -> Self {
        self.registry_tls.insert(tls.name.clone(), tls);
        self
    }

    /// Sets the credentials for the registry that `auth` names.
    #[must_use]
    pub fn with_registry_auth(mut self, auth: RegistryAuthConfig) -> Self {
        self.registry_auth.insert(auth.name.clone(), auth);
        self
    }

    fn tls_of(&mut self, host: String) -> &mut RegistryTlsConfig {
        let made = RegistryTlsConfig { name: host.clone(), ..Default::default() };
        self.registry_tls.entry(host).or_insert(made)
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

    /// Sets the port of KubePrism; zero turns it off.
    #[must_use]
    pub fn with_kube_prism_port(mut self, port: u16) -> Self {
        self.kube_prism_port = Some(port);
        self
    }

    /// Lets the host's DNS resolver answer for CoreDNS in releases before 1.8 too.
    #[must_use]
    pub fn with_host_dns_forward_kube_dns_to_host(mut self, forward: bool) -> Self {
        self.host_dns_forward_kube_dns_to_host = forward;
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

    /// Sets the roles of the certificate in the talosconfig.
    #[must_use]
    pub fn with_talosconfig_roles(mut self, roles: impl Into<RoleSet>) -> Self {
        self.talosconfig_roles = roles.into();
        self
    }

    /// Says whether patches may bring documents of kinds that the contract's release does not know.
    #[must_use]
    pub fn with_newer_documents(mut self, allowed: bool) -> Self {
        self.newer_documents = allowed;
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
