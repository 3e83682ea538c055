//! Services of extensions.

use talos_machineconfig_derive::Fields;

use crate::model::{Mismatch, merge_by};
use crate::validate::{Findings, Rules};

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

impl Rules for ExtensionServiceConfig {
    fn check(&self, found: &mut Findings) {
        found.require("name", &self.name, "the name of the extension's service");
        if self.config_files.is_empty() && self.environment.is_empty() {
            found.missing("", "configFiles or environment");
        }
        found.each("configFiles", &self.config_files, |file, found| {
            found.require("content", &file.content, "what the file holds");
            found.require("mountPath", &file.mount_path, "where the file is mounted");
        });
    }
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
