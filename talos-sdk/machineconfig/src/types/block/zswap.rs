//! Compressed swap in memory.

use talos_machineconfig_derive::Fields;

/// Compressed swap in memory.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "ZswapConfig", since = "1.11")]
pub struct ZswapConfig {
    /// Most memory in percent.
    pub max_pool_percent: Option<i64>,
    /// Whether cold pages are written out.
    pub shrinker_enabled: Option<bool>,
}
