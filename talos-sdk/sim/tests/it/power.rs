//! Reboots, and what others see of them.

use prost::Message;
use talos_pki::Role;
use talos_proto::machine::{
    ApplyConfigurationRequest, EventsRequest, MachineStatusEvent, ReadRequest, RebootRequest, SequenceEvent,
};
use talos_sim::Stage;

use crate::harness::{TestCluster, admin, client, configs, eventually, soon};

async fn boot_id(address: std::net::Ipv4Addr) -> String {
    let path = "/proc/sys/kernel/random/boot_id";
    let mut client = admin(address).await;
    let mut stream = client.read(ReadRequest { path: path.into() }).await.unwrap().into_inner();
    let data = stream.message().await.unwrap().unwrap();
    String::from_utf8(data.bytes.to_vec()).unwrap()
}

#[tokio::test]
async fn a_reboot_is_followed_by_its_actor() {
    let cluster = TestCluster::bootstrapped(1, 0).await;
    let node = &cluster.control_planes[0];
    let before = boot_id(node.address()).await;
    let mut operator = client(node.address(), &[Role::Operator]).await;
    let mut events = operator.events(EventsRequest::default()).await.unwrap().into_inner();
    let hello = soon(events.message()).await.unwrap().unwrap();
    assert!(hello.data.unwrap().type_url.is_empty());
    let reply = operator.reboot(RebootRequest::default()).await.unwrap().into_inner();
    let actor = reply.messages[0].actor_id.clone();

    let mut sequences = Vec::new();
    let mut stages = Vec::new();
    let mut ids = Vec::new();
    // The stream ends with the machine, cleanly or not.
    while let Ok(Some(event)) = soon(events.message()).await {
        ids.push(event.id);
        let data = event.data.unwrap();
        match data.type_url.as_str() {
            "talos/runtime/machine.SequenceEvent" if event.actor_id == actor => {
                sequences.push(SequenceEvent::decode(&data.value[..]).unwrap().sequence);
            }
            "talos/runtime/machine.MachineStatusEvent" => {
                stages.push(MachineStatusEvent::decode(&data.value[..]).unwrap().stage);
            }
            _ => {}
        }
    }
    assert!(sequences.iter().all(|sequence| sequence == "reboot") && !sequences.is_empty(), "{sequences:?}");
    assert!(stages.contains(&5), "{stages:?}");
    assert!(ids.is_sorted());
    soon(node.wait_until_ready()).await;
    assert_ne!(boot_id(node.address()).await, before);
    assert_eq!(node.boots(), 2);
}

#[tokio::test]
async fn a_staged_configuration_waits_for_the_reboot() {
    let cluster = TestCluster::bootstrapped(1, 0).await;
    let node = &cluster.control_planes[0];
    let (config, _) = configs(node.address(), &[]);
    let config = config.replacen("network: {}", "network:\n        hostname: renamed", 1);
    assert!(config.contains("renamed"), "{config}");
    let apply = |mode| ApplyConfigurationRequest { data: config.clone().into(), mode, ..Default::default() };
    let mut client = admin(node.address()).await;
    client.apply_configuration(apply(3)).await.unwrap();
    assert_eq!(node.hostname(), "cp-0");
    client.reboot(RebootRequest::default()).await.unwrap();
    eventually(|| async { (node.hostname() == "renamed").then_some(()) }).await;
}

#[tokio::test]
async fn a_tried_configuration_is_taken_back() {
    let cluster = TestCluster::bootstrapped(1, 0).await;
    let node = &cluster.control_planes[0];
    let (config, _) = configs(node.address(), &[]);
    let config = config.replacen("network: {}", "network:\n        hostname: tried", 1);
    let mut client = admin(node.address()).await;
    let request = ApplyConfigurationRequest {
        data: config.into(),
        mode: 4,
        try_mode_timeout: Some(prost_types::Duration { seconds: 0, nanos: 50_000_000 }),
        ..Default::default()
    };
    client.apply_configuration(request).await.unwrap();
    eventually(|| async { (node.hostname() == "cp-0").then_some(()) }).await;
    assert_eq!(node.stage(), Stage::Running);
}

#[tokio::test]
async fn a_dropped_simulation_stops_listening() {
    let cluster = TestCluster::bootstrapped(1, 0).await;
    let address = cluster.control_planes[0].address();
    drop(cluster);
    for port in [50_000, 6443] {
        eventually(
            || async move { tokio::net::TcpStream::connect((address, port)).await.is_err().then_some(()) },
        )
        .await;
    }
}
