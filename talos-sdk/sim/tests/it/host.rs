//! What a machine runs and how busy it is.

use std::collections::BTreeSet;

use talos_proto::cluster::HealthCheckRequest;
use talos_proto::cluster::cluster_service_client::ClusterServiceClient;
use talos_proto::common::ContainerDriver;
use talos_proto::inspect::inspect_service_client::InspectServiceClient;
use talos_proto::machine::netstat_request::{Feature, L4proto, NetNs};
use talos_proto::machine::*;
use talos_proto::time::time_service_client::TimeServiceClient;
use talos_sim::Role;
use tonic::Code;

use crate::harness::{TestCluster, admin, all, authenticated, soon};

#[tokio::test]
async fn containers_processes_and_logs_agree() {
    let cluster = TestCluster::bootstrapped(1, 1).await;
    let address = cluster.control_planes[0].address();
    let mut client = admin(address).await;
    let cri: i32 = ContainerDriver::Cri.into();
    let pods = ContainersRequest { namespace: "k8s.io".into(), driver: cri };
    let containers = client.containers(pods.clone()).await.unwrap().into_inner();
    let containers = &containers.messages[0].containers;
    let server = containers.iter().find(|container| container.name == "kube-apiserver").unwrap();
    assert!(server.id.starts_with(&format!("{}:kube-apiserver:", server.pod_id)), "{}", server.id);
    assert_eq!(server.status, "CONTAINER_RUNNING");
    let stats = StatsRequest { namespace: "k8s.io".into(), driver: cri };
    let stats = client.stats(stats).await.unwrap().into_inner();
    assert_eq!(stats.messages[0].stats.len(), containers.len());

    let processes = client.processes(()).await.unwrap().into_inner().messages[0].processes.clone();
    let pids: BTreeSet<i32> = processes.iter().map(|process| process.pid).collect();
    assert_eq!(pids.len(), processes.len(), "no two have the same pid");
    assert!(containers.iter().all(|container| pids.contains(&i32::try_from(container.pid).unwrap())));
    for name in ["etcd", "kubelet", "kube-scheduler"] {
        assert!(processes.iter().any(|process| process.command == name), "{name}");
    }

    let logs = |id: &str| LogsRequest {
        namespace: "k8s.io".into(),
        id: id.to_owned(),
        driver: cri,
        tail_lines: -1,
        ..LogsRequest::default()
    };
    let text = async |client: &mut machine_service_client::MachineServiceClient<_>, id: &str| {
        let pieces = all(client.logs(logs(id)).await.unwrap().into_inner()).await.unwrap();
        String::from_utf8(pieces.iter().flat_map(|piece| piece.bytes.to_vec()).collect()).unwrap()
    };
    let before = text(&mut client, &server.id).await;
    assert!(before.contains("kube-apiserver"));
    let restart = |id: &str| RestartRequest { namespace: "k8s.io".into(), id: id.to_owned(), driver: cri };
    client.restart(restart(&server.id)).await.unwrap();
    assert_eq!(client.restart(restart("nosuch")).await.unwrap_err().code(), Code::Unknown);
    let after = client.containers(pods).await.unwrap().into_inner().messages[0].containers.clone();
    let again = after.iter().find(|container| container.name == "kube-apiserver").unwrap();
    assert!(again.pid != server.pid && again.id != server.id);
    assert!(text(&mut client, &again.id).await.len() > before.len());

    for (namespace, driver, code) in
        [("", 0, Code::InvalidArgument), ("system", cri, Code::Unknown), ("system", 9, Code::InvalidArgument)]
    {
        let request = ContainersRequest { namespace: namespace.into(), driver };
        assert_eq!(client.containers(request).await.unwrap_err().code(), code, "{namespace} {driver}");
    }
    let system = ContainersRequest { namespace: "system".into(), driver: 0 };
    let mut worker = admin(cluster.workers[0].address()).await;
    for (client, wanted) in [(&mut client, &["apid", "trustd"][..]), (&mut worker, &["apid"])] {
        let found = client.containers(system.clone()).await.unwrap().into_inner();
        let names: Vec<_> = found.messages[0].containers.iter().map(|container| &*container.id).collect();
        assert_eq!(names, wanted);
    }
    let ids = client.logs_containers(()).await.unwrap().into_inner().messages[0].ids.clone();
    assert!(["apid", "etcd", "kubelet", "machined"].iter().all(|id| ids.iter().any(|known| known == id)));
}

