//! Time synchronisation.

use talos_machineconfig_derive::Fields;

use crate::types::Duration;

/// Time synchronisation.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "TimeSyncConfig", since = "1.12")]
pub struct TimeSyncConfig {
    /// Whether it is on.
    pub enabled: Option<bool>,
    /// How long the boot waits for the clock; zero waits for ever.
    pub boot_timeout: Duration,
    /// NTP.
    pub ntp: Option<NtpConfig>,
    /// PTP.
    pub ptp: Option<PtpConfig>,
}

/// NTP.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct NtpConfig {
    /// Servers.
    pub servers: Vec<String>,
    /// Whether the servers are authenticated.
    #[config(key = "useNTS")]
    pub use_nts: Option<bool>,
}

/// PTP.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct PtpConfig {
    /// Clock devices.
    pub devices: Vec<String>,
}
