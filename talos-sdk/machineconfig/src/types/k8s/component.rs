//! Components of Kubernetes.

use std::collections::BTreeMap;

use talos_machineconfig_derive::Fields;

use crate::types::{Args, Unstructured};

/// The kubelet.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "KubeletConfig", since = "1.14")]
pub struct KubeletConfig {
    /// Image, whose tag is the Kubernetes version.
    #[config(always)]
    pub image: String,
    /// Fields of the kubelet's own configuration.
    #[config(always)]
    pub config: Unstructured,
    /// More command line arguments.
    pub extra_args: Args,
    /// DNS servers of pods, if not the default.
    #[config(key = "clusterDNS")]
    pub cluster_dns: Vec<String>,
    /// Whether pods get the runtime's default seccomp profile.
    pub default_runtime_seccomp_profile_enabled: Option<bool>,
}

/// Credential provider plugins of the kubelet.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "KubeCredentialProviderConfig", since = "1.14")]
pub struct KubeCredentialProviderConfig {
    /// Their configuration. A patch replaces it.
    #[config(always, replace)]
    pub configuration: Unstructured,
}

/// The API server.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "KubeAPIServerConfig", since = "1.14", control_plane)]
pub struct KubeApiServerConfig {
    /// Image.
    #[config(always)]
    pub image: String,
    /// More command line arguments.
    pub extra_args: Args,
    /// Environment variables.
    pub env: BTreeMap<String, String>,
    /// Requests and limits.
    pub resources: ResourcesConfig,
    /// Port on the machine.
    pub api_port: Option<i64>,
    /// More names and addresses for its certificate.
    #[config(key = "certExtraSANs")]
    pub cert_extra_sans: Vec<String>,
    /// Whether it has a startup probe.
    pub startup_probes: Option<bool>,
}

/// The controller manager.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "KubeControllerManagerConfig", since = "1.14", control_plane)]
pub struct KubeControllerManagerConfig {
    /// Whether it runs.
    pub enabled: Option<bool>,
    /// Image.
    #[config(always)]
    pub image: String,
    /// More command line arguments.
    pub extra_args: Args,
    /// Environment variables.
    pub env: BTreeMap<String, String>,
    /// Requests and limits.
    pub resources: ResourcesConfig,
}

/// The scheduler.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "KubeSchedulerConfig", since = "1.14", control_plane)]
pub struct KubeSchedulerConfig {
    /// Whether it runs.
    pub enabled: Option<bool>,
    /// Image.
    #[config(always)]
    pub image: String,
    /// Its own configuration.
    #[config(always)]
    pub config: Unstructured,
    /// More command line arguments.
    pub extra_args: Args,
    /// Environment variables.
    pub env: BTreeMap<String, String>,
    /// Requests and limits.
    pub resources: ResourcesConfig,
}

/// The kube-proxy.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "KubeProxyConfig", since = "1.14", control_plane)]
pub struct KubeProxyConfig {
    /// Whether it runs.
    pub enabled: Option<bool>,
    /// Image.
    pub image: String,
    /// Mode: `iptables`, `ipvs` or `nftables`.
    pub mode: String,
    /// Its own configuration.
    #[config(always)]
    pub config: Unstructured,
    /// More command line arguments.
    pub extra_args: Args,
    /// Requests and limits.
    pub resources: ResourcesConfig,
}

/// Requests and limits of a component.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct ResourcesConfig {
    /// `cpu` and `memory` it asks for.
    pub requests: Unstructured,
    /// `cpu` and `memory` it may use.
    pub limits: Unstructured,
}
