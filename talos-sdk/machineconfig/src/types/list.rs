//! Lists that a patch replaces.

use std::ops::Deref;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use talos_yaml::Node;

use crate::model::{Check, DeleteError, Item, Mismatch, Rule, Value};

/// A list that a patch replaces rather than extends.
///
/// Unset and empty are written alike, but in a patch an unset list keeps what is there and an empty one clears it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplaceList<T>(Option<Vec<T>>);

impl<T> ReplaceList<T> {
    /// A list that says nothing.
    pub const UNSET: Self = Self(None);

    /// Whether the list is there, be it empty.
    pub fn is_set(&self) -> bool {
        self.0.is_some()
    }
}

impl<T> Default for ReplaceList<T> {
    fn default() -> Self {
        Self::UNSET
    }
}

impl<T> From<Vec<T>> for ReplaceList<T> {
    fn from(list: Vec<T>) -> Self {
        Self(Some(list))
    }
}

impl<T> Deref for ReplaceList<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        self.0.as_deref().unwrap_or_default()
    }
}

impl<T: Serialize> Serialize for ReplaceList<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for ReplaceList<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::deserialize(deserializer).map(Self)
    }
}

impl<T: Value> Value for ReplaceList<T> {
    fn is_zero(&self) -> bool {
        self.is_empty()
    }

    fn merge(&mut self, right: Self, _: Rule) -> Result<(), Mismatch> {
        if right.is_set() {
            *self = right;
        }
        Ok(())
    }

    fn delete(&mut self, path: &[String], item: Option<&Item>) -> Result<(), DeleteError> {
        self.0.as_mut().ok_or(DeleteError::Missing)?.delete(path, item)
    }

    fn check(node: &Node, check: &mut Check) {
        Vec::<T>::check(node, check);
    }
}
