//! Bringing etcd back from a snapshot.

use std::path::Path;

use bytes::{Bytes, BytesMut};
use futures_util::stream;
use talos_proto::common::Data;
use talos_proto::machine::BootstrapRequest;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::sync::oneshot;

use super::proof::Proof;
use crate::{Error, ErrorKind, Node, Result};

/// How much of a snapshot goes into one message.
const PIECE: usize = 64 << 10;

/// How etcd is brought back from a snapshot.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct EtcdRecoverOptions {
    /// Takes a database without a hash behind it: the file of a member's data folder, when there is no snapshot.
    pub skip_hash_check: bool,
}

impl EtcdRecoverOptions {
    /// Takes a database without a hash behind it.
    #[must_use]
    pub fn with_skip_hash_check(mut self) -> Self {
        self.skip_hash_check = true;
        self
    }
}

impl Node {
    /// Starts etcd from a snapshot, as the only member of a new cluster: the snapshot is sent to this control plane
    /// node, which is then bootstrapped with it (`machine.MachineService/EtcdRecover` and `Bootstrap`, os:admin).
    ///
    /// **Once a cluster, on one node**, when etcd has lost its quorum for good and no control plane node has data of
    /// it any more. What was written after the snapshot is lost. Size and hash are checked on the way; when they are
    /// wrong, or reading fails, the machine is told that the call failed and is not bootstrapped. The answer means
    /// that the machine has begun: confirm with [`etcd_members`](Self::etcd_members).
    ///
    /// There is no limit in time but the one of [`with_timeout`](Self::with_timeout), for the sending alone.
    ///
    /// [`ErrorKind::Io`]: the snapshot can't be read. [`ErrorKind::InvalidReply`]: it is not whole.
    /// [`ErrorKind::InvalidTarget`], with nothing sent, unless the node is named. Else as [`bootstrap`](Self::bootstrap).
    pub async fn etcd_recover(
        &self,
        snapshot: impl AsyncRead + Send + Unpin + 'static,
        options: EtcdRecoverOptions,
    ) -> Result<()> {
        self.must_be_named("recovering etcd")?;
        let (failed, failure) = oneshot::channel();
        let proof = (!options.skip_hash_check).then(Proof::new);
        let upload = Upload { snapshot, buffer: BytesMut::new(), proof, failed: Some(failed) };
        let pieces = stream::unfold(upload, Upload::next);
        let sending =
            self.call(pieces, |raw, request| async move { raw.machine().etcd_recover(request).await });
        let reply = tokio::select! {
            // First, so that what is found wrong at the very end is not overtaken by the machine's answer.
            biased;
            Ok(error) = failure => return Err(error.at(Some("EtcdRecover"), self.name(), None)),
            reply = sending => reply?,
        };
        reply.single()?;
        self.bootstrap_with(BootstrapRequest {
            recover_etcd: true,
            recover_skip_hash_check: options.skip_hash_check,
        })
        .await
    }

    /// As [`etcd_recover`](Self::etcd_recover), from a file, such as [`etcd_snapshot_to`](Self::etcd_snapshot_to) makes.
    pub async fn etcd_recover_from(&self, path: impl AsRef<Path>, options: EtcdRecoverOptions) -> Result<()> {
        self.must_be_named("recovering etcd")?;
        let path = path.as_ref();
        let file =
            tokio::fs::File::open(path).await.map_err(|error| crate::file::failed("open", path, error))?;
        self.etcd_recover(file, options).await
    }
}

struct Upload<R> {
    snapshot: R,
    buffer: BytesMut,
    proof: Option<Proof>,
    failed: Option<oneshot::Sender<Error>>,
}

impl<R: AsyncRead + Unpin> Upload<R> {
    /// The next message. An end of these is taken for the end of the snapshot by the machine, so after an error there
    /// is neither: the call is dropped.
    async fn next(mut self) -> Option<(Data, Self)> {
        let error = match self.read().await {
            Ok(Some(bytes)) => return Some((Data { metadata: None, bytes }, self)),
            Ok(None) => return None,
            Err(error) => error,
        };
        if let Some(failed) = self.failed.take() {
            _ = failed.send(error);
        }
        std::future::pending().await
    }

    async fn read(&mut self) -> Result<Option<Bytes>> {
        self.buffer.reserve(PIECE);
        let mut limited = (&mut self.snapshot).take(PIECE as u64);
        let read = limited.read_buf(&mut self.buffer).await.map_err(|error| {
            Error::new(ErrorKind::Io, format!("the snapshot could not be read: {error}")).with_source(error)
        })?;
        if read == 0 {
            if let Some(proof) = self.proof.take() {
                proof.finish()?;
            }
            return Ok(None);
        }
        let bytes = self.buffer.split().freeze();
        if let Some(proof) = &mut self.proof {
            proof.update(&bytes);
        }
        Ok(Some(bytes))
    }
}
