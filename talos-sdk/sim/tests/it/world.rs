//! Clusters made in one call, and many machines at once.

use std::time::Duration;

use talos_machineconfig::Patch;
use talos_proto::machine::machine_service_client::MachineServiceClient;
use talos_sim::{ClusterOptions, ErrorKind, NodeOptions, Pace, Role, Simulation, SimulationOptions, Stage};
use tonic::Code;

use crate::harness::{channel, soon, tls};

#[tokio::test]
async fn a_cluster_in_one_call_with_credentials_by_role() {
    let simulation = Simulation::start(SimulationOptions::default()).unwrap();
    let options = ClusterOptions::default()
        .with_name("test")
        .with_control_planes(3)
        .with_workers(1)
        .with_talos_version("v1.14.0-rc.1".parse().unwrap())
        .with_patch(Patch::parse("machine:\n  nodeLabels:\n    rack: a\n").unwrap());
    let cluster = soon(simulation.cluster(options)).await.unwrap();
    assert!(cluster.nodes().iter().all(|node| node.stage() == Stage::Running && node.is_ready()));
    assert_eq!(cluster.workers()[0].hostname(), "test-worker-1");
    assert!(simulation.calls().is_empty(), "making a cluster calls nothing");

    let authority = cluster.secrets().os_ca().unwrap().certificate;
    for (role, code) in [(Role::Admin, Code::Ok), (Role::Reader, Code::PermissionDenied)] {
        let text = cluster.talosconfig(role).unwrap();
        let document = talos_yaml::from_str::<serde_json::Value>(text.expose()).unwrap();
        let context = &document["contexts"]["test"];
        assert_eq!(context["endpoints"].as_array().unwrap().len(), 3);
        let pem = |name: &str| {
            use base64::Engine as _;
            let bytes = base64::engine::general_purpose::STANDARD.decode(context[name].as_str().unwrap());
            String::from_utf8(bytes.unwrap()).unwrap()
        };
        let identity = talos_pki::Identity::from_pem(&pem("crt"), &pem("key")).unwrap();
        assert_eq!(identity.certificate.roles(), role.into());
        let channel = channel(cluster.endpoints()[0], tls(Some(&identity), Some(&authority))).await.unwrap();
        let mut client = MachineServiceClient::new(channel);
        let answer = client.read(talos_proto::machine::ReadRequest { path: "/etc/hostname".into() }).await;
        assert_eq!(answer.map_or_else(|status| status.code(), |_| Code::Ok), code);
    }
    assert!(cluster.kubeconfig().unwrap().expose().contains(cluster.kubernetes_endpoint()));
    let none = simulation.cluster(ClusterOptions::default().with_control_planes(0)).await.unwrap_err();
    assert_eq!(none.kind(), ErrorKind::Options);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_machines() {
    let simulation = Simulation::start(SimulationOptions::default().with_pace(Pace::immediate())).unwrap();
    let resident = || -> usize {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    };
    let before = resident();
    let options = ClusterOptions::default().with_control_planes(3).with_workers(897);
    let cluster = tokio::time::timeout(Duration::from_secs(300), simulation.cluster(options)).await.unwrap();
    assert_eq!(cluster.unwrap().nodes().len(), 900);
    let after = resident();
    let spare: Vec<_> = (0..100).map(|_| simulation.add_node(NodeOptions::default()).unwrap()).collect();
    for node in &spare {
        soon(node.wait_for(Stage::Maintenance)).await;
    }
    assert_eq!(simulation.nodes().len(), 1000);
    let (configured, spare) = (after.saturating_sub(before) / 900, resident().saturating_sub(after) / 100);
    eprintln!("memory: {configured} KiB a node of a cluster, {spare} KiB a node in maintenance");
    assert!(configured < 400 && spare < 400);
}
