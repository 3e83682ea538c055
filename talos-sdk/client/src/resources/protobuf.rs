//! Specifications that are protobuf messages.

use bytes::Bytes;

use super::spec::{SpecData, SpecEncode, Untyped};
use crate::Result;
use crate::reply::malformed;

/// A message that is the specification of a type of resources. This makes [`SpecData`] and [`SpecEncode`] of it.
pub trait ProtobufSpec: prost::Message + Default + 'static {
    /// Whether it may hold a secret, which `Debug` of a resource then does not show.
    const REDACTED: bool = false;

    /// Brings what another version of the server sends into the shape of the message, before it is decoded.
    #[must_use]
    fn upgrade(proto: Bytes) -> Bytes {
        proto
    }
}

impl<M: ProtobufSpec> SpecData for M {
    const REDACTED: bool = <M as ProtobufSpec>::REDACTED;

    fn decode_spec(proto: Bytes, _: String) -> Result<Self> {
        message(M::upgrade(proto))
    }
}

impl<M: ProtobufSpec> SpecEncode for M {
    fn encode_spec(&self) -> Result<Untyped> {
        Ok(Untyped { proto: self.encode_to_vec().into(), yaml: String::new() })
    }
}

/// Reads a message.
pub(super) fn message<M: prost::Message + Default>(proto: Bytes) -> Result<M> {
    M::decode(proto).map_err(|error| malformed(error.to_string()).with_source(error))
}

/// Reads a message; where that fails, what the machine wrote as YAML beside it.
pub(super) fn message_or_yaml<M, Y, T>(
    proto: Bytes,
    yaml: &str,
    from_message: impl FnOnce(M) -> Result<T>,
    from_yaml: impl FnOnce(Y) -> Result<T>,
) -> Result<T>
where
    M: prost::Message + Default,
    Y: serde::de::DeserializeOwned,
{
    message(proto).and_then(from_message).or_else(|error| match talos_yaml::from_str(yaml) {
        Ok(read) => from_yaml(read),
        Err(_) => Err(error),
    })
}
