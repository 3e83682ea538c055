//! Cluster, node and what runs on every node.

use std::collections::BTreeMap;

use talos_machineconfig_derive::Fields;

use crate::model::Value as _;
use crate::types::k8s::ResourcesConfig;
use crate::types::v1alpha1;
use crate::types::{Unstructured, Url};
use crate::validate::address::{check_filters, endpoint_problem};
use crate::validate::kubernetes::{check_annotations, check_labels, check_roles, check_taints};
use crate::validate::{Findings, Rules};

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

impl Rules for KubeClusterConfig {
    fn check(&self, found: &mut Findings) {
        found.require("clusterName", &self.cluster_name, "the name of the cluster");
        if self.endpoint.is_zero() {
            found.missing("endpoint", "the URL of the Kubernetes API, such as https://cluster.example:6443");
        } else if let Some(problem) = endpoint_problem(&self.endpoint) {
            found.error("endpoint", problem);
        }
    }

    fn check_sections(&self, sections: &v1alpha1::Config, found: &mut Findings) {
        let Some(cluster) = &sections.cluster else { return };
        found.exclude("cluster.clusterName", !cluster.cluster_name.is_empty());
        let endpoint = cluster.control_plane.as_ref().and_then(|plane| plane.endpoint.as_ref());
        found.exclude("cluster.controlPlane.endpoint", endpoint.is_some());
    }
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

impl Rules for KubeNodeConfig {
    fn check(&self, found: &mut Findings) {
        found.within("nodeIP", |found| check_filters("validSubnets", &self.node_ip.valid_subnets, found));
        check_labels("labels", &self.labels, found);
        check_annotations("annotations", &self.annotations, found);
        check_taints("taints", &self.taints, found);
    }

    fn check_sections(&self, sections: &v1alpha1::Config, found: &mut Findings) {
        if let Some(cluster) = &sections.cluster {
            let (new, old) =
                (cluster.allow_scheduling_on_control_planes, cluster.allow_scheduling_on_masters);
            found.exclude("cluster.allowSchedulingOnControlPlanes", new.is_some());
            found.exclude("cluster.allowSchedulingOnMasters", old.is_some());
        }
        let Some(machine) = &sections.machine else { return };
        if let Some(kubelet) = &machine.kubelet {
            found.exclude("machine.kubelet.skipNodeRegistration", kubelet.skip_node_registration.is_some());
            found.exclude("machine.kubelet.registerWithFQDN", kubelet.register_with_fqdn.is_some());
            found.exclude("machine.kubelet.nodeIP", kubelet.node_ip.is_some());
        }
        found.exclude("machine.nodeLabels", machine.node_labels.is_given());
        found.exclude("machine.nodeAnnotations", machine.node_annotations.is_given());
        found.exclude("machine.nodeTaints", machine.node_taints.is_given());
    }
}

/// Which addresses a node may use.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct NodeIpConfig {
    /// Networks to choose from; a leading `!` excludes one.
    pub valid_subnets: Vec<String>,
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

impl Rules for KubeFlannelCniConfig {
    fn check(&self, found: &mut Findings) {
        found.require("backendType", &self.backend_type, "the backend, such as vxlan");
        self.resources.check(found);
    }

    fn check_sections(&self, sections: &v1alpha1::Config, found: &mut Findings) {
        let is_set = sections.cluster.as_ref().is_some_and(|cluster| cluster.network.is_some());
        found.exclude("cluster.network", is_set);
    }
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

impl Rules for KubeCoreDnsConfig {
    fn check_sections(&self, sections: &v1alpha1::Config, found: &mut Findings) {
        let is_set = sections.cluster.as_ref().is_some_and(|cluster| cluster.core_dns.is_some());
        found.exclude("cluster.coreDNS", is_set);
    }
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

impl Rules for KubePrismConfig {
    fn check(&self, found: &mut Findings) {
        if !(1..=65535).contains(&self.port) {
            found.error("port", "the port is out of range: write 1 to 65535, 7445 as a rule");
        }
    }

    fn check_sections(&self, sections: &v1alpha1::Config, found: &mut Findings) {
        let features = sections.machine.as_ref().and_then(|machine| machine.features.as_ref());
        found.exclude(
            "machine.features.kubePrism",
            features.is_some_and(|features| features.kube_prism.is_some()),
        );
    }
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

impl Rules for KubeTalosApiAccessConfig {
    fn check(&self, found: &mut Findings) {
        check_roles("allowedRoles", &self.allowed_roles, found);
    }

    fn check_sections(&self, sections: &v1alpha1::Config, found: &mut Findings) {
        let features = sections.machine.as_ref().and_then(|machine| machine.features.as_ref());
        let is_set = features.is_some_and(|features| features.kubernetes_talos_api_access.is_some());
        found.exclude("machine.features.kubernetesTalosAPIAccess", is_set);
    }
}
