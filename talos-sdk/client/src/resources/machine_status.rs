//! What a machine does.

use bytes::Bytes;
use serde::Deserialize;
use talos_proto::talos::resource::definitions::runtime::MachineStatusSpec;

use super::protobuf;
use super::spec::{ResourceSpec, Singleton, SpecData};
use crate::Result;
use crate::stage::{MachineStage, UnmetCondition};

/// What a machine does and whether it is ready. Its only id is [`MachineStatus::ID`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MachineStatus {
    /// What it does.
    pub stage: MachineStage,
    /// Whether it is ready.
    pub ready: bool,
    /// Why not.
    pub unmet_conditions: Vec<UnmetCondition>,
}

impl MachineStatus {
    /// The id of the one resource of this type.
    pub const ID: &'static str = "machine";
}

impl ResourceSpec for MachineStatus {
    const TYPE: &'static str = "MachineStatuses.runtime.talos.dev";
    const NAMESPACE: &'static str = "runtime";
}

impl Singleton for MachineStatus {
    const ID: &'static str = Self::ID;
}

#[derive(Deserialize)]
struct Yaml {
    stage: String,
    #[serde(default)]
    status: YamlStatus,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct YamlStatus {
    ready: bool,
    unmet_conditions: Vec<YamlCondition>,
}

#[derive(Deserialize)]
struct YamlCondition {
    name: String,
    #[serde(default)]
    reason: String,
}

impl SpecData for MachineStatus {
    fn decode_spec(proto: Bytes, yaml: String) -> Result<Self> {
        protobuf::message_or_yaml(
            proto,
            &yaml,
            |spec: MachineStatusSpec| {
                let stage = spec.stage().into();
                let status = spec.status.unwrap_or_default();
                let unmet = status.unmet_conditions.into_iter();
                Ok(Self {
                    stage,
                    ready: status.ready,
                    unmet_conditions: unmet
                        .map(|unmet| UnmetCondition::new(unmet.name, unmet.reason))
                        .collect(),
                })
            },
            |Yaml { stage, status }: Yaml| {
                let unmet = status.unmet_conditions.into_iter();
                Ok(Self {
                    stage: MachineStage::from_text(&stage),
                    ready: status.ready,
                    unmet_conditions: unmet
                        .map(|unmet| UnmetCondition::new(unmet.name, unmet.reason))
                        .collect(),
                })
            },
        )
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn yaml_is_read_where_the_message_can_not_be() {
        let broken = Bytes::from_static(&[0x0a, 0x7f]);
        let yaml = concat!(
            "stage: shutting down\nstatus:\n    ready: false\n    unmetConditions:\n",
            "        - name: services\n          reason: etcd\n",
        );
        let read = MachineStatus::decode_spec(broken.clone(), yaml.to_owned()).unwrap();
        assert_eq!(
            (read.stage, read.ready, read.unmet_conditions.len()),
            (MachineStage::ShuttingDown, false, 1)
        );
        assert!(MachineStatus::decode_spec(broken, String::new()).is_err());
    }
}
