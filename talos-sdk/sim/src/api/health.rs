//! The health of a whole cluster, as one of its control planes sees it.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use talos_proto::cluster;
use tonic::Status;

use super::Context;
use crate::cluster::ClusterKey;
use crate::grpc::Answer;
use crate::node::Node;
use crate::run::Run;
use crate::stage::Stage;

/// How often a check is repeated.
const INTERVAL: Duration = Duration::from_millis(100);

/// A check: what it waits for, and what is still in the way on one machine.
type Check = (&'static str, fn(&Run, bool) -> Option<&'static str>);

const CHECKS: [Check; 6] = [
    ("etcd to be healthy", |run, control_plane| {
        (control_plane && !run.services.healthy("etcd")).then_some("etcd is not healthy")
    }),
    ("apid to be ready", |run, _| (!run.services.healthy("apid")).then_some("apid is not healthy")),
    ("kubelet to be healthy", |run, _| {
        (!run.services.healthy("kubelet")).then_some("the kubelet is not healthy")
    }),
    ("all nodes to finish boot sequence", |run, _| {
        (run.node.stage() != Stage::Running).then_some("the machine is not running")
    }),
    ("all k8s nodes to report", |run, _| {
        (!is_registered(run)).then_some("Kubernetes does not know the node")
    }),
    ("all k8s nodes to report ready", |run, _| {
        let ready = run.cluster().is_some_and(|cluster| cluster.kubernetes.is_ready(run.address()));
        (!ready).then_some("the node is not Ready")
    }),
];

fn is_registered(run: &Run) -> bool {
    run.cluster().is_some_and(|cluster| cluster.kubernetes.has_node(run.address()))
}

struct State {
    run: Arc<Run>,
    named: Vec<String>,
    deadline: std::pin::Pin<Box<dyn Future<Output = ()> + Send>>,
    check: usize,
    said: String,
}

pub(super) fn check(cx: &Context<'_>, request: cluster::HealthCheckRequest) -> Result<Answer, Status> {
    cx.control_plane("the health check")?;
    let wait = request.wait_timeout.and_then(|wait| Duration::try_from(wait).ok()).unwrap_or_default();
    if wait.is_zero() {
        return Err(Status::deadline_exceeded("wait_timeout is missing, so there is no time to wait"));
    }
    let info = request.cluster_info.unwrap_or_default();
    let named: Vec<String> = info.control_plane_nodes.into_iter().chain(info.worker_nodes).collect();
    let deadline = cx.run.node.world.clock.sleep(wait);
    let run = cx.run.clone();
    let state = State { run, named, deadline: Box::pin(deadline), check: 0, said: String::new() };
    Ok(Answer::many(stream::unfold(Some(state), next).boxed()))
}

type Progress = Result<cluster::HealthCheckProgress, Status>;

/// The next thing to say: each check says once what it waits for and each new reason, and then that it is met.
async fn next(state: Option<State>) -> Option<(Progress, Option<State>)> {
    let mut state = state?;
    let (name, _) = *CHECKS.get(state.check)?;
    loop {
        let reason = reason(&state);
        let said = format!("waiting for {name}: {}", reason.as_deref().unwrap_or("OK"));
        if reason.is_none() {
            state.check += 1;
        }
        if said != state.said {
            state.said.clone_from(&said);
            return Some((Ok(cluster::HealthCheckProgress { metadata: None, message: said }), Some(state)));
        }
        let again = state.run.node.world.clock.sleep(INTERVAL);
        tokio::select! {
            biased;
            () = &mut state.deadline => {
                return Some((Err(Status::deadline_exceeded("the cluster did not become healthy in time")), None));
            }
            () = again => {}
        }
    }
}

fn reason(state: &State) -> Option<String> {
    let world = &state.run.node.world;
    let nodes: Vec<Arc<Node>> = match state.named.is_empty() {
        true => {
            let key = state.run.config().map(|config| ClusterKey::of(&config))?;
            world.of_cluster(&key)
        }
        false => {
            let found: Option<Vec<_>> = state.named.iter().map(|name| world.find(name)).collect();
            match found {
                Some(found) => found,
                None => return Some("a node that was named does not exist".to_owned()),
            }
        }
    };
    let (_, blocker) = CHECKS.get(state.check)?;
    nodes.iter().find_map(|node| {
        let why = match node.run() {
            Some(run) => blocker(&run, run.config().is_some_and(|config| config.control_plane)),
            None => Some("the machine is off"),
        };
        why.map(|why| format!("{}: {why}", node.hostname()))
    })
}
