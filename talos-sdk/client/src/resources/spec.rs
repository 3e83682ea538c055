//! Specifications of resources.

use std::fmt;

use bytes::Bytes;

use crate::reply::malformed;
use crate::{Error, Result};

/// What a resource can be read as.
pub trait SpecData: Sized + Send + 'static {
    /// Reads a specification from what the machine sends: a protobuf message, which is empty for a type that has
    /// none, and the same as YAML.
    fn decode(proto: Bytes, yaml: String) -> Result<Self>;
}

/// A specification that belongs to one type of resource.
///
/// Implement it, with [`SpecData`], to read a type that this library has no struct for.
pub trait ResourceSpec: SpecData {
    /// The full name of the type, such as `NodeAddresses.net.talos.dev`.
    const TYPE: &'static str;
    /// The namespace where Talos keeps the type.
    const NAMESPACE: &'static str;
}

/// A specification of any type, as it was sent.
///
/// `Debug` shows sizes only, for many types hold secrets.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Untyped {
    /// YAML.
    pub yaml: String,
    /// The protobuf message of the type; empty for a type that has none.
    pub proto: Bytes,
}

impl SpecData for Untyped {
    fn decode(proto: Bytes, yaml: String) -> Result<Self> {
        Ok(Self { yaml, proto })
    }
}

impl fmt::Debug for Untyped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Untyped {{ yaml: {} bytes, proto: {} bytes }}", self.yaml.len(), self.proto.len())
    }
}

/// Reads the message of a type.
pub(super) fn message<M: prost::Message + Default>(proto: Bytes) -> Result<M, Error> {
    M::decode(proto).map_err(|error| malformed(error.to_string()).with_source(error))
}
