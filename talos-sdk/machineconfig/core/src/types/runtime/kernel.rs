//! Settings of the kernel and its devices.

use std::collections::BTreeMap;

use talos_machineconfig_derive::Fields;

use crate::validate::{Findings, Rules};

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

impl Rules for KernelModuleConfig {
    fn check(&self, found: &mut Findings) {
        found.require("name", &self.name, "the name of the module");
    }
}

/// Kernel parameters.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "SysctlConfig", since = "1.14")]
pub struct SysctlConfig {
    /// Values by name.
    #[config(always)]
    pub params: BTreeMap<String, String>,
}

impl Rules for SysctlConfig {
    fn check(&self, found: &mut Findings) {
        check_params(&self.params, "the name of a parameter, such as net.ipv4.ip_forward", found);
    }
}

/// Values below `/sys`.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "SysfsConfig", since = "1.14")]
pub struct SysfsConfig {
    /// Values by path.
    #[config(always)]
    pub params: BTreeMap<String, String>,
}

impl Rules for SysfsConfig {
    fn check(&self, found: &mut Findings) {
        check_params(&self.params, "the path of a value with dots, such as kernel.mm.ksm.run", found);
    }
}

/// Checks that every value of `params` has a key.
fn check_params(params: &BTreeMap<String, String>, key: &str, found: &mut Findings) {
    if params.contains_key("") {
        found.within("params", |found| found.within("", |found| found.missing("", key)));
    }
}

/// Rules of udev.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "UdevRulesConfig", since = "1.14")]
pub struct UdevRulesConfig {
    /// One rule an entry.
    pub rules: Vec<String>,
}
