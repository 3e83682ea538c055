//! Storage below volumes.

mod lvm;
mod raid;

pub use lvm::{
    LvmLogicalVolumeConfig, LvmLogicalVolumeProvisioningSpec, LvmLogicalVolumeType, LvmProvisioningSpec,
    LvmVolumeGroupConfig, LvmVolumeSelectorSpec,
};
pub use raid::{MdLevel, MdMetadata, RaidArrayConfig, RaidProvisioningSpec, RaidVolumeSelector};
