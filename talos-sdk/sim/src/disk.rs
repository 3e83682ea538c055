//! What a machine remembers over a reboot.

use std::sync::Arc;

use crate::cluster::EtcdMembership;
use crate::config::NodeConfig;

/// The disk of a machine.
#[derive(Clone, Default)]
pub(crate) struct Disk {
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
    /// Identity for discovery.
    pub(crate) node_id: Option<String>,
}
