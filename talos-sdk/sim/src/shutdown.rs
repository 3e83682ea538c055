//! How a boot ends.

use std::sync::Arc;

use talos_proto::machine::reset_request::WipeMode;

use crate::cluster::Cluster;
use crate::run::{Next, Run};
use crate::sequence::{self, Phase, Sequence};
use crate::services::ServiceState;
use crate::stage::Stage;

/// What a reset takes away. The request was checked before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ResetPlan {
    /// Whether the machine leaves etcd and Kubernetes first.
    pub(crate) graceful: bool,
    /// Whether it starts again.
    pub(crate) reboot: bool,
    pub(crate) mode: WipeMode,
    /// Labels of the partitions to wipe; the whole system disk if there are none.
    pub(crate) partitions: Vec<String>,
    /// Paths of user disks to wipe.
    pub(crate) disks: Vec<String>,
}

impl ResetPlan {
    /// The phases that wipe something.
    fn wiping(&self) -> Vec<Phase> {
        let system = self.mode != WipeMode::UserDisks;
        let mut phases: Vec<Phase> = Vec::new();
        match self.partitions.is_empty() {
            true if system => phases.push(("reset", &["resetSystemDisk"])),
            false if system => phases.push(("resetSpec", &["resetSystemDiskSpec"])),
            _ => {}
        }
        if self.mode != WipeMode::SystemDisk && !self.disks.is_empty() {
            phases.push(("resetUserDisks", &["resetUserDisks"]));
        }
        phases
    }
}

/// Stops everything. Says whether the machine starts again.
pub(crate) async fn shut_down(run: &Arc<Run>, end: Next) -> bool {
    let control_plane = run.config().is_some_and(|config| config.control_plane);
    let (name, stage, actor, phases, again) = match &end {
        Next::Stay => return true,
        Next::Reboot { actor, force } => ("reboot", Stage::Rebooting, actor, sequence::reboot(*force), true),
        Next::Shutdown { actor, force } => {
            ("shutdown", Stage::ShuttingDown, actor, sequence::shutdown(*force), false)
        }
        Next::Upgrade { actor, stage, .. } => {
            let name = if *stage { "stageUpgrade" } else { "upgrade" };
            (name, Stage::Upgrading, actor, sequence::upgrade(*stage), true)
        }
        Next::Reset { actor, plan } => {
            let phases = sequence::reset(plan.graceful, control_plane, &plan.wiping(), plan.reboot);
            ("reset", Stage::Resetting, actor, phases, plan.reboot)
        }
    };
    if let Next::Upgrade { version, .. } = &end {
        let mut disk = run.node.disk();
        disk.previous = Some(std::mem::replace(&mut disk.version, version.clone()));
    }
    let sequence = Sequence::new(run, name, actor.clone());
    sequence.start();
    run.set_stage(stage);
    for task in sequence.steps(&phases) {
        if let Err(reason) = carry_out(run, task, &end).await {
            // What fails on the way down ends in a restart.
            sequence.fail_task(task, &reason);
            run.console(&format!("[talos] {name} failed: {reason}"));
            run.set_stage(Stage::Rebooting);
            stop_services(run).await;
            return true;
        }
    }
    sequence.stop();
    again
}

async fn carry_out(run: &Arc<Run>, task: &str, end: &Next) -> Result<(), String> {
    match (task, end) {
        ("cordonAndDrainNode", _) => {
            if let Some(cluster) = run.cluster() {
                cluster.kubernetes.drain(&run.node.hostname(), run.now());
            }
        }
        ("leaveEtcd", _) => {
            if let Some(cluster) = run.cluster() {
                leave_etcd(run, &cluster)?;
            }
        }
        ("stopAllServices", _) => stop_services(run).await,
        ("resetSystemDisk", _) => {
            leave_for_good(run);
            // A machine that boots from the network has nothing left; one of a cloud boots from its image again.
            let metal = run.node.platform_mode() == "metal";
            let mut disk = run.node.disk();
            let installed = disk.installed && !metal;
            disk.wipe(installed);
        }
        ("resetSystemDiskSpec", Next::Reset { plan, .. }) => wipe_partitions(run, &plan.partitions),
        ("resetUserDisks", Next::Reset { plan, .. }) => {
            let mut disk = run.node.disk();
            for path in &plan.disks {
                if let Some(disk) = disk.storage.disk_mut(path.trim_start_matches("/dev/")) {
                    disk.content = None;
                }
            }
        }
        _ => {}
    }
    Ok(())
}

async fn stop_services(run: &Arc<Run>) {
    for service in run.services.in_state(ServiceState::Running) {
        if !matches!(service, "machined" | "apid") {
            run.service(service, ServiceState::Stopping, false, "stopping");
            run.service(service, ServiceState::Finished, false, "stopped");
        }
    }
    run.sleep(run.node.world.pace.shutdown).await;
}

fn leave_etcd(run: &Run, cluster: &Cluster) -> Result<(), String> {
    let Some(membership) = run.node.disk().etcd else { return Ok(()) };
    if cluster.etcd(membership.cluster).is_some_and(|etcd| etcd.members.len() == 1) {
        return Err("the last member of etcd cannot leave".to_owned());
    }
    cluster.leave_etcd(membership);
    run.node.disk().etcd = None;
    Ok(())
}

/// What is lost with the data of etcd is no member any more, whether it left or not.
fn leave_for_good(run: &Run) {
    let membership = run.node.disk().etcd.take();
    if let Some((cluster, membership)) = run.cluster().zip(membership) {
        cluster.lose_etcd(membership);
    }
}

fn wipe_partitions(run: &Run, labels: &[String]) {
    let wiped = |label: &str| labels.iter().any(|wiped| wiped == label);
    if wiped("EPHEMERAL") {
        leave_for_good(run);
    }
    let mut disk = run.node.disk();
    if wiped("STATE") {
        (disk.config, disk.staged, disk.node_id, disk.user_data_read) = (None, None, None, false);
    }
    if wiped("EPHEMERAL") {
        (disk.images, disk.etcd_snapshot) = Default::default();
    }
    if wiped("META") {
        disk.meta.clear();
    }
}
