//! What a machine is and runs.

use std::time::{Duration, SystemTime};

use futures_util::TryStreamExt;
use prost_types::Timestamp;
use talos_client::{
    Client, ClientOptions, ContainerNamespace, DependencyKind, DmesgOptions, ErrorKind,
    GenerateConfigurationOptions, LogOptions, Node, ProcessState,
};
use talos_proto::{inspect, machine, time};
use tonic::Code;

use crate::lab::{Lab, soon};
use crate::support::{Answer, Pki, Server, one};

/// A server that does as it is told, and a node behind it.
pub(crate) async fn server() -> (Server, Node) {
    let pki = Pki::new();
    let server = Server::start(&pki).await;
    let client = Client::from_context(&pki.context([server.endpoint()]), ClientOptions::default()).unwrap();
    (server, client.node("10.0.0.2"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_simulated_machine_tells_what_it_is() {
    let lab = Lab::of_version("v1.13.9", 1).await;
    let node = lab.node(0);
    assert_eq!(node.hostname().await.unwrap(), lab.machines[0].hostname());

    let memory = node.memory().await.unwrap();
    assert!(memory.total >= 1 << 30 && memory.used() <= memory.total, "{memory:?}");
    let cpus = node.cpus().await.unwrap();
    assert!(!cpus.is_empty() && cpus.iter().all(|cpu| !cpu.model_name.is_empty()));
    assert_eq!(node.cpu_frequencies().await.unwrap().len(), cpus.len());
    let stat = node.system_stat().await.unwrap();
    assert_eq!(stat.cpus.len(), cpus.len());
    assert!(stat.boot_time > SystemTime::UNIX_EPOCH);
    assert!(node.load_average().await.unwrap().one >= 0.0);
    let mounts = node.mounts().await.unwrap();
    let var = mounts.iter().find(|mount| mount.mounted_on == "/var").unwrap();
    assert!(var.size > 0 && var.used() <= var.size, "{var:?}");
    assert!(!node.disk_counters().await.unwrap().devices.is_empty());
    let network = node.network_counters().await.unwrap();
    let sum: u64 = network.devices.iter().map(|device| device.rx_bytes).sum();
    assert_eq!(network.total.rx_bytes, sum);

    let processes = node.processes().await.unwrap();
    let first = processes.iter().find(|process| process.pid == 1).unwrap();
    assert!(!matches!(first.state, ProcessState::Other(_)), "{first:?}");
    let dependencies = node.controller_dependencies().await.unwrap();
    assert!(dependencies.iter().any(|edge| edge.kind == DependencyKind::OutputExclusive));
    assert!(!dependencies.iter().any(|edge| matches!(edge.kind, DependencyKind::Unknown(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn services_are_restarted_and_others_refused() {
    let lab = Lab::of_version("v1.13.9", 1).await;
    let node = lab.node(0);
    assert!(node.service("kubelet").await.unwrap().is_running());
    node.restart_service("kubelet").await.unwrap();
    soon(async {
        while !node.service("kubelet").await.unwrap().is_running() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;

    assert_eq!(node.service("none").await.unwrap_err().kind(), ErrorKind::NotFound);
    assert!(node.start_service("none").await.is_err());
    assert!(node.stop_service("machined").await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn containers_are_found_measured_and_restarted() {
    let lab = Lab::of_version("v1.13.9", 1).await;
    let node = lab.node(0);
    let system = node.containers(ContainerNamespace::System).await.unwrap();
    assert!(system.iter().any(|container| container.id == "apid"), "{system:?}");
    let pods = node.containers(ContainerNamespace::Kubernetes).await.unwrap();
    assert!(pods.iter().any(talos_client::Container::is_sandbox));
    let container = pods.iter().find(|container| !container.is_sandbox() && container.pid.is_some()).unwrap();
    let usage = node.container_usage(ContainerNamespace::Kubernetes).await.unwrap();
    assert!(usage.iter().any(|usage| usage.id == container.id && usage.memory > 0));
    let mut log = node.logs(LogOptions::container(&*container.id));
    while log.try_next().await.unwrap().is_some() {}
    node.restart_container(ContainerNamespace::Kubernetes, &*container.id).await.unwrap();
    assert!(node.restart_container(ContainerNamespace::Kubernetes, "none").await.is_err());

    let logs = node.log_ids().await.unwrap();
    assert!(logs.iter().any(|id| id == "machined"), "{logs:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_kernel_log_has_messages() {
    let lab = Lab::of_version("v1.13.9", 1).await;
    let messages: Vec<_> = lab.node(0).dmesg(DmesgOptions::default()).try_collect().await.unwrap();
    assert!(messages.len() > 1);
    for message in &messages {
        assert!(message.time.is_some() && !message.text.contains('\n'), "{message:?}");
    }
}

#[tokio::test]
async fn counters_are_in_bytes_and_durations() {
    let (server, node) = server().await;
    let meminfo =
        machine::MemInfo { memtotal: 2, hugepagestotal: 3, hugepagesize: 2048, ..Default::default() };
    server.answer("Memory", [one(&machine::Memory { meminfo: Some(meminfo), ..Default::default() })]);
    let memory = node.memory().await.unwrap();
    assert_eq!((memory.total, memory.huge_pages_total, memory.huge_page_size), (2048, 3, 2 << 20));

    let stat = machine::DiskStat { read_sectors: 2, read_time_ms: 1500, ..Default::default() };
    let stats = machine::DiskStats { devices: vec![stat], ..Default::default() };
    server.answer("DiskStats", [one(&stats)]);
    let disk = node.disk_counters().await.unwrap().devices.remove(0);
    assert_eq!((disk.read.bytes, disk.read.time), (1024, Duration::from_millis(1500)));

    let frequencies = machine::CpuFreqStats { current_frequency: 2_500_000, ..Default::default() };
    let frequencies = machine::CpUsFreqStats { cpu_freq_stats: vec![frequencies], ..Default::default() };
    server.answer("CPUFreqStats", [one(&frequencies)]);
    assert_eq!(node.cpu_frequencies().await.unwrap()[0].current, 2_500_000_000);

    // Numbers that make no sense are no panic.
    let cpu = machine::CpuStat {
        user: f64::NAN,
        system: -1.0,
        idle: f64::INFINITY,
        iowait: 1.5,
        ..Default::default()
    };
    let stat = machine::SystemStat { boot_time: u64::MAX, cpu_total: Some(cpu), ..Default::default() };
    server.answer("SystemStat", [one(&stat)]);
    let stat = node.system_stat().await.unwrap();
    assert_eq!((stat.cpu_total.user, stat.cpu_total.io_wait), (Duration::ZERO, Duration::from_millis(1500)));
    assert_eq!(stat.boot_time, SystemTime::UNIX_EPOCH);
}

#[tokio::test]
async fn namespaces_go_with_their_driver() {
    let (server, node) = server().await;
    server.answer("Containers", [one(&machine::Container::default())]);
    for (namespace, name, driver) in [
        (ContainerNamespace::System, "system", 0),
        (ContainerNamespace::Kubernetes, "k8s.io", 1),
        (ContainerNamespace::KubernetesContainerd, "k8s.io", 0),
    ] {
        node.containers(namespace).await.unwrap();
        let request: machine::ContainersRequest = server.seen("Containers").last().unwrap().request();
        assert_eq!((request.namespace.as_str(), request.driver), (name, driver));
    }
}

#[tokio::test]
async fn clocks_are_compared() {
    let (server, node) = server().await;
    let at = |seconds| Some(Timestamp { seconds, nanos: 0 });
    let reply = |local, remote| {
        let server = "pool.ntp.org".to_owned();
        one(&time::Time { server, localtime: local, remotetime: remote, ..Default::default() })
    };
    server.answer("Time", [reply(at(100), at(90)), reply(at(90), at(100)), reply(at(90), None)]);
    assert_eq!(node.time().await.unwrap().offset(), (Duration::from_secs(10), true));
    assert_eq!(node.time().await.unwrap().offset(), (Duration::from_secs(10), false));
    assert_eq!(node.time().await.unwrap_err().kind(), ErrorKind::InvalidReply);
    server.answer("TimeCheck", [reply(at(1), at(1))]);
    node.time_against("10.5.0.1").await.unwrap();
    let request: time::TimeRequest = server.seen("TimeCheck")[0].request();
    assert_eq!(request.server, "10.5.0.1");
}

#[tokio::test]
async fn dependencies_of_the_future_are_kept() {
    let (server, node) = server().await;
    let edge = |edge_type, id: &str| inspect::ControllerDependencyEdge {
        controller_name: "c".into(),
        edge_type,
        resource_id: id.into(),
        ..Default::default()
    };
    let edges = vec![edge(3, ""), edge(4, "one"), edge(9, "")];
    server.answer(
        "ControllerRuntimeDependencies",
        [one(&inspect::ControllerRuntimeDependency { edges, ..Default::default() })],
    );
    let edges: Vec<_> =
        node.controller_dependencies().await.unwrap().into_iter().map(|edge| (edge.kind, edge.id)).collect();
    assert_eq!(
        edges,
        [
            (DependencyKind::OutputShared, None),
            (DependencyKind::InputDestroyReady, Some("one".to_owned())),
            (DependencyKind::Unknown(9), None),
        ]
    );
}

#[tokio::test]
async fn configurations_are_made_by_older_machines_only() {
    let (server, node) = server().await;
    let options = || {
        GenerateConfigurationOptions::control_plane("test", "https://10.0.0.1:6443")
            .with_install("/dev/sda", "installer")
            .with_kubernetes_version("1.31.0")
    };
    let error = node.generate_configuration(options()).await.unwrap_err();
    assert!(error.is_unimplemented(), "{error}");
    let reply = |data: Vec<&'static [u8]>| {
        one(&machine::GenerateConfiguration {
            data: data.into_iter().map(Into::into).collect(),
            talosconfig: "context: test".into(),
            ..Default::default()
        })
    };
    server.answer(
        "GenerateConfiguration",
        [
            reply(vec![b"machine: {}"]),
            reply(vec![]),
            reply(vec![b"\xff"]),
            Answer::Status(Code::Internal, "no"),
        ],
    );
    let made = node.generate_configuration(options()).await.unwrap();
    assert_eq!(made.machine_config.expose(), "machine: {}");
    assert_eq!(made.talosconfig.expose(), "context: test");
    for _ in 0..2 {
        assert_eq!(node.generate_configuration(options()).await.unwrap_err().kind(), ErrorKind::InvalidReply);
    }
    let request: machine::GenerateConfigurationRequest = server.seen("GenerateConfiguration")[1].request();
    let machine = request.machine_config.unwrap();
    assert_eq!(machine.r#type(), machine::machine_config::MachineType::TypeControlPlane);
    assert_eq!(
        (machine.kubernetes_version.as_str(), request.config_version.as_str()),
        ("1.31.0", "v1alpha1")
    );
    assert_eq!(request.cluster_config.unwrap().control_plane.unwrap().endpoint, "https://10.0.0.1:6443");
}
