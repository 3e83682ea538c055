//! The kinds of documents.

use std::any::Any;

use serde::{Serialize, Serializer};
use talos_yaml::{Node, from_node};

use crate::contract::Contract;
use crate::error::Result;
use crate::model::{Check, DeleteError, Item, Mismatch, Rule, Shape, Value};
use crate::types::{block, cluster, container, cri, k8s, network, runtime, security, storage, v1alpha1};
use crate::validate::Rules;

/// The kind of the document that has neither `apiVersion` nor `kind` in its text.
pub(crate) const V1ALPHA1: &str = "v1alpha1";

/// A kind of document, as a type: what [`Config::documents_of`](crate::Config::documents_of) and its neighbours take.
/// Implemented by the structs of the kinds, and by them alone.
pub trait DocumentKind: Into<Document> + Any + sealed::Sealed {
    /// As the text spells it.
    const KIND: &'static str;
    /// The first Talos version that knows it.
    const SINCE: Contract;
    /// Whether only control planes may have it.
    const CONTROL_PLANE: bool;
    /// Whether there may be several, told apart by their names.
    const NAMED: bool;
}

mod sealed {
    pub trait Sealed {}
}

/// What is known of a kind without a document of it.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    pub(crate) since: Contract,
    pub(crate) control_plane: bool,
    pub(crate) named: bool,
    /// What its documents look like in the text.
    pub(crate) shape: &'static Shape,
}

impl Kind {
    const fn of<T: DocumentKind + Value>() -> Self {
        Self {
            name: T::KIND,
            since: T::SINCE,
            control_plane: T::CONTROL_PLANE,
            named: T::NAMED,
            shape: T::SHAPE,
        }
    }

    pub(crate) fn find(name: &str) -> Option<&'static Self> {
        Document::TABLE.iter().find(|kind| kind.name == name)
    }
}

macro_rules! documents {
    ($($variant:ident($ty:ty) = $kind:literal $(, name = $name:ident)? $(, excludes = $excludes:literal)?;)*) => {
        /// One document of a configuration.
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum Document {
            /// The document that holds the sections `machine` and `cluster`.
            V1Alpha1(Box<v1alpha1::Config>),
            $(
                #[doc = concat!("Kind `", $kind, "`.")]
                $variant(Box<$ty>),
            )*
        }

        impl Document {
            /// Every kind this crate knows.
            pub const KINDS: &'static [&'static str] = &[V1ALPHA1, $($kind),*];

            /// The kind, as the text spells it; `v1alpha1` for the document with the sections.
            pub fn kind(&self) -> &'static str {
                match self {
                    Self::V1Alpha1(_) => V1ALPHA1,
                    $(Self::$variant(_) => $kind,)*
                }
            }

            /// The name, for kinds that there may be several documents of.
            pub fn name(&self) -> Option<&str> {
                match self {
                    Self::V1Alpha1(_) => None,
                    $(Self::$variant(_doc) => documents!(@name _doc $($name)?),)*
                }
            }

            pub(crate) const TABLE: &'static [Kind] = &[Kind::of::<v1alpha1::Config>(), $(Kind::of::<$ty>()),*];

            pub(crate) fn as_any(&self) -> &dyn Any {
                match self {
                    Self::V1Alpha1(doc) => &**doc,
                    $(Self::$variant(doc) => &**doc,)*
                }
            }

            pub(crate) fn as_any_mut(&mut self) -> &mut dyn Any {
                match self {
                    Self::V1Alpha1(doc) => &mut **doc,
                    $(Self::$variant(doc) => &mut **doc,)*
                }
            }

            pub(crate) fn into_any(self) -> Box<dyn Any> {
                match self {
                    Self::V1Alpha1(doc) => doc,
                    $(Self::$variant(doc) => doc,)*
                }
            }

            /// What validation asks of the document.
            pub(crate) fn rules(&self) -> &dyn Rules {
                match self {
                    Self::V1Alpha1(doc) => &**doc,
                    $(Self::$variant(doc) => &**doc,)*
                }
            }

            /// The kind of which there must be no document with the same name.
            pub(crate) fn excluded_kind(&self) -> Option<&'static str> {
                match self {
                    $($(Self::$variant(_) => Some($excludes),)?)*
                    _ => None,
                }
            }

            /// Reads the document of `kind` that `node` is. Unknown keys are passed over.
            pub(crate) fn from_node(kind: &str, node: &Node) -> Result<Option<Self>> {
                Ok(Some(match kind {
                    V1ALPHA1 => Self::V1Alpha1(Box::new(from_node(node)?)),
                    $($kind => Self::$variant(Box::new(from_node(node)?)),)*
                    _ => return Ok(None),
                }))
            }

            /// Merges a document of the same kind. Documents of different kinds are left as they are.
            pub(crate) fn merge(&mut self, right: Self) -> Result<(), Mismatch> {
                match (self, right) {
                    (Self::V1Alpha1(left), Self::V1Alpha1(right)) => left.merge(*right, Rule::MERGE),
                    $((Self::$variant(left), Self::$variant(right)) => left.merge(*right, Rule::MERGE),)*
                    _ => Ok(()),
                }
            }

            /// Deletes what is at `path`.
            pub(crate) fn delete(&mut self, path: &[String], item: Option<&Item>) -> Result<(), DeleteError> {
                match self {
                    Self::V1Alpha1(doc) => doc.delete(path, item),
                    $(Self::$variant(doc) => doc.delete(path, item),)*
                }
            }
        }

        impl Serialize for Document {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self {
                    Self::V1Alpha1(doc) => doc.serialize(serializer),
                    $(Self::$variant(doc) => doc.serialize(serializer),)*
                }
            }
        }

        documents!(@kind V1Alpha1(v1alpha1::Config));
        $(documents!(@kind $variant($ty) $($name)?);)*
    };
    (@kind $variant:ident($ty:ty) $($name:ident)?) => {
        impl From<$ty> for Document {
            fn from(document: $ty) -> Self {
                Self::$variant(Box::new(document))
            }
        }

        impl sealed::Sealed for $ty {}

        impl DocumentKind for $ty {
            const KIND: &'static str = <$ty as Value>::SHAPE.header().kind;
            const SINCE: Contract = <$ty as Value>::SHAPE.header().since;
            const CONTROL_PLANE: bool = <$ty as Value>::SHAPE.header().control_plane;
            const NAMED: bool = documents!(@named $($name)?);
        }
    };
    (@named) => { false };
    (@named $name:ident) => { true };
    (@name $doc:ident) => { None };
    (@name $doc:ident $name:ident) => { Some(&$doc.$name) };
}

