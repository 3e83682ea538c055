//! Names of other machines.

use crate::validate::address::is_scoped_address;
use crate::validate::{Findings, Rules};
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

impl Rules for StaticHostConfig {
    fn check(&self, found: &mut Findings) {
        if !is_scoped_address(&self.name) {
            found.error("name", "the name of this document is the IP address of the host: write that");
        }
        if self.hostnames.is_empty() {
            found.missing("hostnames", "at least one name of the host");
        }
    }
}
