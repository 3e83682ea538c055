//! The objects of a cluster at one moment, and what the scheduler and the controllers of Kubernetes do with them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::Ipv4Addr;
use std::time::SystemTime;

use serde_json::Value;

use super::budget::{Budget, Count};
use super::node::{Cordon, KubernetesNode};
use super::pod::{self, Keeper, KubernetesPod};
use super::registry::{Key, Kind, Shown};
use super::reply::{Failure, alone};
use crate::config::NodeConfig;
use crate::pods::{Pod, static_pods};

/// So many deletions are remembered for watches that begin at an old revision.
const DELETIONS: usize = 1000;

/// All objects at one moment.
#[derive(Default)]
pub(super) struct State {
    nodes: BTreeMap<String, KubernetesNode>,
    /// Name of the node, by address.
    names: BTreeMap<Ipv4Addr, String>,
    pods: BTreeMap<Key, KubernetesPod>,
    /// Which pods are on a node, by its name, and which on none.
    placed: BTreeMap<Option<String>, BTreeSet<Key>>,
    budgets: BTreeMap<Key, Budget>,
    /// DaemonSets and their images.
    daemon_sets: BTreeMap<&'static str, String>,
    /// Deployments and their images.
    deployments: BTreeMap<&'static str, String>,
    /// The last objects that were deleted; the revision is that of the deletion.
    deleted: VecDeque<(Kind, Shown)>,
    /// The revision up to which deletions are forgotten.
    forgotten: u64,
    /// Counts all changes.
    pub(super) revision: u64,
}

impl State {
    fn next(&mut self) -> u64 {
        self.revision += 1;
        self.revision
    }

    pub(super) fn clear(&mut self) {
        // Revisions go on, so that nothing is taken for what it was before.
        let revision = self.revision + 1;
        *self = Self { revision, forgotten: revision, ..Self::default() };
    }

    /// Adds or changes a node, with its pods. The creation time, the uid and what users changed of a known node stay.
    pub(super) fn register(&mut self, mut node: KubernetesNode, config: &NodeConfig) {
        node.revision = self.next();
        node.added = node.revision;
        if let Some(known) = self.nodes.get(&node.name) {
            let theirs = known.labels.iter().filter(|(key, _)| !known.machine_labels.contains(*key));
            for (key, value) in theirs {
                node.labels.entry(key.clone()).or_insert_with(|| value.clone());
            }
            node.uid.clone_from(&known.uid);
            node.annotations.clone_from(&known.annotations);
            node.taints.clone_from(&known.taints);
            (node.created, node.added) = (known.created, known.added);
            if known.cordon == Cordon::User {
                node.cordon = Cordon::User;
            }
            if known.ready == node.ready {
                node.changed = known.changed;
            }
        }
        let now = node.changed;
        for pod in static_pods(&node.name, config) {
            self.keep(KubernetesPod::mirror(pod, &node, 0, now));
        }
        let name = node.name.clone();
        self.names.insert(node.address, name.clone());
        self.nodes.insert(name.clone(), node);
        if config.control_plane {
            self.apply_manifests(config, now);
        } else {
            self.fill(&name, now);
        }
    }

    pub(super) fn set_ready(&mut self, address: Ipv4Addr, ready: bool, now: SystemTime) {
        let revision = self.revision + 1;
        let node = self.names.get(&address).and_then(|name| self.nodes.get_mut(name));
        let Some(node) = node.filter(|node| node.ready != ready) else { return };
        (node.ready, node.changed, node.revision) = (ready, now, revision);
        // Its pods are as ready as it is.
        for key in self.placed.get(&Some(node.name.clone())).into_iter().flatten() {
            if let Some(pod) = self.pods.get_mut(key) {
                pod.revision = revision;
            }
        }
        self.revision = revision;
    }

    pub(super) fn drain(&mut self, name: &str, now: SystemTime) {
        let Some(mut cordoned) = self.nodes.get(name).cloned() else { return };
        if cordoned.cordon == Cordon::No {
            cordoned.cordon = Cordon::Machine;
            self.put_node(cordoned);
        }
        let kept = |pod: &KubernetesPod| matches!(pod.keeper, Keeper::Kubelet | Keeper::DaemonSet);
        for key in self.on(Some(name)) {
            let leaves = self.pods.get(&key).is_some_and(|pod| !kept(pod));
            if leaves && self.may_evict(&key).is_ok() {
                self.remove_pod(&key, now);
                self.schedule();
            }
        }
    }

