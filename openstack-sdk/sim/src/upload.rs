//! Image data: hashed while they flow, kept only when they are small.

use aws_lc_rs::digest;
use bytes::Bytes;
use md5::{Digest as _, Md5};
use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinHandle};

/// Chunks that wait for the hashes.
const WAITING: usize = 8;

/// What is known of an image's data.
#[derive(Clone, Debug)]
pub(crate) struct Digest {
    pub(crate) size: u64,
    /// Hex.
    pub(crate) md5: String,
    /// Hex.
    pub(crate) sha512: String,
    pub(crate) data: Option<Bytes>,
}

/// Takes chunks and hashes them on threads of their own: MD5 on one, SHA-512 on another.
pub(crate) struct Hasher {
    md5: Lane<String>,
    sha512: Lane<String>,
    size: u64,
    kept: Option<Vec<u8>>,
    keep: usize,
}

struct Lane<T> {
    chunks: mpsc::Sender<Bytes>,
    result: JoinHandle<T>,
}

impl Lane<String> {
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

    async fn end(self) -> Result<String, JoinError> {
        drop(self.chunks);
        self.result.await
    }
}

impl Hasher {
    /// Keeps the data themselves up to `keep` bytes.
    pub(crate) fn new(keep: usize) -> Self {
        Self {
            md5: Lane::start(Md5::new(), |hash, chunk| hash.update(chunk), |hash| hex(&hash.finalize())),
            sha512: Lane::start(
                digest::Context::new(&digest::SHA512),
                |hash, chunk| hash.update(chunk),
                |hash| hex(hash.finish().as_ref()),
            ),
            size: 0,
            kept: Some(Vec::new()),
            keep,
        }
    }

    pub(crate) async fn push(&mut self, chunk: Bytes) {
        self.size += chunk.len() as u64;
        if let Some(kept) = &mut self.kept {
            match kept.len() + chunk.len() <= self.keep {
                true => kept.extend_from_slice(&chunk),
                false => self.kept = None,
            }
        }
        // A lane that has ended shows in `finish`.
        let _ = self.md5.chunks.send(chunk.clone()).await;
        let _ = self.sha512.chunks.send(chunk).await;
    }

    pub(crate) async fn finish(self) -> Result<Digest, JoinError> {
        Ok(Digest {
            size: self.size,
            md5: self.md5.end().await?,
            sha512: self.sha512.end().await?,
            data: self.kept.map(Bytes::from),
        })
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[tokio::test]
    async fn hashes_and_forgets_what_is_large() {
        let mut hasher = Hasher::new(3);
        hasher.push(Bytes::from_static(b"ab")).await;
        hasher.push(Bytes::from_static(b"c")).await;
        let digest = hasher.finish().await.unwrap();
        // RFC 1321 and FIPS 180-2 give both for "abc".
        assert_eq!(digest.md5, "900150983cd24fb0d6963f7d28e17f72");
        assert!(digest.sha512.starts_with("ddaf35a193617abacc417349ae204131"));
        assert_eq!((digest.size, digest.data.as_deref()), (3, Some(&b"abc"[..])));

        let mut hasher = Hasher::new(3);
        hasher.push(Bytes::from_static(b"abcd")).await;
        hasher.push(Bytes::from_static(b"e")).await;
        let digest = hasher.finish().await.unwrap();
        assert_eq!((digest.size, digest.data), (5, None));
    }
}
