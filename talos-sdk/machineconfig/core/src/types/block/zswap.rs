//! Compressed swap in memory.

use talos_machineconfig_derive::Fields;

use crate::validate::{Findings, Rules};

/// Compressed swap in memory.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "ZswapConfig", since = "1.11")]
pub struct ZswapConfig {
    /// Most memory in percent.
    pub max_pool_percent: Option<i64>,
    /// Whether cold pages are written out.
    pub shrinker_enabled: Option<bool>,
}

impl Rules for ZswapConfig {
    fn check(&self, found: &mut Findings) {
        if self.max_pool_percent.is_some_and(|percent| !(0..=100).contains(&percent)) {
            found.error("maxPoolPercent", "a share of the memory goes from 0 to 100");
        }
    }
}
