//! Software RAID.

use talos_machineconfig_derive::Fields;

use crate::cel::Environment;
use crate::model::{Value as _, text_enum};
use crate::types::Expression;
use crate::validate::device_name::check_device_name;
use crate::validate::{Findings, Rules};

/// Longest name of an array.
const LONGEST_NAME: usize = 32;

/// An array of disks.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "RAIDArrayConfig", since = "1.14")]
pub struct RaidArrayConfig {
    /// Name of the document.
    #[config(always)]
    pub name: String,
    /// Level.
    #[config(always)]
    pub level: MdLevel,
    /// Format of the metadata.
    pub metadata: MdMetadata,
    /// Its members.
    #[config(always)]
    pub provisioning: RaidProvisioningSpec,
}

impl Rules for RaidArrayConfig {
    fn check(&self, found: &mut Findings) {
        check_device_name(&self.name, LONGEST_NAME, "-_", found);
        if self.provisioning.volume_selector.is_zero() {
            found.missing(
                "provisioning.volumeSelector.match",
                "which disks it consists of, such as disk.transport == \"nvme\"",
            );
        }
        let selector = &self.provisioning.volume_selector.r#match;
        found.expression("provisioning.volumeSelector.match", selector, Environment::VolumeLocator);
    }
}

/// The members of an array.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct RaidProvisioningSpec {
    /// Which volumes.
    #[config(always)]
    pub volume_selector: RaidVolumeSelector,
}

/// Volumes by their properties.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct RaidVolumeSelector {
    /// Condition on the volume.
    pub r#match: Expression,
}

text_enum! {
    /// Level of an array.
    pub enum MdLevel {
        /// Mirrored.
        Raid1 = "raid1",
    }

    /// Format of an array's metadata.
    pub enum MdMetadata {
        /// Version 1.2, at the start of the disk.
        V1_2 = "1.2",
        /// Version 1.0, at the end of the disk.
        V1_0 = "1.0",
    }
}
