//! etcd: members, their leader, and what they keep.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use aws_lc_rs::digest::{SHA256, SHA256_OUTPUT_LEN, digest};
use bytes::Bytes;
use prost::Message;
use serde_json::json;

use crate::bolt::{self, Bucket, PAGE};

/// What is wrong with a member of etcd, as `EtcdAlarmList` tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum EtcdAlarm {
    /// The database is as large as it may be.
    NoSpace,
    /// The data of the member differs from that of others.
    Corrupt,
}

impl EtcdAlarm {
    /// The word that etcd has for it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::NoSpace => "NOSPACE",
            Self::Corrupt => "CORRUPT",
        }
    }

    /// The number on the wire.
    pub(crate) fn number(self) -> i32 {
        match self {
            Self::NoSpace => 1,
            Self::Corrupt => 2,
        }
    }
}

/// A member of etcd.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EtcdMember {
    pub(crate) id: u64,
    pub(crate) hostname: String,
    pub(crate) address: Ipv4Addr,
    /// Whether it only listens yet.
    pub(crate) learner: bool,
    /// Pages of its database that hold nothing.
    pub(crate) free_pages: u64,
}

/// Pages that the database of a new member has too many.
const FREE_PAGES: u64 = 64;

impl EtcdMember {
    pub(crate) fn new(id: u64, hostname: &str, address: Ipv4Addr) -> Self {
        Self { id, hostname: hostname.to_owned(), address, learner: false, free_pages: FREE_PAGES }
    }
}

/// Which etcd a machine has the data of, and as which member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EtcdMembership {
    pub(crate) cluster: u64,
    pub(crate) member: u64,
}

/// One etcd. A cluster has more than one only if somebody bootstrapped twice.
#[derive(Clone, Debug)]
pub(crate) struct Etcd {
    pub(crate) id: u64,
    /// In the order in which they joined.
    pub(crate) members: Vec<EtcdMember>,
    /// Members whose machines are gone for good.
    lost: BTreeSet<u64>,
    /// Members that do not run now.
    down: BTreeSet<u64>,
    /// The leading member; zero if there is none.
    pub(crate) leader: u64,
    pub(crate) term: u64,
    /// Counts changes.
    pub(crate) index: u64,
    pub(crate) alarms: BTreeSet<(u64, EtcdAlarm)>,
    /// The version that it is being taken back to.
    pub(crate) downgrade: Option<String>,
}

impl Etcd {
    pub(crate) fn new(id: u64, first: EtcdMember) -> Self {
        Self {
            id,
            leader: first.id,
            members: vec![first],
            lost: BTreeSet::new(),
            down: BTreeSet::new(),
            term: 2,
            index: 100,
            alarms: BTreeSet::new(),
            downgrade: None,
        }
    }

    pub(crate) fn member(&self, id: u64) -> Option<&EtcdMember> {
        self.members.iter().find(|member| member.id == id)
    }

    pub(crate) fn member_mut(&mut self, id: u64) -> Option<&mut EtcdMember> {
        self.index += 1;
        self.members.iter_mut().find(|member| member.id == id)
    }

    /// Whether more than half of the members are left: without that nobody can join.
    pub(crate) fn has_quorum(&self) -> bool {
        let lost = self.members.iter().filter(|member| self.lost.contains(&member.id)).count();
        lost * 2 < self.members.len()
    }

    pub(crate) fn join(&mut self, member: EtcdMember) {
        self.index += 1;
        self.members.push(EtcdMember { learner: true, ..member });
    }

    pub(crate) fn remove(&mut self, id: u64) {
        self.index += 1;
        self.members.retain(|member| member.id != id);
        self.alarms.retain(|(member, _)| *member != id);
        self.elect();
    }

    /// Notes that the machine at `address` does not run etcd any more, perhaps for good.
    pub(crate) fn machine_down(&mut self, address: Ipv4Addr, lost: bool) {
        let ids: Vec<u64> =
            self.members.iter().filter(|member| member.address == address).map(|member| member.id).collect();
        if lost {
            self.lost.extend(&ids);
        }
        self.down.extend(ids);
        self.elect();
    }

