//! The kubeconfig of a user.

use std::io;
use std::path::{Path, PathBuf};

use talos_pki::SecretString;

use super::merge::{KubeconfigMerge, MergedKubeconfig};
use crate::file::{PrivateFile, failed};
use crate::{Error, ErrorKind, Result};

/// A kubeconfig on this machine, which may not be there yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KubeconfigFile {
    path: PathBuf,
}

impl KubeconfigFile {
    /// The file at this path.
    #[must_use]
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// The file that kubectl writes to: the first in `KUBECONFIG`, or `.kube/config` in the home of the user.
    ///
    /// [`ErrorKind::InvalidConfiguration`]: neither is known.
    pub fn find() -> Result<Self> {
        let listed = std::env::var_os("KUBECONFIG").unwrap_or_default();
        let first = std::env::split_paths(&listed).find(|path| !path.as_os_str().is_empty());
        first.or_else(|| Some(std::env::home_dir()?.join(".kube").join("config"))).map(Self::at).ok_or_else(
            || {
                Error::new(
                    ErrorKind::InvalidConfiguration,
                    "the place of the kubeconfig is not known: set KUBECONFIG or name a file",
                )
            },
        )
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Merges a kubeconfig into the file, or makes the file, for the owner's eyes only (mode 0600; missing folders
    /// 0700). A reader sees the old file or the new one, never a part.
    ///
    /// [`ErrorKind::InvalidConfiguration`]: the file is no kubeconfig, and stays as it is.
    /// [`ErrorKind::Io`]: it can't be read or written.
    pub async fn merge(&self, new: &SecretString, options: &KubeconfigMerge) -> Result<MergedKubeconfig> {
        let existing = match tokio::fs::read_to_string(&self.path).await {
            Ok(text) => SecretString::new(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => SecretString::new(""),
            Err(error) => return Err(failed("read", &self.path, error)),
        };
        let mut merged = options.merge(existing.expose(), new.expose())?;
        if existing.expose().is_empty() && options.context_name.is_none() {
            // Nothing to merge with: its very bytes.
            merged.text = new.clone();
        }
        self.write(&merged.text).await?;
        Ok(merged)
    }

    async fn write(&self, text: &SecretString) -> Result<()> {
        if let Some(folder) = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            let mut builder = tokio::fs::DirBuilder::new();
            builder.recursive(true);
            #[cfg(unix)]
            builder.mode(0o700);
            builder.create(folder).await.map_err(|error| failed("create", folder, error))?;
        }
        let mut file = PrivateFile::create(&self.path).await?;
        file.write(text.expose().as_bytes()).await?;
        file.finish().await
    }
}
