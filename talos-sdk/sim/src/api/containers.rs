//! Containers and processes.

use talos_proto::machine;
use tonic::Status;

use super::Context;
use crate::grpc::Answer;
use crate::workload::{self, Container, Process};

pub(super) fn containers(cx: &Context<'_>, request: machine::ContainersRequest) -> Result<Answer, Status> {
    let info = |container: Container| machine::ContainerInfo {
        namespace: request.namespace.clone(),
        id: container.id,
        image: container.image,
        pid: container.pid,
        status: container.status.to_owned(),
        pod_id: container.pod_id,
        name: container.name,
        network_namespace: container.network_namespace,
        internal_id: container.internal_id,
        uid: container.uid,
    };
    let containers = workload::containers(cx.run, &request.namespace, request.driver)?;
    let containers = containers.into_iter().map(info).collect();
    let reply = machine::Container { metadata: None, containers };
    Ok(Answer::one(&machine::ContainersResponse { messages: vec![reply] }))
}

pub(super) fn stats(cx: &Context<'_>, request: &machine::StatsRequest) -> Result<Answer, Status> {
    let up = cx.run.now().duration_since(cx.run.started).unwrap_or_default();
    let stat = |container: Container| machine::Stat {
        namespace: request.namespace.clone(),
        id: container.id,
        memory_usage: (16 << 20) + u64::from(container.pid) * 4096,
        // A hundredth of a processor.
        cpu_usage: u64::try_from(up.as_nanos() / 100).unwrap_or(u64::MAX),
        pod_id: container.pod_id,
        name: container.name,
    };
    let containers = workload::containers(cx.run, &request.namespace, request.driver)?;
    let stats = containers.into_iter().map(stat).collect();
    Ok(Answer::one(&machine::StatsResponse { messages: vec![machine::Stats { metadata: None, stats }] }))
}

pub(super) fn restart(cx: &Context<'_>, request: &machine::RestartRequest) -> Result<Answer, Status> {
    if !workload::restart(cx.run, &request.namespace, request.driver, &request.id)? {
        return Err(Status::unknown(format!("there is no container {:?}", request.id)));
    }
    Ok(Answer::one(&machine::RestartResponse { messages: vec![machine::Restart { metadata: None }] }))
}

pub(super) fn processes(cx: &Context<'_>) -> Answer {
    let up = cx.run.now().duration_since(cx.run.started).unwrap_or_default().as_secs_f64();
    let info = |process: Process| machine::ProcessInfo {
        pid: i32::try_from(process.pid).unwrap_or_default(),
        ppid: i32::try_from(process.parent).unwrap_or_default(),
        state: if process.parent == 2 { "I" } else { "S" }.to_owned(),
        threads: process.threads,
        cpu_time: up / 100.0,
        virtual_memory: process.resident * 8,
        resident_memory: process.resident,
        command: process.name,
        executable: process.executable,
        args: process.args,
        label: if cx.run.minor() >= 10 { "system_u:system_r:pod_containerd_t:s0" } else { "" }.to_owned(),
    };
    let processes = workload::processes(cx.run).into_iter().map(info).collect();
    let reply = machine::Process { metadata: None, processes };
    Answer::one(&machine::ProcessesResponse { messages: vec![reply] })
}
