//! Command line arguments of a component.

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use talos_yaml::{Kind, Node, StrText, from_node};

use crate::model::{DeleteError, Item, Mismatch, Rule, Shape, Value};

/// Command line arguments by name without dashes. A patch sets those it names and keeps the others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Args(pub BTreeMap<String, ArgValue>);

/// The value of an argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ArgValue {
    /// Given once. Empty text is written as `null`.
    One(String),
    /// Given once for each entry.
    Many(Vec<String>),
}

impl Deref for Args {
    type Target = BTreeMap<String, ArgValue>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for Args {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

impl Serialize for Args {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(&self.0)
    }
}

impl<'de> Deserialize<'de> for Args {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::<BTreeMap<String, ArgValue>>::deserialize(deserializer)
            .map(|args| Self(args.unwrap_or_default()))
    }
}

impl Serialize for ArgValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::One(value) if value.is_empty() => serializer.serialize_none(),
            Self::One(value) => StrText(value).serialize(serializer),
            Self::Many(values) => serializer.collect_seq(values.iter().map(|value| StrText(value))),
        }
    }
}

impl<'de> Deserialize<'de> for ArgValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let node = Node::deserialize(deserializer)?;
        let value = match node.kind() {
            Kind::Scalar => from_node(&node).map(Self::One),
            Kind::Sequence => from_node(&node).map(Self::Many),
            Kind::Mapping => return Err(D::Error::custom("expected a string or a list of strings")),
        };
        value.map_err(D::Error::custom)
    }
}

impl Value for Args {
    const SHAPE: &'static Shape = &Shape::Args;

    fn is_zero(&self) -> bool {
        self.0.is_empty()
    }

    fn merge(&mut self, right: Self, _: Rule) -> Result<(), Mismatch> {
        self.0.extend(right.0);
        Ok(())
    }

    fn delete(&mut self, path: &[String], _: Option<&Item>) -> Result<(), DeleteError> {
        match path {
            [name] => self.0.remove(name).map(drop).ok_or(DeleteError::Missing),
            _ => Err(DeleteError::Missing),
        }
    }
}
