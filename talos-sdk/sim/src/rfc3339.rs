//! Times as text.

use std::time::SystemTime;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A time with what it has of a second, `2026-01-31T12:00:00.25Z`.
pub(crate) fn precise(at: SystemTime) -> String {
    OffsetDateTime::from(at).format(&Rfc3339).unwrap_or_default()
}

/// A time in whole seconds, `2026-01-31T12:00:00Z`.
pub(crate) fn seconds(at: SystemTime) -> String {
    let whole = OffsetDateTime::from(at).replace_nanosecond(0).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    whole.format(&Rfc3339).unwrap_or_default()
}
