//! All resources of one type in one namespace, and what happened to them.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use bytes::Bytes;
use talos_proto::cosi::resource as cosi;
use tokio::sync::watch;

use super::resource_type::ResourceType;

/// So many changes are kept for watchers.
const HISTORY: usize = 1024;
/// A watcher that is this close to the end of what is kept has lost its place.
const GAP: u64 = 4;

/// One resource. It never changes; a new version takes its place.
#[derive(Debug)]
pub(crate) struct Resource {
    namespace: &'static str,
    kind: &'static str,
    owner: &'static str,
    id: String,
    version: u64,
    created: SystemTime,
    updated: SystemTime,
    spec: Spec,
}

/// What a resource says, in both forms. It may be a secret.
#[derive(Clone, Default, PartialEq)]
pub(crate) struct Spec {
    pub(crate) proto: Bytes,
    pub(crate) yaml: String,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) annotations: BTreeMap<String, String>,
    /// The controller that owns it, if that is not the one of its type.
    pub(crate) owner: Option<&'static str>,
}

impl std::fmt::Debug for Spec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

/// A change of a collection.
#[derive(Clone, Debug)]
pub(super) enum Change {
    Created(Arc<Resource>),
    Updated { old: Arc<Resource>, new: Arc<Resource> },
    Destroyed(Arc<Resource>),
}

/// All resources of one type in one namespace.
#[derive(Debug)]
pub(crate) struct Collection {
    namespace: &'static str,
    kind: &'static str,
    /// The controller that owns what names no other one.
    owner: &'static str,
    state: Mutex<State>,
    head: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct State {
    items: BTreeMap<String, Arc<Resource>>,
    changes: VecDeque<Change>,
    /// Position of the first of `changes`.
    first: u64,
}

impl State {
    fn push(&mut self, change: Change) -> u64 {
        self.changes.push_back(change);
        if self.changes.len() > HISTORY {
            self.changes.pop_front();
            self.first += 1;
        }
        self.head()
    }

    fn head(&self) -> u64 {
        self.first + self.changes.len() as u64
    }

    /// The oldest position from which nothing is missing.
    fn oldest(&self) -> u64 {
        if self.first == 0 { 0 } else { self.first + GAP }
    }
}

impl Collection {
    pub(crate) fn new(namespace: &'static str, kind: &'static str) -> Self {
        Self {
            namespace,
            kind,
            owner: ResourceType::owner_of(kind),
            state: Mutex::default(),
            head: watch::Sender::new(0),
        }
    }

    /// Creates a resource or gives it a new version. Nothing happens if it says the same already.
    pub(crate) fn put(&self, id: &str, spec: Spec, now: SystemTime) {
        let mut state = self.state();
        let old = state.items.get(id).cloned();
        if old.as_ref().is_some_and(|old| old.spec == spec) {
            return;
        }
        let new = Arc::new(Resource {
            namespace: self.namespace,
            kind: self.kind,
            owner: spec.owner.unwrap_or(self.owner),
            id: id.to_owned(),
            version: old.as_ref().map_or(1, |old| old.version + 1),
            created: old.as_ref().map_or(now, |old| old.created),
            updated: now,
            spec,
        });
        state.items.insert(id.to_owned(), new.clone());
        let head = state.push(match old {
            None => Change::Created(new),
            Some(old) => Change::Updated { old, new },
        });
        drop(state);
        self.head.send_replace(head);
    }

    /// Destroys a resource, if there is one.
    pub(crate) fn remove(&self, id: &str) {
        let mut state = self.state();
        if let Some(old) = state.items.remove(id) {
            let head = state.push(Change::Destroyed(old));
            drop(state);
            self.head.send_replace(head);
        }
    }

    pub(crate) fn get(&self, id: &str) -> Option<Arc<Resource>> {
        self.state().items.get(id).cloned()
    }

    /// All resources, by id.
    pub(crate) fn list(&self) -> Vec<Arc<Resource>> {
        self.state().items.values().cloned().collect()
    }

    /// All resources together with the position of the next change.
    pub(super) fn snapshot(&self) -> (Vec<Arc<Resource>>, u64) {
        let state = self.state();
        (state.items.values().cloned().collect(), state.head())
    }

    /// The resource together with the position of the next change.
    pub(super) fn snapshot_of(&self, id: &str) -> (Option<Arc<Resource>>, u64) {
        let state = self.state();
        (state.items.get(id).cloned(), state.head())
    }

    /// The oldest position that can be read, and the position of the next change.
    pub(super) fn positions(&self) -> (u64, u64) {
        let state = self.state();
        (state.oldest(), state.head())
    }

    /// The changes from `position` on, or nothing if they are forgotten.
    pub(super) fn changes_from(&self, position: u64) -> Option<Vec<Change>> {
        let state = self.state();
        position.checked_sub(state.oldest())?;
        let skip = usize::try_from(position.checked_sub(state.first)?).ok()?;
        Some(state.changes.iter().skip(skip).cloned().collect())
    }

    /// Sees every change from now on.
    pub(super) fn subscribe(&self) -> watch::Receiver<u64> {
        self.head.subscribe()
    }

    /// The resource that stands for one that does not exist.
    pub(super) fn tombstone(&self, id: &str) -> cosi::Resource {
        cosi::Resource {
            metadata: Some(cosi::Metadata {
                namespace: self.namespace.to_owned(),
                r#type: self.kind.to_owned(),
                id: id.to_owned(),
                version: "undefined".to_owned(),
                phase: "running".to_owned(),
                ..cosi::Metadata::default()
            }),
            spec: Some(cosi::Spec::default()),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Resource {
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn labels(&self) -> &BTreeMap<String, String> {
        &self.spec.labels
    }

    /// The resource on the wire.
    pub(crate) fn to_proto(&self) -> cosi::Resource {
        cosi::Resource {
            metadata: Some(self.metadata()),
            spec: Some(cosi::Spec { proto_spec: self.spec.proto.clone(), yaml_spec: self.spec.yaml.clone() }),
        }
    }

    /// The resource on the wire without what it says, as the end of one is announced.
    pub(super) fn to_tombstone(&self) -> cosi::Resource {
        cosi::Resource { metadata: Some(self.metadata()), spec: Some(cosi::Spec::default()) }
    }

    fn metadata(&self) -> cosi::Metadata {
        cosi::Metadata {
            namespace: self.namespace.to_owned(),
            r#type: self.kind.to_owned(),
            id: self.id.clone(),
            version: self.version.to_string(),
            owner: self.owner.to_owned(),
            phase: "running".to_owned(),
            created: Some(self.created.into()),
            updated: Some(self.updated.into()),
            finalizers: Vec::new(),
            labels: self.spec.labels.clone(),
            annotations: self.spec.annotations.clone(),
        }
    }
}
