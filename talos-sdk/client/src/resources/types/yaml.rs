//! Types that have no protobuf message of their own.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use talos_proto::resource::network::DeviceConfigSpecSpec;
use talos_proto::talos::resource::definitions::extensions::Layer;
use talos_proto::talos::resource::definitions::runtime::KernelParamSpecSpec;

use crate::Result;
use crate::reply::malformed;
use crate::resources::{SpecData, protobuf};

/// Reads what a machine wrote as YAML.
fn from_yaml<T: serde::de::DeserializeOwned>(yaml: &str) -> Result<T> {
    talos_yaml::from_str(yaml).map_err(|error| malformed(error.to_string()).with_source(error))
}

macro_rules! without_fields {
    ($($(#[$doc:meta])* $name:ident;)*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
            #[non_exhaustive]
            pub struct $name {}

            impl SpecData for $name {
                fn decode_spec(_: Bytes, _: String) -> Result<Self> {
                    Ok(Self {})
                }
            }
        )*
    };
}

without_fields! {
    /// It exists where the machine should look for a configuration.
    AcquireConfigSpec;
    /// It exists once the machine has looked for a configuration.
    AcquireConfigStatus;
    /// It exists while the kubelet may run; its finalizers keep it from stopping.
    KubeletLifecycle;
    /// It exists once the machine is being reset.
    MachineResetSignal;
    /// It exists while the maintenance service should run.
    MaintenanceServiceRequest;
    /// It exists while the Kubernetes node should be cordoned.
    NodeCordonedSpec;
    /// Its id is the number of a register of the TPM.
    PcrStatus;
    /// It exists once the machine should restart.
    RebootRequest;
    /// It exists while volumes may be mounted; its finalizers keep them so.
    VolumeLifecycle;
}

/// A DNS server that the machine forwards to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct DnsUpstream {
    /// Whether it answers: `true` or `false`, as text.
    pub healthy: String,
    /// Its address.
    #[serde(rename = "addr")]
    pub address: String,
}

impl DnsUpstream {
    /// Whether it answers.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.healthy == "true"
    }
}

impl SpecData for DnsUpstream {
    fn decode_spec(_: Bytes, yaml: String) -> Result<Self> {
        from_yaml(&yaml)
    }
}

/// One entry of `machine.network.interfaces`. It may hold keys.
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeviceConfig {
    /// As in the machine configuration, as YAML.
    pub yaml: String,
}

impl std::fmt::Debug for DeviceConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

impl SpecData for DeviceConfig {
    const REDACTED: bool = true;

    fn decode_spec(proto: Bytes, yaml: String) -> Result<Self> {
        if proto.is_empty() {
            return Ok(Self { yaml });
        }
        let message: DeviceConfigSpecSpec = protobuf::message(proto)?;
        let yaml = String::from_utf8(message.yaml_marshalled.into());
        Ok(Self { yaml: yaml.map_err(|error| malformed("it is not UTF-8").with_source(error))? })
    }
}

/// A parameter of the kernel that Talos sets by default. Its id is the name of the parameter.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct KernelParamDefault {
    /// The value.
    pub value: String,
    /// Whether it does no harm if the kernel does not take it.
    #[serde(default)]
    pub ignore_errors: bool,
}

impl SpecData for KernelParamDefault {
    fn decode_spec(proto: Bytes, yaml: String) -> Result<Self> {
        if proto.is_empty() {
            return from_yaml(&yaml);
        }
        let KernelParamSpecSpec { value, ignore_errors } = protobuf::message(proto)?;
        Ok(Self { value, ignore_errors })
    }
}

/// A system extension that is installed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ExtensionStatus {
    /// The file that it comes in.
    pub image: String,
    /// What it says of itself.
    pub metadata: ExtensionMetadata,
}

/// What a system extension says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct ExtensionMetadata {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Who made it.
    pub author: String,
    /// What it is for.
    pub description: String,
    /// What it works with.
    pub compatibility: ExtensionCompatibility,
    /// Anything else.
    pub extra_info: String,
}

/// What a system extension works with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ExtensionCompatibility {
    /// Which versions of Talos.
    pub talos: ExtensionConstraint,
}

/// Which versions a system extension works with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ExtensionConstraint {
    /// An expression such as `>= v1.0.0`.
    pub version: String,
}

