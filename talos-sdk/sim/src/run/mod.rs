//! One boot of a machine: everything that a reboot forgets.

mod images;
mod status;

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::SystemTime;

use prost::{Message, Name};
use talos_pki::Fingerprint;
use talos_proto::machine;
use tokio::sync::watch;

use crate::cluster::{Cluster, ClusterKey};
use crate::config::NodeConfig;
use crate::events::{Events, Ids};
use crate::files::Tree;
use crate::forward::Backends;
use crate::identity::NodeTls;
use crate::images::Names;
use crate::logs::Logs;
use crate::node::{Node, uuid};
use crate::resources::machine::{SERVICES, service};
use crate::resources::{Item, Store};
use crate::rootfs;
use crate::services::{ServiceState, Services};
use crate::shutdown::ResetPlan;
use crate::stage::Stage;
use crate::tasks::Tasks;
use crate::version::TalosVersion;

/// What etcd runs from.
pub(crate) const ETCD_IMAGE: &str = "registry.k8s.io/etcd:v3.6.5";

/// How a boot ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// It goes on.
    Stay,
    /// The machine restarts.
    Reboot { actor: String, force: bool },
    /// The machine stays off.
    Shutdown { actor: String, force: bool },
    /// The machine restarts with another version; `stage` if that is put in place only on the way up.
    Upgrade { actor: String, version: TalosVersion, stage: bool },
    /// The machine forgets what the plan says, and restarts or stays off.
    Reset { actor: String, plan: ResetPlan },
}

/// What etcd is to begin with, if somebody asked for that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bootstrap {
    No,
    /// Nothing.
    Empty,
    /// The snapshot that was uploaded before.
    Snapshot {
        skip_hash: bool,
    },
}

/// One boot.
pub(crate) struct Run {
    pub(crate) node: Arc<Node>,
    /// The version that booted.
    pub(crate) version: TalosVersion,
    pub(crate) boot_id: String,
    pub(crate) started: SystemTime,
    /// Tells bookmarks of this boot from those of others.
    pub(crate) cookie: [u8; 8],
    pub(crate) events: Events,
    pub(crate) services: Services,
    pub(crate) logs: Logs,
    pub(crate) store: Store,
    pub(crate) backends: Backends,
    /// Everything that ends with the boot.
    pub(crate) tasks: Tasks,
    pub(crate) next: watch::Sender<Next>,
    /// Whether somebody asked for a bootstrap, and for which.
    pub(crate) bootstrap: watch::Sender<Bootstrap>,
    /// Held while a configuration is put on the disk and in use, so that both are of the same caller.
    pub(crate) applying: Mutex<()>,
    /// Counts trials of configurations, and their ends.
    trials: AtomicU64,
    /// Counts changes of the configuration.
    pub(crate) configured: watch::Sender<u64>,
    /// Whether an installer is at work.
    pub(crate) installing: AtomicBool,
    /// What the containerd without a disk keeps.
    images: Mutex<Names>,
    /// Uids of the pods whose images were pulled.
    pods: Mutex<BTreeSet<String>>,
    /// How often processes were restarted.
    restarts: Mutex<BTreeMap<String, u32>>,
    /// The API's listener and connections, which end before the others when maintenance does.
    api: Mutex<Tasks>,
    maintenance: AtomicBool,
    stage: Mutex<(Stage, bool)>,
    config: RwLock<Option<Arc<NodeConfig>>>,
    tls: RwLock<Option<NodeTls>>,
}

impl Run {
    pub(crate) fn new(node: &Arc<Node>) -> Arc<Self> {
        let now = node.world.clock.now();
        let version = node.disk().version.clone();
        let mut rng = node.rng();
        let run = Self {
            boot_id: uuid(&mut rng),
            started: now,
            cookie: rng.u64(..).to_be_bytes(),
            events: Events::new(Ids::new(&mut rng)),
            services: Services::default(),
            logs: Logs::default(),
            store: Store::new(version.minor(), now),
            backends: Backends::default(),
            tasks: Tasks::default(),
            installing: AtomicBool::new(false),
            images: Mutex::default(),
            pods: Mutex::default(),
            restarts: Mutex::default(),
            api: Mutex::default(),
            next: watch::Sender::new(Next::Stay),
            bootstrap: watch::Sender::new(Bootstrap::No),
            configured: watch::Sender::new(0),
            applying: Mutex::default(),
            trials: AtomicU64::new(0),
            maintenance: AtomicBool::new(false),
            stage: Mutex::new((Stage::Booting, false)),
            config: RwLock::default(),
            tls: RwLock::default(),
            version,
            node: node.clone(),
        };
        drop(rng);
        run.show_boot();
        Arc::new(run)
    }

    pub(crate) fn now(&self) -> SystemTime {
        self.node.world.clock.now()
    }

    pub(crate) fn minor(&self) -> u16 {
        self.version.minor()
    }

    pub(crate) fn address(&self) -> Ipv4Addr {
        self.node.address
    }

    /// Creates or updates a resource.
    pub(crate) fn put(&self, item: Item) {
        self.store.put(item, self.now());
    }

