//! Lists and maps that are there though they are empty.

use std::ops::{Deref, DerefMut};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::model::{DeleteError, Item, Mismatch, Rule, Shape, Value};

/// A list or a map of which Talos knows whether it was given: with `{}` in the text, a document that sets the same
/// is refused. Empty ones are not written, and are equal to none.
#[derive(Clone, Debug, Default)]
pub struct Given<T> {
    value: T,
    is_given: bool,
}

#[allow(private_bounds, reason = "the trait of all values stays inside")]
impl<T: Value> Given<T> {
    /// Whether the value is there, be it empty.
    pub fn is_given(&self) -> bool {
        self.is_given || !self.value.is_zero()
    }
}

impl<T> From<T> for Given<T> {
    fn from(value: T) -> Self {
        Self { value, is_given: true }
    }
}

impl<T> Deref for Given<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for Given<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

impl<T: PartialEq> PartialEq for Given<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<T: Serialize> Serialize for Given<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(serializer)
    }
}

impl<'de, T: Deserialize<'de> + Default> Deserialize<'de> for Given<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Option::<T>::deserialize(deserializer)?;
        Ok(Self { is_given: value.is_some(), value: value.unwrap_or_default() })
    }
}

impl<T: Value> Value for Given<T> {
    const SHAPE: &'static Shape = T::SHAPE;

    fn is_zero(&self) -> bool {
        self.value.is_zero()
    }

    fn merge(&mut self, right: Self, rule: Rule) -> Result<(), Mismatch> {
        self.is_given |= right.is_given;
        self.value.merge(right.value, rule)
    }

    fn delete(&mut self, path: &[String], item: Option<&Item>) -> Result<(), DeleteError> {
        self.value.delete(path, item)
    }
}
