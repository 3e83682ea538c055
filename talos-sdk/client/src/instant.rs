//! Instants of the protocol.

use std::time::SystemTime;

use prost_types::Timestamp;

/// As the standard library has it; `None` for none, and for what it can't hold.
pub(crate) fn instant(timestamp: Option<Timestamp>) -> Option<SystemTime> {
    timestamp.and_then(|timestamp| SystemTime::try_from(timestamp).ok())
}
