//! Containers that Talos runs beside Kubernetes.

use talos_machineconfig_derive::Fields;

/// A container that Talos runs beside Kubernetes.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "ContainerConfig", since = "1.14")]
pub struct ContainerConfig {
    /// Name of the document.
    #[config(always)]
    pub name: String,
    /// Image.
    #[config(always)]
    pub image: String,
    /// Program and first arguments.
    pub entrypoint: Vec<String>,
    /// Further arguments.
    pub args: Vec<String>,
    /// Working directory.
    pub working_dir: String,
    /// User and group.
    pub run_as: Option<ContainerRunAs>,
    /// Environment variables, `KEY=value`.
    pub environment: Vec<String>,
    /// Mounts.
    pub mounts: Vec<ContainerMount>,
    /// Restrictions.
    pub security: Option<ContainerSecurity>,
    /// Network.
    pub network: Option<ContainerNetwork>,
    /// Resources.
    pub resources: Option<ContainerResources>,
    /// What has to be there before it starts.
    pub depends_on: Option<ContainerDependsOn>,
}

/// User and group of a container.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct ContainerRunAs {
    /// User id.
    pub uid: Option<i32>,
    /// Group id.
    pub gid: Option<i32>,
}

/// A mount of a container; one of the kinds.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct ContainerMount {
    /// A user volume.
    pub user_volume: Option<UserVolumeMount>,
    /// A file system in memory.
    pub tmpfs: Option<TmpfsMount>,
    /// A path of the host.
    pub host_path: Option<HostPathMount>,
}

/// A user volume in a container.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct UserVolumeMount {
    /// Name of the volume.
    #[config(always)]
    pub name: String,
    /// Path inside.
    #[config(always)]
    pub destination: String,
    /// Options of the mount.
    pub options: Vec<String>,
}

/// A file system in memory.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct TmpfsMount {
    /// Path inside.
    #[config(always)]
    pub destination: String,
    /// Most bytes.
    pub size: String,
    /// Options of the mount.
    pub options: Vec<String>,
}

/// A path of the host in a container.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct HostPathMount {
    /// Path on the host.
    #[config(always)]
    pub source: String,
    /// Path inside.
    #[config(always)]
    pub destination: String,
    /// Options of the mount.
    pub options: Vec<String>,
}

/// Restrictions of a container.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct ContainerSecurity {
    /// Profile.
    pub profile: String,
    /// Capabilities.
    pub capabilities: Option<ContainerCapabilities>,
}

/// Capabilities of a container.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct ContainerCapabilities {
    /// Capabilities it gets.
    pub add: Vec<String>,
    /// Capabilities it loses.
    pub drop: Vec<String>,
}

/// Network of a container.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct ContainerNetwork {
    /// `none` or `host`.
    pub mode: String,
}

/// Resources of a container.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct ContainerResources {
    /// What it may use.
    pub limits: Option<ContainerResourceLimits>,
}

/// What a container may use.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct ContainerResourceLimits {
    /// CPU.
    pub cpu: String,
    /// Memory.
    pub memory: String,
}

/// What has to be there before a container starts.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct ContainerDependsOn {
    /// Paths.
    pub paths: Vec<String>,
    /// States of the network.
    pub networks: Vec<String>,
    /// Whether the clock has to be set.
    pub time: Option<bool>,
    /// Other containers.
    pub containers: Vec<String>,
}
