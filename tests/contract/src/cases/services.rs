//! Services of a machine.

use talos_client::{HealthStatus, Node, ServiceState};
use talos_pki::Role;
use talos_proto::machine::{ServiceRestartRequest, ServiceStartRequest, ServiceStopRequest};
use tonic::Code;

use crate::case::{Case, Target, case};
use crate::check::{ensure, eventually, first, refused, same, some};
use crate::failure::Failure;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = vec![
        case("services/list", "MachineService/ServiceList", |env| async move {
            let services = env.node()?.services().await?;
            for wanted in ["apid", "containerd", "cri", "etcd", "kubelet", "machined", "trustd", "udevd"] {
                let service = some(services.iter().find(|service| service.id == wanted), wanted)?;
                same(&service.state, &ServiceState::Running)?;
            }
            Ok(())
        })
        .go("services", Code::Ok, 1),
        case("services/list-is-sorted", "MachineService/ServiceList", |env| async move {
            let ids: Vec<String> =
                env.node()?.services().await?.into_iter().map(|service| service.id).collect();
            ensure(ids.is_sorted(), "services in order of their ids", ids)
        }),
        case("services/health", "MachineService/ServiceList", |env| async move {
            let services = env.node()?.services().await?;
            let apid = some(services.iter().find(|service| service.id == "apid"), "apid")?;
            same(apid.health.status, HealthStatus::Healthy)?;
            ensure(apid.health.last_change.is_some(), "when the health changed last", &apid.health)
        })
        .go("service apid", Code::Ok, 1),
        case("services/history", "MachineService/ServiceList", |env| async move {
            for service in env.node()?.services().await? {
                let last = some(service.events.last(), "an event of each service")?;
                same(&last.state, &service.state)?;
                ensure(
                    service.events.iter().all(|event| event.at.is_some()),
                    "the time of each event",
                    &service,
                )?;
            }
            Ok(())
        }),
        case("services/of-a-worker", "MachineService/ServiceList", |env| async move {
            let services = env.node()?.services().await?;
            let ids: Vec<&str> = services.iter().map(|service| service.id.as_str()).collect();
            ensure(ids.contains(&"kubelet") && ids.contains(&"apid"), "kubelet and apid", &ids)?;
            ensure(!ids.contains(&"etcd") && !ids.contains(&"trustd"), "neither etcd nor trustd", &ids)
        })
        .on(Target::Worker)
        .go("services", Code::Ok, 1),
        case("services/unknown-has-no-entry", "MachineService/ServiceList", |env| async move {
            let services = env.node()?.services().await?;
            ensure(services.iter().all(|service| service.id != "nosuch"), "no such service", "one")
        })
        .go("service nosuch", Code::Ok, 0),
        case(
            "services/restart",
            "MachineService/ServiceRestart MachineService/ServiceList",
            |env| async move {
                let node = env.node()?;
                let before = events_of(&node, "kubelet").await?;
                let request = ServiceRestartRequest { id: "kubelet".to_owned() };
                let reply = node.raw().machine().service_restart(request).await?.into_inner();
                ensure(first(&reply.messages)?.resp.contains("kubelet"), "the name of the service", &reply)?;
                eventually("a restarted kubelet", async || {
                    let services = node.services().await.ok()?;
                    let kubelet = services.iter().find(|service| service.id == "kubelet")?;
                    (kubelet.is_running() && kubelet.events.len() > before).then_some(())
                })
                .await
            },
        )
        .changes()
        .go("call machine.MachineService/ServiceRestart {\"id\":\"kubelet\"}", Code::Ok, 1),
        case("services/restart-as-operator", "MachineService/ServiceRestart", |env| async move {
            let request = ServiceRestartRequest { id: "kubelet".to_owned() };
            let reply = env.node()?.raw().machine().service_restart(request).await?.into_inner();
            same(reply.messages.len(), 1)
        })
        .role_of(Role::Operator)
        .changes(),
        case("services/start-running-one", "MachineService/ServiceStart", |env| async move {
            let request = ServiceStartRequest { id: "kubelet".to_owned() };
            env.node()?.raw().machine().service_start(request).await?;
            state_becomes(&env.node()?, "kubelet", &ServiceState::Running).await
        })
        .changes(),
    ];
    for id in ["apid", "machined", "containerd", "cri", "udevd", "etcd", "kubelet"] {
        let command = format!("call machine.MachineService/ServiceStop {{\"id\":\"{id}\"}}");
        cases.push(
            case(
                format!("services/stop-{id}-is-refused"),
                "MachineService/ServiceStop",
                move |env| async move {
                    let request = ServiceStopRequest { id: id.to_owned() };
                    refused(env.node()?.raw().machine().service_stop(request).await, Code::Unknown)
                },
            )
            .go(&command, Code::Unknown, 0),
        );
    }
    for (name, id) in [("unknown", "nosuch"), ("empty", "")] {
        let go = |method: &str| format!("call machine.MachineService/{method} {{\"id\":\"{id}\"}}");
        cases.extend([
            case(format!("services/start-{name}"), "MachineService/ServiceStart", move |env| async move {
                let request = ServiceStartRequest { id: id.to_owned() };
                refused(env.node()?.raw().machine().service_start(request).await, Code::Unknown)
            })
            .go(&go("ServiceStart"), Code::Unknown, 0),
            case(format!("services/stop-{name}"), "MachineService/ServiceStop", move |env| async move {
                let request = ServiceStopRequest { id: id.to_owned() };
                refused(env.node()?.raw().machine().service_stop(request).await, Code::Unknown)
            })
            .go(&go("ServiceStop"), Code::Unknown, 0),
            case(
                format!("services/restart-{name}"),
                "MachineService/ServiceRestart",
                move |env| async move {
                    let request = ServiceRestartRequest { id: id.to_owned() };
                    refused(env.node()?.raw().machine().service_restart(request).await, Code::Unknown)
                },
            )
            .go(&go("ServiceRestart"), Code::Unknown, 0),
        ]);
    }
    cases
}

async fn events_of(node: &Node, id: &str) -> Result<usize, Failure> {
    let services = node.services().await?;
    Ok(some(services.iter().find(|service| service.id == id), id)?.events.len())
}

async fn state_becomes(node: &Node, id: &str, wanted: &ServiceState) -> Result<(), Failure> {
    eventually(&format!("{id} {wanted}"), async || {
        let services = node.services().await.ok()?;
        services.iter().any(|service| service.id == id && service.state == *wanted).then_some(())
    })
    .await
}
