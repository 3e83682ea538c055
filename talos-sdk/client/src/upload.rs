//! Bytes that a caller sends.

use std::future::Future;
use std::io;

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use futures_util::{StreamExt, stream};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::sync::oneshot;

use crate::{Error, ErrorKind, Result};

/// What goes into one message; Talos takes 32 MiB at most.
const PIECE: usize = 64 << 10;

/// What tells that a source could not be read, see [`source`].
pub(crate) struct Failure(oneshot::Receiver<io::Error>);

/// The bytes of a source in pieces for messages.
///
/// An error of the source must not look like its end, or the machine would take what came so far for the whole. So the
/// stream stands still then, and the other half drops the call.
pub(crate) fn source(
    bytes: impl Stream<Item = io::Result<Bytes>> + Send + 'static,
) -> (impl Stream<Item = Bytes> + Send + 'static, Failure) {
    let (failed, failure) = oneshot::channel();
    let start = (Box::pin(bytes), Bytes::new(), failed);
    let pieces = stream::unfold(start, |(mut bytes, mut rest, failed)| async move {
        while rest.is_empty() {
            match bytes.next().await? {
                Ok(piece) => rest = piece,
                Err(error) => {
                    _ = failed.send(error);
                    return std::future::pending().await;
                }
            }
        }
        let piece = rest.split_to(rest.len().min(PIECE));
        Some((piece, (bytes, rest, failed)))
    });
    (pieces, Failure(failure))
}

impl Failure {
    /// Makes a call, unless the source fails first.
    pub(crate) async fn or<T>(self, call: impl Future<Output = Result<T>>) -> Result<T> {
        tokio::select! {
            result = call => result,
            Ok(error) = self.0 => Err(Error::new(
                ErrorKind::Io,
                "what was to be sent could not be read, so the call was ended",
            ).with_source(error)),
        }
    }
}

/// What a reader gives, piece by piece.
pub(crate) fn pieces(
    reader: impl AsyncRead + Send + 'static,
) -> impl Stream<Item = io::Result<Bytes>> + Send {
    stream::unfold(Some(Box::pin(reader)), |reader| async move {
        let mut reader = reader?;
        let mut piece = BytesMut::with_capacity(PIECE);
        match reader.read_buf(&mut piece).await {
            Ok(0) => None,
            Ok(_) => Some((Ok(piece.freeze()), Some(reader))),
            Err(error) => Some((Err(error), None)),
        }
    })
}
