//! Maps that Talos hands on without looking into them.

use std::collections::{BTreeMap, HashMap};
use std::mem;
use std::ops::{Deref, DerefMut};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use talos_yaml::{Kind, Node, Scalar};

use crate::model::{DeleteError, Item, Mismatch, Rule, Shape, Value};

/// A map that Talos hands on without looking into it, such as a kubelet configuration.
///
/// Patches merge deeply: maps key by key, lists are extended, scalars replaced by those of the same type.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Unstructured(pub BTreeMap<String, Node>);

impl Deref for Unstructured {
    type Target = BTreeMap<String, Node>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for Unstructured {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

impl<K: Into<String>> FromIterator<(K, Node)> for Unstructured {
    fn from_iter<I: IntoIterator<Item = (K, Node)>>(entries: I) -> Self {
        Self(entries.into_iter().map(|(key, value)| (key.into(), value)).collect())
    }
}

impl Serialize for Unstructured {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(&self.0)
    }
}

impl<'de> Deserialize<'de> for Unstructured {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::<BTreeMap<String, Node>>::deserialize(deserializer).map(|map| Self(map.unwrap_or_default()))
    }
}

impl Value for Unstructured {
    const SHAPE: &'static Shape = &Shape::Any;

    fn is_zero(&self) -> bool {
        self.0.is_empty()
    }

    fn merge(&mut self, right: Self, rule: Rule) -> Result<(), Mismatch> {
        if rule.replace {
            if !right.is_zero() {
                *self = right;
            }
            return Ok(());
        }
        for (key, value) in right.0 {
            match self.0.get_mut(&key) {
                Some(left) => merge_nodes(left, value).map_err(|mismatch| mismatch.under(&key))?,
                None => {
                    self.0.insert(key, value);
                }
            }
        }
        Ok(())
    }

    fn delete(&mut self, path: &[String], _: Option<&Item>) -> Result<(), DeleteError> {
        match path {
            [] => Err(DeleteError::Missing),
            [key] => self.0.remove(key).map(drop).ok_or(DeleteError::Missing),
            [key, inner @ .., last] => {
                let mut node = self.0.get_mut(key).ok_or(DeleteError::Missing)?;
                for step in inner {
                    node = node.get_mut(step).ok_or(DeleteError::Missing)?;
                }
                node.remove(last).map(drop).ok_or(DeleteError::Missing)
            }
        }
    }
}

/// Merges `right` into `left`, without recursion: free-form values can be very deep.
fn merge_nodes(left: &mut Node, right: Node) -> Result<(), Mismatch> {
    // Keys that lead to a value: the index of the one before, and the key.
    let mut steps: Vec<(Option<usize>, String)> = Vec::new();
    let mut pending = vec![(left, right, None)];
    while let Some((left, mut right, step)) = pending.pop() {
        if left.is_null() {
            *left = right;
            continue;
        }
        let (left_type, right_type) = (type_name(left), type_name(&right));
        if left_type != right_type {
            let mut mismatch = Mismatch::new(left_type, right_type);
            let mut at = step;
            while let Some((before, key)) = at.and_then(|at: usize| steps.get(at)) {
                mismatch = mismatch.under(key);
                at = *before;
            }
            return Err(mismatch);
        }
        match left.kind() {
            Kind::Mapping => {
                let Some(entries) = left.entries_mut() else { continue };
                let old: HashMap<String, usize> =
                    entries.iter().enumerate().map(|(at, (key, _))| (text(key).to_owned(), at)).collect();
                let mut changes: HashMap<usize, Node> = HashMap::new();
                for (key, value) in right.take_entries() {
                    match old.get(text(&key)) {
                        Some(at) => drop(changes.insert(*at, value)),
                        None => entries.push((key, value)),
                    }
                }
                for (at, (key, value)) in entries.iter_mut().enumerate() {
                    if let Some(change) = changes.remove(&at) {
                        steps.push((step, text(key).to_owned()));
                        pending.push((value, change, Some(steps.len() - 1)));
                    }
                }
            }
            Kind::Sequence => {
                let mut more = right.take_items();
                if let Some(items) = left.items_mut() {
                    items.append(&mut more);
                }
            }
            Kind::Scalar => {
                if !is_zero(&right) {
                    mem::swap(left, &mut right);
                }
            }
        }
    }
    Ok(())
}

fn text(node: &Node) -> &str {
    node.value().unwrap_or_default()
}

/// Whether a scalar keeps the one it is merged into: a zero number or empty text, but not `false`.
fn is_zero(node: &Node) -> bool {
    match node.resolve() {
        Ok(Scalar::Int(value)) => value == 0,
        Ok(Scalar::Uint(value)) => value == 0,
        Ok(Scalar::Float(value)) => value == 0.0,
        Ok(Scalar::Str(text)) => text.is_empty(),
        _ => false,
    }
}

fn type_name(node: &Node) -> &'static str {
    match node.kind() {
        Kind::Mapping => "a mapping",
        Kind::Sequence => "a list",
        Kind::Scalar => match node.resolve() {
            Ok(Scalar::Null) => "nothing",
            Ok(Scalar::Bool(_)) => "true or false",
            Ok(Scalar::Int(_)) => "an integer",
            Ok(Scalar::Uint(_)) => "a very large integer",
            Ok(Scalar::Float(_)) => "a number with a fraction",
            Ok(Scalar::Timestamp(_)) => "a date",
            Ok(Scalar::Str(_) | Scalar::Binary(_)) | Err(_) => "text",
        },
    }
}
