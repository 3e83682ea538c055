//! Events, logs and files: answers of many messages.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream;
use talos_proto::{common, machine};
use tonic::Status;

use super::Context;
use crate::events;
use crate::grpc::Answer;

pub(super) fn events(cx: &Context<'_>, request: machine::EventsRequest) -> Answer {
    let run = cx.run.clone();
    let reader = run.events.start(&request, run.now());
    let hello = stream::iter([Ok(events::hello())]);
    let rest = stream::unfold((run, reader), |(run, mut reader)| async move {
        let batch = reader.next(&run.events).await?;
        let batch: Vec<_> = batch.iter().map(|event| Ok(machine::Event::clone(event))).collect();
        Some((stream::iter(batch), (run, reader)))
    });
    use futures_util::StreamExt;
    Answer::many(hello.chain(rest.flatten()))
}

fn data(bytes: Bytes) -> common::Data {
    common::Data { metadata: None, bytes }
}

pub(super) fn logs(cx: &Context<'_>, request: machine::LogsRequest) -> Result<Answer, Status> {
    let log = cx.run.logs.get(&request.id).filter(|_| request.namespace == "system");
    let log = log.ok_or_else(|| Status::unknown(format!("there is no log {:?}", request.id)))?;
    let reader = log.tail(request.tail_lines);
    Ok(Answer::many(stream::unfold((log, reader), move |(log, mut reader)| async move {
        let piece = reader.next(&log, request.follow).await?;
        Some((Ok(data(piece)), (log, reader)))
    })))
}

/// The console, in the form of kernel messages.
pub(super) fn dmesg(cx: &Context<'_>, request: machine::DmesgRequest) -> Answer {
    let node = cx.run.node.clone();
    let reader = node.kernel.tail(if request.tail { 0 } else { -1 });
    Answer::many(stream::unfold((node, reader), move |(node, mut reader)| async move {
        let piece = reader.next(&node.kernel, request.follow).await?;
        Some((Ok(data(piece)), (node, reader)))
    }))
}

/// The files that a simulated machine has.
pub(super) fn read(cx: &Context<'_>, request: machine::ReadRequest) -> Result<Answer, Status> {
    let run: &Arc<_> = cx.run;
    let text = match request.path.as_str() {
        "/proc/sys/kernel/random/boot_id" => format!("{}\n", run.boot_id),
        "/proc/uptime" => {
            let up = run.now().duration_since(run.started).unwrap_or_default();
            format!("{:.2} 0.00\n", up.as_secs_f64())
        }
        "/etc/hostname" => format!("{}\n", run.node.hostname()),
        "/" | "/etc" | "/proc" | "/var" => return Err(Status::unknown("the path is not a regular file")),
        path => return Err(Status::not_found(format!("there is no file {path}"))),
    };
    Ok(Answer::many(stream::iter([Ok(data(text.into()))])))
}
