//! Access to the Kubernetes of a cluster.

mod file;
mod merge;

use std::io::Read;

use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use futures_util::TryStreamExt;
use talos_pki::SecretString;

use crate::reply::malformed;
use crate::{ByteStream, Error, ErrorKind, Node, Result};

pub use file::KubeconfigFile;
pub use merge::{KubeconfigMerge, KubeconfigRename, MergedKubeconfig, OnConflict};

/// A kubeconfig is a few KiB; what is larger than this is something else.
const MAX_ARCHIVE: usize = 1 << 20;
const MAX_FILE: u64 = 4 << 20;
const BLOCK: usize = 512;

impl Node {
    /// A kubeconfig for an administrator, with a new client certificate
    /// (`machine.MachineService/Kubeconfig`, os:admin, on a control plane node).
    ///
    /// Each call makes another certificate. [`KubeconfigFile::merge`] puts it into the kubeconfig of a user.
    ///
    /// [`ErrorKind::FailedPrecondition`]: the machine has no authority of Kubernetes, so it is a worker.
    pub async fn kubeconfig(&self) -> Result<SecretString> {
        let node = self.for_one_reply();
        let stream =
            ByteStream::new(&node, (), |raw, request| async move { raw.machine().kubeconfig(request).await });
        let archive = stream
            .try_fold(Vec::new(), |mut archive, piece: Bytes| async move {
                if archive.len() + piece.len() > MAX_ARCHIVE {
                    return Err(Error::new(
                        ErrorKind::MessageTooLarge,
                        "the archive of the kubeconfig is over 1 MiB",
                    ));
                }
                archive.extend_from_slice(&piece);
                Ok(archive)
            })
            .await;
        let file = match archive {
            Ok(archive) => {
                tokio::task::spawn_blocking(move || unpack(&archive)).await.unwrap_or_else(|error| {
                    Err(malformed("the kubeconfig could not be unpacked").with_source(error))
                })
            }
            Err(error) => Err(error),
        };
        file.map_err(|error| error.at(Some("Kubeconfig"), self.name(), None))
    }
}

/// The first file of a gzipped tar archive, which Talos ends right after the content: no padding, no final blocks.
///
/// # Errors
/// [`ErrorKind::InvalidReply`], [`ErrorKind::MessageTooLarge`].
pub fn unpack(archive: &[u8]) -> Result<SecretString> {
    let mut tar = Vec::new();
    // Reading to the end checks the length and the checksum that gzip has at its own end.
    MultiGzDecoder::new(archive).take(MAX_FILE).read_to_end(&mut tar).map_err(|error| {
        malformed("the archive of the kubeconfig is damaged or cut off").with_source(error)
    })?;
    if tar.len() as u64 == MAX_FILE {
        return Err(Error::new(ErrorKind::MessageTooLarge, "the kubeconfig is over 4 MiB"));
    }
    let Some((header, content)) = tar.split_at_checked(BLOCK) else {
        return Err(malformed("the archive of the kubeconfig is too short"));
    };
    let name = header[..100].split(|byte| *byte == 0).next().unwrap_or_default();
    if name != b"kubeconfig" {
        return Err(malformed(format!(
            "the archive holds {:?} and no kubeconfig",
            String::from_utf8_lossy(name)
        )));
    }
    let size =
        octal(&header[124..136]).ok_or_else(|| malformed("the archive of the kubeconfig has no length"))?;
    let content = content.get(..size).ok_or_else(|| malformed("the kubeconfig is cut off"))?;
    let text = std::str::from_utf8(content).map_err(|_| malformed("the kubeconfig is no text"))?;
    Ok(SecretString::new(text))
}

fn octal(field: &[u8]) -> Option<usize> {
    let text = std::str::from_utf8(field).ok()?.trim_matches(['\0', ' ']);
    usize::from_str_radix(text, 8).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn tar(name: &str, size: usize, content: &[u8]) -> Vec<u8> {
        let mut tar = vec![0; BLOCK];
        tar[..name.len()].copy_from_slice(name.as_bytes());
        tar[124..135].copy_from_slice(format!("{size:011o}").as_bytes());
        tar.extend_from_slice(content);
        tar
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn an_archive_without_padding_is_whole() {
        assert_eq!(unpack(&gzip(&tar("kubeconfig", 5, b"hello"))).unwrap().expose(), "hello");
        let mut padded = tar("kubeconfig", 5, b"hello");
        padded.resize(4 * BLOCK, 0);
        assert_eq!(unpack(&gzip(&padded)).unwrap().expose(), "hello");
    }

    #[test]
    fn anything_less_is_an_error() {
        let good = gzip(&tar("kubeconfig", 5, b"hello"));
        for length in 0..good.len() {
            assert_eq!(unpack(&good[..length]).unwrap_err().kind(), ErrorKind::InvalidReply, "{length}");
        }
        for bad in [
            tar("kubeconfig", 6, b"hello"),
            tar("config", 5, b"hello"),
            vec![0; 100],
            tar("kubeconfig", 1, &[0xff]),
        ] {
            assert_eq!(unpack(&gzip(&bad)).unwrap_err().kind(), ErrorKind::InvalidReply);
        }
    }
}