    pub(super) fn pods_of(&self, node: &str) -> Vec<Pod> {
        let own = self.on(Some(node)).into_iter().filter_map(|key| self.pods.get(&key));
        own.filter(|pod| pod.keeper != Keeper::Kubelet).map(|pod| pod.pod.clone()).collect()
    }

    pub(super) fn keys(&self) -> Vec<(String, Vec<u8>)> {
        let bytes = |value: Value, version, kind| alone(value, version, kind).to_string().into_bytes();
        let nodes = self.nodes.values();
        let nodes =
            nodes.map(|node| (format!("/registry/minions/{}", node.name), bytes(node.value(), "v1", "Node")));
        let pods = self.pods.iter().map(|((namespace, name), pod)| {
            let value = pod.value(self.node_of(pod));
            (format!("/registry/pods/{namespace}/{name}"), bytes(value, "v1", "Pod"))
        });
        nodes.chain(pods).collect()
    }

    /// The objects of one kind.
    pub(super) fn show(&self, kind: Kind, now: SystemTime) -> Vec<Shown> {
        match kind {
            Kind::Node => self.nodes.values().map(|node| Self::show_node(node, now)).collect(),
            Kind::Pod => self.pods.values().map(|pod| self.show_pod(pod, now)).collect(),
        }
    }

    fn show_node(node: &KubernetesNode, now: SystemTime) -> Shown {
        let value = node.value();
        Shown { cells: node.cells(&value, now), value, added: node.added, revision: node.revision }
    }

    fn show_pod(&self, pod: &KubernetesPod, now: SystemTime) -> Shown {
        let node = self.node_of(pod);
        Shown {
            value: pod.value(node),
            cells: pod.cells(node, now),
            added: pod.added,
            revision: pod.revision,
        }
    }

    /// What was deleted after this revision; nothing if that is not known any more.
    pub(super) fn deleted(&self, kind: Kind, after: u64) -> Option<impl Iterator<Item = &Shown>> {
        let own = self.deleted.iter().filter(move |(own, gone)| *own == kind && gone.revision > after);
        (after == 0 || after >= self.forgotten).then(|| own.map(|(_, gone)| gone))
    }

    fn bury(&mut self, kind: Kind, mut gone: Shown) {
        gone.revision = self.next();
        gone.value["metadata"]["resourceVersion"] = gone.revision.to_string().into();
        self.deleted.push_back((kind, gone));
        if self.deleted.len() > DELETIONS
            && let Some((_, oldest)) = self.deleted.pop_front()
        {
            self.forgotten = oldest.revision;
        }
    }

    pub(super) fn node(&self, name: &str) -> Option<&KubernetesNode> {
        self.nodes.get(name)
    }

    /// The node that the machine at `address` is.
    pub(super) fn node_at(&self, address: Ipv4Addr) -> Option<&KubernetesNode> {
        self.nodes.get(self.names.get(&address)?)
    }

    fn node_of(&self, pod: &KubernetesPod) -> Option<&KubernetesNode> {
        self.nodes.get(pod.node.as_ref()?)
    }

    pub(super) fn put_node(&mut self, mut node: KubernetesNode) -> u64 {
        node.revision = self.next();
        self.nodes.insert(node.name.clone(), node);
        self.revision
    }

    /// Deletes a node, and the pods on it. Its machine goes on, and is a node again once it restarts.
    pub(super) fn delete_node(&mut self, name: &str, now: SystemTime) -> bool {
        let Some(node) = self.nodes.remove(name) else { return false };
        self.names.remove(&node.address);
        let gone = Self::show_node(&node, now);
        self.bury(Kind::Node, gone);
        self.on(Some(name)).iter().for_each(|key| self.remove_pod(key, now));
        true
    }

    /// The pods on a node, or on none.
    fn on(&self, node: Option<&str>) -> Vec<Key> {
        self.placed.get(&node.map(str::to_owned)).into_iter().flatten().cloned().collect()
    }

    pub(super) fn pod(&self, key: &Key) -> Option<&KubernetesPod> {
        self.pods.get(key)
    }

