//! Trimming and scrubbing of file systems.

use talos_machineconfig_derive::Fields;

use crate::types::Duration;

/// Trimming of file systems.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "FilesystemTrimConfig", since = "1.14")]
pub struct FilesystemTrimConfig {
    /// Interval.
    pub interval: Duration,
}

/// Scrubbing of file systems.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "FilesystemScrubConfig", since = "1.14")]
pub struct FilesystemScrubConfig {
    /// Interval.
    pub interval: Duration,
}

/// Trimming of one file system.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct TrimConfig {
    /// Whether it is done.
    pub enabled: Option<bool>,
    /// Interval.
    pub interval: Duration,
}

/// Scrubbing of one file system.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct ScrubConfig {
    /// Whether it is done.
    pub enabled: Option<bool>,
    /// Interval.
    pub interval: Duration,
}
