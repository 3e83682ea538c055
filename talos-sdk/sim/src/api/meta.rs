//! META: small values that outlive everything but a reset.

use talos_proto::machine;
use tonic::Status;

use super::Context;
use crate::grpc::Answer;
use crate::resources::machine::{META_KEYS, meta_id, meta_key};

/// The largest value.
const VALUE_LIMIT: usize = 512 << 10;

fn key(number: u32) -> Result<u8, Status> {
    u8::try_from(number)
        .map_err(|_| Status::invalid_argument(format!("META has no key {number}: keys are 0 to 255")))
}

pub(super) fn write(cx: &Context<'_>, request: machine::MetaWriteRequest) -> Result<Answer, Status> {
    cx.not_in_container()?;
    let key = key(request.key)?;
    let value = String::from_utf8_lossy(&request.value).into_owned();
    {
        let mut disk = cx.run.node.disk();
        let others: usize = disk.meta.iter().filter(|(other, _)| **other != key).map(|(_, v)| v.len()).sum();
        if others + value.len() > VALUE_LIMIT {
            return Err(Status::resource_exhausted("META has no room for this value"));
        }
        disk.meta.insert(key, value.clone());
    }
    cx.run.put(meta_key(key, &value));
    let reply = machine::MetaWrite { metadata: None };
    Ok(Answer::one(&machine::MetaWriteResponse { messages: vec![reply] }))
}

pub(super) fn delete(cx: &Context<'_>, request: &machine::MetaDeleteRequest) -> Result<Answer, Status> {
    cx.not_in_container()?;
    let key = key(request.key)?;
    let removed = cx.run.node.disk().meta.remove(&key);
    cx.run.store.remove(META_KEYS, &meta_id(key));
    removed.ok_or_else(|| Status::not_found(format!("META has no value for key {key}")))?;
    let reply = machine::MetaDelete { metadata: None };
    Ok(Answer::one(&machine::MetaDeleteResponse { messages: vec![reply] }))
}
