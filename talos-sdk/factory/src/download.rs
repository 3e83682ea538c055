//! A download that is decoded and hashed while it flows.
//!
//! Bytes go from the connection to the decoder to the caller through short bounded queues, so memory does not grow
//! with the image. The decoder and the hashes have threads of their own, which end with the download.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use async_compression::tokio::bufread::{GzipDecoder, XzDecoder, ZstdDecoder};
use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use futures_util::stream;
use reqwest::Response;
use tokio::io::{AsyncRead, AsyncReadExt as _, BufReader};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::io::StreamReader;

use crate::asset::Compression;
use crate::error::{Error, ErrorKind, Result};
use crate::hash::{Digests, Hashes};

/// Chunks that wait between two stages.
const WAITING: usize = 4;
/// Size of a decoded chunk.
const CHUNK: usize = 256 * 1024;

/// How far a download is. Cheap to clone, and good after the download has been given away.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    state: Arc<State>,
}

#[derive(Debug, Default)]
struct State {
    received: AtomicU64,
    total: OnceLock<u64>,
    decoded: AtomicU64,
    digests: OnceLock<Digests>,
}

impl Progress {
    /// Bytes received, as they are on the wire.
    pub fn received(&self) -> u64 {
        self.state.received.load(Ordering::Relaxed)
    }

    /// Bytes that will be received, when the factory said so.
    pub fn total(&self) -> Option<u64> {
        self.state.total.get().copied()
    }

    /// Bytes decoded and handed out.
    pub fn decoded(&self) -> u64 {
        self.state.decoded.load(Ordering::Relaxed)
    }

    /// Hashes of the decoded bytes, once all have been handed out.
    pub fn digests(&self) -> Option<&Digests> {
        self.state.digests.get()
    }
}

/// The decoded bytes of a file, as a stream. It ends without an error only after the last byte of a whole file.
///
/// Dropping it ends the download.
pub struct Download {
    chunks: mpsc::Receiver<Result<Bytes>>,
    progress: Progress,
    compression: Compression,
    _tasks: JoinSet<()>,
}

impl Download {
    pub(crate) fn start(what: String, response: Response, compression: Compression) -> Result<Self> {
        let progress = Progress::default();
        let headers = response.headers();
        // Without either, a connection that breaks looks like the end of the file.
        let delimited = response.version() >= http::Version::HTTP_2
            || response.content_length().is_some()
            || headers.contains_key(http::header::TRANSFER_ENCODING);
        if compression == Compression::None && !delimited {
            return Err(Error::new(
                ErrorKind::Protocol,
                format!("{what}: the factory does not say how long it is"),
            ));
        }
        if let Some(total) = response.content_length() {
            let _ = progress.state.total.set(total);
        }
        let mut tasks = JoinSet::new();
        let (raw, incoming) = mpsc::channel(WAITING);
        let (decoded, hashing) = mpsc::channel(WAITING);
        let (out, chunks) = mpsc::channel(WAITING);
        tasks.spawn(receive(what.clone(), response, raw, progress.clone()));
        let runtime = tokio::runtime::Handle::current();
        tasks.spawn_blocking(move || runtime.block_on(decode(what, incoming, decoded, compression)));
        tasks.spawn(hash(hashing, out, progress.clone()));
        Ok(Self { chunks, progress, compression, _tasks: tasks })
    }

    /// How far it is.
    pub fn progress(&self) -> Progress {
        self.progress.clone()
    }

    /// How it is compressed on the wire.
    pub fn compression(&self) -> Compression {
        self.compression
    }

    /// The next chunk; `None` after the last.
    ///
    /// # Errors
    /// `Interrupted` when the connection broke, `Corrupt` when the data can't be decoded or end too early.
    pub async fn next(&mut self) -> Option<Result<Bytes>> {
        let chunk = self.chunks.recv().await;
        self.count(chunk.as_ref());
        chunk
    }

    fn count(&self, chunk: Option<&Result<Bytes>>) {
        if let Some(Ok(chunk)) = chunk {
            self.progress.state.decoded.fetch_add(chunk.len() as u64, Ordering::Relaxed);
        }
    }
}

impl Stream for Download {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let polled = self.chunks.poll_recv(context);
        if let Poll::Ready(chunk) = &polled {
            self.count(chunk.as_ref());
        }
        polled
    }
}

impl fmt::Debug for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Download").field("progress", &self.progress).finish_non_exhaustive()
    }
}

/// What comes off the connection. A queue that closes without `End` was given up.
enum Raw {
    Chunk(Bytes),
    Failed(Error),
    End,
}

