//! Logical volumes.

use talos_machineconfig_derive::Fields;

use crate::model::text_enum;
use crate::types::{ByteSize, Expression, VolumeSize};

/// A volume group.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "LVMVolumeGroupConfig", since = "1.14")]
pub struct LvmVolumeGroupConfig {
    /// Name of the document.
    #[config(always)]
    pub name: String,
    /// Its physical volumes.
    #[config(always)]
    pub provisioning: LvmProvisioningSpec,
}

/// The physical volumes of a group.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct LvmProvisioningSpec {
    /// Which volumes.
    pub volume_selector: LvmVolumeSelectorSpec,
}

/// Volumes by their properties.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct LvmVolumeSelectorSpec {
    /// Condition on the volume.
    pub r#match: Expression,
}

/// A logical volume.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "LVMLogicalVolumeConfig", since = "1.14")]
pub struct LvmLogicalVolumeConfig {
    /// Name of the document.
    #[config(always)]
    pub name: String,
    /// Layout.
    #[config(always)]
    pub r#type: LvmLogicalVolumeType,
    /// Number of mirrors.
    pub mirrors: Option<u32>,
    /// Number of stripes.
    pub stripes: Option<u32>,
    /// Group and size.
    #[config(always)]
    pub provisioning: LvmLogicalVolumeProvisioningSpec,
}

/// Group and size of a logical volume.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct LvmLogicalVolumeProvisioningSpec {
    /// Name of the group.
    #[config(always)]
    pub volume_group: String,
    /// Least size.
    pub min_size: ByteSize,
    /// Most size.
    pub max_size: VolumeSize,
}

text_enum! {
    /// Layout of a logical volume.
    pub enum LvmLogicalVolumeType {
        /// One extent after another.
        Linear = "linear",
        /// Striped.
        Raid0 = "raid0",
        /// Mirrored.
        Raid1 = "raid1",
        /// Striped and mirrored.
        Raid10 = "raid10",
    }
}
