//! Host name.

use talos_machineconfig_derive::Fields;

use crate::model::text_enum;

/// The host name of the machine.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "HostnameConfig")]
pub struct HostnameConfig {
    /// How it is chosen if it is not given.
    pub auto: Option<AutoHostnameKind>,
    /// The host name.
    pub hostname: String,
}

text_enum! {
    /// How a host name is chosen.
    pub enum AutoHostnameKind {
        /// It is not.
        Off = "off",
        /// From the address of the machine.
        TalosAddr = "talos-addr",
        /// From the identity of the machine.
        Stable = "stable",
    }
}
