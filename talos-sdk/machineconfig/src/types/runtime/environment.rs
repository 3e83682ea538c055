//! Environment of services.

use std::collections::BTreeMap;

use talos_machineconfig_derive::Fields;

/// Environment variables of services.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "EnvironmentConfig", since = "1.13")]
pub struct EnvironmentConfig {
    /// Values by name.
    #[config(always)]
    pub variables: BTreeMap<String, String>,
}
