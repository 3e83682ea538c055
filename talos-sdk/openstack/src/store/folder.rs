//! State in a folder of this machine.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

use crate::error::{Error, ErrorKind, Result};
use crate::secret::SecretString;
use crate::store::{BoxFuture, Lease, StateFile, Store};

/// The file that a runner holds a lock on.
const LOCK: &str = ".lock";

/// State in the folder `DIR/NAME`: the folder has mode 0700, its files 0600.
///
/// A file is written beside its place, flushed to the disk and renamed, so a crash leaves the old or the new one. The lock
/// is the operating system's own on an open file: it ends with the process, also with one that was killed.
#[derive(Debug, Clone)]
pub struct FolderStore {
    folder: PathBuf,
}

impl FolderStore {
    /// The state of the cluster `name` below `dir`. Nothing is read or made yet.
    #[must_use]
    pub fn new(dir: impl AsRef<Path>, name: &str) -> Self {
        Self { folder: dir.as_ref().join(name) }
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Runs file work where blocking is allowed.
    fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Path) -> Result<T> + Send + 'static,
    ) -> BoxFuture<'static, Result<T>> {
        let folder = self.folder.clone();
        Box::pin(async move {
            tokio::task::spawn_blocking(move || work(&folder)).await.map_err(|error| {
                Error::new(ErrorKind::Store, "the work on the state folder was cut off").with_source(error)
            })?
        })
    }
}

impl Store for FolderStore {
    fn lock(&self) -> BoxFuture<'_, Result<Lease>> {
        self.blocking(|folder| {
            create_folder(folder)?;
            let path = folder.join(LOCK);
            let file = OpenOptions::new()
                .create(true)
                .truncate(false)
                .write(true)
                .mode(0o600)
                .open(&path)
                .map_err(|error| failed("write", &path, error))?;
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => {
                    remove_leftovers(folder);
                    Ok(Lease::new(file))
                }
                Err(rustix::io::Errno::WOULDBLOCK) => Err(Error::new(
                    ErrorKind::Locked,
                    format!(
                        "another process works on the cluster in {}: wait for it or stop it",
                        folder.display()
                    ),
                )),
                Err(error) => Err(failed("lock", &path, error.into())),
            }
        })
    }

    fn read(&self, file: StateFile) -> BoxFuture<'_, Result<Option<SecretString>>> {
        self.blocking(move |folder| {
            let path = folder.join(file.name());
            let mut text = String::new();
            match File::open(&path).and_then(|mut file| file.read_to_string(&mut text)) {
                Ok(_) => Ok(Some(SecretString::new(text))),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                Err(error) => Err(failed("read", &path, error)),
            }
        })
    }

    fn write<'a>(&'a self, file: StateFile, text: &'a SecretString) -> BoxFuture<'a, Result<()>> {
        let text = text.clone();
        self.blocking(move |folder| {
            let path = folder.join(file.name());
            replace(folder, &path, text.expose().as_bytes()).map_err(|error| failed("write", &path, error))
        })
    }

    fn location(&self, file: StateFile) -> String {
        self.folder.join(file.name()).display().to_string()
    }
}

fn create_folder(folder: &Path) -> Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .and_then(|()| fs::set_permissions(folder, fs::Permissions::from_mode(0o700)))
        .map_err(|error| failed("make", folder, error))
}

/// Writes beside `path` and renames: whoever reads sees the old text or the new one.
fn replace(folder: &Path, path: &Path, text: &[u8]) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = folder.join(format!(".{name}.{}.new", std::process::id()));
    let written = (|| {
        // One from a killed process of the same id may have been left, with who knows what mode.
        match fs::remove_file(&temporary) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&temporary)?;
        file.write_all(text)?;
        file.sync_all()?;
        fs::rename(&temporary, path)?;
        File::open(folder)?.sync_all()
    })();
    if written.is_err() {
        // It holds secrets; if it can't be removed either, the next runner does it.
        let _ = fs::remove_file(&temporary);
    }
    written
}

/// Removes what a killed process was about to write.
fn remove_leftovers(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with('.') && name.ends_with(".new") {
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn failed(what: &str, path: &Path, error: io::Error) -> Error {
    Error::new(ErrorKind::Store, format!("can't {what} {}: {error}", path.display())).with_source(error)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[tokio::test]
    async fn files_are_for_the_owner_only() {
        let dir = tempfile::tempdir().unwrap();
        let store = FolderStore::new(dir.path().join("deep/er"), "prod");
        let _lease = store.lock().await.unwrap();
        store.write(StateFile::Secrets, &SecretString::new("one")).await.unwrap();
        store.write(StateFile::Secrets, &SecretString::new("two")).await.unwrap();

        assert_eq!(mode(store.folder()), 0o700);
        for entry in fs::read_dir(store.folder()).unwrap() {
            assert_eq!(mode(&entry.unwrap().path()), 0o600);
        }
        assert_eq!(store.read(StateFile::Secrets).await.unwrap().unwrap().expose(), "two");
        assert!(store.read(StateFile::Kubeconfig).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn a_crash_before_the_rename_leaves_the_old_file() {
        let dir = tempfile::tempdir().unwrap();
        let store = FolderStore::new(dir.path(), "prod");
        let lease = store.lock().await.unwrap();
        store.write(StateFile::State, &SecretString::new("old")).await.unwrap();
        let half = store.folder().join(".state.json.4711.new");
        fs::write(&half, "ne").unwrap();
        drop(lease);

        let _lease = store.lock().await.unwrap();
        assert_eq!(store.read(StateFile::State).await.unwrap().unwrap().expose(), "old");
        assert!(!half.exists());
    }

    #[tokio::test]
    async fn a_second_runner_is_refused_until_the_first_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        let first = FolderStore::new(dir.path(), "prod");
        let lease = first.lock().await.unwrap();
        let second = FolderStore::new(dir.path(), "prod");
        let error = second.lock().await.unwrap_err();
        assert!(error.is_locked() && error.to_string().contains("prod"), "{error}");
        // Another cluster in the same place is free.
        FolderStore::new(dir.path(), "test").lock().await.unwrap();

        drop(lease);
        second.lock().await.unwrap();
    }

    #[tokio::test]
    async fn an_unwritable_place_is_an_error_that_names_it() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        fs::write(&file, "").unwrap();
        let error = FolderStore::new(&file, "prod").lock().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Store);
        assert!(error.to_string().contains("file/prod"), "{error}");
    }
}
