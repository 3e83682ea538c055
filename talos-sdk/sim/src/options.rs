//! How a simulation and its nodes are set up.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::clock::Clock;
use crate::storage::{RaidArray, SimDisk, VolumeGroup};
use crate::version::TalosVersion;

/// Options of a [`Simulation`](crate::Simulation).
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct SimulationOptions {
    /// Seed of every random choice but keys: the same seed gives the same ids in the same order. Default: 0.
    pub seed: u64,
    /// The clock; [`TokioClock`](crate::TokioClock) if there is none.
    pub clock: Option<Arc<dyn Clock>>,
    /// How long the phases of a machine take. Default: [`Pace::default`], some second from power on to ready.
    pub pace: Pace,
    /// Version of nodes that name none. Default: [`TalosVersion::default`].
    pub talos_version: TalosVersion,
}

impl SimulationOptions {
    /// Sets the seed.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Sets the clock.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Sets the pace.
    #[must_use]
    pub fn with_pace(mut self, pace: Pace) -> Self {
        self.pace = pace;
        self
    }

    /// Sets the version of nodes that name none.
    #[must_use]
    pub fn with_talos_version(mut self, version: TalosVersion) -> Self {
        self.talos_version = version;
        self
    }
}

impl std::fmt::Debug for SimulationOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SimulationOptions")
            .field("seed", &self.seed)
            .field("pace", &self.pace)
            .field("talos_version", &self.talos_version)
            .finish_non_exhaustive()
    }
}

/// How long the phases of a machine take, in simulated time. Hardware takes minutes where the default takes a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pace {
    /// From power on until the API listens. Default: 150 ms.
    pub boot: Duration,
    /// Writing Talos to the disk. Default: 300 ms.
    pub install: Duration,
    /// Starting one service. Default: 20 ms.
    pub service: Duration,
    /// Forming etcd, or joining it. Default: 150 ms.
    pub etcd: Duration,
    /// From etcd until the Kubernetes API listens. Default: 200 ms.
    pub kubernetes: Duration,
    /// From a node's registration with Kubernetes until it is Ready. Default: 200 ms.
    pub node_ready: Duration,
    /// Stopping everything before a reboot. Default: 100 ms.
    pub shutdown: Duration,
}

impl Pace {
    /// A pace at which nothing takes time.
    #[must_use]
    pub const fn immediate() -> Self {
        let zero = Duration::ZERO;
        Self {
            boot: zero,
            install: zero,
            service: zero,
            etcd: zero,
            kubernetes: zero,
            node_ready: zero,
            shutdown: zero,
        }
    }

    /// The same phases, `factor` times as long.
    #[must_use]
    pub fn times(self, factor: u32) -> Self {
        Self {
            boot: self.boot * factor,
            install: self.install * factor,
            service: self.service * factor,
            etcd: self.etcd * factor,
            kubernetes: self.kubernetes * factor,
            node_ready: self.node_ready * factor,
            shutdown: self.shutdown * factor,
        }
    }
}

impl Default for Pace {
    fn default() -> Self {
        let ms = Duration::from_millis;
        Self {
            boot: ms(150),
            install: ms(300),
            service: ms(20),
            etcd: ms(150),
            kubernetes: ms(200),
            node_ready: ms(200),
            shutdown: ms(100),
        }
    }
}

/// Options of one node.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct NodeOptions {
    /// Name of the machine, and its hostname unless the configuration names another. Default: `talos-` and six
    /// hexadecimal digits.
    pub name: Option<String>,
    /// Address within the network of the simulation; the next free one if there is none.
    pub address: Option<Ipv4Addr>,
    /// Version of Talos; that of the simulation if there is none.
    pub talos_version: Option<TalosVersion>,
    /// Machine configuration, plain or gzip, that the machine finds on its first boot. Without, it comes up in
    /// maintenance mode; so it does if this is no configuration, which its console tells.
    pub user_data: Option<Bytes>,
    /// Whether Talos is on the disk already, as with a cloud image. If not, it is installed and the machine reboots.
    /// Default: not.
    pub installed: bool,
    /// Name of the platform as `Version` tells it: `openstack` unless set. A `container` cannot reboot, upgrade or keep
    /// META.
    pub platform: Option<String>,
    /// Files by their absolute paths, beside or instead of those that every machine has.
    pub files: Vec<(String, Bytes)>,
    /// Its disks beside `vda`, the system disk of 20 GiB.
    pub disks: Vec<SimDisk>,
    /// Volume groups of LVM on these disks.
    pub volume_groups: Vec<VolumeGroup>,
    /// Software RAID arrays on these disks.
    pub arrays: Vec<RaidArray>,
    /// Whether it has a system extension with a service, `ext-hello`: only such a service can be stopped over the API.
    pub extension: bool,
    /// Whether callers reach it through SideroLink: they are administrators then while it is in maintenance mode.
    pub siderolink: bool,
}

impl std::fmt::Debug for NodeOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NodeOptions")
            .field("name", &self.name)
            .field("address", &self.address)
            .field("talos_version", &self.talos_version)
            .field("user_data", &self.user_data.as_ref().map(|_| "[redacted]"))
            .field("installed", &self.installed)
            .field("platform", &self.platform)
            .field("files", &self.files.iter().map(|(path, _)| path).collect::<Vec<_>>())
            .field("disks", &self.disks)
            .field("volume_groups", &self.volume_groups)
            .field("arrays", &self.arrays)
            .field("extension", &self.extension)
            .field("siderolink", &self.siderolink)
            .finish()
    }
}

impl NodeOptions {
    /// Sets the name.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Sets the address.
    #[must_use]
    pub fn with_address(mut self, address: Ipv4Addr) -> Self {
        self.address = Some(address);
        self
    }

    /// Sets the version of Talos.
    #[must_use]
    pub fn with_talos_version(mut self, version: TalosVersion) -> Self {
        self.talos_version = Some(version);
        self
    }

    /// Sets the user data.
    #[must_use]
    pub fn with_user_data(mut self, user_data: impl Into<Bytes>) -> Self {
        self.user_data = Some(user_data.into());
        self
    }

    /// Says whether Talos is on the disk already.
    #[must_use]
    pub fn with_installed(mut self, installed: bool) -> Self {
        self.installed = installed;
        self
    }

    /// Sets the platform.
    #[must_use]
    pub fn with_platform(mut self, platform: impl Into<String>) -> Self {
        self.platform = Some(platform.into());
        self
    }

    /// Adds a file, at an absolute path.
    #[must_use]
    pub fn with_file(mut self, path: impl Into<String>, data: impl Into<Bytes>) -> Self {
        self.files.push((path.into(), data.into()));
        self
    }

    /// Adds a disk.
    #[must_use]
    pub fn with_disk(mut self, disk: SimDisk) -> Self {
        self.disks.push(disk);
        self
    }

    /// Adds a volume group of LVM.
    #[must_use]
    pub fn with_volume_group(mut self, group: VolumeGroup) -> Self {
        self.volume_groups.push(group);
        self
    }

    /// Adds a software RAID array.
    #[must_use]
    pub fn with_array(mut self, array: RaidArray) -> Self {
        self.arrays.push(array);
        self
    }

    /// Says whether it has a system extension with a service.
    #[must_use]
    pub fn with_extension(mut self, extension: bool) -> Self {
        self.extension = extension;
        self
    }

    /// Says whether callers reach it through SideroLink.
    #[must_use]
    pub fn with_siderolink(mut self, siderolink: bool) -> Self {
        self.siderolink = siderolink;
        self
    }
}
