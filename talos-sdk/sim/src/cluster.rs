//! What the machines of one cluster share: membership, etcd, and what Kubernetes knows.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use talos_pki::Fingerprint;
use tokio::sync::watch;

use crate::config::NodeConfig;
use crate::etcd::{Etcd, EtcdMember, EtcdMembership};
use crate::kubernetes::Registry;
use crate::resources::cluster::{self, Affiliate};
use crate::resources::{Collection, RAW, Spec, raw_id};

/// Machines with the same authority and the same cluster id belong together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ClusterKey(Fingerprint, String);

impl ClusterKey {
    pub(crate) fn of(config: &NodeConfig) -> Self {
        Self(config.machine_ca.fingerprint(), config.cluster_id.clone())
    }
}

/// One cluster.
pub(crate) struct Cluster {
    /// `Members` as all machines of the cluster see them.
    pub(crate) members: Arc<Collection>,
    /// `Affiliates`, and what the discovery service tells of them.
    pub(crate) affiliates: Arc<Collection>,
    pub(crate) raw_affiliates: Arc<Collection>,
    state: Mutex<State>,
    /// What Kubernetes knows, which is gone when etcd is.
    pub(crate) kubernetes: Registry,
    /// Counts changes of what machines wait for: where trustd and the Kubernetes API listen, and etcd.
    changes: watch::Sender<u64>,
}

#[derive(Default)]
struct State {
    etcd: Vec<Etcd>,
    /// Ids of the member and of the affiliate, by address.
    members: BTreeMap<Ipv4Addr, (String, String)>,
    /// Where trustd listens.
    trustd: BTreeSet<Ipv4Addr>,
    /// Where the Kubernetes API listens.
    api: BTreeSet<Ipv4Addr>,
}

impl Default for Cluster {
    fn default() -> Self {
        Self {
            members: Arc::new(Collection::new("cluster", cluster::MEMBERS)),
            affiliates: Arc::new(Collection::new("cluster", cluster::AFFILIATES)),
            raw_affiliates: Arc::new(Collection::new(RAW, cluster::AFFILIATES)),
            state: Mutex::default(),
            kubernetes: Registry::default(),
            changes: watch::Sender::new(0),
        }
    }
}

impl Cluster {
    /// Makes a new etcd with one member.
    pub(crate) fn bootstrap(&self, id: u64, member: EtcdMember) -> EtcdMembership {
        let membership = EtcdMembership { cluster: id, member: member.id };
        self.state().etcd.push(Etcd::new(id, member));
        membership
    }

    /// Joins the etcd that there is.
    pub(crate) fn join(&self, member: EtcdMember) -> Option<EtcdMembership> {
        let mut state = self.state();
        let etcd = state.etcd.iter_mut().find(|etcd| etcd.has_quorum())?;
        let membership = EtcdMembership { cluster: etcd.id, member: member.id };
        // etcd takes no two members at one address: who lost its data has to be removed first.
        if etcd.members.iter().any(|other| other.address == member.address) {
            return None;
        }
        etcd.join(member);
        Some(membership)
    }

    /// Whether there is an etcd to join.
    pub(crate) fn has_etcd(&self) -> bool {
        self.state().etcd.iter().any(Etcd::has_quorum)
    }