    /// Notes that the data of a member is gone.
    pub(crate) fn lose(&mut self, id: u64) {
        self.lost.insert(id);
        self.elect();
    }

    /// Notes that a member runs and takes part.
    pub(crate) fn up(&mut self, id: u64) {
        self.down.remove(&id);
        if let Some(member) = self.member_mut(id) {
            member.learner = false;
        }
        self.elect();
    }

    /// Whether a machine of it is left.
    pub(crate) fn is_alive(&self) -> bool {
        self.members.iter().any(|member| !self.lost.contains(&member.id))
    }

    /// Members that can lead.
    fn candidates(&self) -> impl Iterator<Item = &EtcdMember> {
        self.members.iter().filter(|member| {
            !member.learner && !self.down.contains(&member.id) && !self.lost.contains(&member.id)
        })
    }

    fn elect(&mut self) {
        let voters = self.members.iter().filter(|member| !member.learner).count();
        let leader = if self.candidates().count() * 2 <= voters {
            0
        } else if self.candidates().any(|member| member.id == self.leader) {
            self.leader
        } else {
            self.candidates().next().map_or(0, |member| member.id)
        };
        if leader != self.leader && leader != 0 {
            self.term += 1;
        }
        self.leader = leader;
    }

    /// Makes another member the leader, if `id` is it. Says which one.
    pub(crate) fn forfeit(&mut self, id: u64) -> Option<String> {
        if self.leader != id {
            return None;
        }
        let next = self.candidates().find(|member| member.id != id)?;
        let (id, name) = (next.id, next.hostname.clone());
        self.leader = id;
        self.term += 1;
        Some(name)
    }

    /// The database of a member of etcd `version` (`3.6`), and how many of its bytes are in use. `keys` are what
    /// Kubernetes keeps in it.
    pub(crate) fn database(&self, member: u64, version: &str, keys: &[(String, Vec<u8>)]) -> (Bytes, usize) {
        let free = self.member(member).map_or(0, |member| member.free_pages);
        let file = bolt::write(&self.buckets(version, keys), free);
        let used = file.len() - usize::try_from(free).unwrap_or_default() * PAGE;
        (file, used)
    }

    fn buckets(&self, version: &str, keys: &[(String, Vec<u8>)]) -> Vec<Bucket> {
        let key = |name: &str, value: Vec<u8>| (name.as_bytes().to_vec(), value);
        let mut members: Vec<_> = self
            .members
            .iter()
            .map(|member| {
                let value = json!({
                    "id": member.id,
                    "peerURLs": [format!("https://{}:2380", member.address)],
                    "name": member.hostname,
                    "clientURLs": [format!("https://{}:2379", member.address)],
                });
                key(&format!("{:016x}", member.id), value.to_string().into_bytes())
            })
            .collect();
        members.sort();
        let values = (2u64..).zip(keys).map(|(revision, (name, value))| {
            let revision_key = [&revision.to_be_bytes()[..], b"_", &[0; 8]].concat();
            let value = KeyValue {
                key: name.clone().into_bytes(),
                create_revision: revision.cast_signed(),
                mod_revision: revision.cast_signed(),
                version: 1,
                value: value.clone(),
                lease: 0,
            };
            (revision_key, value.encode_to_vec())
        });
        let bucket = |name, entries| Bucket { name, entries };
        vec![
            bucket("alarm", Vec::new()),
            bucket("auth", Vec::new()),
            bucket("authRoles", Vec::new()),
            bucket("authUsers", Vec::new()),
            bucket("cluster", vec![key("clusterVersion", format!("{version}.0").into_bytes())]),
            bucket("key", values.collect()),
            bucket("lease", Vec::new()),
            bucket("members", members),
            bucket("members_removed", Vec::new()),
            bucket(
                "meta",
                vec![
                    key("consistent_index", self.index.to_be_bytes().to_vec()),
                    key("term", self.term.to_be_bytes().to_vec()),
                ],
            ),
        ]
    }
}

