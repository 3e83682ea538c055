//! Lengths of time.

use crate::types::Duration;
use crate::validate::Findings;

/// Checks a length of time that may be zero.
pub(crate) fn check_not_negative(keys: &str, duration: Duration, found: &mut Findings) {
    if duration.as_nanos() < 0 {
        found.error(keys, format!("{duration} is negative: write a length of time such as 30s"));
    }
}
