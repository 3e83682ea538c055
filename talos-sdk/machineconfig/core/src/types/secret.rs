//! Secret text in the configuration.

use std::borrow::Cow;
use std::ops::Deref;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use talos_secret::SecretString;

use crate::model::{Shape, Value};

/// Secret text: a token, a password, a key. `Debug` prints `[redacted]`; writing the configuration writes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Secret(SecretString);

impl Secret {
    /// Wraps `text`.
    pub fn new(text: impl Into<String>) -> Self {
        Self(SecretString::new(text))
    }
}

impl Deref for Secret {
    type Target = SecretString;

    fn deref(&self) -> &SecretString {
        &self.0
    }
}

impl From<SecretString> for Secret {
    fn from(text: SecretString) -> Self {
        Self(text)
    }
}

impl From<Secret> for SecretString {
    fn from(secret: Secret) -> Self {
        secret.0
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.expose())
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

impl Value for Secret {
    const SHAPE: &'static Shape = &Shape::Secret;

    fn is_zero(&self) -> bool {
        self.is_empty()
    }

    fn text(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(self.expose()))
    }
}
