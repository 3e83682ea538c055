//! A resource that a machine is about to show.

use super::collection::Spec;
use super::fields::Fields;

/// A resource: its type, its id and what it says.
pub(crate) struct Item {
    pub(crate) kind: &'static str,
    pub(crate) id: String,
    pub(crate) spec: Spec,
}

pub(super) fn item(kind: &'static str, id: impl Into<String>, fields: Fields) -> Item {
    Item::new(kind, id, fields.spec())
}

impl Item {
    pub(super) fn new(kind: &'static str, id: impl Into<String>, spec: Spec) -> Self {
        Self { kind, id: id.into(), spec }
    }

    /// Names a controller that is not the usual owner of the type.
    pub(super) fn owned_by(mut self, controller: &'static str) -> Self {
        self.spec.owner = Some(controller);
        self
    }

    pub(super) fn labelled(mut self, key: &str) -> Self {
        self.spec.labels.insert(key.to_owned(), String::new());
        self
    }
}
