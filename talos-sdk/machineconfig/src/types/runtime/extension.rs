//! Services of extensions.

use talos_machineconfig_derive::Fields;

use crate::model::{Mismatch, merge_by};

/// Files and environment of an extension's service.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "ExtensionServiceConfig", since = "1.7")]
pub struct ExtensionServiceConfig {
    /// Name of the service.
    #[config(always)]
    pub name: String,
    /// Files. A patch merges by path.
    #[config(merge = merge_files, by("mountPath"))]
    pub config_files: Vec<ConfigFile>,
    /// Environment variables, `KEY=value`.
    pub environment: Vec<String>,
}

/// A file of an extension's service.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct ConfigFile {
    /// What the file holds.
    #[config(always)]
    pub content: String,
    /// Where it is mounted.
    #[config(always)]
    pub mount_path: String,
}

/// Files: by path.
fn merge_files(left: &mut Vec<ConfigFile>, right: Vec<ConfigFile>) -> Result<(), Mismatch> {
    merge_by(left, right, |left, right| left.mount_path == right.mount_path)
}
