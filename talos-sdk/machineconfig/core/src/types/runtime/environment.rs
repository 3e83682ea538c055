//! Environment of services.

use std::collections::BTreeMap;

use talos_machineconfig_derive::Fields;

use crate::validate::{Findings, Rules};

/// Environment variables of services.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "EnvironmentConfig", since = "1.13")]
pub struct EnvironmentConfig {
    /// Values by name.
    #[config(always)]
    pub variables: BTreeMap<String, String>,
}

impl Rules for EnvironmentConfig {
    fn check(&self, found: &mut Findings) {
        let is_allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
        for name in self.variables.keys() {
            if name.is_empty()
                || name.starts_with(|c: char| c.is_ascii_digit())
                || !name.bytes().all(is_allowed)
            {
                found.within("variables", |found| {
                    found.within(name, |found| {
                        found.error(
                            "",
                            "a variable's name has letters, digits and _, and starts with no digit",
                        );
                    });
                });
            }
        }
    }
}