documents! {
    BgpInstanceConfig(network::BgpInstanceConfig) = "BGPInstanceConfig", name = name;
    BlackholeRouteConfig(network::BlackholeRouteConfig) = "BlackholeRouteConfig", name = name;
    BondConfig(network::BondConfig) = "BondConfig", name = name;
    BridgeConfig(network::BridgeConfig) = "BridgeConfig", name = name;
    CriBaseRuntimeSpecConfig(cri::CriBaseRuntimeSpecConfig) = "CRIBaseRuntimeSpecConfig";
    CriCustomizationConfig(cri::CriCustomizationConfig) = "CRICustomizationConfig", name = name;
    ContainerConfig(container::ContainerConfig) = "ContainerConfig", name = name;
    DhcPv4Config(network::DhcPv4Config) = "DHCPv4Config", name = name;
    DhcPv6Config(network::DhcPv6Config) = "DHCPv6Config", name = name;
    DiscoveryIdentityConfig(cluster::DiscoveryIdentityConfig) = "DiscoveryIdentityConfig";
    DiscoveryServiceConfig(cluster::DiscoveryServiceConfig) = "DiscoveryServiceConfig", name = name;
    DummyLinkConfig(network::DummyLinkConfig) = "DummyLinkConfig", name = name;
    EnvironmentConfig(runtime::EnvironmentConfig) = "EnvironmentConfig";
    EtcFileConfig(runtime::EtcFileConfig) = "EtcFileConfig", name = name;
    EthernetConfig(network::EthernetConfig) = "EthernetConfig", name = name;
    EventSinkConfig(runtime::EventSinkConfig) = "EventSinkConfig";
    ExistingVolumeConfig(block::ExistingVolumeConfig) = "ExistingVolumeConfig", name = name, excludes = "UserVolumeConfig";
    ExtensionServiceConfig(runtime::ExtensionServiceConfig) = "ExtensionServiceConfig", name = name;
    ExternalVolumeConfig(block::ExternalVolumeConfig) = "ExternalVolumeConfig", name = name;
    FilesystemScrubConfig(block::FilesystemScrubConfig) = "FilesystemScrubConfig";
    FilesystemTrimConfig(block::FilesystemTrimConfig) = "FilesystemTrimConfig";
    HCloudVipConfig(network::HCloudVipConfig) = "HCloudVIPConfig", name = name, excludes = "Layer2VIPConfig";
    HttpProbeConfig(network::HttpProbeConfig) = "HTTPProbeConfig", name = name;
    HostnameConfig(network::HostnameConfig) = "HostnameConfig";
    ImageCacheConfig(cri::ImageCacheConfig) = "ImageCacheConfig";
    ImageVerificationConfig(security::ImageVerificationConfig) = "ImageVerificationConfig";
    KernelModuleConfig(runtime::KernelModuleConfig) = "KernelModuleConfig", name = name;
    KmsgLogConfig(runtime::KmsgLogConfig) = "KmsgLogConfig", name = name;
    KubeApiServerCaConfig(k8s::KubeApiServerCaConfig) = "KubeAPIServerCAConfig";
    KubeApiServerConfig(k8s::KubeApiServerConfig) = "KubeAPIServerConfig";
    KubeAdmissionControlConfig(k8s::KubeAdmissionControlConfig) = "KubeAdmissionControlConfig", name = name;
    KubeAggregatorCaConfig(k8s::KubeAggregatorCaConfig) = "KubeAggregatorCAConfig";
    KubeAuditPolicyConfig(k8s::KubeAuditPolicyConfig) = "KubeAuditPolicyConfig";
    KubeAuthenticationConfig(k8s::KubeAuthenticationConfig) = "KubeAuthenticationConfig";
    KubeAuthorizerConfig(k8s::KubeAuthorizerConfig) = "KubeAuthorizerConfig", name = name;
    KubeClusterConfig(k8s::KubeClusterConfig) = "KubeClusterConfig";
    KubeControllerManagerConfig(k8s::KubeControllerManagerConfig) = "KubeControllerManagerConfig";
    KubeCoreDnsConfig(k8s::KubeCoreDnsConfig) = "KubeCoreDNSConfig";
    KubeCredentialProviderConfig(k8s::KubeCredentialProviderConfig) = "KubeCredentialProviderConfig";
    KubeEtcdEncryptionConfig(k8s::KubeEtcdEncryptionConfig) = "KubeEtcdEncryptionConfig";
    KubeExternalManifestConfig(k8s::KubeExternalManifestConfig) = "KubeExternalManifestConfig", name = name;
    KubeFlannelCniConfig(k8s::KubeFlannelCniConfig) = "KubeFlannelCNIConfig";
    KubeInlineManifestConfig(k8s::KubeInlineManifestConfig) = "KubeInlineManifestConfig", name = name;
    KubeNetworkConfig(k8s::KubeNetworkConfig) = "KubeNetworkConfig";
    KubeNodeConfig(k8s::KubeNodeConfig) = "KubeNodeConfig";
    KubePrismConfig(k8s::KubePrismConfig) = "KubePrismConfig";
    KubeProxyConfig(k8s::KubeProxyConfig) = "KubeProxyConfig";
    KubeSchedulerConfig(k8s::KubeSchedulerConfig) = "KubeSchedulerConfig";
    KubeServiceAccountConfig(k8s::KubeServiceAccountConfig) = "KubeServiceAccountConfig";
    KubeSpanConfig(network::KubeSpanConfig) = "KubeSpanConfig";
    KubeSpanEndpointsConfig(network::KubeSpanEndpointsConfig) = "KubeSpanEndpointsConfig";
    KubeStaticPodConfig(k8s::KubeStaticPodConfig) = "KubeStaticPodConfig", name = name;
    KubeTalosApiAccessConfig(k8s::KubeTalosApiAccessConfig) = "KubeTalosAPIAccessConfig";
    KubeletConfig(k8s::KubeletConfig) = "KubeletConfig";
    LvmLogicalVolumeConfig(storage::LvmLogicalVolumeConfig) = "LVMLogicalVolumeConfig", name = name;
    LvmVolumeGroupConfig(storage::LvmVolumeGroupConfig) = "LVMVolumeGroupConfig", name = name;
    Layer2VipConfig(network::Layer2VipConfig) = "Layer2VIPConfig", name = name, excludes = "HCloudVIPConfig";
    LinkAliasConfig(network::LinkAliasConfig) = "LinkAliasConfig", name = name;
    LinkConfig(network::LinkConfig) = "LinkConfig", name = name;
    NetworkDefaultActionConfig(network::NetworkDefaultActionConfig) = "NetworkDefaultActionConfig";
    NetworkRuleConfig(network::NetworkRuleConfig) = "NetworkRuleConfig", name = name;
    OomConfig(runtime::OomConfig) = "OOMConfig";
    PciDriverRebindConfig(runtime::PciDriverRebindConfig) = "PCIDriverRebindConfig", name = name;
    RaidArrayConfig(storage::RaidArrayConfig) = "RAIDArrayConfig", name = name;
    RawVolumeConfig(block::RawVolumeConfig) = "RawVolumeConfig", name = name;
    RegistryAuthConfig(cri::RegistryAuthConfig) = "RegistryAuthConfig", name = name;
    RegistryMirrorConfig(cri::RegistryMirrorConfig) = "RegistryMirrorConfig", name = name;
    RegistryTlsConfig(cri::RegistryTlsConfig) = "RegistryTLSConfig", name = name;
    ResolverConfig(network::ResolverConfig) = "ResolverConfig";
    RoutingRuleConfig(network::RoutingRuleConfig) = "RoutingRuleConfig", name = name;
    SecurityProfileConfig(runtime::SecurityProfileConfig) = "SecurityProfileConfig";
    SideroLinkConfig(runtime::SideroLinkConfig) = "SideroLinkConfig";
    StaticHostConfig(network::StaticHostConfig) = "StaticHostConfig", name = name;
    SwapVolumeConfig(block::SwapVolumeConfig) = "SwapVolumeConfig", name = name;
    SysctlConfig(runtime::SysctlConfig) = "SysctlConfig";
    SysfsConfig(runtime::SysfsConfig) = "SysfsConfig";
    TcpProbeConfig(network::TcpProbeConfig) = "TCPProbeConfig", name = name;
    TimeSyncConfig(network::TimeSyncConfig) = "TimeSyncConfig";
    TrustedRootsConfig(security::TrustedRootsConfig) = "TrustedRootsConfig", name = name;
    UdevRulesConfig(runtime::UdevRulesConfig) = "UdevRulesConfig";
    UnattendedInstallConfig(runtime::UnattendedInstallConfig) = "UnattendedInstallConfig";
    UserVolumeConfig(block::UserVolumeConfig) = "UserVolumeConfig", name = name, excludes = "ExistingVolumeConfig";
    VlanConfig(network::VlanConfig) = "VLANConfig", name = name;
    VrfConfig(network::VrfConfig) = "VRFConfig", name = name;
    VethConfig(network::VethConfig) = "VethConfig", name = name;
    VolumeConfig(block::VolumeConfig) = "VolumeConfig", name = name;
    WatchdogTimerConfig(runtime::WatchdogTimerConfig) = "WatchdogTimerConfig";
    WireguardConfig(network::WireguardConfig) = "WireguardConfig", name = name;
    ZswapConfig(block::ZswapConfig) = "ZswapConfig";
}

