//! Disk images that are the same every time they are made.

use std::io;

use async_compression::tokio::bufread::{GzipEncoder, XzEncoder, ZstdEncoder};
use bytes::Bytes;
use tokio::io::AsyncReadExt;

/// How an image is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Packing {
    Raw,
    Xz,
    Zstd,
    Gzip,
}

impl Packing {
    /// The packing of a file with this name.
    pub(super) fn of(file: &str) -> Option<Self> {
        match file.strip_prefix("openstack-amd64.raw").or(file.strip_prefix("openstack-arm64.raw"))? {
            "" => Some(Self::Raw),
            ".xz" => Some(Self::Xz),
            ".zst" => Some(Self::Zstd),
            ".gz" => Some(Self::Gzip),
            _ => None,
        }
    }
}

const BLOCK: usize = 64 * 1024;

/// The bytes of an image: random ones at the head of every block, then zeros, as on a disk that is mostly empty.
fn raw(seed: u64, mebibytes: u32) -> Vec<u8> {
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut data = vec![0; mebibytes as usize * (1 << 20)];
    for block in data.chunks_mut(BLOCK) {
        let head = block.len().min(4096);
        rng.fill(&mut block[..head]);
    }
    data
}

/// Makes an image. It keeps a thread busy, so it must not run on one that serves others.
pub(super) fn make(seed: u64, mebibytes: u32, packing: Packing) -> io::Result<Bytes> {
    let data = raw(seed, mebibytes);
    if packing == Packing::Raw {
        return Ok(data.into());
    }
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(async {
        let mut packed = Vec::new();
        match packing {
            Packing::Raw => {}
            Packing::Xz => _ = XzEncoder::new(&data[..]).read_to_end(&mut packed).await?,
            Packing::Zstd => _ = ZstdEncoder::new(&data[..]).read_to_end(&mut packed).await?,
            Packing::Gzip => _ = GzipEncoder::new(&data[..]).read_to_end(&mut packed).await?,
        }
        Ok(packed.into())
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_makes_the_same_image() {
        for packing in [Packing::Raw, Packing::Xz, Packing::Zstd, Packing::Gzip] {
            let image = make(1, 1, packing).unwrap();
            assert_eq!(image, make(1, 1, packing).unwrap());
            assert_ne!(image, make(2, 1, packing).unwrap());
        }
        assert_eq!(Packing::of("openstack-amd64.raw.zst"), Some(Packing::Zstd));
        assert_eq!(Packing::of("metal-amd64.iso"), None);
    }
}
