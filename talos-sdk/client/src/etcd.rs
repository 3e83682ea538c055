//! The members of etcd.

use std::fmt;
use std::str::FromStr;

use talos_proto::machine::EtcdMemberListRequest;

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