impl Document {
    /// Reads the document of `kind` that `node` is, strictly.
    pub(crate) fn read(kind: &str, node: &Node) -> Result<Option<Self>> {
        let Some(Kind { shape, .. }) = Kind::find(kind) else { return Ok(None) };
        let mut check = Check::default();
        check.walk(node, shape);
        check.finish()?;
        Self::from_node(kind, node)
    }

    /// What the document looks like in the text.
    pub(crate) fn shape(&self) -> &'static Shape {
        Kind::find(self.kind()).map_or(&Shape::Any, |kind| kind.shape)
    }

    /// The first Talos version that knows documents of this kind.
    pub fn since(&self) -> Contract {
        Kind::find(self.kind()).map_or(Contract::V1_0, |kind| kind.since)
    }

    /// Whether only control planes may have documents of this kind.
    pub fn is_control_plane_only(&self) -> bool {
        Kind::find(self.kind()).is_some_and(|kind| kind.control_plane)
    }

    /// The links that the document configures, each of which belongs to one document.
    pub(crate) fn links(&self) -> impl Iterator<Item = &str> {
        let (link, peer) = match self {
            Self::BondConfig(_)
            | Self::BridgeConfig(_)
            | Self::DummyLinkConfig(_)
            | Self::LinkConfig(_)
            | Self::VlanConfig(_)
            | Self::VrfConfig(_)
            | Self::WireguardConfig(_) => (self.name(), None),
            Self::VethConfig(veth) => (self.name(), Some(veth.peer.name.as_str())),
            _ => (None, None),
        };
        link.into_iter().chain(peer)
    }

    /// Kind and name, by which a patch finds the document: `HostnameConfig` or `RegistryMirrorConfig docker.io`.
    pub fn title(&self) -> String {
        match self.name() {
            Some(name) => format!("{} {name}", self.kind()),
            None => self.kind().to_owned(),
        }
    }

    /// Whether a patch means one document by these two.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.kind() == other.kind() && self.name() == other.name()
    }
}
