//! How Talos is installed.

use talos_machineconfig_derive::Fields;

use crate::types::DiskSizeMatcher;

/// How Talos is installed.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct InstallConfig {
    /// Disk to install to, such as `/dev/sda`.
    pub disk: String,
    /// Disk to install to by its properties; wins over `disk`.
    pub disk_selector: Option<InstallDiskSelector>,
    /// More kernel arguments. Deprecated: they belong into the image.
    pub extra_kernel_args: Vec<String>,
    /// Installer image.
    pub image: String,
    /// System extensions. Deprecated: they belong into the image.
    pub extensions: Vec<InstallExtensionConfig>,
    /// Whether a boot loader is installed.
    pub bootloader: Option<bool>,
    /// Whether the disk is wiped before.
    #[config(always)]
    pub wipe: Option<bool>,
    /// Whether the partition is marked bootable for old firmware.
    #[config(key = "legacyBIOSSupport")]
    pub legacy_bios_support: Option<bool>,
    /// Whether GRUB takes the kernel command line from the unified kernel image.
    #[config(key = "grubUseUKICmdline")]
    pub grub_use_uki_cmdline: Option<bool>,
}

/// A disk by its properties; all that are given must match.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct InstallDiskSelector {
    /// Condition on the size.
    pub size: Option<DiskSizeMatcher>,
    /// Name, shell pattern.
    pub name: String,
    /// Model, shell pattern.
    pub model: String,
    /// Serial number, shell pattern.
    pub serial: String,
    /// Modalias, shell pattern.
    pub modalias: String,
    /// UUID, shell pattern.
    pub uuid: String,
    /// World wide id, shell pattern.
    pub wwid: String,
    /// `ssd`, `hdd`, `nvme` or `sd`.
    pub r#type: String,
    /// Path on the bus, shell pattern.
    pub bus_path: String,
}

/// A system extension.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct InstallExtensionConfig {
    /// Image of the extension.
    #[config(always)]
    pub image: String,
}
