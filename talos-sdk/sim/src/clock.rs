//! The time of a simulation.

use std::time::{Duration, SystemTime};

use futures_util::future::BoxFuture;
use tokio::time::Instant;

/// Tells the time and lets it pass, for everything that a simulation does.
///
/// Certificates, events and the phases of machines all use it, so a clock of your own makes a run reproducible.
pub trait Clock: talos_pki::Clock + 'static {
    /// Ends after `duration` of simulated time.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()>;
}

/// Time as tokio tells it, starting from the time of this machine.
///
/// It stands still and jumps with `tokio::time::pause` and `advance`.
#[derive(Clone, Copy, Debug)]
pub struct TokioClock {
    wall: SystemTime,
    start: Instant,
}

impl TokioClock {
    /// A clock that begins at `wall`.
    #[must_use]
    pub fn starting_at(wall: SystemTime) -> Self {
        Self { wall, start: Instant::now() }
    }
}

impl Default for TokioClock {
    fn default() -> Self {
        Self::starting_at(SystemTime::now())
    }
}

impl talos_pki::Clock for TokioClock {
    fn now(&self) -> SystemTime {
        self.wall + self.start.elapsed()
    }
}

impl Clock for TokioClock {
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}
