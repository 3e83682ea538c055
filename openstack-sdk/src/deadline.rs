//! A point in time by which something has to be done.

use std::time::Duration;

use tokio::time::Instant;

/// The point in time by which a call or a wait has to be done.
///
/// Anything that takes one takes `impl Into<Deadline>`: a [`Duration`] from now, a [`std::time::Instant`] or a
/// [`tokio::time::Instant`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(Instant);

impl Deadline {
    /// The deadline that comes after this time from now. Very long times are cut to thirty years.
    pub fn after(time: Duration) -> Deadline {
        const LONGEST: Duration = Duration::from_secs(30 * 365 * 24 * 3600);
        Deadline(Instant::now() + time.min(LONGEST))
    }

    /// The time left; zero when the deadline has passed.
    pub fn remaining(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }

    /// Whether the deadline has passed.
    pub fn is_over(self) -> bool {
        self.remaining().is_zero()
    }

    /// The earlier of the two.
    pub fn earlier(self, other: Option<Deadline>) -> Deadline {
        other.map_or(self, |other| self.min(other))
    }

    pub(crate) fn instant(self) -> Instant {
        self.0
    }
}

impl From<Duration> for Deadline {
    fn from(time: Duration) -> Deadline {
        Deadline::after(time)
    }
}

impl From<Instant> for Deadline {
    fn from(instant: Instant) -> Deadline {
        Deadline(instant)
    }
}

impl From<std::time::Instant> for Deadline {
    fn from(instant: std::time::Instant) -> Deadline {
        Deadline(Instant::from_std(instant))
    }
}
