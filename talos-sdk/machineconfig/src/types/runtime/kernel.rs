//! Settings of the kernel and its devices.

use std::collections::BTreeMap;

use talos_machineconfig_derive::Fields;

/// A kernel module to load.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "KernelModuleConfig", since = "1.14")]
pub struct KernelModuleConfig {
    /// Name of the module.
    #[config(always)]
    pub name: String,
    /// Its parameters.
    pub parameters: Vec<String>,
}

/// Kernel parameters.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "SysctlConfig", since = "1.14")]
pub struct SysctlConfig {
    /// Values by name.
    #[config(always)]
    pub params: BTreeMap<String, String>,
}

/// Values below `/sys`.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "SysfsConfig", since = "1.14")]
pub struct SysfsConfig {
    /// Values by path.
    #[config(always)]
    pub params: BTreeMap<String, String>,
}

/// Rules of udev.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "UdevRulesConfig", since = "1.14")]
pub struct UdevRulesConfig {
    /// One rule an entry.
    pub rules: Vec<String>,
}