    /// How often a process was restarted.
    pub(crate) fn restarts(&self, key: &str) -> u32 {
        self.restarts.lock().unwrap_or_else(PoisonError::into_inner).get(key).copied().unwrap_or(0)
    }

    pub(crate) fn count_restart(&self, key: &str) {
        *self.restarts.lock().unwrap_or_else(PoisonError::into_inner).entry(key.to_owned()).or_default() += 1;
    }

    /// The file tree as it is now.
    pub(crate) fn tree(&self) -> Tree {
        rootfs::tree(self)
    }

    /// Creates or updates resources.
    pub(crate) fn put_all(&self, items: impl IntoIterator<Item = Item>) {
        let now = self.now();
        for item in items {
            self.store.put(item, now);
        }
    }

    /// Whether there is no configuration yet.
    pub(crate) fn maintenance(&self) -> bool {
        self.maintenance.load(Ordering::Relaxed)
    }

    pub(crate) fn set_maintenance(&self, maintenance: bool) {
        self.maintenance.store(maintenance, Ordering::Relaxed);
    }

    /// Where the API's listener and connections run.
    pub(crate) fn api(&self) -> Tasks {
        self.api.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Ends the API's listener and connections; it may listen again.
    pub(crate) fn close_api(&self) {
        std::mem::take(&mut *self.api.lock().unwrap_or_else(PoisonError::into_inner)).abort();
    }

    /// The active configuration.
    pub(crate) fn config(&self) -> Option<Arc<NodeConfig>> {
        self.config.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Makes a configuration the active one, and says so in the resources.
    pub(crate) fn set_config(&self, config: Arc<NodeConfig>) {
        self.show_config(&config);
        *self.config.write().unwrap_or_else(PoisonError::into_inner) = Some(config);
        self.configured.send_modify(|count| *count += 1);
    }

    /// Begins a trial of a configuration, or the time without one. Only the last trial is taken back.
    pub(crate) fn begin_trial(&self) -> u64 {
        self.trials.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Whether nothing was applied since this trial began.
    pub(crate) fn is_trial(&self, trial: u64) -> bool {
        self.trials.load(Ordering::Relaxed) == trial
    }

    /// The cluster that the configuration is for.
    pub(crate) fn cluster(&self) -> Option<Arc<Cluster>> {
        self.config().map(|config| self.node.world.cluster(&ClusterKey::of(&config)))
    }

    pub(crate) fn tls(&self) -> Option<NodeTls> {
        self.tls.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set_tls(&self, tls: NodeTls) {
        *self.tls.write().unwrap_or_else(PoisonError::into_inner) = Some(tls);
        self.backends.forget();
    }

    pub(crate) fn fingerprint(&self) -> Option<Fingerprint> {
        self.tls().map(|tls| tls.fingerprint)
    }

    /// Publishes an event that nobody asked for.
    pub(crate) fn event<M: Message + Name>(&self, payload: &M) {
        self.events.publish(self.now(), "", payload);
    }

    /// Publishes an event of the work that the caller with this actor id asked for.
    pub(crate) fn event_of<M: Message + Name>(&self, actor: &str, payload: &M) {
        self.events.publish(self.now(), actor, payload);
    }

    /// Writes a line to the console, as the kernel and machined do.
    pub(crate) fn console(&self, line: &str) {
        self.node.log(line);
        self.logs.write("machined", line);
    }

    /// Changes the state of a service, with its event, resource and log line.
    pub(crate) fn service(&self, id: &'static str, state: ServiceState, healthy: bool, message: &str) {
        self.services.set(id, state, healthy, message, self.now());
        self.event(&machine::ServiceStateEvent {
            service: id.to_owned(),
            action: state.action().into(),
            message: message.to_owned(),
            health: Some(machine::ServiceHealth {
                unknown: !healthy,
                healthy,
                last_message: String::new(),
                last_change: Some(self.now().into()),
            }),
        });
        if state == ServiceState::Running {
            self.put(service(id, healthy, !healthy));
        } else {
            self.store.remove(SERVICES, id);
        }
        if id == "kubelet" {
            self.show_kubelet(healthy);
        }
        if healthy {
            self.pull_images_of(id);
        }
        self.logs.write(id, &format!("{id}: {message}"));
        self.update_status();
    }

    /// Starts a service and waits until it is healthy.
    pub(crate) async fn start_service(&self, id: &'static str) {
        self.service(id, ServiceState::Starting, false, "starting");
        self.service(id, ServiceState::Preparing, false, "preparing");
        self.sleep(self.node.world.pace.service).await;
        self.service(id, ServiceState::Running, false, "started");
        self.service(id, ServiceState::Running, true, "health check passed");
    }

    pub(crate) async fn sleep(&self, duration: std::time::Duration) {
        if !duration.is_zero() {
            self.node.world.clock.sleep(duration).await;
        }
    }

    /// Ends the boot in this way, unless it ends already.
    pub(crate) fn end(&self, next: Next) -> bool {
        self.next.send_if_modified(|current| {
            let first = *current == Next::Stay;
            if first {
                *current = next;
            }
            first
        })
    }
}
