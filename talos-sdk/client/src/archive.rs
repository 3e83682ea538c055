//! Archives of files that a machine sends.

use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use bytes::{Buf, Bytes};
use flate2::bufread::GzDecoder;
use futures_util::StreamExt;
use tokio::sync::mpsc;

use crate::stream::ByteStream;
use crate::tar::{TarEntry, TarKind, TarReader, UnsafeArchive, unsafe_archive};
use crate::{Error, ErrorKind, Result};

/// So many pieces wait for the disk at most.
const AHEAD: usize = 16;
/// An archive with more that can't be unpacked is of no use.
const MAX_SKIPPED: usize = 10_000;

/// A gzipped tar archive that a machine sends, from [`Node::copy`](crate::Node::copy).
#[derive(Debug)]
#[must_use = "nothing is sent before it is read"]
pub struct Archive {
    bytes: ByteStream,
}

/// How to unpack an [`Archive`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExtractOptions {
    /// How many bytes may be unpacked, headers included; 4 GiB by default.
    pub max_bytes: u64,
    /// How many entries may be unpacked; a million by default.
    pub max_entries: u64,
}

impl Default for ExtractOptions {
    fn default() -> Self {
        Self { max_bytes: 4 << 30, max_entries: 1_000_000 }
    }
}

impl ExtractOptions {
    /// Unpacks so many bytes at most.
    #[must_use]
    pub fn with_max_bytes(mut self, bytes: u64) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// Unpacks so many entries at most.
    #[must_use]
    pub fn with_max_entries(mut self, entries: u64) -> Self {
        self.max_entries = entries;
        self
    }
}

/// What came of an [`Archive`].
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
#[must_use = "it says what is missing"]
pub struct Extracted {
    /// How many files there are.
    pub files: u64,
    /// How many bytes they have.
    pub bytes: u64,
    /// What was in the archive and is not in the folder.
    pub skipped: Vec<SkippedFile>,
    /// What the machine could not put into the archive, in its own words.
    pub left_out: Option<Error>,
}

/// A file that was not unpacked.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SkippedFile {
    /// Its path in the archive.
    pub path: PathBuf,
    /// Why: it is a device, or a link that leads out of the folder.
    pub reason: &'static str,
}

impl Extracted {
    /// Whether everything is there.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.skipped.is_empty() && self.left_out.is_none()
    }
}

impl Archive {
    pub(crate) fn new(bytes: ByteStream) -> Self {
        Self { bytes }
    }

    /// The archive as it is, to be stored.
    pub fn into_bytes(self) -> ByteStream {
        self.bytes
    }

    /// Unpacks the archive into a folder, which is made if it is not there. Files that are there are replaced.
    ///
    /// The machine is not trusted: nothing is written outside of the folder or through a link in it, and no more than
    /// the options allow; an archive that tries is an error of the kind [`ErrorKind::UnsafeArchive`]. Links that lead
    /// out of the folder, hard links and devices are passed over, and listed in [`Extracted::skipped`]. Permissions and
    /// times are kept, owners are not.
    ///
    /// After an error, and when the future is dropped, the files that were complete stay.
    pub async fn extract(self, folder: impl Into<PathBuf>, options: ExtractOptions) -> Result<Extracted> {
        let folder = folder.into();
        let (sender, pieces) = mpsc::channel(AHEAD);
        let work = tokio::task::spawn_blocking(move || {
            let pieces = Pieces { pieces, rest: Bytes::new(), ended: false };
            unpack(pieces, &folder, &options)
        });
        let mut bytes = self.bytes;
        loop {
            let piece = bytes.next().await.transpose();
            let last = !matches!(piece, Ok(Some(_)));
            // Nobody takes it any more once unpacking failed.
            if sender.send(piece).await.is_err() || last {
                break;
            }
        }
        drop(sender);
        work.await
            .unwrap_or_else(|error| Err(Error::new(ErrorKind::Io, "unpacking broke off").with_source(error)))
            .map_err(|error| error.at(Some("Copy"), None, None))
    }
}

/// The pieces of a stream, for a thread that may wait.
struct Pieces {
    pieces: mpsc::Receiver<Result<Option<Bytes>>>,
    rest: Bytes,
    ended: bool,
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.rest.is_empty() && !self.ended {
            match self.pieces.blocking_recv() {
                Some(Ok(Some(piece))) => self.rest = piece,
                Some(Ok(None)) => self.ended = true,
                Some(Err(error)) => return Err(io::Error::other(error)),
                None => return Err(io::Error::other("the caller is gone")),
            }
        }
        let length = self.rest.len().min(buffer.len());
        self.rest.copy_to_slice(&mut buffer[..length]);
        Ok(length)
    }
}

