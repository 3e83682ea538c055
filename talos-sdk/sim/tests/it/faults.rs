//! Faults on purpose.

use std::time::Duration;

use talos_proto::machine::image_service_client::ImageServiceClient;
use talos_proto::machine::lifecycle_service_client::LifecycleServiceClient;
use talos_proto::machine::*;
use talos_sim::{Fault, FaultRule, Role, SimulationOptions, Stage};
use tonic::Code;

use crate::harness::{TestCluster, admin, all, authenticated, eventually, soon};
use crate::images::system;

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

#[tokio::test]
async fn streams_fail_in_every_way_too() {
    let cluster = TestCluster::bootstrapped(1, 0).await;
    let address = cluster.control_planes[0].address();
    let faults = cluster.simulation.faults();
    let image = "ghcr.io/siderolabs/installer:v1.13.9";
    let pull = || ImageServicePullRequest { containerd: system(), image_ref: image.to_owned() };
    let mut images = ImageServiceClient::new(authenticated(address, &[Role::Admin]).await);

    // The work is done, all messages come, and the end is an error.
    faults.fail("Pull", Code::Unavailable, 1);
    assert_eq!(images.pull(pull()).await.unwrap_err().code(), Code::Unavailable);
    faults.add(FaultRule::new("Pull", Fault::FailAfter(Code::Aborted)));
    let mut stream = images.pull(pull()).await.unwrap().into_inner();
    let mut count = 0;
    let end = loop {
        match stream.message().await {
            Ok(message) => assert!(message.is_some()),
            Err(status) => break status,
        }
        count += 1;
    };
    assert!(end.code() == Code::Aborted && count > 1);
    faults.add(FaultRule::new("Pull", Fault::CutAfter(200)));
    assert!(all(images.pull(pull()).await.unwrap().into_inner()).await.is_err());
    let mut images = ImageServiceClient::new(authenticated(address, &[Role::Admin]).await);
    assert!(!all(images.pull(pull()).await.unwrap().into_inner()).await.unwrap().is_empty());

    // A caller that streams is told before it is done.
    faults.fail("Import", Code::ResourceExhausted, 1);
    let endless = futures_util::stream::pending::<ImageServiceImportRequest>();
    assert_eq!(soon(images.import(endless)).await.unwrap_err().code(), Code::ResourceExhausted);

    // An installer whose last words are lost has installed all the same.
    let mut lifecycle = LifecycleServiceClient::new(authenticated(address, &[Role::Admin]).await);
    let source =
        Some(InstallArtifactsSource { image_name: "ghcr.io/siderolabs/installer:v1.14.0".to_owned() });
    let upgrade = LifecycleServiceUpgradeRequest { containerd: system(), source };
    crate::images::pull(&mut images, "ghcr.io/siderolabs/installer:v1.14.0").await;
    faults.add(FaultRule::new("Upgrade", Fault::DropConnectionAfter));
    let mut stream = lifecycle.upgrade(upgrade).await.unwrap().into_inner();
    let failed = soon(async {
        loop {
            if stream.message().await.is_err() {
                break true;
            }
        }
    });
    assert!(failed.await);
    let boots = cluster.control_planes[0].boots();
    admin(address).await.reboot(RebootRequest::default()).await.unwrap();
    eventually(|| async { (cluster.control_planes[0].boots() > boots).then_some(()) }).await;
    assert_eq!(cluster.control_planes[0].talos_version().tag(), "v1.14.0");

    // A stream without an end ends with the caller's time.
    let mut client = admin(address).await;
    let mut request =
        tonic::Request::new(PacketCaptureRequest { interface: "lo".to_owned(), ..Default::default() });
    request.set_timeout(Duration::from_millis(300));
    let mut stream = client.packet_capture(request).await.unwrap().into_inner();
    let end = soon(async {
        loop {
            if let Err(status) = stream.message().await {
                break status;
            }
        }
    });
    assert!(matches!(end.await.code(), Code::DeadlineExceeded | Code::Cancelled));
}
