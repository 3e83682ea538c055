//! Security of the machine.

use talos_machineconfig_derive::Fields;

/// Security of the machine.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "SecurityProfileConfig", since = "1.14")]
pub struct SecurityProfileConfig {
    /// Whether workloads are isolated from the system.
    pub workload_isolation: Option<bool>,
}
