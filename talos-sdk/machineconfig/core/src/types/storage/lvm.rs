//! Logical volumes.

use talos_machineconfig_derive::Fields;

use crate::cel::Environment;
use crate::model::{Value as _, text_enum};
use crate::types::{ByteSize, Expression, VolumeSize};
use crate::validate::device_name::check_device_name;
use crate::validate::{Findings, Rules};

/// Longest name of a group or a logical volume.
const LONGEST_NAME: usize = 63;

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

impl Rules for LvmVolumeGroupConfig {
    fn check(&self, found: &mut Findings) {
        check_device_name(&self.name, LONGEST_NAME, "-_", found);
        if self.provisioning.volume_selector.is_zero() {
            found.missing(
                "provisioning.volumeSelector.match",
                "which volumes it consists of, such as volume.partition_label.startsWith(\"r-lvm\")",
            );
        }
        let selector = &self.provisioning.volume_selector.r#match;
        found.expression("provisioning.volumeSelector.match", selector, Environment::VolumeLocator);
    }
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

impl Rules for LvmLogicalVolumeConfig {
    fn check(&self, found: &mut Findings) {
        use LvmLogicalVolumeType::{Raid0, Raid1, Raid10};
        check_device_name(&self.name, LONGEST_NAME, "-_", found);
        for (key, count, least, types) in
            [("mirrors", self.mirrors, 1, [Raid1, Raid10]), ("stripes", self.stripes, 2, [Raid0, Raid10])]
        {
            let Some(count) = count else { continue };
            if !types.contains(&self.r#type) {
                let [first, second] = types;
                let problem = format!("{} has none: remove this, or choose {first} or {second}", self.r#type);
                found.error(key, problem);
            } else if count < least {
                found.error(key, format!("{count} is too few: write at least {least}"));
            }
        }
        found.within("provisioning", |found| {
            let LvmLogicalVolumeProvisioningSpec { volume_group, min_size, max_size } = &self.provisioning;
            found.require("volumeGroup", volume_group, "the name of the group that it is part of");
            if max_size.is_zero() {
                found.missing("maxSize", "a size such as 50GiB or 80%");
            }
            if max_size.is_negative() {
                found.error("maxSize", "the size can't be negative: write one such as 50GiB or 80%");
            }
            if max_size.is_below(min_size) {
                found.error("maxSize", "maxSize is less than minSize: swap or change them");
            }
        });
    }
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