    pub(super) fn pod_value(&self, key: &Key) -> Option<Value> {
        self.pods.get(key).map(|pod| pod.value(self.node_of(pod)))
    }

    /// Adds a pod that somebody creates.
    pub(super) fn create_pod(&mut self, pod: KubernetesPod) -> Result<Key, Failure> {
        let key = (pod.pod.namespace.clone(), pod.pod.name.clone());
        if self.pods.contains_key(&key) {
            return Err(Failure::exists(&format!("pod {}/{}", key.0, key.1)));
        }
        self.put_pod(pod);
        Ok(key)
    }

    fn put_pod(&mut self, mut pod: KubernetesPod) {
        pod.revision = self.next();
        pod.added = pod.revision;
        let key = (pod.pod.namespace.clone(), pod.pod.name.clone());
        self.placed.entry(pod.node.clone()).or_default().insert(key.clone());
        self.pods.insert(key, pod);
    }

    /// Deletes a pod. What keeps it makes another one at once.
    pub(super) fn remove_pod(&mut self, key: &Key, now: SystemTime) {
        let Some(pod) = self.pods.remove(key) else { return };
        self.displace(key, &pod.node);
        let gone = self.show_pod(&pod, now);
        self.bury(Kind::Pod, gone);
        let generation = pod.generation + 1;
        let node = pod.node.as_deref().and_then(|node| self.nodes.get(node));
        let container = pod.pod.container.as_str();
        let again = match pod.keeper {
            Keeper::Kubelet => node.map(|node| {
                let uid = pod.mirrored().to_owned();
                KubernetesPod::mirror(Pod { uid, ..pod.pod.clone() }, node, generation, now)
            }),
            Keeper::DaemonSet => node
                .zip(self.daemon_sets.get(container))
                .map(|(node, image)| KubernetesPod::daemon(container, image, &node.name, generation, now)),
            Keeper::Deployment(number) => self
                .deployments
                .get(container)
                .map(|image| KubernetesPod::replica(container, image, number, generation, now)),
            Keeper::Nobody => None,
        };
        if let Some(again) = again {
            self.put_pod(again);
        }
    }

    fn displace(&mut self, key: &Key, node: &Option<String>) {
        if let Some(keys) = self.placed.get_mut(node) {
            keys.remove(key);
            if keys.is_empty() {
                self.placed.remove(node);
            }
        }
    }

    /// Whether the budgets let a pod go.
    pub(super) fn may_evict(&self, key: &Key) -> Result<(), Failure> {
        let Some(pod) = self.pods.get(key) else { return Ok(()) };
        // A pod on no node is not counted on.
        let Some(node) = self.node_of(pod) else { return Ok(()) };
        let label = |name: &str| pod.labels.get(name).map(String::as_str);
        let mut budgets =
            self.budgets.values().filter(|budget| budget.namespace == key.0 && budget.selects(label));
        match (budgets.next(), budgets.next()) {
            (None, _) => Ok(()),
            (Some(budget), None) => budget.admits(self.count(budget), node.ready),
            (Some(_), Some(_)) => {
                Err(Failure::internal("a pod of several disruption budgets cannot be evicted"))
            }
        }
    }

    fn count(&self, budget: &Budget) -> Count {
        let label = |pod: &KubernetesPod| budget.selects(|name| pod.labels.get(name).map(String::as_str));
        let own = self.pods.values().filter(|pod| pod.pod.namespace == budget.namespace && label(pod));
        own.fold(Count::default(), |count, pod| Count {
            all: count.all + 1,
            healthy: count.healthy + usize::from(self.node_of(pod).is_some_and(|node| node.ready)),
        })
    }

    /// Disruption budgets of one namespace, or of all.
    pub(super) fn budgets(&self, namespace: Option<&str>) -> Vec<Value> {
        let own =
            self.budgets.values().filter(|budget| namespace.is_none_or(|name| budget.namespace == name));
        own.map(|budget| budget.value(self.count(budget))).collect()
    }

    pub(super) fn budget(&self, key: &Key) -> Option<Value> {
        self.budgets.get(key).map(|budget| budget.value(self.count(budget)))
    }

