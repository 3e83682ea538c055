//! Cluster, node and network.

use std::collections::BTreeMap;

use talos_machineconfig_derive::Fields;

use crate::types::k8s::ResourcesConfig;
use crate::types::{Prefix, ReplaceList, Unstructured, Url};

/// The Kubernetes cluster.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "KubeClusterConfig", since = "1.14")]
pub struct KubeClusterConfig {
    /// Name of the cluster.
    #[config(always)]
    pub cluster_name: String,
    /// URL of the Kubernetes API.
    #[config(always)]
    pub endpoint: Url,
}

/// The Kubernetes node of the machine.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "KubeNodeConfig", since = "1.14")]
pub struct KubeNodeConfig {
    /// True: the kubelet runs static pods without joining the cluster.
    pub skip_node_registration: Option<bool>,
    /// Whether the node's name is the full domain name.
    #[config(key = "registerWithFQDN")]
    pub register_with_fqdn: Option<bool>,
    /// Which addresses the node may use.
    #[config(key = "nodeIP", always)]
    pub node_ip: NodeIpConfig,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Annotations.
    pub annotations: BTreeMap<String, String>,
    /// Taints, as `value:effect` by key.
    pub taints: BTreeMap<String, String>,
}

/// Which addresses a node may use.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct NodeIpConfig {
    /// Networks to choose from; a leading `!` excludes one.
    pub valid_subnets: Vec<String>,
}

/// Networks of pods and services.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "KubeNetworkConfig", since = "1.14")]
pub struct KubeNetworkConfig {
    /// DNS domain of the cluster.
    #[config(always)]
    pub dns_domain: String,
    /// Networks of pods. A patch replaces the list.
    #[config(always)]
    pub pod_subnets: ReplaceList<Prefix>,
    /// Networks of services. A patch replaces the list.
    #[config(always)]
    pub service_subnets: ReplaceList<Prefix>,
    /// Prefix length of a node's IPv4 network.
    #[config(key = "nodeCIDRMaskSizeIPv4")]
    pub node_cidr_mask_size_i_pv4: i64,
    /// Prefix length of a node's IPv6 network.
    #[config(key = "nodeCIDRMaskSizeIPv6")]
    pub node_cidr_mask_size_i_pv6: i64,
}

/// Flannel, the default network plugin.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "KubeFlannelCNIConfig", since = "1.14", control_plane)]
pub struct KubeFlannelCniConfig {
    /// Backend.
    #[config(always)]
    pub backend_type: String,
    /// Port of the backend.
    pub backend_port: u16,
    /// Largest packet of the backend in bytes.
    #[config(key = "backendMTU")]
    pub backend_mtu: u32,
    /// Further fields of the backend.
    pub backend_extra_config: Unstructured,
    /// Requests and limits.
    pub resources: ResourcesConfig,
    /// More arguments of flanneld.
    pub extra_args: Vec<String>,
    /// Whether network policies are enforced.
    pub kube_network_policies_enabled: Option<bool>,
}

/// CoreDNS.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "KubeCoreDNSConfig", since = "1.14", control_plane)]
pub struct KubeCoreDnsConfig {
    /// Whether Talos deploys it.
    pub enabled: Option<bool>,
    /// Image.
    pub image: String,
}

/// KubePrism, the local balancer for the Kubernetes API.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "KubePrismConfig", since = "1.14")]
pub struct KubePrismConfig {
    /// Port on the machine.
    #[config(always)]
    pub port: i64,
    /// Name in the API server's certificate.
    pub tls_server_name: String,
}

/// Access to the Talos API from pods.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "KubeTalosAPIAccessConfig", since = "1.14", control_plane)]
pub struct KubeTalosApiAccessConfig {
    /// Roles that pods may get.
    pub allowed_roles: Vec<String>,
    /// Namespaces whose pods may ask.
    pub allowed_kubernetes_namespaces: Vec<String>,
}
