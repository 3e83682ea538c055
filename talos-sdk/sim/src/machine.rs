//! What a machine does from power on to power off.

use std::sync::Arc;
use std::time::Duration;

use talos_pki::Identity;
use talos_proto::machine::{self, task_event};

use crate::cluster::{Cluster, ClusterKey};
use crate::config::NodeConfig;
use crate::etcd::{self, EtcdMember, EtcdMembership};
use crate::identity::NodeTls;
use crate::kubernetes;
use crate::node::{Node, uuid};
use crate::resources::RAW;
use crate::resources::cluster::{AFFILIATES, Affiliate, MEMBERS, identity as identity_of};
use crate::resources::control_plane::applied;
use crate::resources::machine::{PERSISTENT, machine_config};
use crate::run::{Bootstrap, Next, Run};
use crate::sequence::{self, Sequence};
use crate::server;
use crate::services::{EXTENSION_SERVICE, ServiceState};
use crate::shutdown::shut_down;
use crate::stage::Stage;
use crate::trustd::{self, Refusal};

/// A worker that was refused a certificate asks again after this time.
const CERTIFICATE_RETRY: Duration = Duration::from_millis(250);

/// Lets answers and the last events leave before the connections end, however fast the simulation is.
async fn part() {
    // On a busy computer one long pause may be over before anything else had its turn.
    for _ in 0..6 {
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
}

/// Plays the machine: boot after boot, until it shuts down.
pub(crate) async fn play(node: Arc<Node>) {
    loop {
        let run = Run::new(&node);
        node.set_run(Some(run.clone()));
        node.count_boot();
        let mut next = run.next.subscribe();
        let ended = async {
            // The run holds the sender, so this ends only with a value.
            let end = next.wait_for(|next| *next != Next::Stay).await.ok().map(|next| next.clone());
            end.unwrap_or(Next::Stay)
        };
        let end = tokio::select! {
            end = ended => end,
            () = boot(&run) => continue,
        };
        let go_on = shut_down(&run, end).await;
        part().await;
        node.set_run(None);
        if !go_on {
            node.set_status(Stage::Unknown, false);
            return;
        }
    }
}

/// One boot. It returns only to restart the machine on its own account.
async fn boot(run: &Arc<Run>) {
    let node = &run.node;
    let pace = node.world.pace;
    node.set_status(Stage::Booting, false);
    run.console(&format!("[talos] booting Talos {}", run.version));
    run.sleep(pace.boot).await;
    if node.world.faults.take_boot(node.address.into()) {
        run.console("Kernel panic - not syncing: the simulator was told to fail this boot");
        node.set_status(Stage::Unknown, false);
        return std::future::pending().await;
    }
    let initialize = Sequence::new(run, "initialize", "");
    initialize.start();
    for task in initialize.steps(sequence::INITIALIZE) {
        if task == "startMachined" {
            run.service("machined", ServiceState::Running, true, "started");
        }
    }
    let mut loading = initialize.steps(sequence::LOAD);
    loading.next();
    let config = match find_config(run) {
        Some(config) => config,
        None => {
            initialize.task("runningMaintenance", task_event::Action::Start);
            let config = maintenance(run).await;
            initialize.task("runningMaintenance", task_event::Action::Stop);
            config
        }
    };
    loading.next();
    initialize.stop();
    if !node.disk().installed {
        install(run).await;
        return;
    }
    // The sequence runs always, and finds nothing to do here.
    let install = Sequence::new(run, "install", "");
    install.start();
    install.stop();
    node.disk().config = Some(config.clone());
    run.put(machine_config(PERSISTENT, config.text.expose(), run.minor()));
    configured(run, config).await;
}

/// The configuration on the disk or, on the first boot, in the user data.
fn find_config(run: &Arc<Run>) -> Option<Arc<NodeConfig>> {
    let node = &run.node;
    let mut disk = node.disk();
    if let Some(staged) = disk.staged.take() {
        disk.config = Some(staged);
    }
    if disk.config.is_none() && !disk.user_data_read {
        disk.user_data_read = true;
        if let Some(data) = &node.user_data {
            match NodeConfig::from_user_data(data) {
                Ok(config) => disk.config = Some(Arc::new(config)),
                Err(reason) => {
                    run.console(&format!("[talos] the user data is no machine configuration: {reason}"));
                    run.event(&machine::ConfigLoadErrorEvent { error: reason });
                }
            }
        }
    }
    disk.config.clone()
}

/// Waits for a configuration, on an API that anybody may call.
async fn maintenance(run: &Arc<Run>) -> Arc<NodeConfig> {
    let node = &run.node;
    run.set_maintenance(true);
    let applied = async {
        match NodeTls::maintenance(node.address, &node.world.clock) {
            Ok(tls) => {
                run.set_tls(tls.clone());
                server::listen(run).await;
                run.start_service("apid").await;
                run.console("[talos] entering maintenance service");
                run.console("[talos] this machine is reachable at:");
                run.console(&format!("[talos]   {}", node.address));
                run.console("[talos] server certificate issued, fingerprint:");
                run.console(&format!("[talos]   {}", tls.fingerprint));
                run.console("[talos] upload configuration with: talosctl apply-config --insecure");
                run.set_stage(Stage::Maintenance);
            }
            Err(error) => run.console(&format!("[talos] no maintenance certificate: {error}")),
        }
        let mut configured = run.configured.subscribe();
        loop {
            let config = node.disk().config.clone();
            if let Some(config) = config {
                return config;
            }
            if configured.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    };
    let config = applied.await;
    part().await;
    run.close_api();
    run.set_maintenance(false);
    config
}

async fn install(run: &Arc<Run>) {
    let install = Sequence::new(run, "install", "");
    install.start();
    for task in install.steps(sequence::INSTALL) {
        match task {
            "install" => {
                run.set_stage(Stage::Installing);
                run.sleep(run.node.world.pace.install).await;
                run.console("[talos] installation is complete");
                run.node.disk().installed = true;
            }
            "kexecPrepare" => run.set_stage(Stage::Rebooting),
            _ => {}
        }
    }
    install.stop();
}

/// Everything that a configuration asks for.
async fn configured(run: &Arc<Run>, config: Arc<NodeConfig>) {
    let node = &run.node;
    run.set_config(config.clone());
    let hostname = node.hostname();
    let cluster = node.world.cluster(&ClusterKey::of(&config));
    run.store.share("cluster", MEMBERS, cluster.members.clone());
    run.store.share("cluster", AFFILIATES, cluster.affiliates.clone());
    run.store.share(RAW, AFFILIATES, cluster.raw_affiliates.clone());
    let node_id = {
        let mut disk = node.disk();
        disk.node_id.get_or_insert_with(|| uuid(&mut node.rng()).replace('-', "")).clone()
    };
    run.put(identity_of(&node_id));
    run.set_stage(Stage::Booting);
    let boot = Sequence::new(run, "boot", "");
    boot.start();
    for task in boot.steps(sequence::BOOT) {
        if task == "mountEphemeralPartition" {
            run.show_mounts();
        }
        if task == "startAllServices" {
            start_everything(run, &cluster, &config, &hostname, &node_id).await;
        }
    }
    run.set_stage(Stage::Running);
    boot.stop();
    kubernetes::register(run, &config, &hostname).await;
    std::future::pending().await
}

/// All services, in the order in which they can start.
async fn start_everything(
    run: &Arc<Run>,
    cluster: &Cluster,
    config: &NodeConfig,
    hostname: &str,
    node_id: &str,
) {
    let node = &run.node;
    for service in ["containerd", "udevd"] {
        run.start_service(service).await;
    }
    certify(run, cluster, config, hostname).await;
    server::listen(run).await;
    run.start_service("apid").await;
    let machine = Affiliate {
        node_id,
        hostname,
        address: node.address,
        control_plane: config.control_plane,
        version: run.version.tag(),
    };
    cluster.announce(&machine, run.now());
    run.start_service("cri").await;
    if node.extension {
        run.start_service(EXTENSION_SERVICE).await;
    }
    keep_certificates(run);
    if config.control_plane {
        trustd::listen(run).await;
        run.start_service("trustd").await;
        cluster.trustd_up(node.address);
        etcd(run, config, hostname).await;
        run.sleep(node.world.pace.kubernetes).await;
        kubernetes::serve(run, config, hostname).await;
        run.put(applied(config, run.minor()));
    }
    run.start_service("kubelet").await;
}

/// Gets certificates: control planes make their own, workers are given theirs by a control plane.
async fn certify(run: &Arc<Run>, cluster: &Cluster, config: &NodeConfig, hostname: &str) {
    let clock = &run.node.world.clock;
    let mut changes = cluster.changes();
    let mut told = String::new();
    loop {
        changes.borrow_and_update();
        let identity = identity(run, cluster, config, hostname).await;
        let asked = !matches!(identity, Err(Refusal::Nobody));
        let made = identity.and_then(|identity| {
            NodeTls::of_cluster(config, &identity, clock).map_err(|error| Refusal::Refused(error.to_string()))
        });
        let reason = match made {
            Ok(tls) => return run.set_tls(tls),
            Err(Refusal::Nobody) => {
                "waiting for a control plane to sign the certificate of the API".to_owned()
            }
            Err(Refusal::Refused(reason)) => format!("no certificate: {reason}"),
        };
        if told != reason {
            run.console(&format!("[talos] {reason}"));
            told = reason;
        }
        tokio::select! {
            _ = changes.changed() => {}
            () = clock.sleep(CERTIFICATE_RETRY), if asked => {}
        }
    }
}

/// A certificate of this machine, from its own authority or from a control plane.
async fn identity(
    run: &Arc<Run>,
    cluster: &Cluster,
    config: &NodeConfig,
    hostname: &str,
) -> Result<Identity, Refusal> {
    match &config.machine_authority {
        Some(authority) => NodeTls::issue(config, authority, run.address(), hostname, &run.node.world.clock)
            .map_err(|error| Refusal::Refused(error.to_string())),
        None => trustd::request(run, cluster, config, hostname).await,
    }
}

/// Makes new certificates when the configuration changes.
fn keep_certificates(run: &Arc<Run>) {
    let mut configured = run.configured.subscribe();
    let weak = Arc::downgrade(run);
    run.tasks.spawn(async move {
        while configured.changed().await.is_ok() {
            let Some(run) = weak.upgrade() else { return };
            if let Some(config) = run.config() {
                let hostname = run.node.hostname();
                let cluster = run.node.world.cluster(&ClusterKey::of(&config));
                certify(&run, &cluster, &config, &hostname).await;
            }
        }
    });
}

/// Starts etcd from its data, or after a bootstrap, or as a new member of the cluster's etcd.
async fn etcd(run: &Arc<Run>, config: &NodeConfig, hostname: &str) {
    let node = &run.node;
    let cluster = node.world.cluster(&ClusterKey::of(config));
    run.service("etcd", ServiceState::Starting, false, "starting");
    let known = node.disk().etcd;
    let membership = match known {
        Some(membership) => membership,
        None => enter_etcd(run, &cluster, hostname).await,
    };
    node.disk().etcd = Some(membership);
    run.sleep(node.world.pace.etcd).await;
    let member = cluster.change_etcd(membership.cluster, |etcd| {
        etcd.up(membership.member);
        etcd.member(membership.member).cloned()
    });
    let Some(member) = member.flatten() else {
        run.service("etcd", ServiceState::Failed, false, "the member has been removed from the cluster");
        return std::future::pending().await;
    };
    run.show_etcd(&member);
    run.service("etcd", ServiceState::Running, true, "health check passed");
}

/// Waits for a bootstrap, or for an etcd to join.
async fn enter_etcd(run: &Arc<Run>, cluster: &Cluster, hostname: &str) -> EtcdMembership {
    let node = &run.node;
    run.service("etcd", ServiceState::Preparing, false, "waiting for a cluster to join or a bootstrap");
    let mut changes = cluster.changes();
    let mut bootstrap = run.bootstrap.subscribe();
    loop {
        changes.borrow_and_update();
        let asked = *bootstrap.borrow_and_update();
        let mut begin = asked != Bootstrap::No;
        if let Bootstrap::Snapshot { skip_hash } = asked
            && let Err(reason) = recover(node, skip_hash)
        {
            run.bootstrap.send_replace(Bootstrap::No);
            run.service("etcd", ServiceState::Failed, false, &format!("cannot recover: {reason}"));
            begin = false;
        }
        if begin || (asked == Bootstrap::No && cluster.has_etcd()) {
            let member = EtcdMember::new(node.rng().u64(1..), hostname, node.address);
            if begin {
                let id = node.rng().u64(1..);
                return cluster.bootstrap(id, member);
            }
            if let Some(membership) = cluster.join(member) {
                return membership;
            }
        }
        tokio::select! {
            _ = changes.changed() => {}
            _ = bootstrap.changed() => {}
        }
    }
}

/// Uses up the snapshot that was uploaded, if it is one.
fn recover(node: &Node, skip_hash: bool) -> Result<(), String> {
    let mut disk = node.disk();
    let snapshot = disk.etcd_snapshot.as_ref().ok_or("there is no snapshot to recover from")?;
    etcd::check_snapshot(snapshot, skip_hash)?;
    disk.etcd_snapshot = None;
    Ok(())
}
