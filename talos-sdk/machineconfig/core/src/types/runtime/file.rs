//! Files of the system.

use talos_machineconfig_derive::Fields;

use crate::types::FileMode;
use crate::validate::{Findings, Rules};

/// What Talos writes itself below `/etc`.
const MANAGED_FILES: [&str; 7] =
    ["resolv.conf", "hosts", "machine-id", "extensions.yaml", "localtime", "os-release", "xattr.conf"];
const MANAGED_DIRECTORIES: [&str; 12] = [
    "apparmor.d",
    "apparmor",
    "ca-certificates",
    "cni",
    "cri",
    "iscsi",
    "kubernetes",
    "lvm",
    "nvme",
    "pki",
    "selinux",
    "ssl",
];

/// A file below `/etc`.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "EtcFileConfig", since = "1.14")]
pub struct EtcFileConfig {
    /// Path of the file.
    #[config(always)]
    pub name: String,
    /// Permissions.
    #[config(always)]
    pub mode: FileMode,
    /// What the file holds.
    #[config(always)]
    pub contents: String,
}

impl Rules for EtcFileConfig {
    fn check(&self, found: &mut Findings) {
        let path = self.name.as_str();
        let directory = path.split('/').next().unwrap_or_default();
        if path.is_empty() {
            found.missing("name", "the path of the file below /etc, such as nfsmount.conf");
        } else if path.starts_with(['.', '/']) || leaves_its_directory(path) {
            found.error(
                "name",
                "write a path below /etc, such as nfsmount.conf: no / or . at its start, no way out",
            );
        } else if MANAGED_FILES.contains(&path) || MANAGED_DIRECTORIES.contains(&directory) {
            found.error("name", "Talos writes this itself: choose another path");
        }
    }
}

/// Whether `..` leads above the start of a relative path.
fn leaves_its_directory(path: &str) -> bool {
    let mut depth = 0usize;
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => match depth.checked_sub(1) {
                Some(less) => depth = less,
                None => return true,
            },
            _ => depth += 1,
        }
    }
    false
}
