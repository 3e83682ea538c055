//! etcd: its members and what can be done with them.

mod alarm;
mod downgrade;
mod proof;
mod recover;
mod snapshot;
mod status;

use std::fmt;
use std::str::FromStr;

use talos_proto::machine::{
    EtcdForfeitLeadershipRequest, EtcdLeaveClusterRequest, EtcdMemberListRequest, EtcdRemoveMemberByIdRequest,
};

pub use alarm::{EtcdAlarm, EtcdAlarmKind};
pub use downgrade::EtcdVersion;
pub use proof::Proof;
pub use recover::EtcdRecoverOptions;
pub use snapshot::{EtcdSnapshot, SavedSnapshot};
pub use status::EtcdStatus;

use crate::{Error, ErrorKind, Node, Result};

/// The id of a member of etcd: 64 bits, shown as 16 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EtcdMemberId(pub u64);

impl fmt::Display for EtcdMemberId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl FromStr for EtcdMemberId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let hexadecimal = (1..=16).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        u64::from_str_radix(text, 16).ok().filter(|_| hexadecimal).map(Self).ok_or_else(|| {
            Error::new(
                ErrorKind::InvalidArgument,
                format!("{text:?} is no id of an etcd member: it has up to 16 hexadecimal digits"),
            )
        })
    }
}

/// A member of etcd.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct EtcdMember {
    /// Its id.
    pub id: EtcdMemberId,
    /// The host name of its machine; empty while it joins.
    pub hostname: String,
    /// Where the other members reach it.
    pub peer_urls: Vec<String>,
    /// Where clients reach it.
    pub client_urls: Vec<String>,
    /// Whether it still catches up and has no vote.
    pub is_learner: bool,
}

impl Node {
    /// The members of etcd as this control plane node knows them (`machine.MachineService/EtcdMemberList`, any role).
    ///
    /// The node asks its own member only, so nodes may differ while the cluster changes, and an answer proves that
    /// etcd runs here.
    pub async fn etcd_members(&self) -> Result<Vec<EtcdMember>> {
        let message = EtcdMemberListRequest { query_local: true };
        let reply = self
            .call(message, |raw, request| async move { raw.machine().etcd_member_list(request).await })
            .await?
            .single()?;
        Ok(reply
            .members
            .into_iter()
            .map(|member| EtcdMember {
                id: EtcdMemberId(member.id),
                hostname: member.hostname,
                peer_urls: member.peer_urls,
                client_urls: member.client_urls,
                is_learner: member.is_learner,
            })
            .collect())
    }

    /// Makes another member the leader, if this node is it (`machine.MachineService/EtcdForfeitLeadership`, os:admin).
    ///
    /// Gives the host name of the new leader; `None` if this node was not the leader, so that nothing was done. A
    /// cluster of one member has nobody to take over and answers with an error.
    ///
    /// [`ErrorKind::InvalidTarget`](crate::ErrorKind::InvalidTarget), with nothing sent: no name on a client with several
    /// endpoints.
    pub async fn etcd_forfeit_leadership(&self) -> Result<Option<String>> {
        self.must_be_one_machine("giving up leadership")?;
        let reply = self
            .call(EtcdForfeitLeadershipRequest {}, |raw, request| async move {
                raw.machine().etcd_forfeit_leadership(request).await
            })
            .await?
            .single()?;
        Ok(Some(reply.member).filter(|member| !member.is_empty()))
    }

    /// Takes this node out of etcd, for good: its member is removed and its data deleted
    /// (`machine.MachineService/EtcdLeaveCluster`, os:admin).
    ///
    /// Needs a quorum without it. [`ErrorKind::InvalidTarget`], with nothing sent, unless the node is named.
    pub async fn etcd_leave(&self) -> Result<()> {
        self.must_be_named("leaving etcd")?;
        self.call(EtcdLeaveClusterRequest {}, |raw, request| async move {
            raw.machine().etcd_leave_cluster(request).await
        })
        .await?
        .single()?;
        Ok(())
    }

    /// Removes a member from etcd, for one whose machine is gone: a machine that is still there leaves by
    /// [`etcd_leave`](Self::etcd_leave) (`machine.MachineService/EtcdRemoveMemberByID`, os:admin).
    ///
    /// This node only carries it out. [`ErrorKind::NotFound`]: etcd has no such member.
    /// [`ErrorKind::InvalidTarget`], with nothing sent, unless the node is named.
    pub async fn etcd_remove_member(&self, member: EtcdMemberId) -> Result<()> {
        self.must_be_named("removing a member of etcd")?;
        let message = EtcdRemoveMemberByIdRequest { member_id: member.0 };
        self.call(
            message,
            |raw, request| async move { raw.machine().etcd_remove_member_by_id(request).await },
        )
        .await?
        .single()?;
        Ok(())
    }

    /// Rewrites the database of this node's member without the room that deleted entries left
    /// (`machine.MachineService/EtcdDefragment`, os:admin or os:operator).
    ///
    /// The member serves nothing meanwhile, which can take minutes: do it on one node at a time, and give the call
    /// enough time with [`with_timeout`](Self::with_timeout).
    ///
    /// [`ErrorKind::InvalidTarget`](crate::ErrorKind::InvalidTarget), with nothing sent: no name on a client with several
    /// endpoints.
    pub async fn etcd_defragment(&self) -> Result<()> {
        self.must_be_one_machine("defragmenting etcd")?;
        self.call((), |raw, request| async move { raw.machine().etcd_defragment(request).await })
            .await?
            .single()?;
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn ids_have_sixteen_digits() {
        assert_eq!(EtcdMemberId(0xabc).to_string(), "0000000000000abc");
        assert_eq!("0000000000000abc".parse::<EtcdMemberId>().unwrap(), EtcdMemberId(0xabc));
        assert_eq!("ffffffffffffffff".parse::<EtcdMemberId>().unwrap(), EtcdMemberId(u64::MAX));
        for text in ["", "+1", "10000000000000000", "xyz"] {
            assert!(text.parse::<EtcdMemberId>().is_err(), "{text}");
        }
    }
}
