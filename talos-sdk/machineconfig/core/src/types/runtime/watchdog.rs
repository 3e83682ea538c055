//! The hardware watchdog.

use talos_machineconfig_derive::Fields;

use crate::types::Duration;
use crate::validate::{Findings, Rules};

/// Shortest time.
const SHORTEST: Duration = Duration::from_secs(10);

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

impl Rules for WatchdogTimerConfig {
    fn check(&self, found: &mut Findings) {
        found.require("device", &self.device, "the path of the device, such as /dev/watchdog0");
        if self.timeout != Duration::default() && self.timeout.as_nanos() < SHORTEST.as_nanos() {
            found.error("timeout", format!("{} is too short: write at least {SHORTEST}", self.timeout));
        }
    }
}
