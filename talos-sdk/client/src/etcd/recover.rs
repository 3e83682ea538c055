//! Bringing etcd back from a snapshot.

use std::io;
use std::path::Path;

use bytes::Bytes;
use futures_core::Stream;
use futures_util::{StreamExt, stream};
use talos_proto::common::Data;
use talos_proto::machine::BootstrapRequest;
use tokio::io::AsyncRead;

use super::proof::Proof;
use crate::upload;
use crate::{Error, Node, Result};

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
    /// [`ErrorKind::Io`](crate::ErrorKind::Io): the snapshot can't be read. [`ErrorKind::InvalidReply`](crate::ErrorKind::InvalidReply): it is not whole.
    /// [`ErrorKind::InvalidTarget`](crate::ErrorKind::InvalidTarget), with nothing sent, unless the node is named. Else as [`bootstrap`](Self::bootstrap).
    pub async fn etcd_recover(
        &self,
        snapshot: impl AsyncRead + Send + Unpin + 'static,
        options: EtcdRecoverOptions,
    ) -> Result<()> {
        self.must_be_named("recovering etcd")?;
        let proof = (!options.skip_hash_check).then(Proof::new);
        let (bytes, failure) = upload::source(proven(upload::pieces(snapshot), proof));
        let pieces = bytes.map(|bytes| Data { metadata: None, bytes });
        let sending =
            self.call(pieces, |raw, request| async move { raw.machine().etcd_recover(request).await });
        let reply = failure
            .or(sending)
            .await
            .map_err(|error| of_proof(&error).unwrap_or(error).at(Some("EtcdRecover"), self.name(), None))?;
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

/// The same pieces, with an error at the end if they are no whole snapshot.
fn proven(
    pieces: impl Stream<Item = io::Result<Bytes>> + Send + 'static,
    proof: Option<Proof>,
) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    stream::unfold((Box::pin(pieces), proof), |(mut pieces, mut proof)| async move {
        let item = match pieces.next().await {
            Some(item) => {
                if let (Ok(bytes), Some(proof)) = (&item, &mut proof) {
                    proof.update(bytes);
                }
                item
            }
            None => Err(io::Error::other(proof.take()?.finish().err()?)),
        };
        Some((item, (pieces, proof)))
    })
}

/// The error of the proof, if that is what ended the sending.
fn of_proof(error: &Error) -> Option<Error> {
    let source = std::error::Error::source(error)?.downcast_ref::<io::Error>()?;
    source.get_ref()?.downcast_ref::<Error>().cloned()
}
