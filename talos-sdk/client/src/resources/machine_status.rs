//! What a machine does.

use bytes::Bytes;
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

impl SpecData for MachineStatus {
    fn decode_spec(proto: Bytes, _: String) -> Result<Self> {
        let spec: MachineStatusSpec = protobuf::message(proto)?;
        let stage = spec.stage().into();
        let status = spec.status.unwrap_or_default();
        let unmet = status.unmet_conditions.into_iter();
        Ok(Self {
            stage,
            ready: status.ready,
            unmet_conditions: unmet.map(|unmet| UnmetCondition::new(unmet.name, unmet.reason)).collect(),
        })
    }
}
