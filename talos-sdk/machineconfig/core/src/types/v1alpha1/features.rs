//! Features of a machine.

use talos_machineconfig_derive::Fields;

/// Features to switch on or off.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct FeaturesConfig {
    /// Whether roles are checked by the Talos API.
    #[config(deprecated)]
    pub rbac: Option<bool>,
    /// Whether the default host name is derived from the machine's identity.
    #[config(deprecated)]
    pub stable_hostname: Option<bool>,
    /// Access to the Talos API from pods.
    #[config(key = "kubernetesTalosAPIAccess", deprecated)]
    pub kubernetes_talos_api_access: Option<KubernetesTalosApiAccessConfig>,
    /// Whether the extended key usage of client certificates is checked.
    #[config(deprecated)]
    pub apid_check_ext_key_usage: Option<bool>,
    /// Whether disk quotas are supported.
    pub disk_quota_support: Option<bool>,
    /// KubePrism, the local balancer for the Kubernetes API.
    #[config(deprecated)]
    pub kube_prism: Option<KubePrism>,
    /// The DNS resolver of the host.
    #[config(key = "hostDNS", deprecated)]
    pub host_dns: Option<HostDnsConfig>,
    /// The local image cache.
    #[config(deprecated)]
    pub image_cache: Option<ImageCacheConfig>,
    /// Order of the node's addresses, `v1` or `v2`.
    pub node_address_sort_algorithm: String,
}

/// Access to the Talos API from pods.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct KubernetesTalosApiAccessConfig {
    /// Whether it is on.
    pub enabled: Option<bool>,
    /// Roles that pods may get.
    pub allowed_roles: Vec<String>,
    /// Namespaces whose pods may ask.
    pub allowed_kubernetes_namespaces: Vec<String>,
}

/// KubePrism, the local balancer for the Kubernetes API.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct KubePrism {
    /// Whether it is on.
    pub enabled: Option<bool>,
    /// Port on the machine.
    pub port: i64,
}

/// The DNS resolver of the host.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct HostDnsConfig {
    /// Whether it is on.
    pub enabled: Option<bool>,
    /// Whether CoreDNS asks it.
    #[config(key = "forwardKubeDNSToHost")]
    pub forward_kube_dns_to_host: Option<bool>,
    /// Whether it knows the names of cluster members.
    pub resolve_member_names: Option<bool>,
}

/// The local image cache.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct ImageCacheConfig {
    /// Whether it is on.
    pub local_enabled: Option<bool>,
}
