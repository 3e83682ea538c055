//! What Kubernetes keeps in etcd, shared by its API and the machines.

use std::net::Ipv4Addr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use serde_json::Value;
use tokio::sync::watch;

use super::node::{self, KubernetesNode};
use super::pod;
use super::state::State;
use crate::config::NodeConfig;
use crate::pods::Pod;

/// The namespaces of every cluster.
pub(super) const NAMESPACES: [&str; 4] = ["default", "kube-node-lease", "kube-public", "kube-system"];

/// Namespace and name.
pub(super) type Key = (String, String);

/// The kinds of objects that change, which can be watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Node,
    Pod,
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Node => "Node",
            Self::Pod => "Pod",
        }
    }

    /// The columns of a table, by name and priority.
    pub(super) fn columns(self) -> &'static [(&'static str, i32)] {
        match self {
            Self::Node => &node::COLUMNS,
            Self::Pod => &pod::COLUMNS,
        }
    }

    /// The fields that objects can be selected by.
    pub(super) fn fields(self) -> &'static [&'static str] {
        match self {
            Self::Node => &["metadata.name", "spec.unschedulable"],
            Self::Pod => {
                &["metadata.name", "metadata.namespace", "spec.nodeName", "status.phase", "status.podIP"]
            }
        }
    }
}

/// An object as it is shown.
#[derive(Clone, Debug)]
pub(super) struct Shown {
    pub(super) value: Value,
    /// Its row in a table.
    pub(super) cells: Value,
    /// The revisions that it came with, and that it was changed by last.
    pub(super) added: u64,
    pub(super) revision: u64,
}

/// The objects of one cluster.
pub(crate) struct Registry {
    state: Mutex<State>,
    revisions: watch::Sender<u64>,
}

impl Default for Registry {
    fn default() -> Self {
        Self { state: Mutex::default(), revisions: watch::Sender::new(0) }
    }
}

impl Registry {
    /// Sees every change.
    pub(crate) fn revisions(&self) -> watch::Receiver<u64> {
        self.revisions.subscribe()
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes something; what can be scheduled afterwards is, and watches are told.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.state();
        let before = state.revision;
        let done = change(&mut state);
        if state.revision != before {
            state.schedule();
            let revision = state.revision;
            drop(state);
            self.revisions.send_replace(revision);
        }
        done
    }

    /// Forgets everything, as etcd has.
    pub(crate) fn clear(&self) {
        self.change(State::clear);
    }

    /// Adds or changes a node, with the pods that run on every node and those that its kubelet runs from files.
    pub(crate) fn register(&self, node: KubernetesNode, config: &NodeConfig) {
        self.change(|state| state.register(node, config));
    }

    /// Notes that the machine at `address` stopped, or came to be, Ready.
    pub(crate) fn set_ready(&self, address: Ipv4Addr, ready: bool, now: SystemTime) {
        self.change(|state| state.set_ready(address, ready, now));
    }

    /// Whether the machine at `address` is a Ready node.
    pub(crate) fn is_ready(&self, address: Ipv4Addr) -> bool {
        self.state().node_at(address).is_some_and(|node| node.ready)
    }

    /// Whether the machine at `address` is a node.
    pub(crate) fn has_node(&self, address: Ipv4Addr) -> bool {
        self.state().node_at(address).is_some()
    }

    /// What a machine does before it goes down: its node takes no new pods, and those that others can run leave it.
    /// Pods that a budget keeps stay; a real machine waits for them a while and goes down all the same.
    pub(crate) fn drain(&self, node: &str, now: SystemTime) {
        self.change(|state| state.drain(node, now));
    }

    /// The pods that the API has given the node with this name, beside its static ones.
    pub(crate) fn pods_of(&self, node: &str) -> Vec<Pod> {
        self.state().pods_of(node)
    }

    /// What etcd holds of it: a key and a value for each object.
    pub(crate) fn keys(&self) -> Vec<(String, Vec<u8>)> {
        self.state().keys()
    }
}
