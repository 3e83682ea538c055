//! Certificates and keys, which the configuration holds as base64 of their PEM text.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use talos_machineconfig_derive::Fields;
use talos_secret::{SecretBytes, SecretString, base64};

use crate::model::{Mismatch, Rule, Shape, Value};
use crate::redact::REDACTED;
use crate::types::Secret;

/// Bytes that the text holds as base64.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Base64Bytes(pub Vec<u8>);

impl Base64Bytes {
    /// The bytes as text, if they are UTF-8, as PEM is.
    pub fn as_str(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }
}

impl From<&str> for Base64Bytes {
    fn from(text: &str) -> Self {
        Self(text.as_bytes().to_vec())
    }
}

/// Secret bytes that the text holds as base64.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SecretBase64(SecretBytes);

impl SecretBase64 {
    /// The bytes themselves. Whoever calls this answers for where they go.
    pub fn expose(&self) -> &[u8] {
        self.0.expose()
    }

    /// The bytes as text, if they are UTF-8, as PEM is.
    pub fn to_text(&self) -> Option<SecretString> {
        std::str::from_utf8(self.expose()).ok().map(SecretString::new)
    }
}

impl From<&SecretString> for SecretBase64 {
    fn from(text: &SecretString) -> Self {
        Self(SecretBytes::new(text.expose().as_bytes()))
    }
}

/// A certificate and its key.
///
/// A patch replaces both: the key of a certificate is never kept for another certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq, Fields)]
#[config(sealed)]
pub struct CertificateAndKey {
    /// PEM of the certificate.
    #[config(always, merge = replace)]
    pub crt: Base64Bytes,
    /// PEM of the private key; empty where only the certificate is known.
    #[config(always, merge = replace)]
    pub key: SecretBase64,
}

/// A certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq, Fields)]
#[config(sealed)]
pub struct Certificate {
    /// PEM of the certificate.
    #[config(always, merge = replace)]
    pub crt: Base64Bytes,
}

/// A private key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Fields)]
#[config(sealed)]
pub struct Key {
    /// PEM of the private key.
    #[config(always, merge = replace)]
    pub key: SecretBase64,
}

/// A certificate and its key as plain PEM text, as documents hold them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Fields)]
pub struct PemPair {
    /// PEM of the certificate.
    pub cert: String,
    /// PEM of the private key.
    pub key: Secret,
}

fn replace<T>(left: &mut T, right: T) -> Result<(), Mismatch> {
    *left = right;
    Ok(())
}

fn decode<E: serde::de::Error>(text: &str) -> Result<Vec<u8>, E> {
    base64::decode(text).map(|bytes| bytes.to_vec()).ok_or_else(|| E::custom("this is not base64"))
}

impl Serialize for Base64Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&base64::encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Base64Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        decode(&String::deserialize(deserializer)?).map(Self)
    }
}

impl Value for Base64Bytes {
    const SHAPE: &'static Shape = &Shape::Text;

    fn is_zero(&self) -> bool {
        self.0.is_empty()
    }

    fn merge(&mut self, right: Self, _: Rule) -> Result<(), Mismatch> {
        if !right.is_zero() {
            *self = right;
        }
        Ok(())
    }
}

impl Serialize for SecretBase64 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.expose() == REDACTED.as_bytes() {
            return serializer.serialize_str(REDACTED);
        }
        serializer.serialize_str(&base64::encode(self.expose()))
    }
}

impl<'de> Deserialize<'de> for SecretBase64 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = SecretString::new(String::deserialize(deserializer)?);
        let bytes = if text.expose() == REDACTED { REDACTED.into() } else { decode(text.expose())? };
        Ok(Self(SecretBytes::new(bytes)))
    }
}

impl Value for SecretBase64 {
    const SHAPE: &'static Shape = &Shape::Secret;

    fn is_zero(&self) -> bool {
        self.expose().is_empty()
    }

    fn merge(&mut self, right: Self, _: Rule) -> Result<(), Mismatch> {
        if !right.is_zero() {
            *self = right;
        }
        Ok(())
    }
}
