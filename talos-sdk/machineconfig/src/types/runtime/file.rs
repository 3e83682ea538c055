//! Files of the system.

use talos_machineconfig_derive::Fields;

use crate::types::FileMode;

/// A file below `/etc`.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "EtcFileConfig", since = "1.14")]
pub struct EtcFileConfig {
    /// Path of the file.
    #[config(always)]
    pub name: String,
    /// Permissions.
    #[config(always)]
    pub mode: FileMode,
    /// What the file holds.
    #[config(always)]
    pub contents: String,
}
