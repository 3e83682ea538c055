//! The hardware watchdog.

use talos_machineconfig_derive::Fields;

use crate::types::Duration;

/// The hardware watchdog.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "WatchdogTimerConfig", since = "1.7")]
pub struct WatchdogTimerConfig {
    /// Path of the device.
    #[config(always)]
    pub device: String,
    /// Time after which it resets the machine.
    pub timeout: Duration,
}
