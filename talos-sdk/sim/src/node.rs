//! What lasts as long as a machine, over all of its boots.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::watch;

use crate::disk::Disk;
use crate::logs::Log;
use crate::machine;
use crate::options::NodeOptions;
use crate::rfc3339;
use crate::run::{Bootstrap, Run};
use crate::simulation::World;
use crate::stage::Stage;
use crate::storage::Storage;
use crate::tasks::Tasks;
use crate::version::TalosVersion;

/// One machine.
pub(crate) struct Node {
    pub(crate) world: Arc<World>,
    pub(crate) id: String,
    /// Id of the OpenStack server that this machine is.
    pub(crate) server_id: Option<String>,
    pub(crate) name: String,
    pub(crate) address: Ipv4Addr,
    pub(crate) platform: String,
    /// Whether a system extension brings a service.
    pub(crate) extension: bool,
    /// Whether it is reached through SideroLink.
    pub(crate) siderolink: bool,
    pub(crate) user_data: Option<Bytes>,
    /// Files beside those that every machine has.
    pub(crate) files: Vec<(String, Bytes)>,
    /// What it wrote to its console.
    pub(crate) console: Log,
    /// The same as kernel messages, as `Dmesg` shows them.
    pub(crate) kernel: Log,
    rng: Mutex<fastrand::Rng>,
    disk: Mutex<Disk>,
    run: Mutex<Option<Arc<Run>>>,
    status: watch::Sender<Status>,
    /// The task that plays the machine; empty while it is off.
    power: Mutex<Tasks>,
}

/// The platform, and its mode, of machines that are containers.
const CONTAINER: &str = "container";

/// What outsiders wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Status {
    pub(crate) stage: Stage,
    pub(crate) ready: bool,
    pub(crate) boots: u64,
}

impl Node {
    pub(crate) fn new(
        world: Arc<World>,
        address: Ipv4Addr,
        version: TalosVersion,
        options: NodeOptions,
        server_id: Option<String>,
    ) -> Self {
        let mut rng = world.fork_rng();
        let id = uuid(&mut rng);
        Self {
            name: options.name.unwrap_or_else(|| format!("talos-{}", &id[..6])),
            id,
            server_id,
            address,
            platform: options.platform.unwrap_or_else(|| "openstack".to_owned()),
            extension: options.extension,
            siderolink: options.siderolink,
            user_data: options.user_data,
            files: options.files,
            console: Log::default(),
            kernel: Log::default(),
            rng: Mutex::new(rng),
            disk: Mutex::new(Disk {
                installed: options.installed,
                version,
                storage: Storage::new(options.disks, options.volume_groups, options.arrays),
                ..Disk::default()
            }),
            run: Mutex::default(),
            status: watch::Sender::new(Status { stage: Stage::Unknown, ready: false, boots: 0 }),
            power: Mutex::new(Tasks::closed()),
            world,
        }
    }

    pub(crate) fn status(&self) -> Status {
        *self.status.borrow()
    }

    pub(crate) fn stage(&self) -> Stage {
        self.status().stage
    }

    /// What kind of platform it is on.
    pub(crate) fn platform_mode(&self) -> &'static str {
        match self.platform.as_str() {
            CONTAINER => CONTAINER,
            "metal" => "metal",
            _ => "cloud",
        }
    }

    /// Whether it plays a container, which cannot reboot and has no disks.
    pub(crate) fn in_container(&self) -> bool {
        self.platform == CONTAINER
    }

    /// The hostname of the active configuration, or the machine's name.
    pub(crate) fn hostname(&self) -> String {
        let configured = self.run().and_then(|run| run.config()).and_then(|config| config.hostname.clone());
        configured.unwrap_or_else(|| self.name.clone())
    }

    pub(crate) fn disk(&self) -> MutexGuard<'_, Disk> {
        self.disk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn rng(&self) -> MutexGuard<'_, fastrand::Rng> {
        self.rng.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The boot that is going on.
    pub(crate) fn run(&self) -> Option<Arc<Run>> {
        self.run.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Replaces the boot that is going on; everything of the old one ends.
    pub(crate) fn set_run(&self, run: Option<Arc<Run>>) {
        let old = std::mem::replace(&mut *self.run.lock().unwrap_or_else(PoisonError::into_inner), run);
        if let Some(old) = old {
            old.tasks.abort();
            old.close_api();
            if let Some(cluster) = old.cluster() {
                cluster.machine_down(self.address, self.world.clock.now());
            }
        }
    }

    pub(crate) fn set_status(&self, stage: Stage, ready: bool) {
        self.status.send_if_modified(|status| {
            let new = Status { stage, ready, ..*status };
            std::mem::replace(status, new) != new
        });
    }

    /// Writes a line to the console.
    pub(crate) fn log(&self, line: &str) {
        self.console.write(line);
        let now = rfc3339::precise(self.world.clock.now());
        self.kernel.write(&format!("user: warning: [{now}]: {line}"));
    }

    /// Lets this machine begin a new etcd, as soon as it has come up far enough.
    pub(crate) async fn bootstrap(&self) {
        self.wait(|status| status.boots > 0).await;
        if let Some(run) = self.run().filter(|_| self.disk().etcd.is_none()) {
            run.bootstrap.send_replace(Bootstrap::Empty);
        }
    }

    pub(crate) fn count_boot(&self) {
        self.status.send_modify(|status| status.boots += 1);
    }

    pub(crate) fn power_on(self: &Arc<Self>) {
        let mut power = self.power.lock().unwrap_or_else(PoisonError::into_inner);
        if power.is_closed() {
            *power = Tasks::default();
            power.spawn(machine::play(self.clone()));
        }
    }

    pub(crate) fn power_off(&self) {
        self.power.lock().unwrap_or_else(PoisonError::into_inner).abort();
        self.set_run(None);
        self.set_status(Stage::Unknown, false);
    }

    pub(crate) async fn wait(&self, reached: impl Fn(&Status) -> bool) {
        // The sender lives as long as the machine, so the channel cannot close while somebody waits.
        let _ = self.status.subscribe().wait_for(reached).await;
    }
}

/// A random UUID.
pub(crate) fn uuid(rng: &mut fastrand::Rng) -> String {
    let value = rng.u128(..) & !(0xf000 << 64) & !(3 << 62) | 4 << 76 | 2 << 62;
    let hex = format!("{value:032x}");
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}
