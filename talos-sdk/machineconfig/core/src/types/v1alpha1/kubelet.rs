//! The kubelet on a machine.

use talos_machineconfig_derive::Fields;

use crate::types::{Args, Unstructured};

/// The kubelet.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct KubeletConfig {
    /// Image, whose tag is the Kubernetes version.
    pub image: String,
    /// DNS servers of pods, if not the default.
    #[config(key = "clusterDNS")]
    pub cluster_dns: Vec<String>,
    /// More command line arguments.
    pub extra_args: Args,
    /// More directories of the host inside the kubelet.
    pub extra_mounts: Vec<ExtraMount>,
    /// Fields of the kubelet's own configuration.
    pub extra_config: Unstructured,
    /// Configuration of credential provider plugins.
    pub credential_provider_config: Unstructured,
    /// Whether pods get the runtime's default seccomp profile.
    pub default_runtime_seccomp_profile_enabled: Option<bool>,
    /// Whether the node's name is the full domain name.
    #[config(key = "registerWithFQDN")]
    pub register_with_fqdn: Option<bool>,
    /// Which addresses the node may use.
    #[config(key = "nodeIP")]
    pub node_ip: Option<KubeletNodeIpConfig>,
    /// True: the kubelet runs static pods without joining the cluster.
    pub skip_node_registration: Option<bool>,
    /// True: manifests in `/etc/kubernetes/manifests` are ignored.
    pub disable_manifests_directory: Option<bool>,
}

/// Which addresses a node may use.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct KubeletNodeIpConfig {
    /// Networks to choose from; a leading `!` excludes one.
    pub valid_subnets: Vec<String>,
}

/// A directory of the host inside the kubelet, in the terms of the OCI runtime specification.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct ExtraMount {
    /// Path inside.
    #[config(always)]
    pub destination: String,
    /// Type of the mount, such as `bind`.
    pub r#type: String,
    /// Path on the host.
    pub source: String,
    /// Options of the mount.
    pub options: Vec<String>,
    /// User id mappings.
    pub uid_mappings: Vec<LinuxIdMapping>,
    /// Group id mappings.
    pub gid_mappings: Vec<LinuxIdMapping>,
}

/// A range of ids in a container and on the host.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct LinuxIdMapping {
    /// First id in the container.
    #[config(key = "containerID", always)]
    pub container_id: u32,
    /// First id on the host.
    #[config(key = "hostID", always)]
    pub host_id: u32,
    /// Number of ids.
    #[config(always)]
    pub size: u32,
}
