//! The resources of one machine.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use super::collection::{Collection, Spec};
use super::definitions::Definitions;
use super::item::Item;
use super::resource_type::{ResourceType, namespaces};
use super::wire;

/// The resources of one boot of one machine.
pub(crate) struct Store {
    minor: u16,
    collections: Mutex<BTreeMap<(&'static str, &'static str), Arc<Collection>>>,
}

impl Store {
    /// A store with the definitions of Talos 1.`minor`.
    pub(crate) fn new(minor: u16, now: SystemTime) -> Self {
        let definitions = Definitions::of(minor, now);
        let store = Self { minor, collections: Mutex::default() };
        store.share("meta", "ResourceDefinitions.meta.cosi.dev", definitions.types);
        store.share("meta", "Namespaces.meta.cosi.dev", definitions.namespaces);
        store
    }

    /// Puts a collection in place that other machines share.
    pub(crate) fn share(&self, namespace: &'static str, kind: &'static str, collection: Arc<Collection>) {
        self.lock().insert((namespace, kind), collection);
    }

    /// The collection of this type and namespace, as far as they exist.
    pub(crate) fn collection(&self, namespace: &str, kind: &'static ResourceType) -> Option<Arc<Collection>> {
        let namespace = namespaces(self.minor).get(namespace).copied()?;
        let collection = || Arc::new(Collection::new(namespace, kind.name));
        Some(self.lock().entry((namespace, kind.name)).or_insert_with(collection).clone())
    }

    /// The collection of this type in its own namespace, if this version has the type.
    pub(crate) fn of_type(&self, name: &str) -> Option<Arc<Collection>> {
        let kind = ResourceType::find(name, self.minor)?;
        self.collection(kind.namespace, kind)
    }

    /// Creates or updates a resource, if this version has its type.
    pub(crate) fn put(&self, Item { kind, id, spec }: Item, now: SystemTime) {
        if let Some(collection) = self.of_type(kind) {
            collection.put(&id, self.encode(kind, spec), now);
        }
    }

    /// What a resource of this type says, as the version encodes it.
    pub(crate) fn encode(&self, kind: &str, spec: Spec) -> Spec {
        Spec { proto: wire::encode(kind, spec.proto, self.minor), ..spec }
    }

    /// Destroys all resources of a type.
    pub(crate) fn remove_all(&self, kind: &str) {
        let Some(collection) = self.of_type(kind) else { return };
        for resource in collection.list() {
            collection.remove(resource.id());
        }
    }

    /// Destroys a resource, if it exists.
    pub(crate) fn remove(&self, kind: &str, id: &str) {
        if let Some(collection) = self.of_type(kind) {
            collection.remove(id);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<(&'static str, &'static str), Arc<Collection>>> {
        self.collections.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
