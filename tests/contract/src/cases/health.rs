//! The health of a cluster as a node sees it, and the controllers behind it.

use talos_pki::Role;
use talos_proto::cluster::{ClusterInfo, HealthCheckRequest};
use tonic::Code;

use crate::case::{Case, Shape, Target, case};
use crate::check::{ask, collect, ensure, refused, refused_with_one_of, some};

pub(super) fn cases() -> Vec<Case> {
    let method = "ClusterService/HealthCheck";
    vec![
        case("health/of-a-healthy-cluster", method, |env| async move {
            let mut cluster = env.node()?.raw().cluster();
            let lines = collect(cluster.health_check(within(30))).await?;
            let told = lines.iter().filter(|line| !line.message.is_empty()).count();
            ensure(told > 3, "what it waits for, step by step", &lines)
        })
        .go("call cluster.ClusterService/HealthCheck {\"waitTimeout\":\"30s\"}", Code::Ok, 3..),
        case("health/of-named-nodes", method, |env| async move {
            let request = HealthCheckRequest {
                cluster_info: Some(ClusterInfo {
                    control_plane_nodes: env.world().control_planes.clone(),
                    worker_nodes: env.world().workers.clone(),
                    force_endpoint: String::new(),
                }),
                ..within(30)
            };
            let mut cluster = env.node()?.raw().cluster();
            collect(cluster.health_check(request)).await?;
            Ok(())
        }),
        case("health/as-reader", method, |env| async move {
            let mut cluster = env.node()?.raw().cluster();
            collect(cluster.health_check(within(30))).await?;
            Ok(())
        })
        .role_of(Role::Reader)
        .go("call cluster.ClusterService/HealthCheck {\"waitTimeout\":\"30s\"}", Code::Ok, 3..),
        case("health/without-time", method, |env| async move {
            let mut cluster = env.node()?.raw().cluster();
            let answer = collect(cluster.health_check(HealthCheckRequest::default())).await;
            refused_with_one_of(answer, &[Code::DeadlineExceeded, Code::Unknown])
        }),
        case("health/of-an-unborn-cluster", method, |env| async move {
            let mut cluster = env.node()?.raw().cluster();
            let answer = collect(cluster.health_check(within(1))).await;
            refused_with_one_of(answer, &[Code::DeadlineExceeded, Code::Unknown])
        })
        .alone(Shape::UNBORN),
        case("health/not-of-a-worker", method, |env| async move {
            let mut cluster = env.node()?.raw().cluster();
            refused(collect(cluster.health_check(within(1))).await, Code::Unimplemented)
        })
        .on(Target::Worker),
        case("health/controllers", "InspectService/ControllerRuntimeDependencies", |env| async move {
            let edges = ask!(env, inspect.controller_runtime_dependencies(())).edges;
            let status = edges.iter().find(|edge| edge.controller_name == "runtime.MachineStatusController");
            some(status, "the controller of the status").map(drop)
        })
        .go("call inspect.InspectService/ControllerRuntimeDependencies {}", Code::Ok, 1),
        case(
            "health/controllers-of-existing-types",
            "InspectService/ControllerRuntimeDependencies State/List",
            |env| async move {
                let edges = ask!(env, inspect.controller_runtime_dependencies(())).edges;
                let definitions =
                    env.node()?.resources_untyped("meta", "ResourceDefinitions.meta.cosi.dev").list().await?;
                let unknown: Vec<String> = edges
                    .into_iter()
                    .map(|edge| edge.resource_type)
                    .filter(|kind| {
                        !definitions.iter().any(|definition| definition.metadata.id == kind.to_lowercase())
                    })
                    .collect();
                ensure(unknown.is_empty(), "types that are defined", unknown)
            },
        ),
        case(
            "health/controllers-in-maintenance",
            "InspectService/ControllerRuntimeDependencies",
            |env| async move {
                let answer = env.node()?.raw().inspect().controller_runtime_dependencies(()).await;
                if env.minor() < 13 {
                    return refused(answer, Code::Unimplemented);
                }
                ensure(!answer?.into_inner().messages.is_empty(), "controllers", "none")
            },
        )
        .on(Target::Maintenance),
    ]
}

fn within(seconds: i64) -> HealthCheckRequest {
    HealthCheckRequest { wait_timeout: Some(prost_types::Duration { seconds, nanos: 0 }), cluster_info: None }
}
