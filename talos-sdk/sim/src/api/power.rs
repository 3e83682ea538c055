//! Reboots and the like: they are acknowledged at once and happen afterwards.

use talos_proto::machine;
use tonic::Status;

use super::Context;
use crate::grpc::Answer;
use crate::node::uuid;
use crate::run::Next;

fn end(cx: &Context<'_>, next: impl FnOnce(String) -> Next) -> Result<String, Status> {
    if cx.method.path != "/machine.MachineService/Reset" {
        cx.not_in_container()?;
    }
    let actor = uuid(&mut cx.run.node.rng());
    if !cx.lost() && !cx.run.end(next(actor.clone())) {
        return Err(Status::failed_precondition("the machine is going down already"));
    }
    Ok(actor)
}

pub(super) fn reboot(cx: &Context<'_>) -> Result<Answer, Status> {
    let actor_id = end(cx, |actor| Next::Reboot { actor })?;
    Ok(Answer::one(&machine::RebootResponse { messages: vec![machine::Reboot { metadata: None, actor_id }] }))
}

pub(super) fn shutdown(cx: &Context<'_>) -> Result<Answer, Status> {
    let actor_id = end(cx, |actor| Next::Shutdown { actor })?;
    Ok(Answer::one(&machine::ShutdownResponse {
        messages: vec![machine::Shutdown { metadata: None, actor_id }],
    }))
}

pub(super) fn reset(cx: &Context<'_>, request: machine::ResetRequest) -> Result<Answer, Status> {
    let actor_id = end(cx, |actor| Next::Reset { actor, reboot: request.reboot })?;
    Ok(Answer::one(&machine::ResetResponse { messages: vec![machine::Reset { metadata: None, actor_id }] }))
}
