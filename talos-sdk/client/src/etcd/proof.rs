//! The proof that a snapshot is whole.

use aws_lc_rs::digest::{Context, Digest, SHA256, SHA256_OUTPUT_LEN};

use crate::reply::malformed;
use crate::{Error, Result};

/// What the database of etcd is a multiple of.
const PAGE: u64 = 512;

/// Follows the bytes of a snapshot: a database, then the SHA-256 of it.
///
/// A machine that fails to read its disk half-way ends the stream as if all were well, so this is the only proof.
pub struct Proof {
    hash: Context,
    /// The last bytes, which may be the hash at the end.
    tail: Vec<u8>,
    length: u64,
}

impl Default for Proof {
    fn default() -> Self {
        Self::new()
    }
}

impl Proof {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self { hash: Context::new(&SHA256), tail: Vec::with_capacity(2 * SHA256_OUTPUT_LEN), length: 0 }
    }

    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.length += bytes.len() as u64;
        // What is longer than a hash goes in directly; the rest waits for what comes.
        let (front, back) = bytes.split_at(bytes.len().saturating_sub(SHA256_OUTPUT_LEN));
        if front.is_empty() {
            self.tail.extend_from_slice(back);
            let settled = self.tail.len().saturating_sub(SHA256_OUTPUT_LEN);
            self.hash.update(&self.tail[..settled]);
            self.tail.drain(..settled);
        } else {
            self.hash.update(&self.tail);
            self.hash.update(front);
            self.tail.clear();
            self.tail.extend_from_slice(back);
        }
    }

    /// How many bytes there were, and the hash of the database.
    pub fn finish(self) -> Result<(u64, [u8; SHA256_OUTPUT_LEN])> {
        let Self { hash, tail, length } = self;
        if length % PAGE != SHA256_OUTPUT_LEN as u64 {
            return Err(broken(length, "its size is not that of a database with a hash behind it"));
        }
        let digest: Digest = hash.finish();
        let mut proven = [0; SHA256_OUTPUT_LEN];
        proven.copy_from_slice(digest.as_ref());
        if tail != proven {
            return Err(broken(length, "the hash at its end belongs to other data"));
        }
        Ok((length, proven))
    }
}

fn broken(length: u64, why: &str) -> Error {
    malformed(format!("the snapshot of {length} bytes is cut off or damaged, {why}: take another one"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use aws_lc_rs::digest::digest;

    use super::*;

    fn snapshot(pages: usize) -> Vec<u8> {
        let mut bytes: Vec<u8> = (0..pages * 512).map(|index| (index % 251) as u8).collect();
        let hash = digest(&SHA256, &bytes);
        bytes.extend_from_slice(hash.as_ref());
        bytes
    }

    fn check(bytes: &[u8], pieces: usize) -> Result<(u64, [u8; 32])> {
        let mut proof = Proof::new();
        bytes.chunks(pieces).for_each(|piece| proof.update(piece));
        proof.finish()
    }

    #[test]
    fn a_whole_snapshot_is_proven_however_it_is_cut() {
        let bytes = snapshot(3);
        for pieces in [1, 7, 31, 32, 33, 64, 500, 1567, 1568, 9999] {
            assert_eq!(check(&bytes, pieces).unwrap().0, 1568, "{pieces}");
        }
    }

    #[test]
    fn anything_missing_is_found() {
        let bytes = snapshot(3);
        for length in [0, 1, 31, 32, 512, 544, 1024, 1056, 1535, 1536, 1567] {
            assert!(check(&bytes[..length], 100).is_err(), "{length}");
        }
        let mut other = bytes.clone();
        other[700] ^= 1;
        assert!(check(&other, 64).is_err());
    }
}