/// Unpacks a gzipped tar archive into a folder.
///
/// # Errors
///
/// [`ErrorKind::UnsafeArchive`], [`ErrorKind::InvalidReply`] if the archive is damaged or cut off, [`ErrorKind::Io`] if
/// the folder can't be written to.
pub fn unpack(archive: impl Read, folder: &Path, options: &ExtractOptions) -> Result<Extracted> {
    let mut extracted = Extracted::default();
    let mut folders = Vec::new();
    fs::create_dir_all(folder).map_err(|error| local(folder, error))?;

    let gzip = GzDecoder::new(BufReader::with_capacity(64 << 10, archive));
    let mut tar = TarReader::new(Limited { reader: gzip, left: options.max_bytes });
    let mut entries = 0;
    while let Some(entry) = tar.next_entry().map_err(remote)? {
        entries += 1;
        if entries > options.max_entries {
            return Err(remote(unsafe_archive("the archive has more entries than the limit allows")));
        }
        let path = folder.join(&entry.path);
        match &entry.kind {
            TarKind::Skipped(reason) => {
                if extracted.skipped.len() == MAX_SKIPPED {
                    return Err(remote(unsafe_archive("the archive is mostly of what can't be unpacked")));
                }
                extracted.skipped.push(SkippedFile { path: entry.path, reason });
            }
            TarKind::Directory => {
                make_folders(folder, &entry.path)?;
                folders.push((path, entry.permissions));
            }
            TarKind::Symlink(target) => {
                make_folders(folder, parent(&entry.path)?)?;
                link(target, &path).map_err(|error| local(&path, error))?;
            }
            TarKind::File(size) => {
                make_folders(folder, parent(&entry.path)?)?;
                write(&mut tar, &entry, &path)?;
                extracted.files += 1;
                extracted.bytes += size;
            }
        }
    }
    // Only now, as nothing can be made in a folder that may not be written to.
    #[cfg(unix)]
    for (path, permissions) in folders.iter().rev() {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(path, fs::Permissions::from_mode(permissions | 0o700))
            .map_err(|error| local(path, error))?;
    }
    // The archive is whole; the machine may still say what is not in it.
    let mut rest = tar.into_inner().reader.into_inner();
    if let Err(error) = io::copy(&mut rest, &mut io::sink()) {
        extracted.left_out = Some(remote(error));
    }
    Ok(extracted)
}

/// The folder that an entry is in. The folder that is unpacked to is itself no file.
fn parent(path: &Path) -> Result<&Path> {
    path.parent().ok_or_else(|| remote(unsafe_archive("the archive has a file without a name")))
}

/// Makes the folders on a path, and sees to it that none of them is a link.
fn make_folders(root: &Path, path: &Path) -> Result<()> {
    let mut folder = root.to_owned();
    for name in path.components() {
        folder.push(name);
        match fs::symlink_metadata(&folder) {
            Ok(metadata) if metadata.is_dir() => {}
            Ok(_) => {
                return Err(remote(unsafe_archive(format!(
                    "the archive has files in {}, which is no folder",
                    folder.display()
                ))));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                fs::create_dir(&folder).map_err(|error| local(&folder, error))?;
            }
            Err(error) => return Err(local(&folder, error)),
        }
    }
    Ok(())
}

/// Writes a file beside its place and then moves it there, so that what is there is not written through.
fn write(content: &mut impl Read, entry: &TarEntry, path: &Path) -> Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".talos-part");
    let mut part = Part { path: path.with_file_name(name), kept: false };
    _ = fs::remove_file(&part.path);
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let mut file = options.open(&part.path).map_err(|error| local(path, error))?;

    let mut buffer = vec![0; 64 << 10];
    loop {
        let read = content.read(&mut buffer).map_err(remote)?;
        if read == 0 {
            break;
        }
        io::Write::write_all(&mut file, &buffer[..read]).map_err(|error| local(path, error))?;
    }
    if let Some(modified) = entry.modified {
        // Not every file system can keep every time.
        _ = file.set_modified(modified);
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        file.set_permissions(fs::Permissions::from_mode(entry.permissions))
            .map_err(|error| local(path, error))?;
    }
    drop(file);
    fs::rename(&part.path, path).map_err(|error| local(path, error))?;
    part.kept = true;
    Ok(())
}

/// A file that is not complete yet, and goes away unless it becomes so.
struct Part {
    path: PathBuf,
    kept: bool,
}

impl Drop for Part {
    fn drop(&mut self) {
        if !self.kept {
            _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(unix)]
fn link(target: &Path, path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if !metadata.is_dir() => fs::remove_file(path)?,
        _ => {}
    }
    std::os::unix::fs::symlink(target, path)
}

#[cfg(not(unix))]
fn link(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "links can't be made here"))
}

/// Not more than a limit.
struct Limited<R> {
    reader: R,
    left: u64,
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        self.left = self.left.checked_sub(read as u64).ok_or_else(|| {
            unsafe_archive("the archive is larger than the limit allows; raise it if it is right")
        })?;
        Ok(read)
    }
}

fn local(path: &Path, error: io::Error) -> Error {
    Error::new(ErrorKind::Io, format!("could not write {}: {error}", path.display())).with_source(error)
}

/// What an error of reading the archive means: the machine's own, a hostile archive, or a broken one.
fn remote(mut error: io::Error) -> Error {
    if let Some(own) = error.get_mut().and_then(|inner| inner.downcast_mut::<Error>()) {
        return own.clone();
    }
    if error.get_ref().is_some_and(|inner| inner.is::<UnsafeArchive>()) {
        return Error::new(ErrorKind::UnsafeArchive, error.to_string()).with_source(error);
    }
    Error::new(ErrorKind::InvalidReply, "the archive is damaged or cut off").with_source(error)
}
