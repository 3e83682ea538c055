//! The section `cluster`.

use std::collections::BTreeMap;

use talos_machineconfig_derive::Fields;

use crate::types::v1alpha1::{ApiServerConfig, ControllerManagerConfig, ProxyConfig, SchedulerConfig};
use crate::types::{Args, Certificate, CertificateAndKey, Duration, Key, List, ReplaceList, Secret, Url};

/// The cluster a machine belongs to.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct ClusterConfig {
    /// Identity of the cluster for discovery, 32 bytes in base64.
    #[config(deprecated)]
    pub id: String,
    /// Secret of the cluster for discovery, 32 bytes in base64.
    #[config(deprecated)]
    pub secret: Secret,
    /// The control plane's address.
    #[config(deprecated)]
    pub control_plane: Option<ControlPlaneConfig>,
    /// Name of the cluster.
    #[config(deprecated)]
    pub cluster_name: String,
    /// Networks of pods and services.
    #[config(deprecated)]
    pub network: Option<ClusterNetworkConfig>,
    /// Token by which kubelets join.
    pub token: Secret,
    /// Key of AES-CBC for secrets at rest, in base64.
    #[config(deprecated)]
    pub aescbc_encryption_secret: Secret,
    /// Key of secretbox for secrets at rest, in base64.
    #[config(deprecated)]
    pub secretbox_encryption_secret: Secret,
    /// Certificate authority of Kubernetes; its key is on control planes only.
    #[config(deprecated)]
    pub ca: Option<CertificateAndKey>,
    /// Further authorities of Kubernetes to accept.
    #[config(key = "acceptedCAs", deprecated)]
    pub accepted_cas: List<Certificate>,
    /// Certificate authority of the aggregation layer.
    #[config(key = "aggregatorCA", deprecated)]
    pub aggregator_ca: Option<CertificateAndKey>,
    /// Key that signs the tokens of service accounts.
    #[config(deprecated)]
    pub service_account: Option<Key>,
    /// The API server.
    #[config(deprecated)]
    pub api_server: Option<ApiServerConfig>,
    /// The controller manager.
    #[config(deprecated)]
    pub controller_manager: Option<ControllerManagerConfig>,
    /// The kube-proxy.
    #[config(deprecated)]
    pub proxy: Option<ProxyConfig>,
    /// The scheduler.
    #[config(deprecated)]
    pub scheduler: Option<SchedulerConfig>,
    /// How machines find each other.
    #[config(deprecated)]
    pub discovery: Option<ClusterDiscoveryConfig>,
    /// etcd.
    pub etcd: Option<EtcdConfig>,
    /// CoreDNS.
    #[config(key = "coreDNS", deprecated)]
    pub core_dns: Option<CoreDns>,
    /// A cloud provider outside Kubernetes' own binaries.
    pub external_cloud_provider: Option<ExternalCloudProviderConfig>,
    /// URLs of manifests to apply.
    #[config(deprecated)]
    pub extra_manifests: Vec<String>,
    /// HTTP headers for those URLs.
    #[config(deprecated)]
    pub extra_manifest_headers: BTreeMap<String, String>,
    /// Manifests to apply.
    #[config(deprecated)]
    pub inline_manifests: Vec<ClusterInlineManifest>,
    /// Kubeconfigs that Talos hands out.
    pub admin_kubeconfig: Option<AdminKubeconfigConfig>,
    /// Old name of `allowSchedulingOnControlPlanes`.
    #[config(deprecated)]
    pub allow_scheduling_on_masters: Option<bool>,
    /// Whether control planes run workloads.
    #[config(deprecated)]
    pub allow_scheduling_on_control_planes: Option<bool>,
}

/// The control plane's address.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct ControlPlaneConfig {
    /// URL of the Kubernetes API.
    #[config(always)]
    pub endpoint: Option<Url>,
    /// Port of the API server on the machine itself; 0 is 6443.
    #[config(key = "localAPIServerPort")]
    pub local_api_server_port: i64,
}

/// Networks of pods and services.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct ClusterNetworkConfig {
    /// The network plugin.
    pub cni: Option<CniConfig>,
    /// DNS domain of the cluster.
    #[config(always)]
    pub dns_domain: String,
    /// Networks of pods. A patch replaces the list.
    #[config(always)]
    pub pod_subnets: ReplaceList<String>,
    /// Networks of services. A patch replaces the list.
    #[config(always)]
    pub service_subnets: ReplaceList<String>,
}

/// The network plugin.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct CniConfig {
    /// `flannel`, `custom` or `none`.
    pub name: String,
    /// Manifests of a custom plugin.
    pub urls: Vec<String>,
    /// Options of Flannel.
    pub flannel: Option<FlannelCniConfig>,
}

/// Options of Flannel.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct FlannelCniConfig {
    /// More arguments of flanneld.
    pub extra_args: Vec<String>,
    /// Whether network policies are enforced.
    pub kube_network_policies_enabled: Option<bool>,
}

/// How machines find each other.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct ClusterDiscoveryConfig {
    /// Whether they do at all.
    pub enabled: Option<bool>,
    /// Where they look.
    #[config(always)]
    pub registries: DiscoveryRegistriesConfig,
}

/// Where machines look for each other.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct DiscoveryRegistriesConfig {
    /// Annotations of Kubernetes nodes.
    #[config(always)]
    pub kubernetes: RegistryKubernetesConfig,
    /// The discovery service.
    #[config(always)]
    pub service: RegistryServiceConfig,
}

/// Discovery through annotations of Kubernetes nodes.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct RegistryKubernetesConfig {
    /// True: it is off.
    pub disabled: Option<bool>,
}

/// Discovery through the discovery service.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct RegistryServiceConfig {
    /// True: it is off.
    pub disabled: Option<bool>,
    /// URL of the service.
    pub endpoint: String,
}

/// etcd.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct EtcdConfig {
    /// Image.
    pub image: String,
    /// Certificate authority of etcd.
    #[config(always)]
    pub ca: Option<CertificateAndKey>,
    /// More command line arguments.
    pub extra_args: Args,
    /// Network of addresses to announce. Deprecated: `advertisedSubnets`.
    #[config(deprecated)]
    pub subnet: String,
    /// Networks of addresses to announce.
    pub advertised_subnets: Vec<String>,
    /// Networks of addresses to listen on.
    pub listen_subnets: Vec<String>,
}

/// CoreDNS.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct CoreDns {
    /// True: Talos does not deploy it.
    pub disabled: Option<bool>,
    /// Image.
    pub image: String,
}

/// A cloud provider outside Kubernetes' own binaries.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct ExternalCloudProviderConfig {
    /// Whether there is one.
    pub enabled: Option<bool>,
    /// URLs of its manifests.
    pub manifests: Vec<String>,
}

/// A manifest to apply.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct ClusterInlineManifest {
    /// Name, unique in the configuration.
    #[config(always)]
    pub name: String,
    /// YAML of the resources.
    #[config(always)]
    pub contents: String,
}

/// Kubeconfigs that Talos hands out.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct AdminKubeconfigConfig {
    /// Validity of their certificates.
    pub cert_lifetime: Duration,
}
