//! A machine configuration: the documents that one machine is given.

use std::fmt;

use talos_pki::SecretString;

use crate::error::{Error, ErrorKind, Result};
use crate::machine_type::MachineType;
use crate::patch::Patch;

/// The configuration of one machine: documents of various kinds, the oldest of which (kind `v1alpha1`) holds the
/// sections `machine` and `cluster`.
///
/// `Debug` prints the kinds of the documents only, since most configurations hold secrets.
#[derive(Clone, PartialEq)]
pub struct Config {}

impl Config {
    /// Reads a configuration, strictly: unknown kinds, unknown keys and duplicates are errors.
    ///
    /// # Errors
    ///
    /// Says the line and the path of what is wrong, and a key that was perhaps meant.
    pub fn from_yaml(text: &str) -> Result<Self> {
        let _ = text;
        Err(Error::new(ErrorKind::Unsupported, "reading is not offered yet"))
    }

    /// The text of the configuration. As long as nothing was changed this is the very text that was read.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Internal`] if a value can't be written.
    pub fn to_yaml(&self) -> Result<SecretString> {
        Err(Error::new(ErrorKind::Unsupported, "writing is not offered yet"))
    }

    /// Applies `patches` one after another. Without any, the configuration keeps its very bytes.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::PatchMismatch`], [`ErrorKind::PatchTargetMissing`], [`ErrorKind::ConflictingDocuments`] and
    /// [`ErrorKind::DuplicateDocument`], with the path.
    pub fn patch(&self, patches: &[Patch]) -> Result<Self> {
        let _ = patches;
        Err(Error::new(ErrorKind::Unsupported, "patching is not offered yet"))
    }

    /// The role of the machine.
    pub fn machine_type(&self) -> Option<MachineType> {
        None
    }

    /// The name of the cluster.
    pub fn cluster_name(&self) -> Option<&str> {
        None
    }

    /// The URL of the Kubernetes API.
    pub fn endpoint(&self) -> Option<&str> {
        None
    }

    /// PEM of the Talos API's certificate authority, and of its key where the machine has it.
    pub fn machine_ca(&self) -> Option<(String, Option<SecretString>)> {
        None
    }

    /// The token by which machines join.
    pub fn machine_token(&self) -> Option<&SecretString> {
        None
    }

    /// PEM of the Kubernetes certificate authority, and of its key where the machine has it.
    pub fn kubernetes_ca(&self) -> Option<(String, Option<SecretString>)> {
        None
    }

    /// More names and addresses for the certificate of the Talos API.
    pub fn cert_sans(&self) -> &[String] {
        &[]
    }

    /// More names and addresses for the certificate of the Kubernetes API.
    pub fn api_server_cert_sans(&self) -> &[String] {
        &[]
    }

    /// The host name, if the configuration fixes one.
    pub fn hostname(&self) -> Option<&str> {
        None
    }

    /// The Kubernetes version without `v`, taken from the tag of the kubelet's image.
    pub fn kubernetes_version(&self) -> Option<&str> {
        None
    }

    /// The image that installs Talos.
    pub fn install_image(&self) -> Option<&str> {
        None
    }

    /// The disk that Talos is installed to.
    pub fn install_disk(&self) -> Option<&str> {
        None
    }

    /// The name of the network plugin, `none` if something else installs one. Default: `flannel`.
    pub fn cni_name(&self) -> &str {
        "flannel"
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config").finish_non_exhaustive()
    }
}
