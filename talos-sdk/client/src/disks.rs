//! Disks and other block devices.

use talos_proto::storage::block_device_wipe_descriptor::Method;
use talos_proto::storage::disk::DiskType;
use talos_proto::storage::{BlockDeviceWipeDescriptor, BlockDeviceWipeRequest, Disk as ProtoDisk};

use crate::{Node, Result};

/// A disk of a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Disk {
    /// Its device, such as `/dev/sda`.
    pub device_name: String,
    /// Its size in bytes.
    pub size: u64,
    /// What it is.
    pub kind: DiskKind,
    /// Who made what.
    pub model: String,
    /// Its serial number.
    pub serial: String,
    /// What the kernel finds its driver by.
    pub modalias: String,
    /// Its UUID.
    pub uuid: String,
    /// Its World Wide Identifier.
    pub wwid: String,
    /// How it is attached.
    pub bus_path: String,
    /// What the kernel manages it by, such as `/sys/class/block`.
    pub subsystem: String,
    /// Whether Talos is installed on it.
    pub system_disk: bool,
    /// Whether nothing can be written to it.
    pub read_only: bool,
}

/// What a disk is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DiskKind {
    /// Not known, for example a virtual disk.
    Unknown,
    /// Flash.
    Ssd,
    /// It rotates.
    Hdd,
    /// Flash behind NVMe.
    Nvme,
    /// A memory card.
    Sd,
    /// An optical drive.
    Cd,
}

/// What to do to a block device, for [`Node::wipe_block_devices`]. There is no default: what is lost is lost.
///
/// ```
/// # use talos_client::{BlockDeviceWipe, WipeMethod};
/// // Names are without `/dev/`.
/// let wipe = BlockDeviceWipe::new("sdb", WipeMethod::Fast);
/// assert_eq!(BlockDeviceWipe::new("/dev/sdb", WipeMethod::Fast), wipe);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct BlockDeviceWipe {
    /// The name of the device, without `/dev/`: `sdb`, `sdb1`.
    pub device: String,
    /// How thoroughly.
    pub method: WipeMethod,
    /// Whether to wipe it although a volume of Talos is on it.
    pub skip_volume_check: bool,
    /// Whether to wipe it although another device is built on it. From Talos 1.11.
    pub skip_secondary_check: bool,
    /// Whether to take the partition out of the partition table too, if it is one. From Talos 1.10.
    pub drop_partition: bool,
}

/// How thoroughly a block device is wiped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WipeMethod {
    /// So that nothing is found on it: signatures and the partition table are overwritten. Data can be recovered.
    Fast,
    /// All of it is overwritten with zeroes, which takes as long as it takes.
    Zeroes,
}

impl BlockDeviceWipe {
    /// Wipes this device, `sdb` or `/dev/sdb`, unless something uses it.
    #[must_use]
    pub fn new(device: impl Into<String>, method: WipeMethod) -> Self {
        let mut device = device.into();
        if let Some(name) = device.strip_prefix("/dev/") {
            device = name.to_owned();
        }
        Self { device, method, skip_volume_check: false, skip_secondary_check: false, drop_partition: false }
    }

    /// Wipes it although a volume of Talos is on it.
    #[must_use]
    pub fn skip_volume_check(mut self) -> Self {
        self.skip_volume_check = true;
        self
    }

    /// Wipes it although another device is built on it.
    #[must_use]
    pub fn skip_secondary_check(mut self) -> Self {
        self.skip_secondary_check = true;
        self
    }

    /// Takes the partition out of the partition table too.
    #[must_use]
    pub fn drop_partition(mut self) -> Self {
        self.drop_partition = true;
        self
    }
}

impl Node {
    /// The disks of the machine (`storage.StorageService/Disks`, any role).
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/example.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> { example(async |node| {
    /// for disk in node.disks().await? {
    ///     println!("{} {:?} {} GiB {}", disk.device_name, disk.kind, disk.size >> 30, disk.model);
    /// }
    /// # Ok(()) }) }
    /// ```
    pub async fn disks(&self) -> Result<Vec<Disk>> {
        let reply = self.call((), |raw, request| async move { raw.storage().disks(request).await }).await?;
        Ok(reply.single()?.disks.into_iter().map(Disk::from).collect())
    }

    /// Wipes block devices: **what is on them is lost** (`storage.StorageService/BlockDeviceWipe`, os:admin, anyone in
    /// maintenance mode).
    ///
    /// All of them are checked before the first is wiped. There is no limit to the time it takes but the one of
    /// [`with_timeout`](Self::with_timeout). [`ErrorKind::FailedPrecondition`]: one is in use, read-only or an optical
    /// drive. [`ErrorKind::NotFound`]: there is none of that name. [`ErrorKind::InvalidTarget`], with nothing sent,
    /// unless the node is named or in maintenance mode.
    ///
    /// [`ErrorKind::FailedPrecondition`]: crate::ErrorKind::FailedPrecondition
    /// [`ErrorKind::InvalidTarget`]: crate::ErrorKind::InvalidTarget
    /// [`ErrorKind::NotFound`]: crate::ErrorKind::NotFound
    pub async fn wipe_block_devices(&self, wipes: impl IntoIterator<Item = BlockDeviceWipe>) -> Result<()> {
        self.must_be_named("wiping block devices")?;
        let devices = wipes.into_iter().map(|wipe| BlockDeviceWipeDescriptor {
            device: wipe.device,
            method: match wipe.method {
                WipeMethod::Fast => Method::Fast,
                WipeMethod::Zeroes => Method::Zeroes,
            }
            .into(),
            skip_volume_check: wipe.skip_volume_check,
            drop_partition: wipe.drop_partition,
            skip_secondary_check: wipe.skip_secondary_check,
        });
        let request = BlockDeviceWipeRequest { devices: devices.collect() };
        let node = self.for_long_work();
        let call =
            node.call(request, |raw, request| async move { raw.storage().block_device_wipe(request).await });
        call.await?.single()?;
        Ok(())
    }
}

impl From<ProtoDisk> for Disk {
    fn from(disk: ProtoDisk) -> Self {
        Self {
            kind: match disk.r#type() {
                DiskType::Unknown => DiskKind::Unknown,
                DiskType::Ssd => DiskKind::Ssd,
                DiskType::Hdd => DiskKind::Hdd,
                DiskType::Nvme => DiskKind::Nvme,
                DiskType::Sd => DiskKind::Sd,
                DiskType::Cd => DiskKind::Cd,
            },
            device_name: disk.device_name,
            size: disk.size,
            model: disk.model,
            serial: disk.serial,
            modalias: disk.modalias,
            uuid: disk.uuid,
            wwid: disk.wwid,
            bus_path: disk.bus_path,
            subsystem: disk.subsystem,
            system_disk: disk.system_disk,
            read_only: disk.readonly,
        }
    }
}
