//! Names of other machines.

use talos_machineconfig_derive::Fields;

/// An entry of `/etc/hosts`.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "StaticHostConfig", since = "1.12")]
pub struct StaticHostConfig {
    /// Address.
    #[config(always)]
    pub name: String,
    /// Names.
    #[config(always)]
    pub hostnames: Vec<String>,
}
