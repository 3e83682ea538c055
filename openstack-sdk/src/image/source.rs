//! Where the bytes of an upload come from.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use futures_core::future::BoxFuture;
use futures_util::stream;
use tokio::io::AsyncReadExt;

/// An error of the caller's source.
pub type SourceError = Box<dyn std::error::Error + Send + Sync>;

/// The bytes of an upload, piece by piece.
pub type UploadStream = Pin<Box<dyn Stream<Item = Result<Bytes, SourceError>> + Send>>;

/// What opens a source.
pub type SourceFuture<'a> = BoxFuture<'a, Result<UploadBody, SourceError>>;

/// A source that can be read from its start more than once: after a refused token or a broken connection the
/// upload begins anew.
pub trait UploadSource: Send + Sync {
    /// Begins at the first byte.
    fn open(&self) -> SourceFuture<'_>;
}

/// An opened source.
pub struct UploadBody {
    pub(super) stream: UploadStream,
    pub(super) size: Option<u64>,
}

impl UploadBody {
    /// Bytes whose number is not known beforehand.
    pub fn new(stream: impl Stream<Item = Result<Bytes, SourceError>> + Send + 'static) -> UploadBody {
        UploadBody { stream: Box::pin(stream), size: None }
    }

    /// Says how many bytes there will be, exactly.
    pub fn with_size(mut self, bytes: u64) -> UploadBody {
        self.size = Some(bytes);
        self
    }
}

impl fmt::Debug for UploadBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UploadBody").field("size", &self.size).finish_non_exhaustive()
    }
}

impl UploadSource for Bytes {
    fn open(&self) -> SourceFuture<'_> {
        // In pieces, so that progress can be told.
        const PIECE: usize = 256 * 1024;
        let size = self.len() as u64;
        let pieces = stream::unfold(self.clone(), |mut rest| async move {
            let piece = rest.split_to(rest.len().min(PIECE));
            (!piece.is_empty()).then_some((Ok(piece), rest))
        });
        Box::pin(async move { Ok(UploadBody::new(pieces).with_size(size)) })
    }
}

/// A file as a source.
#[derive(Debug, Clone)]
pub struct FileSource {
    path: PathBuf,
}

impl FileSource {
    /// The file at this path.
    pub fn new(path: impl AsRef<Path>) -> FileSource {
        FileSource { path: path.as_ref().to_owned() }
    }
}

impl UploadSource for FileSource {
    fn open(&self) -> SourceFuture<'_> {
        const PIECE: usize = 512 * 1024;
        Box::pin(async move {
            let file = tokio::fs::File::open(&self.path).await?;
            let size = file.metadata().await?.len();
            let pieces = stream::try_unfold(file, |mut file| async move {
                let mut piece = BytesMut::with_capacity(PIECE);
                let read = file.read_buf(&mut piece).await.map_err(box_error)?;
                Ok((read > 0).then(|| (piece.freeze(), file)))
            });
            Ok(UploadBody::new(pieces).with_size(size))
        })
    }
}

fn box_error(error: io::Error) -> SourceError {
    Box::new(error)
}
