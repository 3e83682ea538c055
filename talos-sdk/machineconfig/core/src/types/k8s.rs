//! Documents of Kubernetes.

mod api_server;
mod authority;
mod cluster;
mod component;
mod manifest;
mod network;

pub use api_server::{
    KubeAdmissionControlConfig, KubeAuditPolicyConfig, KubeAuthenticationConfig, KubeAuthorizerConfig,
    KubeEtcdEncryptionConfig,
};
pub use authority::{
    AcceptedServiceAccountConfig, IssuerServiceAccountConfig, KubeAggregatorCaConfig, KubeApiServerCaConfig,
    KubeServiceAccountConfig,
};
pub use cluster::{
    KubeClusterConfig, KubeCoreDnsConfig, KubeFlannelCniConfig, KubeNodeConfig, KubePrismConfig,
    KubeTalosApiAccessConfig, NodeIpConfig,
};
pub use component::{
    KubeApiServerConfig, KubeControllerManagerConfig, KubeCredentialProviderConfig, KubeProxyConfig,
    KubeSchedulerConfig, KubeletConfig, ResourcesConfig,
};
pub use manifest::{KubeExternalManifestConfig, KubeInlineManifestConfig, KubeStaticPodConfig};
pub use network::KubeNetworkConfig;
