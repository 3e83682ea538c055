//! Events and logs: answers of many messages.

use bytes::Bytes;
use futures_util::stream;
use talos_proto::{common, machine};
use tonic::Status;

use super::Context;
use crate::events;
use crate::grpc::Answer;
use crate::workload;

pub(super) fn events(cx: &Context<'_>, request: machine::EventsRequest) -> Result<Answer, Status> {
    if !events::is_id(&request.tail_id) {
        return Err(Status::unknown(format!("{:?} is no id of an event", request.tail_id)));
    }
    let run = cx.run.clone();
    let reader = run.events.start(&request, run.now());
    let hello = stream::iter([Ok(events::hello())]);
    let rest = stream::unfold((run, reader), |(run, mut reader)| async move {
        let batch = reader.next(&run.events).await?;
        let batch: Vec<_> = batch.iter().map(|event| Ok(machine::Event::clone(event))).collect();
        Some((stream::iter(batch), (run, reader)))
    });
    use futures_util::StreamExt;
    Ok(Answer::many(hello.chain(rest.flatten())))
}

pub(super) fn data(bytes: Bytes) -> common::Data {
    common::Data { metadata: None, bytes }
}

pub(super) fn logs(cx: &Context<'_>, request: machine::LogsRequest) -> Result<Answer, Status> {
    // The kubelet is a service, whatever namespace the caller names.
    let log = match request.namespace == workload::SYSTEM || request.id == "kubelet" {
        true => cx.run.logs.get(&request.id),
        false => Some(workload::log(cx.run, &request.namespace, request.driver, &request.id)?),
    };
    let log = log.ok_or_else(|| Status::unknown(format!("there is no log {:?}", request.id)))?;
    let reader = log.tail(request.tail_lines);
    Ok(Answer::many(stream::unfold((log, reader), move |(log, mut reader)| async move {
        let piece = reader.next(&log, request.follow).await?;
        Some((Ok(data(piece)), (log, reader)))
    })))
}

pub(super) fn logs_containers(cx: &Context<'_>) -> Answer {
    let ids = cx.run.logs.of_services().into_iter().map(|(id, _)| id).collect();
    let reply = machine::LogsContainer { metadata: None, ids };
    Answer::one(&machine::LogsContainersResponse { messages: vec![reply] })
}

/// The console, in the form of kernel messages.
pub(super) fn dmesg(cx: &Context<'_>, request: machine::DmesgRequest) -> Answer {
    let node = cx.run.node.clone();
    let reader = node.kernel.tail(if request.tail { 0 } else { -1 });
    Answer::many(stream::unfold((node, reader), move |(node, mut reader)| async move {
        // One message of the kernel an item.
        let message = reader.next_line(&node.kernel, request.follow).await?;
        Some((Ok(data(message)), (node, reader)))
    }))
}
