//! Where serial numbers, key identifiers and Ed25519 seeds come from.

use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::digest;

use crate::{Error, ErrorKind, Result};

/// A source of random bytes.
pub trait Random: Send + Sync {
    /// Fills `out`. Fails only where the source itself fails.
    fn fill(&self, out: &mut [u8]) -> Result<()>;
}

/// The random source of the operating system.
///
/// The one of the cryptographic library gathers entropy for 30 ms when it is first asked.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, out: &mut [u8]) -> Result<()> {
        getrandom::fill(out).map_err(|error| {
            Error::new(ErrorKind::Crypto, "no random bytes from the system").with_source(error)
        })
    }
}

/// The same bytes for the same seed: SHA-256 over the seed and a counter.
///
/// For simulators and tests. Anybody who knows the seed knows every key made from it.
#[derive(Debug)]
pub struct SeededRandom {
    seed: u64,
    counter: AtomicU64,
}

impl SeededRandom {
    /// A source whose whole output follows from `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { seed, counter: AtomicU64::new(0) }
    }
}

impl Random for SeededRandom {
    fn fill(&self, out: &mut [u8]) -> Result<()> {
        for chunk in out.chunks_mut(digest::SHA256_OUTPUT_LEN) {
            let counter = self.counter.fetch_add(1, Ordering::Relaxed);
            let mut input = [0; 16];
            input[..8].copy_from_slice(&self.seed.to_be_bytes());
            input[8..].copy_from_slice(&counter.to_be_bytes());
            let block = digest::digest(&digest::SHA256, &input);
            chunk.copy_from_slice(&block.as_ref()[..chunk.len()]);
        }
        Ok(())
    }
}
