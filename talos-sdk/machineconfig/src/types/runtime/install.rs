//! Installation.

use talos_machineconfig_derive::Fields;

use crate::types::Expression;

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
