//! Reboots and the like: they are acknowledged at once and happen afterwards.

use talos_proto::machine::{self, reboot_request, reset_request::WipeMode};
use tonic::Status;

use super::Context;
use crate::grpc::Answer;
use crate::node::uuid;
use crate::run::Next;
use crate::sequence::Sequence;
use crate::shutdown::ResetPlan;

/// Begins to go down. A machine that goes down already tells so in an event, not in the answer.
fn end(cx: &Context<'_>, name: &'static str, next: impl FnOnce(String) -> Next) -> String {
    let actor = uuid(&mut cx.run.node.rng());
    if !cx.lost() && !cx.run.end(next(actor.clone())) {
        Sequence::new(cx.run, name, actor.clone()).refuse();
    }
    actor
}

pub(super) fn reboot(cx: &Context<'_>, request: machine::RebootRequest) -> Result<Answer, Status> {
    cx.not_in_container()?;
    let force = request.mode() == reboot_request::Mode::Force;
    let actor_id = end(cx, "reboot", |actor| Next::Reboot { actor, force });
    Ok(Answer::one(&machine::RebootResponse { messages: vec![machine::Reboot { metadata: None, actor_id }] }))
}

pub(super) fn shutdown(cx: &Context<'_>, request: machine::ShutdownRequest) -> Result<Answer, Status> {
    cx.not_in_container()?;
    let actor_id = end(cx, "shutdown", |actor| Next::Shutdown { actor, force: request.force });
    Ok(Answer::one(&machine::ShutdownResponse {
        messages: vec![machine::Shutdown { metadata: None, actor_id }],
    }))
}

pub(super) fn reset(cx: &Context<'_>, request: machine::ResetRequest) -> Result<Answer, Status> {
    let plan = plan(cx, request)?;
    let actor_id = end(cx, "reset", |actor| Next::Reset { actor, plan });
    Ok(Answer::one(&machine::ResetResponse { messages: vec![machine::Reset { metadata: None, actor_id }] }))
}

/// Partitions that a reset may wipe one by one.
const PARTITIONS: [&str; 3] = ["META", "STATE", "EPHEMERAL"];

fn plan(cx: &Context<'_>, request: machine::ResetRequest) -> Result<ResetPlan, Status> {
    let mode = request.mode();
    let refuse = |why: String| Err(Status::unknown(format!("the reset is refused: {why}")));
    if !request.user_disks_to_wipe.is_empty() && mode == WipeMode::SystemDisk {
        return refuse("mode SYSTEM_DISK wipes no user disks".to_owned());
    }
    let disk = cx.run.node.disk();
    for path in &request.user_disks_to_wipe {
        let known = path.strip_prefix("/dev/").and_then(|name| disk.storage.disk(name));
        match known {
            None => return refuse(format!("there is no disk {path}")),
            Some(disk) if disk.readonly => return refuse(format!("{path} cannot be written")),
            Some(disk) if disk.system => return refuse(format!("{path} is the system disk")),
            Some(_) => {}
        }
    }
    drop(disk);
    if !request.system_partitions_to_wipe.is_empty() && mode == WipeMode::UserDisks {
        return refuse("mode USER_DISKS wipes no partitions of the system disk".to_owned());
    }
    let mut partitions = Vec::new();
    for partition in request.system_partitions_to_wipe {
        if !PARTITIONS.contains(&partition.label.as_str()) {
            return refuse(format!("there is no volume {:?}", partition.label));
        }
        if partition.wipe {
            partitions.push(partition.label);
        }
    }
    Ok(ResetPlan {
        graceful: request.graceful,
        reboot: request.reboot,
        mode,
        partitions,
        disks: request.user_disks_to_wipe,
    })
}