/// What etcd keeps of a key.
#[derive(Clone, PartialEq, Message)]
struct KeyValue {
    #[prost(bytes = "vec", tag = "1")]
    key: Vec<u8>,
    #[prost(int64, tag = "2")]
    create_revision: i64,
    #[prost(int64, tag = "3")]
    mod_revision: i64,
    #[prost(int64, tag = "4")]
    version: i64,
    #[prost(bytes = "vec", tag = "5")]
    value: Vec<u8>,
    #[prost(int64, tag = "6")]
    lease: i64,
}

/// A database with the hash that makes it a snapshot.
pub(crate) fn snapshot(database: &[u8]) -> Bytes {
    [database, digest(&SHA256, database).as_ref()].concat().into()
}

/// Looks whether bytes are a snapshot, or a bare database if `skip_hash`.
pub(crate) fn check_snapshot(snapshot: &[u8], skip_hash: bool) -> Result<(), String> {
    if !bolt::is_database(snapshot) {
        return Err("the snapshot is no database of etcd".to_owned());
    }
    if skip_hash {
        return Ok(());
    }
    if snapshot.len() % 512 != SHA256_OUTPUT_LEN {
        return Err("the snapshot has no hash at its end".to_owned());
    }
    let (database, hash) = snapshot.split_at(snapshot.len() - SHA256_OUTPUT_LEN);
    if digest(&SHA256, database).as_ref() != hash {
        return Err("the snapshot does not have the hash at its end".to_owned());
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn member(id: u64) -> EtcdMember {
        EtcdMember::new(id, &format!("cp-{id}"), Ipv4Addr::new(127, 0, 0, u8::try_from(id).unwrap()))
    }

    fn three() -> Etcd {
        let mut etcd = Etcd::new(7, member(1));
        for id in [2, 3] {
            etcd.join(member(id));
            etcd.up(id);
        }
        etcd
    }

    #[test]
    fn a_majority_elects_a_leader() {
        let mut etcd = three();
        assert_eq!(etcd.leader, 1);
        etcd.machine_down(Ipv4Addr::new(127, 0, 0, 1), false);
        assert_eq!((etcd.leader, etcd.term), (2, 3));
        etcd.machine_down(Ipv4Addr::new(127, 0, 0, 2), false);
        assert_eq!(etcd.leader, 0);
        etcd.up(1);
        assert_eq!((etcd.leader, etcd.term), (1, 4));
        assert_eq!(etcd.forfeit(3), None);
        assert_eq!(etcd.forfeit(1).unwrap(), "cp-3");
        etcd.remove(3);
        assert_eq!(etcd.leader, 0, "one of two is no majority");
        etcd.remove(2);
        assert_eq!(etcd.leader, 1);
        assert_eq!(etcd.forfeit(1), None);
    }

    #[test]
    fn learners_do_not_count() {
        let mut etcd = Etcd::new(7, member(1));
        etcd.join(member(2));
        assert!(etcd.member(2).unwrap().learner && etcd.leader == 1);
        etcd.up(2);
        assert!(!etcd.member(2).unwrap().learner);
    }

    #[test]
    fn snapshots_are_checked() {
        let keys = [("/registry/minions/cp-1".to_owned(), vec![1; 100])];
        let (database, used) = three().database(1, "3.6", &keys);
        assert_eq!(database.len() - used, 64 * PAGE);
        let good = snapshot(&database);
        check_snapshot(&good, false).unwrap();
        check_snapshot(&database, true).unwrap();
        assert!(check_snapshot(&database, false).is_err());
        let mut bad = good.to_vec();
        bad[PAGE * 3] ^= 1;
        assert!(check_snapshot(&bad, false).is_err());
        check_snapshot(&bad, true).unwrap();
        assert!(check_snapshot(b"", true).is_err());
    }
}
