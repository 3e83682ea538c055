//! What a member of etcd says of itself.

use super::EtcdMemberId;
use crate::reply::malformed;
use crate::{Node, Result};

/// What a member of etcd says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct EtcdStatus {
    /// The member.
    pub member: EtcdMemberId,
    /// The leader as this member knows it; `None` while there is none, when etcd takes no writes.
    pub leader: Option<EtcdMemberId>,
    /// The version of etcd that the member runs.
    pub protocol_version: String,
    /// The version whose format the data has (Talos 1.11 and later).
    pub storage_version: Option<String>,
    /// Size of the database file, in bytes.
    pub db_size: u64,
    /// How much of it is in use, in bytes; the rest is what [`Node::etcd_defragment`] frees.
    pub db_size_in_use: u64,
    /// The last entry of the log.
    pub raft_index: u64,
    /// The election that the leader comes from.
    pub raft_term: u64,
    /// The last entry that was applied; less than `raft_index` while the member catches up.
    pub raft_applied_index: u64,
    /// What the member complains of.
    pub errors: Vec<String>,
    /// Whether it still catches up and has no vote.
    pub is_learner: bool,
}

impl EtcdStatus {
    /// Whether this member is the leader.
    #[must_use]
    pub fn is_leader(&self) -> bool {
        self.leader == Some(self.member)
    }
}

impl Node {
    /// The member of etcd on this node, as it sees itself (`machine.MachineService/EtcdStatus`, any role).
    pub async fn etcd_status(&self) -> Result<EtcdStatus> {
        let reply =
            self.call((), |raw, request| async move { raw.machine().etcd_status(request).await }).await?;
        let origin = reply.origin.clone();
        let status = reply
            .single()?
            .member_status
            .ok_or_else(|| origin.place(malformed("the reply has no status of a member")))?;
        Ok(EtcdStatus {
            member: EtcdMemberId(status.member_id),
            leader: Some(status.leader).filter(|leader| *leader != 0).map(EtcdMemberId),
            protocol_version: status.protocol_version,
            storage_version: Some(status.storage_version).filter(|version| !version.is_empty()),
            db_size: status.db_size.try_into().unwrap_or_default(),
            db_size_in_use: status.db_size_in_use.try_into().unwrap_or_default(),
            raft_index: status.raft_index,
            raft_term: status.raft_term,
            raft_applied_index: status.raft_applied_index,
            errors: status.errors,
            is_learner: status.is_learner,
        })
    }
}
