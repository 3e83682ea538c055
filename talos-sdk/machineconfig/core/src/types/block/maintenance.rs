//! Trimming and scrubbing of file systems.

use talos_machineconfig_derive::Fields;

use crate::types::Duration;
use crate::validate::duration::check_not_negative;
use crate::validate::{Findings, Rules};

/// Shortest interval of scrubbing.
const SHORTEST_SCRUB: Duration = Duration::from_secs(10);

/// Trimming of file systems.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "FilesystemTrimConfig", since = "1.14")]
pub struct FilesystemTrimConfig {
    /// Interval.
    pub interval: Duration,
}

impl Rules for FilesystemTrimConfig {
    fn check(&self, found: &mut Findings) {
        check_not_negative("interval", self.interval, found);
    }
}

/// Scrubbing of file systems.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "FilesystemScrubConfig", since = "1.14")]
pub struct FilesystemScrubConfig {
    /// Interval.
    pub interval: Duration,
}

impl Rules for FilesystemScrubConfig {
    fn check(&self, found: &mut Findings) {
        check_scrub("interval", self.interval, found);
    }
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

/// Checks trimming and scrubbing of a volume.
pub(super) fn check(trim: Option<&TrimConfig>, scrub: Option<&ScrubConfig>, found: &mut Findings) {
    if let Some(trim) = trim {
        check_not_negative("trim.interval", trim.interval, found);
    }
    if let Some(scrub) = scrub {
        check_scrub("scrub.interval", scrub.interval, found);
    }
}

fn check_scrub(keys: &str, interval: Duration, found: &mut Findings) {
    if interval != Duration::default() && interval.as_nanos() < SHORTEST_SCRUB.as_nanos() {
        found.error(keys, format!("{interval} is too short: write at least {SHORTEST_SCRUB}"));
    }
}
