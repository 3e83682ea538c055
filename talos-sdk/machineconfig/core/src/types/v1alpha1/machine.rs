//! The section `machine`.

use std::collections::BTreeMap;

use talos_machineconfig_derive::Fields;

use crate::types::v1alpha1::{
    FeaturesConfig, InstallConfig, KubeletConfig, NetworkConfig, RegistriesConfig, SystemDiskEncryptionConfig,
};
use crate::types::{
    Certificate, CertificateAndKey, DiskSize, Duration, FileMode, Given, List, Secret, Unstructured, Url,
};

/// The machine itself: identity, operating system, network, disks.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct MachineConfig {
    /// Role: `controlplane`, `worker` or `init`; see [`MachineType`](crate::MachineType).
    #[config(always)]
    pub r#type: String,
    /// Token by which machines of the cluster get certificates.
    #[config(always)]
    pub token: Secret,
    /// Certificate authority of the Talos API; its key is on control planes only.
    pub ca: Option<CertificateAndKey>,
    /// Further authorities whose client certificates are accepted.
    #[config(key = "acceptedCAs")]
    pub accepted_cas: List<Certificate>,
    /// More names and addresses for the certificate of the Talos API.
    #[config(key = "certSANs", always)]
    pub cert_sans: Vec<String>,
    /// Control plane components to switch off on this machine.
    #[config(deprecated)]
    pub control_plane: Option<MachineControlPlaneConfig>,
    /// The kubelet.
    #[config(deprecated)]
    pub kubelet: Option<KubeletConfig>,
    /// Static pods, as Kubernetes manifests.
    #[config(deprecated)]
    pub pods: Vec<Unstructured>,
    /// Network. Deprecated: separate documents since 1.12.
    #[config(deprecated)]
    pub network: Option<NetworkConfig>,
    /// Further disks to partition and mount. Deprecated: `UserVolumeConfig`.
    #[config(deprecated)]
    pub disks: List<MachineDisk>,
    /// How Talos is installed.
    #[config(deprecated)]
    pub install: Option<InstallConfig>,
    /// Files to write. Deprecated in favour of documents for each purpose.
    #[config(deprecated)]
    pub files: List<MachineFile>,
    /// Environment variables of services, such as proxies.
    #[config(deprecated)]
    pub env: BTreeMap<String, String>,
    /// Time synchronisation.
    #[config(deprecated)]
    pub time: Option<TimeConfig>,
    /// Kernel parameters.
    #[config(deprecated)]
    pub sysctls: BTreeMap<String, String>,
    /// Values below `/sys`.
    #[config(deprecated)]
    pub sysfs: BTreeMap<String, String>,
    /// Image registries. Deprecated: separate documents since 1.12.
    #[config(deprecated)]
    pub registries: RegistriesConfig,
    /// Encryption of the system partitions. Deprecated: `VolumeConfig`.
    #[config(deprecated)]
    pub system_disk_encryption: Option<SystemDiskEncryptionConfig>,
    /// Features to switch on or off.
    pub features: Option<FeaturesConfig>,
    /// Rules of udev.
    #[config(deprecated)]
    pub udev: Option<UdevConfig>,
    /// Where logs are sent.
    pub logging: Option<LoggingConfig>,
    /// Kernel modules.
    #[config(deprecated)]
    pub kernel: Option<KernelConfig>,
    /// Seccomp profiles that pods can name.
    pub seccomp_profiles: List<MachineSeccompProfile>,
    /// Changes to the OCI runtime specification of every container.
    #[config(deprecated)]
    pub base_runtime_spec_overrides: Unstructured,
    /// Labels of the Kubernetes node.
    #[config(deprecated)]
    pub node_labels: Given<BTreeMap<String, String>>,
    /// Annotations of the Kubernetes node.
    #[config(deprecated)]
    pub node_annotations: Given<BTreeMap<String, String>>,
    /// Taints of the Kubernetes node, as `value:effect` by key.
    #[config(deprecated)]
    pub node_taints: Given<BTreeMap<String, String>>,
}

/// Control plane components to switch off on one machine.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct MachineControlPlaneConfig {
    /// The controller manager.
    pub controller_manager: Option<MachineControllerManagerConfig>,
    /// The scheduler.
    pub scheduler: Option<MachineSchedulerConfig>,
}

/// Whether this machine runs the controller manager.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct MachineControllerManagerConfig {
    /// True: it does not.
    pub disabled: Option<bool>,
}

/// Whether this machine runs the scheduler.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct MachineSchedulerConfig {
    /// True: it does not.
    pub disabled: Option<bool>,
}

/// A further disk to partition and mount.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct MachineDisk {
    /// Path of the device, such as `/dev/sdb`.
    pub device: String,
    /// Partitions to make.
    pub partitions: List<DiskPartition>,
}

/// A partition of a further disk.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct DiskPartition {
    /// Size in bytes; absent takes what is left.
    pub size: DiskSize,
    /// Where it is mounted.
    pub mountpoint: String,
}

/// A file to write.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct MachineFile {
    /// What the file holds.
    #[config(always)]
    pub content: String,
    /// Permissions of the file.
    #[config(always)]
    pub permissions: FileMode,
    /// Where the file is.
    #[config(always)]
    pub path: String,
    /// `create`, `append` or `overwrite`.
    #[config(always)]
    pub op: String,
}

/// Time synchronisation.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct TimeConfig {
    /// True: the clock is left alone.
    pub disabled: Option<bool>,
    /// NTP servers.
    pub servers: Vec<String>,
    /// How long the boot waits for the clock; zero waits for ever.
    pub boot_timeout: Duration,
}

/// Rules of udev.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct UdevConfig {
    /// One rule an entry.
    pub rules: Vec<String>,
}

/// Where logs are sent.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct LoggingConfig {
    /// Receivers.
    #[config(always)]
    pub destinations: Vec<LoggingDestination>,
}

/// A receiver of logs.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct LoggingDestination {
    /// `tcp://` or `udp://` URL.
    #[config(always)]
    pub endpoint: Option<Url>,
    /// Format, `json_lines`.
    #[config(always)]
    pub format: String,
    /// Tags added to every entry.
    pub extra_tags: BTreeMap<String, String>,
}

/// Kernel modules.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct KernelConfig {
    /// Modules to load.
    pub modules: List<KernelModuleConfig>,
}

/// A kernel module.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct KernelModuleConfig {
    /// Name of the module.
    #[config(always)]
    pub name: String,
    /// Its parameters.
    pub parameters: Vec<String>,
}

/// A seccomp profile.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct MachineSeccompProfile {
    /// File name by which pods refer to it.
    #[config(always)]
    pub name: String,
    /// The profile.
    #[config(always)]
    pub value: Unstructured,
}
