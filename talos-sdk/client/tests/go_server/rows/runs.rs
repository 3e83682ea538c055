//! Services, containers and what is run to look for a mistake.

use std::time::Duration;

use serde_json::json;
use talos_client::{ContainerNamespace, DebugContainer, HealthStatus, ImageStore, ServiceState};

use super::{Row, at, bytes, row};

pub(super) fn rows() -> Vec<Row> {
    let services = json!({"services": [{
        "id": "etcd", "state": "Running",
        "events": {"events": [{"msg": "Started", "state": "Running", "ts": "2023-11-14T22:13:20Z"}]},
        "health": {"healthy": true, "last_message": "fine", "last_change": "2023-11-14T22:13:20Z"},
    }]});
    let mut rows = vec![
        row("services", "machine.MachineService/ServiceList", |node| async move {
            let all = node.services().await?;
            assert_eq!((all.len(), all[0].id.as_str(), &all[0].state), (1, "etcd", &ServiceState::Running));
            assert_eq!(
                (all[0].health.status, all[0].health.last_change),
                (HealthStatus::Healthy, Some(at(1_700_000_000)))
            );
            assert_eq!(
                (all[0].events[0].message.as_str(), all[0].events[0].at),
                ("Started", Some(at(1_700_000_000)))
            );
            Ok(())
        })
        .answers(services.clone()),
        row("service", "machine.MachineService/ServiceList", |node| async move {
            assert_eq!(node.service("etcd").await?.health.last_message, "fine");
            Ok(())
        })
        .answers(services),
        row("start_service", "machine.MachineService/ServiceStart", |node| async move {
            node.start_service("ext-x").await
        })
        .asks(json!({"id": "ext-x"}))
        .answers(json!({"resp": "done"})),
        row("stop_service", "machine.MachineService/ServiceStop", |node| async move {
            node.stop_service("ext-x").await
        })
        .asks(json!({"id": "ext-x"}))
        .answers(json!({"resp": "done"})),
        row("restart_service", "machine.MachineService/ServiceRestart", |node| async move {
            node.restart_service("ext-x").await
        })
        .asks(json!({"id": "ext-x"}))
        .answers(json!({"resp": "done"})),
    ];
    rows.extend(containers());
    rows
}

fn containers() -> Vec<Row> {
    vec![
        row("containers", "machine.MachineService/Containers", |node| async move {
            let all = node.containers(ContainerNamespace::Kubernetes).await?;
            assert!(all[0].is_sandbox() && all[0].pid.is_none(), "{all:?}");
            assert_eq!((all[1].pid, all[1].image.as_str(), all[1].status.as_str()), (Some(7), "img:1", "CONTAINER_RUNNING"));
            assert_eq!(all[1].network_namespace, "cni-1");
            Ok(())
        })
        .asks(json!({"namespace": "k8s.io", "driver": "CRI"}))
        .answers(json!({"containers": [
            {"namespace": "k8s.io", "id": "ns/pod", "pod_id": "ns/pod"},
            {"namespace": "k8s.io", "id": "ns/pod:c:1", "pod_id": "ns/pod", "name": "c", "pid": 7, "image": "img:1",
             "status": "CONTAINER_RUNNING", "internal_id": "abc", "network_namespace": "cni-1", "uid": "u"},
        ]})),
        row("container_usage", "machine.MachineService/Stats", |node| async move {
            let all = node.container_usage(ContainerNamespace::System).await?;
            assert_eq!((all[0].id.as_str(), all[0].memory), ("apid", 1 << 34));
            assert_eq!(all[0].cpu_time, Duration::from_nanos(1_500_000_000));
            Ok(())
        })
        .asks(json!({"namespace": "system"}))
        .answers(json!({"stats": [{
            "namespace": "system", "id": "apid", "memory_usage": (1_u64 << 34).to_string(), "cpu_usage": "1500000000",
            "pod_id": "apid", "name": "apid",
        }]})),
        row("restart_container", "machine.MachineService/Restart", |node| async move {
            node.restart_container(ContainerNamespace::Kubernetes, "ns/pod:c:1").await
        })
        .asks(json!({"namespace": "k8s.io", "id": "ns/pod:c:1", "driver": "CRI"}))
        .answers(json!({})),
        row("debug_container", "machine.DebugService/ContainerRun", |node| async move {
            let container = DebugContainer::privileged(ImageStore::System, "alpine:3")
                .with_args(["sh", "-c", "exit 3"])
                .with_env("A", "b")
                .with_terminal();
            let mut output = Vec::new();
            let code = node.debug_container(container).run(tokio::io::empty(), &mut output).await?;
            assert_eq!((code, output.as_slice()), (3, b"hello\n".as_slice()));
            Ok(())
        })
        .asks(json!({"spec": {
            "containerd": {"driver": "CRI", "namespace": "NS_SYSTEM"}, "image_name": "alpine:3", "args": ["sh", "-c", "exit 3"],
            "env": {"A": "b"}, "profile": "PROFILE_PRIVILEGED", "tty": true,
        }}))
        .streams([json!({"stdout_data": bytes("hello\n")}), json!({"exit_code": 3})]),
    ]
}
