//! Snapshots of etcd.

use std::fmt;
use std::io;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use futures_core::Stream;
use futures_util::TryStreamExt;
use talos_proto::machine::EtcdSnapshotRequest;
use tokio::io::{AsyncRead, ReadBuf};

use super::proof::Proof;
use crate::file::PrivateFile;
use crate::stream::Pieces;
use crate::{ByteStream, Node, Result};

/// A snapshot of etcd as it comes, from [`Node::etcd_snapshot`]: a [`Stream`] of [`Bytes`], or an [`AsyncRead`].
///
/// The call is made when it is first polled. Size and hash are checked on the way: a snapshot that is not whole ends
/// with an error of kind [`ErrorKind::InvalidReply`](crate::ErrorKind::InvalidReply), so what was received is good
/// only once the stream has ended without one. Dropping it ends the call.
#[must_use = "nothing is sent before the stream is polled"]
pub struct EtcdSnapshot {
    bytes: ByteStream,
    proof: Option<Proof>,
    node: Option<String>,
    proven: Option<SavedSnapshot>,
    /// What an [`AsyncRead`] has not taken yet of a piece.
    rest: Bytes,
}

/// A snapshot of etcd that is whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct SavedSnapshot {
    /// Its size in bytes: the database and 32 bytes of hash.
    pub size: u64,
    /// The SHA-256 of the database, which are the last 32 bytes of the file too.
    pub sha256: [u8; 32],
}

impl Node {
    /// A snapshot of etcd, from the member on this node
    /// (`machine.MachineService/EtcdSnapshot`; os:admin, os:operator or os:etcd:backup).
    ///
    /// It holds all secrets of the Kubernetes cluster.
    pub fn etcd_snapshot(&self) -> EtcdSnapshot {
        let bytes = ByteStream::new(self, EtcdSnapshotRequest {}, |raw, request| async move {
            raw.machine().etcd_snapshot(request).await
        });
        EtcdSnapshot {
            bytes,
            proof: Some(Proof::new()),
            node: self.name().map(str::to_owned),
            proven: None,
            rest: Bytes::new(),
        }
    }

    /// Saves a snapshot of etcd as the file at `path`, for the owner's eyes only (mode 0600)
    /// (`machine.MachineService/EtcdSnapshot`; os:admin, os:operator or os:etcd:backup).
    ///
    /// The file is there with all its content or not at all: the bytes go into a neighbour that ends in `.part`, and
    /// take the name once size and hash are checked and the disk has them. A file that was there is replaced.
    ///
    /// [`ErrorKind::InvalidReply`](crate::ErrorKind::InvalidReply): the snapshot is not whole.
    /// [`ErrorKind::Io`](crate::ErrorKind::Io): the file can't be written.
    pub async fn etcd_snapshot_to(&self, path: impl AsRef<Path>) -> Result<SavedSnapshot> {
        let mut snapshot = self.etcd_snapshot();
        let mut file = PrivateFile::create(path.as_ref()).await?;
        while let Some(bytes) = snapshot.try_next().await? {
            file.write(&bytes).await?;
        }
        let saved = snapshot.proven().ok_or_else(|| crate::reply::malformed("the snapshot has no proof"))?;
        file.finish().await?;
        Ok(saved)
    }
}

impl EtcdSnapshot {
    /// Size and hash, once the stream has ended well.
    #[must_use]
    pub fn proven(&self) -> Option<SavedSnapshot> {
        self.proven
    }
}

impl Stream for EtcdSnapshot {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        if this.rest.has_remaining() {
            return Poll::Ready(Some(Ok(std::mem::take(&mut this.rest))));
        }
        let item = match ready!(Pin::new(&mut this.bytes).poll_next(cx)) {
            Some(Ok(bytes)) => {
                if let Some(proof) = &mut this.proof {
                    proof.update(&bytes);
                }
                Some(Ok(bytes))
            }
            Some(Err(error)) => {
                this.proof = None;
                Some(Err(error))
            }
            None => match this.proof.take().map(Proof::finish) {
                None => None,
                Some(Ok((size, sha256))) => {
                    this.proven = Some(SavedSnapshot { size, sha256 });
                    None
                }
                Some(Err(error)) => Some(Err(error.at(Some("EtcdSnapshot"), this.node.as_deref(), None))),
            },
        };
        Poll::Ready(item)
    }
}

impl Pieces for EtcdSnapshot {
    fn rest(&mut self) -> &mut Bytes {
        &mut self.rest
    }
}

impl AsyncRead for EtcdSnapshot {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.poll_pieces(cx, buffer)
    }
}

impl fmt::Debug for EtcdSnapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EtcdSnapshot").field("proven", &self.proven).finish_non_exhaustive()
    }
}
