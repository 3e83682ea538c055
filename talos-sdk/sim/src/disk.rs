//! What a machine remembers over a reboot.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;

use crate::config::NodeConfig;
use crate::etcd::EtcdMembership;
use crate::images::Images;
use crate::storage::Storage;
use crate::version::TalosVersion;

/// The disk of a machine.
#[derive(Clone, Default)]
pub(crate) struct Disk {
    /// The version that boots next.
    pub(crate) version: TalosVersion,
    /// The one that a rollback brings back.
    pub(crate) previous: Option<TalosVersion>,
    /// Whether Talos has been installed.
    pub(crate) installed: bool,
    /// The configuration that the next boot uses.
    pub(crate) config: Option<Arc<NodeConfig>>,
    /// A configuration that replaces it at the next boot.
    pub(crate) staged: Option<Arc<NodeConfig>>,
    /// Whether user data was looked at already.
    pub(crate) user_data_read: bool,
    /// The data of etcd: which cluster this machine is a member of.
    pub(crate) etcd: Option<EtcdMembership>,
    /// A snapshot of etcd that a bootstrap may begin from.
    pub(crate) etcd_snapshot: Option<Bytes>,
    /// What containerd keeps.
    pub(crate) images: Images,
    /// The block devices.
    pub(crate) storage: Storage,
    /// The values of META.
    pub(crate) meta: BTreeMap<u8, String>,
    /// Identity for discovery.
    pub(crate) node_id: Option<String>,
}

impl Disk {
    /// Forgets everything but the version that boots, and what is on other disks.
    pub(crate) fn wipe(&mut self, installed: bool) {
        let storage = std::mem::take(&mut self.storage);
        *self = Self { version: self.version.clone(), installed, storage, ..Self::default() };
    }
}