    /// Sees when trustd or the Kubernetes API comes up or goes down, and what happens to etcd.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    fn changed(&self) {
        self.changes.send_modify(|count| *count += 1);
    }

    /// Notes that trustd listens at `address`.
    pub(crate) fn trustd_up(&self, address: Ipv4Addr) {
        self.state().trustd.insert(address);
        self.changed();
    }

    /// Where trustd listens.
    pub(crate) fn trustd(&self) -> BTreeSet<Ipv4Addr> {
        self.state().trustd.clone()
    }

    /// Takes a member out of etcd.
    pub(crate) fn leave_etcd(&self, membership: EtcdMembership) {
        let mut state = self.state();
        for etcd in state.etcd.iter_mut().filter(|etcd| etcd.id == membership.cluster) {
            etcd.remove(membership.member);
        }
        state.etcd.retain(|etcd| !etcd.members.is_empty());
        drop(state);
        self.changed();
    }

    /// Notes that the data of a member is gone while the others still count on it. An etcd of which nothing is left is
    /// gone, and with it what Kubernetes knew.
    pub(crate) fn lose_etcd(&self, membership: EtcdMembership) {
        let mut state = self.state();
        for etcd in state.etcd.iter_mut().filter(|etcd| etcd.id == membership.cluster) {
            etcd.lose(membership.member);
        }
        let lost = state.drop_dead_etcd();
        drop(state);
        if lost {
            self.kubernetes.clear();
        }
        self.changed();
    }

    /// The etcd with this id.
    pub(crate) fn etcd(&self, id: u64) -> Option<Etcd> {
        self.state().etcd.iter().find(|etcd| etcd.id == id).cloned()
    }

    /// The etcd that machines can join, if it has a leader: what calls that name no member ask.
    pub(crate) fn leading_etcd(&self) -> Option<Etcd> {
        self.state().etcd.iter().find(|etcd| etcd.leader != 0).cloned()
    }

    /// Changes the etcd with this id, if there is one.
    pub(crate) fn change_etcd<T>(&self, id: u64, change: impl FnOnce(&mut Etcd) -> T) -> Option<T> {
        let changed = self.state().etcd.iter_mut().find(|etcd| etcd.id == id).map(change);
        self.changed();
        changed
    }

    /// Tells the other machines about the one at `address`.
    pub(crate) fn announce(&self, machine: &Affiliate<'_>, now: SystemTime) {
        let ids = (machine.hostname.to_owned(), machine.node_id.to_owned());
        let old = self.state().members.insert(machine.address, ids.clone());
        if let Some(old) = old.filter(|old| *old != ids) {
            self.forget(&old);
        }
        let affiliate = machine.affiliate();
        let raw = Spec { owner: Some("cluster.DiscoveryServiceController"), ..affiliate.spec.clone() };
        self.raw_affiliates.put(&raw_id(&affiliate.id), raw, now);
        self.affiliates.put(&affiliate.id, affiliate.spec, now);
        let member = machine.member();
        self.members.put(&member.id, member.spec, now);
    }

    fn forget(&self, (member, affiliate): &(String, String)) {
        self.members.remove(member);
        self.affiliates.remove(affiliate);
        self.raw_affiliates.remove(&raw_id(affiliate));
    }

    /// Notes that the Kubernetes API listens at `address`.
    pub(crate) fn api_up(&self, address: Ipv4Addr) {
        self.state().api.insert(address);
        self.changed();
    }

    /// Whether the Kubernetes API listens anywhere.
    pub(crate) fn has_api(&self) -> bool {
        !self.state().api.is_empty()
    }

    /// Notes that the machine at `address` is off, or about to restart.
    pub(crate) fn machine_down(&self, address: Ipv4Addr, now: SystemTime) {
        let mut state = self.state();
        state.api.remove(&address);
        state.etcd.iter_mut().for_each(|etcd| etcd.machine_down(address, false));
        let control_plane = state.trustd.remove(&address);
        drop(state);
        self.kubernetes.set_ready(address, false, now);
        if control_plane {
            self.changed();
        }
    }

    /// Forgets a machine that is gone for good. etcd and Kubernetes keep theirs until somebody removes them, but an etcd
    /// whose machines are all gone is gone with them, and with it what Kubernetes knew.
    pub(crate) fn leave(&self, address: Ipv4Addr) {
        let mut state = self.state();
        let ids = state.members.remove(&address);
        state.etcd.iter_mut().for_each(|etcd| etcd.machine_down(address, true));
        let lost = state.drop_dead_etcd();
        drop(state);
        if lost {
            self.kubernetes.clear();
        }
        if let Some(ids) = ids {
            self.forget(&ids);
        }
        self.changed();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Forgets every etcd whose machines are all gone. Says whether the last one is.
    fn drop_dead_etcd(&mut self) -> bool {
        let before = self.etcd.len();
        self.etcd.retain(Etcd::is_alive);
        before > 0 && self.etcd.is_empty()
    }
}
