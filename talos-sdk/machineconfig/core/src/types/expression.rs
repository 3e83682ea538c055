//! Expressions of the Common Expression Language.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::cel::{self, Environment};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Mismatch, Rule, Shape, Value};

/// An expression of the Common Expression Language (CEL), kept as text.
///
/// A patch that touches the surrounding document replaces it, even by none: give it again in such a patch.
///
/// Loading takes any text. [`check`](Self::check) says whether Talos will:
///
/// ```
/// use talos_machineconfig::cel::Environment;
/// use talos_machineconfig::types::Expression;
///
/// Expression::from("disk.size > 100u * GB && !disk.rotational").check(Environment::DiskLocator)?;
/// let error = Expression::from("disk.sise > 1u").check(Environment::DiskLocator).unwrap_err();
/// assert!(error.to_string().ends_with("column 5: unknown field of DiskSpec \"sise\", did you mean \"size\"?"));
/// # Ok::<(), talos_machineconfig::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expression(pub String);

impl Expression {
    /// The expression that selects the disk with that device path.
    pub fn disk_path(path: &str) -> Self {
        Self(format!("disk.dev_path == {}", cel::quote(path)))
    }

    /// Checks that Talos takes this expression in that place: its syntax, its names and its types. Nothing is run.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidValue`] where Talos refuses it, and for types of thousands of parts. The message says the
    /// column, counted from 1, and a near name for an unknown one.
    pub fn check(&self, environment: Environment) -> Result<()> {
        cel::check(&self.0, environment).map_err(|text| Error::new(ErrorKind::InvalidValue, text))
    }
}

impl From<&str> for Expression {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl Serialize for Expression {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Expression {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self)
    }
}

impl Value for Expression {
    const SHAPE: &'static Shape = &Shape::Text;

    fn is_zero(&self) -> bool {
        self.0.is_empty()
    }

    fn merge(&mut self, right: Self, _: Rule) -> Result<(), Mismatch> {
        *self = right;
        Ok(())
    }

    fn text(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(&self.0))
    }
}
