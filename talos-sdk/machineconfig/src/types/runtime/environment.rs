//! Files, environment and events of the system.

use std::collections::BTreeMap;

use talos_machineconfig_derive::Fields;

use crate::model::{Mismatch, merge_by};
use crate::types::{FileMode, Secret, Url};

/// Environment variables of services.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "EnvironmentConfig")]
pub struct EnvironmentConfig {
    /// Values by name.
    #[config(always)]
    pub variables: BTreeMap<String, String>,
}

/// A file below `/etc`.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "EtcFileConfig")]
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

/// A receiver of events.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "EventSinkConfig")]
pub struct EventSinkConfig {
    /// Host and port.
    #[config(always)]
    pub endpoint: String,
}

/// A receiver of the kernel log.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "KmsgLogConfig")]
pub struct KmsgLogConfig {
    /// Name of the document.
    #[config(always)]
    pub name: String,
    /// `tcp://` or `udp://` URL.
    #[config(always)]
    pub url: Url,
}

/// Files and environment of an extension's service.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "ExtensionServiceConfig")]
pub struct ExtensionServiceConfig {
    /// Name of the service.
    #[config(always)]
    pub name: String,
    /// Files. A patch merges by path.
    #[config(merge = merge_files)]
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

/// SideroLink, the tunnel to a management server.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "SideroLinkConfig")]
pub struct SideroLinkConfig {
    /// URL of the server.
    #[config(always)]
    pub api_url: Url,
    /// Token of this machine.
    pub unique_token: Secret,
}

/// Files: by path.
fn merge_files(left: &mut Vec<ConfigFile>, right: Vec<ConfigFile>) -> Result<(), Mismatch> {
    merge_by(left, right, |left, right| left.mount_path == right.mount_path)
}
