//! Containers, their statistics and their restart.

use talos_pki::Role;
use talos_proto::common::ContainerDriver::{Containerd, Cri};
use talos_proto::machine::{Container, ContainersRequest, RestartRequest, StatsRequest};
use tonic::Code;

use crate::case::{Case, Target, case};
use crate::check::{ask, collect_bytes, ensure, eventually, refused, same, some};
use crate::env::Env;
use crate::failure::Failure;

pub(super) fn cases() -> Vec<Case> {
    let containers = "MachineService/Containers";
    let stats = "MachineService/Stats";
    vec![
        case("containers/system", containers, |env| async move {
            let list = system(&env).await?.containers;
            let apid = some(list.iter().find(|container| container.id == "apid"), "the container of apid")?;
            same(apid.namespace.as_str(), "system")?;
            ensure(apid.pid > 0, "a process", apid)
        })
        .go("call machine.MachineService/Containers {\"namespace\":\"system\"}", Code::Ok, 1),
        case("containers/kubernetes", containers, |env| async move {
            let list = pods(&env).await?.containers;
            ensure(!list.is_empty(), "containers of pods", &list)?;
            ensure(list.iter().all(|container| container.namespace == "k8s.io"), "their namespace", &list)?;
            ensure(list.iter().all(|container| container.id.contains('/')), "namespace and pod in each id", &list)
        })
        .go("call machine.MachineService/Containers {\"namespace\":\"k8s.io\",\"driver\":\"CRI\"}", Code::Ok, 1),
        case("containers/pods-and-their-containers", containers, |env| async move {
            let list = pods(&env).await?.containers;
            // A pod is listed as a container of its own, and all of its containers name it.
            let inside: Vec<_> = list.iter().filter(|container| container.id != container.pod_id).collect();
            ensure(!inside.is_empty(), "containers inside of pods", &list)?;
            for container in inside {
                let parent = list.iter().any(|pod| pod.id == container.pod_id);
                ensure(parent, "the pod of each container", container)?;
            }
            Ok(())
        }),
        case("containers/static-pods", containers, |env| async move {
            let list = pods(&env).await?.containers;
            for name in ["kube-apiserver", "kube-controller-manager", "kube-scheduler"] {
                some(list.iter().find(|container| container.name == name), name)?;
            }
            Ok(())
        }),
        case("containers/no-static-pods-on-a-worker", containers, |env| async move {
            let list = pods(&env).await?.containers;
            let found: Vec<_> = list.iter().filter(|container| container.name == "kube-apiserver").collect();
            ensure(found.is_empty(), "no API server", found)
        })
        .on(Target::Worker),
        case("containers/stats-of-the-system", stats, |env| async move {
            let request = StatsRequest { namespace: "system".to_owned(), driver: Containerd.into() };
            let list = ask!(env, machine.stats(request)).stats;
            let apid = some(list.iter().find(|stat| stat.id == "apid"), "the container of apid")?;
            ensure(apid.memory_usage > 0 && apid.cpu_usage > 0, "its usage", apid)
        })
        .go("call machine.MachineService/Stats {\"namespace\":\"system\"}", Code::Ok, 1),
        case("containers/stats-of-kubernetes", stats, |env| async move {
            let request = StatsRequest { namespace: "k8s.io".to_owned(), driver: Cri.into() };
            let list = ask!(env, machine.stats(request)).stats;
            ensure(list.iter().all(|stat| stat.namespace == "k8s.io") && !list.is_empty(), "pods", &list)
        })
        .go("call machine.MachineService/Stats {\"namespace\":\"k8s.io\",\"driver\":\"CRI\"}", Code::Ok, 1),
        case("containers/logs-containers", "MachineService/LogsContainers", |env| async move {
            let ids = ask!(env, machine.logs_containers(())).ids;
            for wanted in ["apid", "machined"] {
                ensure(ids.iter().any(|id| id == wanted), wanted, &ids)?;
            }
            Ok(())
        })
        .go("call machine.MachineService/LogsContainers {}", Code::Ok, 1),
        case("containers/every-log-can-be-read", "MachineService/LogsContainers MachineService/Logs", |env| async move {
            let node = env.node()?;
            for id in ask!(env, machine.logs_containers(())).ids {
                let request = talos_proto::machine::LogsRequest {
                    namespace: "system".to_owned(),
                    id: id.clone(),
                    driver: Containerd.into(),
                    follow: false,
                    tail_lines: 1,
                };
                let mut machine = node.raw().machine();
                collect_bytes(machine.logs(request)).await.map_err(|status| Failure::from(status).during(id))?;
            }
            Ok(())
        }),
        case("containers/restart-a-pod", "MachineService/Restart MachineService/Containers", |env| async move {
            let before = pods(&env).await?.containers;
            let target = before.iter().find(|container| container.name == "kube-scheduler");
            let target = some(target, "a container to restart")?.clone();
            let request =
                RestartRequest { namespace: "k8s.io".to_owned(), id: target.id.clone(), driver: Cri.into() };
            env.node()?.raw().machine().restart(request).await?;
            eventually("another process in its place", async || {
                let list = pods(&env).await.ok()?.containers;
                list.iter().any(|c| c.name == "kube-scheduler" && c.pid != target.pid && c.pid != 0).then_some(())
            })
            .await
        })
        .changes(),
        case("containers/restart-unknown", "MachineService/Restart", |env| async move {
            let request =
                RestartRequest { namespace: "k8s.io".to_owned(), id: "nosuch".to_owned(), driver: Cri.into() };
            refused(env.node()?.raw().machine().restart(request).await, Code::Unknown)
        })
        .role_of(Role::Operator)
        .go(
            "call machine.MachineService/Restart {\"namespace\":\"k8s.io\",\"id\":\"nosuch\",\"driver\":\"CRI\"}",
            Code::Unknown,
            0,
        ),
    ]
}

async fn system(env: &Env) -> Result<Container, Failure> {
    let request = ContainersRequest { namespace: "system".to_owned(), driver: Containerd.into() };
    Ok(ask!(env, machine.containers(request)))
}

async fn pods(env: &Env) -> Result<Container, Failure> {
    let request = ContainersRequest { namespace: "k8s.io".to_owned(), driver: Cri.into() };
    Ok(ask!(env, machine.containers(request)))
}