impl SpecData for ExtensionStatus {
    fn decode_spec(proto: Bytes, yaml: String) -> Result<Self> {
        if proto.is_empty() {
            return from_yaml(&yaml);
        }
        let Layer { image, metadata } = protobuf::message(proto)?;
        let metadata = metadata.unwrap_or_default();
        let talos = metadata.compatibility.unwrap_or_default().talos.unwrap_or_default();
        Ok(Self {
            image,
            metadata: ExtensionMetadata {
                name: metadata.name,
                version: metadata.version,
                author: metadata.author,
                description: metadata.description,
                compatibility: ExtensionCompatibility {
                    talos: ExtensionConstraint { version: talos.version },
                },
                extra_info: metadata.extra_info,
            },
        })
    }
}

super::types! {
    AcquireConfigSpec = "AcquireConfigSpecs.v1alpha1.talos.dev" in "runtime", since 9;
    AcquireConfigStatus = "AcquireConfigStatuses.v1alpha1.talos.dev" in "runtime", since 9;
    DnsUpstream = "DNSUpstreams.net.talos.dev" in "network", since 9;
    DeviceConfig = "DeviceConfigSpecs.net.talos.dev" in "network", since 9, sensitive true;
    ExtensionStatus = "ExtensionStatuses.runtime.talos.dev" in "runtime", since 9;
    KernelParamDefault = "KernelParamDefaultSpecs.runtime.talos.dev" in "runtime", since 9;
    KubeletLifecycle = "KubeletLifecycles.kubernetes.talos.dev" in "k8s", since 9, id "kubelet";
    MachineResetSignal = "MachineResetSignals.runtime.talos.dev" in "runtime", since 9, id "machine";
    MaintenanceServiceRequest = "MaintenanceServiceRequests.runtime.talos.dev" in "runtime", since 9, id "maintenance";
    NodeCordonedSpec = "NodeCordonedSpecs.k8s.talos.dev" in "k8s", since 9, sensitive true, id "cordoned";
    PcrStatus = "PCRStatuses.hardware.talos.dev" in "hardware", since 10;
    RebootRequest = "RebootRequests.runtime.talos.dev" in "runtime", since 14, id "reboot-request";
    VolumeLifecycle = "VolumeLifecycles.block.talos.dev" in "runtime", since 9, id "volumes";
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use prost::Message as _;
    use talos_proto::talos::resource::definitions::extensions::Metadata;

    use super::*;

    #[test]
    fn what_go_writes_as_yaml_is_read() {
        let read = |yaml: &str| ExtensionStatus::decode_spec(Bytes::new(), yaml.to_owned()).unwrap();
        let extension = read(concat!(
            "image: 000.sqsh\nmetadata:\n    name: gvisor\n    version: 20240729.0-v1.8.0\n    author: A\n",
            "    description: |\n        Two\n        lines.\n    compatibility:\n        talos:\n            version: '>= v1.0.0'\n    extraInfo: x\n",
        ));
        assert_eq!(
            (extension.metadata.name.as_str(), extension.metadata.extra_info.as_str()),
            ("gvisor", "x")
        );
        assert_eq!(extension.metadata.compatibility.talos.version, ">= v1.0.0");
        let layer = Layer {
            image: "000.sqsh".into(),
            metadata: Some(Metadata { name: "gvisor".into(), ..Default::default() }),
        };
        let by_message = ExtensionStatus::decode_spec(layer.encode_to_vec().into(), String::new()).unwrap();
        assert_eq!((by_message.image, by_message.metadata.name), (extension.image, extension.metadata.name));
        assert_eq!(read("image: a\n").metadata, ExtensionMetadata::default());

        let upstream = "addr: 1.1.1.1:53\nhealthy: \"true\"\n".to_owned();
        let upstream = DnsUpstream::decode_spec(Bytes::new(), upstream).unwrap();
        assert!(upstream.is_healthy() && upstream.address == "1.1.1.1:53");

        let parameter = "value: \"1\"\nignoreErrors: true\n".to_owned();
        let parameter = KernelParamDefault::decode_spec(Bytes::new(), parameter).unwrap();
        assert_eq!((parameter.value.as_str(), parameter.ignore_errors), ("1", true));
        assert_eq!(
            MachineResetSignal::decode_spec(Bytes::new(), "{}\n".to_owned()).unwrap(),
            MachineResetSignal {}
        );
        assert!(DnsUpstream::decode_spec(Bytes::new(), "- 1\n".to_owned()).is_err());
    }
}
