//! Installation.

use talos_machineconfig_derive::Fields;

use crate::cel::Environment;
use crate::model::Value as _;
use crate::types::{Expression, v1alpha1};
use crate::validate::{Findings, Rules};

/// Installation without anybody's help.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "UnattendedInstallConfig", since = "1.14")]
pub struct UnattendedInstallConfig {
    /// Whether the machine reboots afterwards.
    pub reboot: Option<bool>,
    /// The installer.
    #[config(always)]
    pub installer: InstallerSpec,
    /// The disk.
    #[config(always)]
    pub provisioning: InstallProvisioningSpec,
}

impl Rules for UnattendedInstallConfig {
    fn check(&self, found: &mut Findings) {
        if self.installer.image.is_empty() {
            found.warn(
                "installer.image",
                "without an image only media of the Image Factory can install: write one",
            );
        }
        let selector = &self.provisioning.disk_selector.r#match;
        if selector.is_zero() {
            found.missing(
                "provisioning.diskSelector.match",
                "the disk to install to, such as disk.dev_path == \"/dev/sda\"",
            );
        }
        found.expression("provisioning.diskSelector.match", selector, Environment::DiskLocator);
    }

    fn check_sections(&self, sections: &v1alpha1::Config, found: &mut Findings) {
        let machine = sections.machine.as_ref();
        found.exclude("machine.install", machine.is_some_and(|machine| machine.install.is_some()));
    }
}

/// The installer.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct InstallerSpec {
    /// Image.
    pub image: String,
}

/// The disk to install to.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct InstallProvisioningSpec {
    /// Which disk.
    pub disk_selector: InstallDiskSelectorSpec,
    /// Whether it is wiped before.
    pub wipe: Option<bool>,
}

/// A disk by its properties.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct InstallDiskSelectorSpec {
    /// Condition on the disk.
    pub r#match: Expression,
}
