//! Where configurations are looked for.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Where Talos mounts a configuration into pods that may use its API.
const SERVICE_ACCOUNT: &str = "/var/run/secrets/talos.dev/config";

/// The usual paths of a configuration, most wanted first.
///
/// `$TALOSCONFIG`, then `$TALOS_HOME/config` (an absolute `TALOS_HOME` only) or `~/.talos/config`, then the one that
/// Talos mounts into pods: `/var/run/secrets/talos.dev/config`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    candidates: Vec<PathBuf>,
}

impl Paths {
    /// The paths that the environment of this process asks for.
    #[must_use]
    pub fn from_env() -> Self {
        Self::from_lookup(|name| env::var_os(name))
    }

    /// The paths that an environment asks for: `TALOSCONFIG`, `TALOS_HOME` and `HOME` are looked up.
    #[must_use]
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<OsString>) -> Self {
        let set = |name| lookup(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let talos_home = set("TALOS_HOME")
            .filter(|path| path.is_absolute())
            .or_else(|| set("HOME").map(|home| home.join(".talos")));
        let candidates = set("TALOSCONFIG")
            .into_iter()
            .chain(talos_home.map(|home| home.join("config")))
            .chain([PathBuf::from(SERVICE_ACCOUNT)])
            .collect();
        Self { candidates }
    }

    /// The paths, most wanted first.
    pub fn iter(&self) -> impl Iterator<Item = &Path> {
        self.candidates.iter().map(PathBuf::as_path)
    }

    /// The first path at which there is a file.
    #[must_use]
    pub fn existing(&self) -> Option<&Path> {
        self.iter().find(|path| path.exists())
    }

    /// Where a new configuration belongs: the first path that may be written.
    #[must_use]
    pub fn writable(&self) -> Option<&Path> {
        self.iter().find(|path| !is_read_only(path))
    }
}

pub(crate) fn is_read_only(path: &Path) -> bool {
    path == Path::new(SERVICE_ACCOUNT)
}
