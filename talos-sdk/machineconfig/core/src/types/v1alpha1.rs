//! The document that holds the sections `machine` and `cluster`, deprecated fields included.

mod bond;
mod cluster;
mod config;
mod control_plane;
mod encryption;
mod features;
mod install;
mod kubelet;
mod lists;
mod machine;
mod network;
mod registries;

pub use bond::Bond;
pub use cluster::{
    AdminKubeconfigConfig, ClusterConfig, ClusterDiscoveryConfig, ClusterInlineManifest,
    ClusterNetworkConfig, CniConfig, ControlPlaneConfig, CoreDns, DiscoveryRegistriesConfig, EtcdConfig,
    ExternalCloudProviderConfig, FlannelCniConfig, RegistryKubernetesConfig, RegistryServiceConfig,
};
pub use config::Config;
pub use control_plane::{
    AdmissionPluginConfig, ApiServerConfig, AuthorizationConfigAuthorizerConfig, ControllerManagerConfig,
    ProxyConfig, ResourcesConfig, SchedulerConfig, VolumeMountConfig,
};
pub use encryption::{
    EncryptionConfig, EncryptionKey, EncryptionKeyKms, EncryptionKeyNodeId, EncryptionKeyStatic,
    EncryptionKeyTpm, SystemDiskEncryptionConfig,
};
pub use features::{
    FeaturesConfig, HostDnsConfig, ImageCacheConfig, KubePrism, KubernetesTalosApiAccessConfig,
};
pub use install::{InstallConfig, InstallDiskSelector, InstallExtensionConfig};
pub use kubelet::{ExtraMount, KubeletConfig, KubeletNodeIpConfig, LinuxIdMapping};
pub use machine::{
    DiskPartition, KernelConfig, KernelModuleConfig, LoggingConfig, LoggingDestination, MachineConfig,
    MachineControlPlaneConfig, MachineControllerManagerConfig, MachineDisk, MachineFile,
    MachineSchedulerConfig, MachineSeccompProfile, TimeConfig, UdevConfig,
};
pub use network::{
    Bridge, BridgePort, BridgeVlan, Device, DeviceVipConfig, DeviceWireguardConfig, DeviceWireguardPeer,
    DhcpOptions, ExtraHost, KubeSpanFilters, NetworkConfig, NetworkDeviceSelector, NetworkKubeSpan, Route,
    Stp, VipEquinixMetalConfig, VipHCloudConfig, Vlan,
};
pub use registries::{
    RegistriesConfig, RegistryAuthConfig, RegistryConfig, RegistryMirrorConfig, RegistryTlsConfig,
};