    pub(super) fn create_budget(&mut self, mut budget: Budget) -> Result<Key, Failure> {
        let key = (budget.namespace.clone(), budget.name.clone());
        if self.budgets.contains_key(&key) {
            return Err(Failure::exists(&format!("disruption budget {}/{}", key.0, key.1)));
        }
        budget.revision = self.next();
        self.budgets.insert(key.clone(), budget);
        Ok(key)
    }

    pub(super) fn delete_budget(&mut self, key: &Key) -> bool {
        let known = self.budgets.remove(key).is_some();
        if known {
            self.next();
        }
        known
    }

    /// The DaemonSets or Deployments, with how many pods they want and how many are ready.
    pub(super) fn owners(&self, daemon_sets: bool) -> Vec<Value> {
        let sets = if daemon_sets { &self.daemon_sets } else { &self.deployments };
        let owner = |name: &&'static str| {
            let own: Vec<_> = self.pods.values().filter(|pod| pod.is_kept_by(name)).collect();
            let ready = own.iter().filter(|pod| self.node_of(pod).is_some_and(|node| node.ready)).count();
            pod::owner_value(name, own.len(), ready)
        };
        sets.keys().map(owner).collect()
    }

    /// Makes what the manifests of Talos ask for.
    fn apply_manifests(&mut self, config: &NodeConfig, now: SystemTime) {
        let components = &config.components;
        if components.flannel {
            self.daemon_sets.insert("kube-flannel", crate::pods::FLANNEL_IMAGE.to_owned());
        }
        if let Some(proxy) = &components.proxy {
            self.daemon_sets.insert("kube-proxy", proxy.image.clone());
        }
        if let Some(core_dns) = &components.core_dns {
            self.deployments.insert("coredns", core_dns.image.clone());
            for number in 0..pod::REPLICAS {
                self.keep(KubernetesPod::replica("coredns", &core_dns.image, number, 0, now));
            }
        }
        let nodes: Vec<String> = self.nodes.keys().cloned().collect();
        nodes.iter().for_each(|node| self.fill(node, now));
    }

    /// Makes the pods of DaemonSets that a node lacks.
    fn fill(&mut self, node: &str, now: SystemTime) {
        let pod = |(set, image): (&&str, &String)| KubernetesPod::daemon(set, image, node, 0, now);
        let pods: Vec<_> = self.daemon_sets.iter().map(pod).collect();
        pods.into_iter().for_each(|pod| self.keep(pod));
    }

    /// Adds a pod unless its like is there, whose image it changes if need be.
    fn keep(&mut self, pod: KubernetesPod) {
        let revision = self.revision + 1;
        // Only a replica may be anywhere; among all pods of a large cluster nobody wants to search for the others.
        let known = match pod.keeper {
            Keeper::Deployment(_) => self.pods.values_mut().find(|known| known.is_like(&pod)),
            _ => {
                let like = |key: &Key| self.pods.get(key).is_some_and(|known| known.is_like(&pod));
                let key = self.placed.get(&pod.node).and_then(|keys| keys.iter().find(|key| like(key)));
                key.cloned().and_then(|key| self.pods.get_mut(&key))
            }
        };
        match known {
            None => self.put_pod(pod),
            Some(known) if known.pod.image != pod.pod.image => {
                known.set_image(&pod.pod.image);
                known.revision = revision;
                self.revision = revision;
            }
            Some(_) => {}
        }
    }

    /// Places the pods that are on no node where they fit: where fewest of their kind are, and fewest pods at all.
    pub(super) fn schedule(&mut self) {
        for key in self.on(None) {
            let Some(pod) = self.pods.get(&key) else { continue };
            let crowd = |node: &KubernetesNode| {
                let on = self.on(Some(&node.name)).into_iter().filter_map(|key| self.pods.get(&key));
                on.fold((0, 0), |(like, all), other| {
                    (like + usize::from(other.labels == pod.labels), all + 1)
                })
            };
            let best = self.nodes.values().filter(|node| pod.fits(node)).min_by_key(|node| crowd(node));
            let Some(best) = best.map(|node| node.name.clone()) else { continue };
            let revision = self.next();
            if let Some(pod) = self.pods.get_mut(&key) {
                (pod.node, pod.revision) = (Some(best.clone()), revision);
            }
            self.displace(&key, &None);
            self.placed.entry(Some(best)).or_default().insert(key);
        }
    }
}
