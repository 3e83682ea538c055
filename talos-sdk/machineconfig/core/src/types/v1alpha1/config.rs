//! The document that holds the sections `machine` and `cluster`.

use talos_machineconfig_derive::Fields;

use crate::types::v1alpha1::{ClusterConfig, MachineConfig};

/// The oldest document, kind `v1alpha1`: what the machine is and what its cluster is.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct Config {
    /// Version of the document, always `v1alpha1`.
    #[config(always)]
    pub version: String,
    /// Whether the machine logs verbosely to its console.
    pub debug: Option<bool>,
    /// Whether the configuration is kept on disk. Talos always does.
    #[config(deprecated)]
    pub persist: Option<bool>,
    /// The machine itself.
    #[config(always)]
    pub machine: Option<MachineConfig>,
    /// The cluster it belongs to.
    #[config(always)]
    pub cluster: Option<ClusterConfig>,
}

impl Config {
    /// Drops blank lines before the manifests, as Talos does when it reads them.
    pub(crate) fn trim_manifests(&mut self) {
        for manifest in self.cluster.iter_mut().flat_map(|cluster| &mut cluster.inline_manifests) {
            let blank = ['\t', '\n', '\u{b}', '\u{c}', '\r'];
            manifest.contents = manifest.contents.trim_start_matches(blank).to_owned();
        }
    }
}
