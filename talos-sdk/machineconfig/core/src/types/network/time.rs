//! Time synchronisation.

use talos_machineconfig_derive::Fields;

use crate::model::Value as _;
use crate::types::Duration;
use crate::types::v1alpha1;
use crate::validate::address::is_address;
use crate::validate::duration::check_not_negative;
use crate::validate::{Findings, Rules};

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

impl Rules for TimeSyncConfig {
    fn check(&self, found: &mut Findings) {
        check_not_negative("bootTimeout", self.boot_timeout, found);
        if self.ntp.is_some() && self.ptp.is_some() {
            found.error("ptp", "ntp is given too: remove one of the two");
        }
        let Some(ntp) = self.ntp.as_ref().filter(|ntp| ntp.use_nts == Some(true)) else { return };
        found.within("ntp", |found| {
            found.each("servers", &ntp.servers, |server, found| {
                if is_address(server) {
                    found.error(
                        "",
                        "with useNTS a server needs the name that is in its certificate: write that",
                    );
                }
            });
        });
    }

    fn check_sections(&self, sections: &v1alpha1::Config, found: &mut Findings) {
        let Some(time) = sections.machine.as_ref().and_then(|machine| machine.time.as_ref()) else { return };
        found.exclude("machine.time.disabled", time.disabled == Some(true));
        found.exclude("machine.time.servers", !time.servers.is_empty());
        found.exclude("machine.time.bootTimeout", !time.boot_timeout.is_zero());
    }
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
