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

/// What a machine told during a scripted run: ids of the boots and of all events.
async fn run(seed: u64) -> Vec<String> {
    let clock =
        talos_sim::TokioClock::starting_at(std::time::UNIX_EPOCH + Duration::from_secs(1_800_000_000));
    let options = SimulationOptions::default().with_seed(seed).with_clock(std::sync::Arc::new(clock));
    let simulation = Simulation::start(options).unwrap();
    let cluster = soon(simulation.cluster(ClusterOptions::default())).await.unwrap();
    let node = &cluster.control_planes()[0];
    let authority = cluster.secrets().os_ca().unwrap();
    let identity = authority.issue(
        &talos_pki::LeafOptions::client([Role::Admin]),
        &talos_pki::FixedClock::new(std::time::UNIX_EPOCH + Duration::from_secs(1_800_000_000)),
    );
    // Machines check certificates by their own time, this client by that of the computer: it checks none.
    let channel = channel(node.address(), tls(Some(&identity.unwrap()), None)).await.unwrap();
    let mut client = MachineServiceClient::new(channel);
    let mut seen = vec![node.boot_id().unwrap(), format!("{:016x}", node.etcd_member_id().unwrap())];
    let reply = client.reboot(talos_proto::machine::RebootRequest { mode: 2 }).await.unwrap().into_inner();
    seen.push(reply.messages[0].actor_id.clone());
    while node.boots() < 2 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    soon(node.wait_until_ready()).await;
    seen.push(node.boot_id().unwrap());
    let request = talos_proto::machine::EventsRequest { tail_events: -1, ..Default::default() };
    let channel = crate::harness::channel(node.address(), tls(Some(&identity_again(&authority)), None)).await;
    let mut client = MachineServiceClient::new(channel.unwrap());
    let mut events = client.events(request).await.unwrap().into_inner();
    while let Ok(Ok(Some(event))) = tokio::time::timeout(Duration::from_millis(500), events.message()).await {
        let data = event.data.unwrap();
        // The last digits count; those before are the time, which depends on how busy the computer is.
        let counter = event.id.get(7..).unwrap_or_default().to_owned();
        seen.push(format!("{counter} {} {}", event.actor_id, data.type_url));
    }
    seen
}

fn identity_again(authority: &talos_pki::CertificateAuthority) -> talos_pki::Identity {
    let clock = talos_pki::FixedClock::new(std::time::UNIX_EPOCH + Duration::from_secs(1_800_000_000));
    authority.issue(&talos_pki::LeafOptions::client([Role::Admin]), &clock).unwrap()
}

#[tokio::test]
async fn the_same_seed_gives_the_same_run() {
    let first = run(7).await;
    assert!(first.len() > 50, "{first:?}");
    assert_eq!(first, run(7).await);
    assert_ne!(first[..4], run(8).await[..4]);
}
