//! Kernel and device settings.

use std::collections::BTreeMap;

use talos_machineconfig_derive::Fields;

use crate::types::{Duration, Expression};

/// A kernel module to load.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "KernelModuleConfig")]
pub struct KernelModuleConfig {
    /// Name of the module.
    #[config(always)]
    pub name: String,
    /// Its parameters.
    pub parameters: Vec<String>,
}

/// Kernel parameters.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "SysctlConfig")]
pub struct SysctlConfig {
    /// Values by name.
    #[config(always)]
    pub params: BTreeMap<String, String>,
}

/// Values below `/sys`.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "SysfsConfig")]
pub struct SysfsConfig {
    /// Values by path.
    #[config(always)]
    pub params: BTreeMap<String, String>,
}

/// Rules of udev.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "UdevRulesConfig")]
pub struct UdevRulesConfig {
    /// One rule an entry.
    pub rules: Vec<String>,
}

/// The hardware watchdog.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "WatchdogTimerConfig")]
pub struct WatchdogTimerConfig {
    /// Path of the device.
    #[config(always)]
    pub device: String,
    /// Time after which it resets the machine.
    pub timeout: Duration,
}

/// What happens when memory runs out.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "OOMConfig")]
pub struct OomConfig {
    /// Condition to act.
    pub trigger_expression: Expression,
    /// Rank of a control group; the highest goes first.
    pub cgroup_ranking_expression: Expression,
    /// Whether classes of control groups are kept in order.
    pub strict_cgroup_class_ordering: Option<bool>,
    /// Interval of samples.
    pub sample_interval: Duration,
}

/// Another driver for a PCI device.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "PCIDriverRebindConfig")]
pub struct PciDriverRebindConfig {
    /// Address of the device.
    #[config(always)]
    pub name: String,
    /// The driver.
    #[config(always)]
    pub target_driver: String,
}

/// Security of the machine.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "SecurityProfileConfig")]
pub struct SecurityProfileConfig {
    /// Whether workloads are isolated from the system.
    pub workload_isolation: Option<bool>,
}