async fn receive(what: String, mut response: Response, raw: mpsc::Sender<Raw>, progress: Progress) {
    loop {
        let next = match response.chunk().await {
            Ok(Some(chunk)) => {
                progress.state.received.fetch_add(chunk.len() as u64, Ordering::Relaxed);
                Raw::Chunk(chunk)
            }
            Ok(None) => Raw::End,
            Err(error) => Raw::Failed(Error::transport(&what, error)),
        };
        let last = !matches!(next, Raw::Chunk(_));
        if raw.send(next).await.is_err() || last {
            return;
        }
    }
}

/// The decoder's thread. `Ok(None)` is the end of a whole file.
async fn decode(
    what: String,
    incoming: mpsc::Receiver<Raw>,
    decoded: mpsc::Sender<Result<Option<Bytes>>>,
    compression: Compression,
) {
    let bytes = stream::unfold(incoming, |mut incoming| async {
        match incoming.recv().await {
            Some(Raw::Chunk(chunk)) => Some((Ok(chunk), incoming)),
            Some(Raw::Failed(error)) => Some((Err(io::Error::other(error)), incoming)),
            Some(Raw::End) => None,
            None => Some((Err(io::Error::other(ended())), incoming)),
        }
    });
    let source = BufReader::new(StreamReader::new(Box::pin(bytes)));
    let reader: Pin<Box<dyn AsyncRead + Send>> = match compression {
        Compression::None => Box::pin(source),
        Compression::Xz => {
            let mut decoder = XzDecoder::new(source);
            decoder.multiple_members(true);
            Box::pin(decoder)
        }
        Compression::Zstd => {
            let mut decoder = ZstdDecoder::new(source);
            decoder.multiple_members(true);
            Box::pin(decoder)
        }
        Compression::Gzip => {
            let mut decoder = GzipDecoder::new(source);
            decoder.multiple_members(true);
            Box::pin(decoder)
        }
    };
    copy(&what, reader, decoded).await;
}

async fn copy(
    what: &str,
    mut reader: Pin<Box<dyn AsyncRead + Send>>,
    decoded: mpsc::Sender<Result<Option<Bytes>>>,
) {
    let mut buffer = BytesMut::new();
    let mut any = false;
    loop {
        buffer.reserve(CHUNK);
        while buffer.len() < CHUNK {
            match reader.read_buf(&mut buffer).await {
                Ok(0) if !any => {
                    let error = Error::new(ErrorKind::Corrupt, format!("{what}: it is empty"));
                    let _ = decoded.send(Err(error)).await;
                    return;
                }
                Ok(0) => {
                    if buffer.is_empty() || decoded.send(Ok(Some(buffer.split().freeze()))).await.is_ok() {
                        let _ = decoded.send(Ok(None)).await;
                    }
                    return;
                }
                Ok(_) => any = true,
                Err(error) => {
                    let _ = decoded.send(Err(failure(what, error))).await;
                    return;
                }
            }
        }
        if decoded.send(Ok(Some(buffer.split().freeze()))).await.is_err() {
            return;
        }
    }
}

/// The connection's error where it is one, else that of the data.
fn failure(what: &str, error: io::Error) -> Error {
    match error.downcast::<Error>() {
        Ok(error) => error,
        Err(error) => {
            let how = match error.kind() {
                io::ErrorKind::UnexpectedEof => "it ends too early",
                _ => "it can't be decoded",
            };
            Error::new(ErrorKind::Corrupt, format!("{what}: {how}")).with_source(error)
        }
    }
}

/// Hands chunks on and hashes them; the hashes are there before the stream ends.
async fn hash(
    mut incoming: mpsc::Receiver<Result<Option<Bytes>>>,
    out: mpsc::Sender<Result<Bytes>>,
    progress: Progress,
) {
    let mut hashes = Hashes::start();
    while let Some(next) = incoming.recv().await {
        match next {
            Ok(Some(chunk)) => {
                hashes.push(&chunk).await;
                if out.send(Ok(chunk)).await.is_err() {
                    return;
                }
            }
            Ok(None) => {
                match hashes.finish().await {
                    Ok(digests) => drop(progress.state.digests.set(digests)),
                    Err(error) => drop(out.send(Err(ended().with_source(error))).await),
                }
                return;
            }
            Err(error) => {
                let _ = out.send(Err(error)).await;
                return;
            }
        }
    }
    let _ = out.send(Err(ended())).await;
}

/// A stage ended without a word: its thread died, or the runtime is shutting down.
fn ended() -> Error {
    Error::new(ErrorKind::Interrupted, "the download was ended")
}
