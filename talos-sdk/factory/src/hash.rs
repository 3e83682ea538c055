//! Hashes of a stream, each on a thread of its own.

use std::fmt;

use aws_lc_rs::digest;
use bytes::Bytes;
use md5::{Digest as _, Md5};
use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinHandle};

/// Chunks that wait for a hash.
const WAITING: usize = 4;

/// Hashes of a whole image, in lower-case hex.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Digests {
    /// Bytes hashed.
    pub size: u64,
    /// SHA-256.
    pub sha256: String,
    /// SHA-512, Glance's `os_hash_value`.
    pub sha512: String,
    /// MD5, Glance's `checksum`.
    pub md5: String,
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    struct Hex<'a>(&'a [u8]);
    impl fmt::Display for Hex<'_> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
        }
    }
    Hex(bytes).to_string()
}

/// One hash and the thread that computes it. Dropping it ends the thread.
struct Lane {
    chunks: mpsc::Sender<Bytes>,
    result: JoinHandle<String>,
}

impl Lane {
    fn start<S: Send + 'static>(
        mut state: S,
        update: impl Fn(&mut S, &[u8]) + Send + 'static,
        finish: impl FnOnce(S) -> String + Send + 'static,
    ) -> Self {
        let (chunks, mut incoming) = mpsc::channel::<Bytes>(WAITING);
        let result = tokio::task::spawn_blocking(move || {
            while let Some(chunk) = incoming.blocking_recv() {
                update(&mut state, &chunk);
            }
            finish(state)
        });
        Self { chunks, result }
    }

    fn sha(algorithm: &'static digest::Algorithm) -> Self {
        Self::start(
            digest::Context::new(algorithm),
            |hash, chunk| hash.update(chunk),
            |hash| hex(hash.finish().as_ref()),
        )
    }

    async fn end(self) -> Result<String, JoinError> {
        drop(self.chunks);
        self.result.await
    }
}

pub(crate) struct Hashes {
    lanes: [Lane; 3],
    size: u64,
}

impl Hashes {
    pub(crate) fn start() -> Self {
        let md5 = Lane::start(Md5::new(), |hash, chunk| hash.update(chunk), |hash| hex(&hash.finalize()));
        Self { lanes: [Lane::sha(&digest::SHA256), Lane::sha(&digest::SHA512), md5], size: 0 }
    }

    pub(crate) async fn push(&mut self, chunk: &Bytes) {
        self.size += chunk.len() as u64;
        for lane in &self.lanes {
            // A lane that has ended shows in `finish`.
            let _ = lane.chunks.send(chunk.clone()).await;
        }
    }

    pub(crate) async fn finish(self) -> Result<Digests, JoinError> {
        let [sha256, sha512, md5] = self.lanes;
        Ok(Digests {
            size: self.size,
            sha256: sha256.end().await?,
            sha512: sha512.end().await?,
            md5: md5.end().await?,
        })
    }
}
