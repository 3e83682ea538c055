//! What a machine is and runs.

use talos_proto::machine;
use tonic::Status;

use super::Context;
use crate::grpc::Answer;
use crate::services::{EXTENSION_SERVICE, ServiceState};

pub(super) fn version(cx: &Context<'_>) -> Answer {
    let node = &cx.run.node;
    let version = machine::Version {
        metadata: None,
        version: Some(machine::VersionInfo {
            tag: cx.run.version.tag().to_owned(),
            sha: "simulated".to_owned(),
            built: String::new(),
            go_version: String::new(),
            os: "linux".to_owned(),
            arch: "amd64".to_owned(),
        }),
        platform: Some(machine::PlatformInfo {
            name: node.platform.clone(),
            mode: node.platform_mode().to_owned(),
        }),
        features: cx.run.config().map(|_| machine::FeaturesInfo { rbac: true }),
    };
    Answer::one(&machine::VersionResponse { messages: vec![version] })
}

pub(super) fn hostname(cx: &Context<'_>) -> Answer {
    let hostname = machine::Hostname { metadata: None, hostname: cx.run.node.hostname() };
    Answer::one(&machine::HostnameResponse { messages: vec![hostname] })
}

pub(super) fn services(cx: &Context<'_>) -> Answer {
    let services = machine::ServiceList { metadata: None, services: cx.run.services.list() };
    Answer::one(&machine::ServiceListResponse { messages: vec![services] })
}

/// The service, if it is one of those that may be started, stopped or restarted over the API.
fn controllable(
    cx: &Context<'_>,
    id: &str,
    what: &str,
    allowed: &[&'static str],
) -> Result<&'static str, Status> {
    if cx.run.services.state(id).is_none() {
        return Err(Status::unknown(format!("there is no service {id:?}")));
    }
    let known = allowed.iter().find(|known| **known == id).copied();
    known.ok_or_else(|| Status::unknown(format!("service {id:?} cannot be {what} over the API")))
}

/// Services that may be started and restarted; only the first may be stopped too.
const CONTROLLABLE: &[&str] = &[EXTENSION_SERVICE, "kubelet"];

pub(super) fn service_start(
    cx: &Context<'_>,
    request: machine::ServiceStartRequest,
) -> Result<Answer, Status> {
    let id = controllable(cx, &request.id, "started", CONTROLLABLE)?;
    start(cx, id);
    let reply = machine::ServiceStart { metadata: None, resp: format!("service {id} started") };
    Ok(Answer::one(&machine::ServiceStartResponse { messages: vec![reply] }))
}

pub(super) fn service_stop(cx: &Context<'_>, request: machine::ServiceStopRequest) -> Result<Answer, Status> {
    let id = controllable(cx, &request.id, "stopped", &[EXTENSION_SERVICE])?;
    stop(cx, id);
    let reply = machine::ServiceStop { metadata: None, resp: format!("service {id} stopped") };
    Ok(Answer::one(&machine::ServiceStopResponse { messages: vec![reply] }))
}

pub(super) fn service_restart(
    cx: &Context<'_>,
    request: machine::ServiceRestartRequest,
) -> Result<Answer, Status> {
    let id = controllable(cx, &request.id, "restarted", CONTROLLABLE)?;
    stop(cx, id);
    start(cx, id);
    let reply = machine::ServiceRestart { metadata: None, resp: format!("service {id} restarted") };
    Ok(Answer::one(&machine::ServiceRestartResponse { messages: vec![reply] }))
}

fn start(cx: &Context<'_>, id: &'static str) {
    let run = cx.run.clone();
    cx.run.tasks.spawn(async move { run.start_service(id).await });
}

fn stop(cx: &Context<'_>, id: &'static str) {
    cx.run.service(id, ServiceState::Stopping, false, "stopping");
    cx.run.service(id, ServiceState::Finished, false, "stopped");
}
