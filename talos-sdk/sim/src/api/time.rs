//! The clock of a machine, beside that of a time server. The simulated network has no difference between them.

use talos_proto::time;
use tonic::Status;

use super::Context;
use crate::grpc::Answer;

/// The server that Talos uses unless its configuration names others.
const SERVER: &str = "time.cloudflare.com";

fn answer(cx: &Context<'_>, server: &str) -> Answer {
    let now = cx.run.now();
    let reply = time::Time {
        metadata: None,
        server: server.to_owned(),
        localtime: Some(now.into()),
        remotetime: Some(now.into()),
    };
    Answer::one(&time::TimeResponse { messages: vec![reply] })
}

pub(super) fn time(cx: &Context<'_>) -> Answer {
    let config = cx.run.config();
    let server = config.as_ref().and_then(|config| config.time_server.as_deref());
    answer(cx, server.unwrap_or(SERVER))
}

pub(super) fn check(cx: &Context<'_>, request: &time::TimeRequest) -> Result<Answer, Status> {
    if request.server.is_empty() {
        return Err(Status::unknown("the name of a time server is missing"));
    }
    Ok(answer(cx, &request.server))
}
