//! Lists with rules of their own.

use std::ops::Deref;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::model::{DeleteError, Item, Mismatch, Rule, Shape, Value};

/// A list in which an entry may be left empty (`null`), which Talos reads and writes though it has no use for it.
///
/// Iterating passes over empty entries. Lists with the same entries are equal.
#[derive(Clone, Debug)]
pub struct List<T> {
    entries: Vec<Option<T>>,
    is_set: bool,
}

impl<T> List<T> {
    /// Adds an entry.
    pub fn push(&mut self, entry: T) {
        self.entries.push(Some(entry));
        self.is_set = true;
    }

    /// The entries that are not empty.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.entries.iter().flatten()
    }

    /// All entries, empty ones included.
    pub(crate) fn entries(&self) -> &[Option<T>] {
        &self.entries
    }

    /// The entries that are not empty, to change them.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.entries.iter_mut().flatten()
    }

    /// Number of entries, empty ones included.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether the list is there, be it empty. Some rules of validation ask for that.
    pub fn is_set(&self) -> bool {
        self.is_set
    }

    /// Whether there is no entry, not even an empty one.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self { entries: Vec::new(), is_set: false }
    }
}

impl<T: PartialEq> PartialEq for List<T> {
    fn eq(&self, other: &Self) -> bool {
        self.entries == other.entries
    }
}

impl<T: Eq> Eq for List<T> {}

impl<T> FromIterator<T> for List<T> {
    fn from_iter<I: IntoIterator<Item = T>>(entries: I) -> Self {
        Self { entries: entries.into_iter().map(Some).collect(), is_set: true }
    }
}

impl<T> From<Vec<T>> for List<T> {
    fn from(entries: Vec<T>) -> Self {
        entries.into_iter().collect()
    }
}

impl<T: Serialize> Serialize for List<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(&self.entries)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let entries: Option<Vec<Option<T>>> = Option::deserialize(deserializer)?;
        let is_set = entries.is_some();
        Ok(Self { entries: entries.unwrap_or_default(), is_set })
    }
}

impl<T: Value> Value for List<T> {
    const SHAPE: &'static Shape = &Shape::List(T::SHAPE);

    fn is_zero(&self) -> bool {
        self.is_empty()
    }

    fn merge(&mut self, right: Self, rule: Rule) -> Result<(), Mismatch> {
        self.is_set |= !right.is_empty();
        self.entries.merge(right.entries, rule)
    }

    fn delete(&mut self, path: &[String], item: Option<&Item>) -> Result<(), DeleteError> {
        self.entries.delete(path, item)
    }
}

/// Merges each entry of `right` into the first one that is the same, or appends it. Empty entries can't be compared.
pub(crate) fn merge_list<T: Value>(
    list: &mut List<T>,
    right: List<T>,
    is_same: impl Fn(&T, &T) -> bool,
) -> Result<(), Mismatch> {
    for entry in right.entries {
        let entry = entry.ok_or(Mismatch::new("a list entry", "an empty one"))?;
        let mut found = None;
        for (at, left) in list.entries.iter_mut().enumerate() {
            let left = left.as_mut().ok_or(Mismatch::new("an empty list entry", "another"))?;
            if is_same(left, &entry) {
                found = Some((at, left));
                break;
            }
        }
        match found {
            Some((at, left)) => {
                left.merge(entry, Rule::MERGE).map_err(|mismatch| mismatch.under(&format!("[{at}]")))?;
            }
            None => list.push(entry),
        }
    }
    Ok(())
}

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
    const SHAPE: &'static Shape = &Shape::ReplaceList(T::SHAPE);

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
}
