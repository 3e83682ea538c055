//! Files with secrets in them.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::fs::{File, OpenOptions};
use tokio::io::AsyncWriteExt;

use crate::{Error, ErrorKind, Result};

/// A file that only its owner can read, and that is there as a whole or not at all.
///
/// It is written as a neighbour that ends in `.part`, which goes away when this is dropped before [`Self::finish`].
#[derive(Debug)]
pub(crate) struct PrivateFile {
    path: PathBuf,
    part: PathBuf,
    file: Option<File>,
}

impl PrivateFile {
    /// Begins a file. Where `path` is a link, its target is replaced.
    pub(crate) async fn create(path: &Path) -> Result<Self> {
        static COUNTER: AtomicU64 = AtomicU64::new(0);
        let path = tokio::fs::canonicalize(path).await.unwrap_or_else(|_| path.to_owned());
        let Some(name) = path.file_name() else {
            return Err(Error::new(ErrorKind::Io, format!("{} is no name of a file", path.display())));
        };
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let mut part = std::ffi::OsString::from(".");
        part.push(name);
        part.push(format!(".{}-{number}.part", std::process::id()));
        let part = path.with_file_name(part);

        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        options.mode(0o600);
        let file = options.open(&part).await.map_err(|error| failed("write", &path, error))?;
        Ok(Self { path, part, file: Some(file) })
    }

    pub(crate) async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let Some(file) = &mut self.file else { return Ok(()) };
        file.write_all(bytes).await.map_err(|error| failed("write", &self.path, error))
    }

    /// Gives the file its name, once the disk has it.
    pub(crate) async fn finish(mut self) -> Result<()> {
        let Some(file) = &mut self.file else { return Ok(()) };
        let finished = async {
            file.flush().await?;
            file.sync_all().await?;
            tokio::fs::rename(&self.part, &self.path).await
        };
        finished.await.map_err(|error| failed("write", &self.path, error))?;
        self.file = None;
        sync_folder(&self.path).await;
        Ok(())
    }
}

/// So that the new name outlives a loss of power. Not every file system can.
async fn sync_folder(path: &Path) {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Ok(folder) = File::open(folder.unwrap_or_else(|| Path::new("."))).await {
        _ = folder.sync_all().await;
    }
}

impl Drop for PrivateFile {
    fn drop(&mut self) {
        if self.file.is_some() {
            _ = std::fs::remove_file(&self.part);
        }
    }
}

pub(crate) fn failed(what: &str, path: &Path, error: io::Error) -> Error {
    Error::new(ErrorKind::Io, format!("could not {what} {}: {error}", path.display())).with_source(error)
}
