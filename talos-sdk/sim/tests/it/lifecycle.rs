//! Versions that come and go.

use std::net::Ipv4Addr;

use talos_pki::Role;
use talos_proto::machine::image_service_client::ImageServiceClient;
use talos_proto::machine::lifecycle_service_client::LifecycleServiceClient;
use talos_proto::machine::lifecycle_service_install_progress::Response;
use talos_proto::machine::*;
use talos_sim::{NodeOptions, SimNode, Simulation, SimulationOptions, Stage};
use tonic::{Code, Status};

use crate::harness::{TestCluster, admin, all, authenticated, insecure_channel, soon};
use crate::images::{pull, system};

/// The exit code of an installer, which comes last.
fn exit_code(progress: Option<LifecycleServiceInstallProgress>) -> i32 {
    match progress.and_then(|progress| progress.response) {
        Some(Response::ExitCode(code)) => code,
        other => panic!("{other:?}"),
    }
}

async fn upgrade(address: Ipv4Addr, image: &str) -> Result<i32, Status> {
    let mut client = LifecycleServiceClient::new(authenticated(address, &[Role::Admin]).await);
    let source = Some(InstallArtifactsSource { image_name: image.to_owned() });
    let request = LifecycleServiceUpgradeRequest { containerd: system(), source };
    let responses = all(client.upgrade(request).await?.into_inner()).await?;
    assert!(responses.len() > 1);
    Ok(exit_code(responses.last().unwrap().progress.clone()))
}

async fn reboot(node: &SimNode) {
    let boots = node.boots();
    admin(node.address()).await.reboot(RebootRequest::default()).await.unwrap();
    crate::harness::eventually(|| async { (node.boots() > boots).then_some(()) }).await;
    soon(node.wait_until_ready()).await;
}

#[tokio::test]
async fn an_upgrade_takes_effect_with_the_reboot_and_can_be_taken_back() {
    let options = SimulationOptions::default().with_talos_version("v1.13.9".parse().unwrap());
    let cluster = TestCluster::new(options, 1, 0);
    cluster.bootstrap().await;
    let node = &cluster.control_planes[0];
    let mut images = ImageServiceClient::new(authenticated(node.address(), &[Role::Admin]).await);

    let rolled_back = admin(node.address()).await.rollback(RollbackRequest {}).await;
    assert_eq!(rolled_back.unwrap_err().code(), Code::Unknown);
    let missing = upgrade(node.address(), "ghcr.io/siderolabs/installer:v1.14.0").await;
    assert_eq!(missing.unwrap_err().code(), Code::Internal);
    // An installer that fails is no failure of the call.
    for (tag, code) in [("broken", 7), ("v1.16.0", 3)] {
        let name = pull(&mut images, &format!("ghcr.io/siderolabs/installer:{tag}")).await;
        assert_eq!(upgrade(node.address(), &name).await.unwrap(), code, "{tag}");
    }
    let name = pull(&mut images, "ghcr.io/siderolabs/installer:v1.14.0").await;
    assert_eq!(upgrade(node.address(), &name).await.unwrap(), 0);
    assert_eq!(node.talos_version().tag(), "v1.13.9");
    reboot(node).await;
    assert_eq!(node.talos_version().tag(), "v1.14.0");

    let boots = node.boots();
    admin(node.address()).await.rollback(RollbackRequest {}).await.unwrap();
    crate::harness::eventually(|| async { (node.boots() > boots).then_some(()) }).await;
    assert_eq!(node.talos_version().tag(), "v1.13.9");
}

#[tokio::test]
async fn the_early_upgrade_reboots_by_itself() {
    let options = SimulationOptions::default().with_talos_version("v1.10.0".parse().unwrap());
    let cluster = TestCluster::new(options, 1, 0);
    cluster.bootstrap().await;
    let node = &cluster.control_planes[0];
    let mut client = admin(node.address()).await;
    let request = |image: &str| UpgradeRequest { image: image.to_owned(), ..Default::default() };
    let wrong = client.upgrade(request("ghcr.io/siderolabs/installer:nosuch")).await;
    assert_eq!(wrong.unwrap_err().code(), Code::Unknown);
    let reply = client.upgrade(request("ghcr.io/siderolabs/installer:v1.11.5")).await.unwrap().into_inner();
    assert!(!reply.messages[0].actor_id.is_empty());
    crate::harness::eventually(|| async { (node.talos_version().tag() == "v1.11.5").then_some(()) }).await;
    soon(node.wait_until_ready()).await;
}

#[tokio::test]
async fn an_administrator_can_install_a_machine_in_maintenance() {
    let simulation = Simulation::start(SimulationOptions::default()).unwrap();
    let node = simulation.add_node(NodeOptions::default().with_siderolink(true)).unwrap();
    soon(node.wait_for(Stage::Maintenance)).await;
    let channel = insecure_channel(node.address()).await;
    let name =
        pull(&mut ImageServiceClient::new(channel.clone()), "ghcr.io/siderolabs/installer:v1.13.5").await;
    let mut client = LifecycleServiceClient::new(channel);
    let request = |disk: &str| LifecycleServiceInstallRequest {
        containerd: system(),
        source: Some(InstallArtifactsSource { image_name: name.clone() }),
        destination: Some(InstallDestination { disk: disk.to_owned() }),
    };
    assert_eq!(client.install(request("/dev/nosuch")).await.unwrap_err().code(), Code::InvalidArgument);
    let responses = all(client.install(request("/dev/vda")).await.unwrap().into_inner()).await.unwrap();
    assert_eq!(exit_code(responses.last().unwrap().progress.clone()), 0);
    assert_eq!(client.install(request("/dev/vda")).await.unwrap_err().code(), Code::AlreadyExists);
    assert_eq!(node.stage(), Stage::Maintenance);
}
