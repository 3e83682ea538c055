//! Upgrades, by both ways.

use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt};
use talos_client::{
    Error, ErrorKind, InstallerExit, Node, Outcome, Progress, PullProgress, RebootMode, UpgradeOptions,
    UpgradeWay,
};
use talos_sim::{Fault, FaultRule};

use crate::lab::{Lab, PATIENCE};

fn installer(version: &str) -> UpgradeOptions {
    UpgradeOptions::new(format!("ghcr.io/siderolabs/installer:{version}"))
}

async fn upgrade(node: &Node, options: UpgradeOptions) -> Result<Outcome, Error> {
    node.upgrade(options).await?.finished(PATIENCE).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_way_is_that_of_the_version() {
    for (from, to, lifecycle) in
        [("v1.12.3", "v1.13.9", 0), ("v1.13.9", "v1.14.0", 1), ("v1.14.0", "v1.13.9", 1)]
    {
        let lab = Lab::of_version(from, 1).await;
        let node = lab.node(0);
        let steps: Vec<_> =
            node.upgrade(installer(to)).await.unwrap().progress(PATIENCE).try_collect().await.unwrap();
        assert!(matches!(steps.last(), Some(Progress::Done(Outcome::Up))), "{steps:?}");
        assert_eq!(node.version().await.unwrap().tag, to);
        assert!(lab.machines[0].is_ready());
        let installers = steps.iter().filter(|step| matches!(step, Progress::Installer(_))).count();
        let pulled = steps.iter().any(|step| matches!(step, Progress::Pull(PullProgress::Pulled { .. })));
        assert_eq!((installers > 0, pulled), (lifecycle == 1, lifecycle == 1), "{from}");
        assert_eq!(lab.calls("Reboot"), lifecycle);
        assert_eq!(lab.calls("Upgrade"), 1);
        for step in &steps {
            assert!(!step.to_string().is_empty());
        }

        assert_eq!(node.rollback().await.unwrap().finished(PATIENCE).await.unwrap(), Outcome::Up);
        assert_eq!(node.server_version().await.unwrap().to_string(), from);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn staging_is_the_machines_own_way_on_any_version() {
    let lab = Lab::of_version("v1.14.0", 1).await;
    let node = lab.node(0);
    upgrade(&node, installer("v1.14.1").with_stage()).await.unwrap();
    assert_eq!(node.version().await.unwrap().tag, "v1.14.1");
    assert!(!lab.simulation.calls().iter().any(|call| call.path.contains("Lifecycle")));
    let both = installer("v1.14.1").with_stage().with_way(UpgradeWay::Lifecycle);
    assert_eq!(node.upgrade(both).await.unwrap_err().kind(), ErrorKind::InvalidArgument);
    let forced = installer("v1.14.1").with_force().with_reboot(RebootMode::Force);
    assert_eq!(node.upgrade(forced).await.unwrap_err().kind(), ErrorKind::InvalidArgument);
    assert_eq!(lab.calls("Upgrade"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_machine_has_no_new_way() {
    let lab = Lab::of_version("v1.12.3", 1).await;
    let asked = installer("v1.13.9").with_way(UpgradeWay::Lifecycle);
    let error = lab.node(0).upgrade(asked).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    assert!(error.to_string().contains("v1.13.0"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_installer_that_fails_reboots_nothing() {
    let lab = Lab::of_version("v1.13.9", 1).await;
    let before = lab.machines[0].boot_id();
    // Too far ahead for this version; machines report it with success and an exit code.
    let mut steps =
        lab.node(0).upgrade(installer("v1.19.0")).await.unwrap().progress(Duration::from_secs(30));
    let mut last = None;
    while let Some(step) = steps.next().await {
        last = Some(step);
    }
    let error = last.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InstallerFailed, "{error}");
    assert_eq!(error.installer_exit(), Some(InstallerExit::Unsupported));
    assert_eq!(lab.calls("Reboot"), 0);
    assert_eq!(lab.machines[0].boot_id(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_falls_back_to_the_old_version_was_not_upgraded() {
    let lab = Lab::of_version("v1.13.9", 1).await;
    // The installer says that all went well, and the new version is not there after the reboot.
    lab.simulation.faults().add(FaultRule::new("/machine.LifecycleService/Upgrade", Fault::Lose));
    let error = upgrade(&lab.node(0), installer("v1.14.0")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ActionFailed);
    assert!(error.to_string().contains("v1.13.9 instead of v1.14.0"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upgrade_that_is_dropped_reboots_nothing() {
    let lab = Lab::of_version("v1.13.9", 1).await;
    let before = lab.machines[0].boot_id();
    let mut steps = lab.node(0).upgrade(installer("v1.14.0")).await.unwrap().progress(PATIENCE);
    while !matches!(steps.try_next().await.unwrap(), Some(Progress::Installer(_))) {}
    drop(steps);
    // The place of the installer is free again once the machine has noticed.
    let again = upgrade(&lab.node(0), installer("v1.13.9")).await.unwrap();
    assert_eq!(again, Outcome::Up);
    assert_ne!(lab.machines[0].boot_id(), before);
    assert_eq!(lab.calls("Reboot"), 1);
    assert_eq!(lab.node(0).version().await.unwrap().tag, "v1.13.9");
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_are_upgraded_together_and_each_tells_its_own_end() {
    let lab = Lab::of_version("v1.13.9", 3).await;
    let names: Vec<_> = lab.machines[1..].iter().map(|machine| machine.address().to_string()).collect();
    lab.simulation.faults().add(
        FaultRule::new("Pull", Fault::Fail(talos_sim::Code::NotFound)).on_node(lab.machines[2].address()),
    );
    let results =
        lab.client.nodes(&names).each(|node| async move { upgrade(&node, installer("v1.14.0")).await }).await;
    assert_eq!(*results.get(&names[0]).unwrap().as_ref().unwrap(), Outcome::Up);
    assert_eq!(results.get(&names[1]).unwrap().as_ref().unwrap_err().kind(), ErrorKind::NotFound);
}
