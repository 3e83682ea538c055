//! Host name.

use talos_machineconfig_derive::Fields;

use crate::model::text_enum;
use crate::types::v1alpha1;
use crate::validate::{Findings, Rules};

/// The host name of the machine.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "HostnameConfig", since = "1.12")]
pub struct HostnameConfig {
    /// How it is chosen if it is not given.
    pub auto: Option<AutoHostnameKind>,
    /// The host name.
    pub hostname: String,
}

impl Rules for HostnameConfig {
    fn check(&self, found: &mut Findings) {
        let auto = self.auto.unwrap_or_default();
        if self.auto.is_none() && self.hostname.is_empty() {
            found.error("", "the host name is missing: set hostname, or auto to stable");
        }
        if auto != AutoHostnameKind::Off && !self.hostname.is_empty() {
            found.error("auto", "a host name is given too: remove one of the two, or set auto to off");
        }
        if auto == AutoHostnameKind::TalosAddr {
            found.error("auto", "talos-addr can't be chosen here: use stable or off");
        }
        if self.hostname.len() > 253 {
            found.error("hostname", "a host name has at most 253 bytes");
        }
        let first = self.hostname.split('.').next().unwrap_or_default();
        if !self.hostname.is_empty() && !(1..=63).contains(&first.len()) {
            found.error("hostname", "the part before the first dot has 1 to 63 bytes");
        }
    }

    fn check_sections(&self, sections: &v1alpha1::Config, found: &mut Findings) {
        let Some(machine) = &sections.machine else { return };
        let hostname = machine.network.as_ref().is_some_and(|network| !network.hostname.is_empty());
        found.exclude("machine.network.hostname", hostname);
        let stable = machine.features.as_ref().is_some_and(|features| features.stable_hostname == Some(true));
        found.exclude("machine.features.stableHostname", stable);
    }
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