#[tokio::test]
async fn sockets_and_packets() {
    let cluster = TestCluster::bootstrapped(1, 0).await;
    let mut client = admin(cluster.control_planes[0].address()).await;
    let nothing = client.netstat(NetstatRequest::default()).await.unwrap().into_inner();
    assert!(nothing.messages[0].connectrecord.is_empty(), "nothing is shown that was not asked for");
    let request = NetstatRequest {
        filter: netstat_request::Filter::Listening.into(),
        feature: Some(Feature { pid: true }),
        l4proto: Some(L4proto { tcp: true, tcp6: true, ..Default::default() }),
        netns: Some(NetNs { hostnetwork: true, ..Default::default() }),
    };
    let shown = client.netstat(request).await.unwrap().into_inner().messages[0].connectrecord.clone();
    let ports: BTreeSet<u32> = shown.iter().map(|record| record.localport).collect();
    assert!([2379, 6443, 10_250, 50_000].iter().all(|port| ports.contains(port)), "{ports:?}");
    assert!(shown.iter().all(|record| record.process.as_ref().unwrap().pid > 0));
    let wrong = NetstatRequest { filter: 9, ..Default::default() };
    assert_eq!(client.netstat(wrong).await.unwrap_err().code(), Code::InvalidArgument);

    let request = |interface: &str| PacketCaptureRequest {
        interface: interface.into(),
        snap_len: 40,
        ..Default::default()
    };
    assert_eq!(client.packet_capture(request("nosuch")).await.unwrap_err().code(), Code::NotFound);
    let mut stream = client.packet_capture(request("eth0")).await.unwrap().into_inner();
    let header = soon(stream.message()).await.unwrap().unwrap().bytes;
    assert_eq!((&header[..4], header.len()), (&[0xd4, 0xc3, 0xb2, 0xa1][..], 24));
    let packet = soon(stream.message()).await.unwrap().unwrap().bytes;
    assert_eq!((packet.len(), &packet[8..16]), (16 + 40, &[40, 0, 0, 0, 60, 0, 0, 0][..]));
    let filter = vec![BpfInstruction { op: 0, ..Default::default() }];
    let wrong = PacketCaptureRequest { bpf_filter: filter, ..request("lo") };
    assert_eq!(client.packet_capture(wrong).await.unwrap_err().code(), Code::Unknown);
}

#[tokio::test]
async fn numbers_about_the_machine() {
    let cluster = TestCluster::bootstrapped(1, 0).await;
    let address = cluster.control_planes[0].address();
    let mut client = admin(address).await;
    let cpus = client.cpu_info(()).await.unwrap().into_inner().messages[0].cpu_info.len();
    let stat = client.system_stat(()).await.unwrap().into_inner().messages[0].clone();
    let frequencies = client.cpu_freq_stats(()).await.unwrap().into_inner().messages[0].cpu_freq_stats.len();
    assert_eq!((stat.cpu.len(), frequencies), (cpus, cpus));
    let disks = client.disk_stats(()).await.unwrap().into_inner().messages[0].clone();
    assert_eq!(disks.devices[0].name, "vda");
    let network = client.network_device_stats(()).await.unwrap().into_inner().messages[0].clone();
    let received: u64 = network.devices.iter().map(|device| device.rx_packets).sum();
    assert!(received > 0 && network.total.is_some());
    let memory = client.memory(()).await.unwrap().into_inner().messages[0].meminfo.unwrap();
    assert!(memory.memfree < memory.memtotal);
    let mounts = client.mounts(()).await.unwrap().into_inner().messages[0].stats.clone();
    assert!(mounts.iter().any(|mount| mount.mounted_on == "/var" && mount.available < mount.size));

    let channel = authenticated(address, &[Role::Reader]).await;
    let mut time = TimeServiceClient::new(channel.clone());
    let time = time.time_check(talos_proto::time::TimeRequest { server: "ntp.example".into() }).await;
    assert_eq!(time.unwrap().into_inner().messages[0].server, "ntp.example");
    let mut inspect = InspectServiceClient::new(channel.clone());
    let edges =
        inspect.controller_runtime_dependencies(()).await.unwrap().into_inner().messages[0].edges.clone();
    assert!(edges.iter().all(|edge| edge.controller_name.ends_with("Controller")));

    let mut health = ClusterServiceClient::new(channel);
    let wait = |seconds| HealthCheckRequest {
        wait_timeout: Some(prost_types::Duration { seconds, nanos: 0 }),
        cluster_info: None,
    };
    let progress = all(health.health_check(wait(60)).await.unwrap().into_inner()).await.unwrap();
    assert!(progress.iter().all(|progress| progress.message.starts_with("waiting for ")));
    assert_eq!(health.health_check(wait(0)).await.unwrap_err().code(), Code::DeadlineExceeded);
    let mut unknown = wait(1);
    unknown.cluster_info = Some(talos_proto::cluster::ClusterInfo {
        control_plane_nodes: vec!["127.9.9.9".into()],
        ..Default::default()
    });
    let progress = all(health.health_check(unknown).await.unwrap().into_inner()).await;
    assert_eq!(progress.unwrap_err().code(), Code::DeadlineExceeded);
}

#[tokio::test]
async fn few_services_can_be_stopped() {
    let simulation = talos_sim::Simulation::start(talos_sim::SimulationOptions::default()).unwrap();
    let (control_plane, _) = crate::harness::configs(simulation.reserved_address(2), &[]);
    let options = talos_sim::NodeOptions::default().with_installed(true).with_user_data(control_plane);
    let node = simulation.add_node(options.with_extension(true)).unwrap();
    let mut client = admin(node.address()).await;
    let state = async |client: &mut machine_service_client::MachineServiceClient<_>| {
        let services = client.service_list(()).await.unwrap().into_inner().messages.remove(0).services;
        services.into_iter().find(|service| service.id == "ext-hello").map(|service| service.state)
    };
    crate::harness::eventually(|| {
        let mut client = client.clone();
        async move { state(&mut client).await.filter(|state| state == "Running") }
    })
    .await;
    let stop = |id: &str| ServiceStopRequest { id: id.to_owned() };
    client.service_stop(stop("ext-hello")).await.unwrap();
    assert_eq!(state(&mut client).await.as_deref(), Some("Finished"));
    client.service_start(ServiceStartRequest { id: "ext-hello".to_owned() }).await.unwrap();
    for id in ["apid", "etcd", "nosuch"] {
        assert_eq!(client.service_stop(stop(id)).await.unwrap_err().code(), Code::Unknown, "{id}");
    }
}
