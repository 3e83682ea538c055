//! Faults on purpose.

use std::time::Duration;

use talos_proto::machine::{BootstrapRequest, RebootRequest};
use talos_sim::{Fault, FaultRule, SimulationOptions, Stage};
use tonic::Code;

use crate::harness::{TestCluster, admin, eventually, soon};

#[tokio::test]
async fn calls_fail_as_often_as_they_are_told_to() {
    let cluster = TestCluster::bootstrapped(1, 0).await;
    let address = cluster.control_planes[0].address();
    let faults = cluster.simulation.faults();
    let mut client = admin(address).await;
    faults.fail("Version", Code::Unavailable, 2);
    for _ in 0..2 {
        assert_eq!(client.version(()).await.unwrap_err().code(), Code::Unavailable);
    }
    client.version(()).await.unwrap();

    faults.add(FaultRule::new("Version", Fault::Hang));
    let hangs = tokio::time::timeout(Duration::from_millis(100), client.version(())).await;
    assert!(hangs.is_err());

    faults.add(FaultRule::new("Version", Fault::DropConnection));
    assert!(soon(client.version(())).await.is_err());
    admin(address).await.version(()).await.unwrap();

    // The work is done, and the caller cannot know it.
    faults.add(FaultRule::new("Reboot", Fault::DropConnectionAfter));
    let boots = cluster.control_planes[0].boots();
    assert!(soon(admin(address).await.reboot(RebootRequest::default())).await.is_err());
    eventually(|| async { (cluster.control_planes[0].boots() > boots).then_some(()) }).await;
    assert_eq!(faults.pending(), 0);
}

#[tokio::test]
async fn a_lost_bootstrap_can_be_repeated() {
    let cluster = TestCluster::new(SimulationOptions::default(), 1, 0);
    cluster.simulation.faults().lose_bootstrap();
    let node = &cluster.control_planes[0];
    let client = admin(node.address()).await;
    let bootstrap = || {
        let mut client = client.clone();
        async move { client.bootstrap(BootstrapRequest::default()).await.ok() }
    };
    eventually(bootstrap).await;
    assert_eq!(node.stage(), Stage::Booting);
    eventually(bootstrap).await;
    soon(node.wait_until_ready()).await;
    assert_eq!(cluster.simulation.faults().pending(), 0);
}

#[tokio::test]
async fn a_boot_can_fail() {
    let cluster = TestCluster::bootstrapped(1, 0).await;
    let node = &cluster.control_planes[0];
    cluster.simulation.faults().add(FaultRule::any(Fault::BootFails).on_node(node.address()));
    node.restart();
    eventually(|| async { node.console().contains("panic").then_some(()) }).await;
    assert_eq!(node.stage(), Stage::Unknown);
    node.restart();
    soon(node.wait_until_ready()).await;
}
