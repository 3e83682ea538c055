//! Specifications of resources.

use std::fmt;

use bytes::Bytes;

use crate::Result;

/// What a resource can be read as.
pub trait SpecData: Sized + Send + 'static {
    /// Reads a specification from what the machine sends: a protobuf message, which is empty for a type that has
    /// none, and the same as YAML.
    fn decode_spec(proto: Bytes, yaml: String) -> Result<Self>;

    /// Whether it may hold a secret, which `Debug` of a [`Resource`](super::Resource) then does not show.
    const REDACTED: bool = false;
}

/// What a resource can be written as, to servers that let resources be written.
pub trait SpecEncode: SpecData {
    /// The protobuf message, and the same as YAML where a server wants it.
    fn encode_spec(&self) -> Result<Untyped>;
}

/// A specification that belongs to one type of resource.
///
/// Implement it, with [`SpecData`], to read a type that this library has no struct for.
pub trait ResourceSpec: SpecData {
    /// The full name of the type, such as `NodeAddresses.net.talos.dev`.
    const TYPE: &'static str;
    /// The namespace where Talos keeps the type.
    const NAMESPACE: &'static str;
    /// Who may read it.
    const SENSITIVITY: Sensitivity = Sensitivity::NonSensitive;
    /// The first minor version of Talos 1 that has the type; 9 stands for any before too.
    const SINCE: u16 = 9;
}

/// A type with only one resource.
pub trait Singleton: ResourceSpec {
    /// The id of the one resource.
    const ID: &'static str;
}

/// Who may read a type of resources.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Sensitivity {
    /// Every role that reads.
    #[default]
    NonSensitive,
    /// Administrators, for it holds secrets.
    Sensitive,
}

impl Sensitivity {
    pub(super) const fn new(sensitive: bool) -> Self {
        if sensitive { Self::Sensitive } else { Self::NonSensitive }
    }
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

impl Untyped {
    /// A specification to write.
    #[must_use]
    pub fn new(proto: impl Into<Bytes>, yaml: impl Into<String>) -> Self {
        Self { proto: proto.into(), yaml: yaml.into() }
    }

    /// Reads it as a type that this library knows.
    ///
    /// [`ErrorKind::InvalidReply`](crate::ErrorKind::InvalidReply): it is something else.
    pub fn read<S: SpecData>(&self) -> Result<S> {
        S::decode_spec(self.proto.clone(), self.yaml.clone())
    }
}

impl SpecData for Untyped {
    fn decode_spec(proto: Bytes, yaml: String) -> Result<Self> {
        Ok(Self { yaml, proto })
    }
}

impl SpecEncode for Untyped {
    fn encode_spec(&self) -> Result<Self> {
        Ok(self.clone())
    }
}

/// A specification together with what was sent, for what this library does not read of it.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct WithRaw<S> {
    /// What was read; `None` if it could not be.
    pub spec: Option<S>,
    /// What was sent.
    pub raw: Untyped,
}

impl<S: SpecData> SpecData for WithRaw<S> {
    const REDACTED: bool = S::REDACTED;

    fn decode_spec(proto: Bytes, yaml: String) -> Result<Self> {
        let raw = Untyped { yaml, proto };
        Ok(Self { spec: raw.read().ok(), raw })
    }
}

impl<S: ResourceSpec> ResourceSpec for WithRaw<S> {
    const TYPE: &'static str = S::TYPE;
    const NAMESPACE: &'static str = S::NAMESPACE;
    const SENSITIVITY: Sensitivity = S::SENSITIVITY;
    const SINCE: u16 = S::SINCE;
}

impl<S: Singleton> Singleton for WithRaw<S> {
    const ID: &'static str = S::ID;
}

impl<S: SpecData + fmt::Debug> fmt::Debug for WithRaw<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("WithRaw");
        if S::REDACTED {
            debug.field("spec", &"[redacted]")
        } else {
            debug.field("spec", &self.spec)
        };
        debug.field("raw", &self.raw).finish()
    }
}

impl fmt::Debug for Untyped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Untyped {{ yaml: {} bytes, proto: {} bytes }}", self.yaml.len(), self.proto.len())
    }
}
