//! The clock of a machine against a time server.

use std::time::{Duration, SystemTime};

use talos_proto::time::{Time, TimeRequest};

use crate::instant::instant;
use crate::reply::malformed;
use crate::{Node, Result};

/// What a time server said to a machine, and what the machine's own clock showed then.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClockComparison {
    /// The time server.
    pub server: String,
    /// The time of the machine.
    pub local: SystemTime,
    /// The time of the server.
    pub remote: SystemTime,
}

impl ClockComparison {
    /// How far the machine is from the server, and whether it is ahead.
    #[must_use]
    pub fn offset(&self) -> (Duration, bool) {
        match self.local.duration_since(self.remote) {
            Ok(ahead) => (ahead, true),
            Err(behind) => (behind.duration(), false),
        }
    }
}

impl Node {
    /// Compares the clock of the machine with the time server of its configuration (`time.TimeService/Time`, any
    /// role). The machine asks the server now, so this fails where it can't be reached.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/example.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> { example(async |node| {
    /// let (offset, ahead) = node.time().await?.offset();
    /// println!("{offset:?} {}", if ahead { "ahead" } else { "behind" });
    /// # Ok(()) }) }
    /// ```
    pub async fn time(&self) -> Result<ClockComparison> {
        let reply = self.call((), |raw, request| async move { raw.time().time(request).await }).await?;
        comparison(reply.single()?)
    }

    /// Compares the clock of the machine with this time server (`time.TimeService/TimeCheck`, any role).
    pub async fn time_against(&self, server: impl Into<String>) -> Result<ClockComparison> {
        let request = TimeRequest { server: server.into() };
        let reply =
            self.call(request, |raw, request| async move { raw.time().time_check(request).await }).await?;
        comparison(reply.single()?)
    }
}

fn comparison(time: Time) -> Result<ClockComparison> {
    match (instant(time.localtime), instant(time.remotetime)) {
        (Some(local), Some(remote)) => Ok(ClockComparison { server: time.server, local, remote }),
        _ => Err(malformed("the comparison of clocks lacks one of the times")),
    }
}
