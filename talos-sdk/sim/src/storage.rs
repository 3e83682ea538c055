//! The disks of a machine, and what is on them.

/// What the kernel knows virtio's disks by.
pub(crate) const MODALIAS: &str = "virtio:d00000002v00001AF4";
/// Number of the driver of virtio's disks.
pub(crate) const VIRTIO_MAJOR: u32 = 253;
/// Where the kernel lists block devices.
pub(crate) const SUBSYSTEM: &str = "/sys/class/block";

/// Bytes of the system disk.
const SYSTEM_SIZE: u64 = 20 << 30;

/// Partitions of the system disk: number, label, size in bytes.
pub(crate) const PARTITIONS: [(u32, &str, u64); 6] = [
    (1, "EFI", 100 << 20),
    (2, "BIOS", 1 << 20),
    (3, "BOOT", 2000 << 20),
    (4, "META", 1 << 20),
    (5, "STATE", 100 << 20),
    (6, "EPHEMERAL", SYSTEM_SIZE - (2204 << 20)),
];

/// A disk of a simulated machine.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SimDisk {
    /// Its name without `/dev/`.
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// The model that it reports.
    pub model: String,
    /// The serial number that it reports.
    pub serial: String,
    /// Whether it can't be written.
    pub readonly: bool,
    /// Whether Talos boots from it.
    pub system: bool,
    /// What a probe finds on it: `xfs`, `lvm2-pv`, `linux_raid_member`. Nothing once it is wiped.
    pub content: Option<String>,
}

impl SimDisk {
    /// An empty disk of `size` bytes.
    #[must_use]
    pub fn new(name: impl Into<String>, size: u64) -> Self {
        let name = name.into();
        Self {
            serial: format!("sim-{name}"),
            model: "Simulated disk".to_owned(),
            name,
            size,
            readonly: false,
            system: false,
            content: None,
        }
    }

    /// Sets what a probe finds on it.
    #[must_use]
    pub fn with_content(mut self, content: impl Into<String>) -> Self {
        self.content = Some(content.into());
        self
    }

    /// Says whether it can't be written.
    #[must_use]
    pub fn with_readonly(mut self, readonly: bool) -> Self {
        self.readonly = readonly;
        self
    }

    /// Where it is connected.
    pub(crate) fn bus_path(&self) -> String {
        format!("/pci0000:00/{}", self.name)
    }

    pub(crate) fn path(&self) -> String {
        format!("/dev/{}", self.name)
    }
}

/// A volume group of LVM.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct VolumeGroup {
    /// Its name.
    pub name: String,
    /// Its physical volumes: names of disks without `/dev/`.
    pub physical_volumes: Vec<String>,
    /// Names of its logical volumes.
    pub logical_volumes: Vec<String>,
}

impl VolumeGroup {
    /// A group on these disks, without logical volumes.
    #[must_use]
    pub fn new<S: Into<String>>(name: impl Into<String>, disks: impl IntoIterator<Item = S>) -> Self {
        let physical_volumes = disks.into_iter().map(Into::into).collect();
        Self { name: name.into(), physical_volumes, logical_volumes: Vec::new() }
    }

    /// Adds a logical volume.
    #[must_use]
    pub fn with_logical_volume(mut self, name: impl Into<String>) -> Self {
        self.logical_volumes.push(name.into());
        self
    }
}

/// A software RAID array.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RaidArray {
    /// Its name without `/dev/`: `md0`.
    pub name: String,
    /// Its members: names of disks without `/dev/`.
    pub members: Vec<String>,
}

impl RaidArray {
    /// An array on these disks.
    #[must_use]
    pub fn new<S: Into<String>>(name: impl Into<String>, disks: impl IntoIterator<Item = S>) -> Self {
        Self { name: name.into(), members: disks.into_iter().map(Into::into).collect() }
    }
}

/// All block devices of a machine.
#[derive(Clone, Debug, Default)]
pub(crate) struct Storage {
    pub(crate) disks: Vec<SimDisk>,
    pub(crate) groups: Vec<VolumeGroup>,
    pub(crate) arrays: Vec<RaidArray>,
}

impl Storage {
    /// The system disk, and what the options add.
    pub(crate) fn new(disks: Vec<SimDisk>, groups: Vec<VolumeGroup>, arrays: Vec<RaidArray>) -> Self {
        let system = SimDisk { system: true, ..SimDisk::new("vda", SYSTEM_SIZE) };
        let mut storage = Self { disks: vec![system], groups, arrays };
        storage.disks.extend(disks);
        for disk in &mut storage.disks {
            if storage.groups.iter().any(|group| group.physical_volumes.contains(&disk.name)) {
                disk.content = Some("lvm2-pv".to_owned());
            }
            if storage.arrays.iter().any(|array| array.members.contains(&disk.name)) {
                disk.content = Some("linux_raid_member".to_owned());
            }
        }
        storage
    }

    /// The disk with this name, without `/dev/`.
    pub(crate) fn disk(&self, name: &str) -> Option<&SimDisk> {
        self.disks.iter().find(|disk| disk.name == name)
    }

    pub(crate) fn disk_mut(&mut self, name: &str) -> Option<&mut SimDisk> {
        self.disks.iter_mut().find(|disk| disk.name == name)
    }

    /// The device that is built on this disk, if any.
    pub(crate) fn user_of(&self, name: &str) -> Option<String> {
        let named = |names: &[String]| names.iter().any(|member| member == name);
        let group = self.groups.iter().find(|group| named(&group.physical_volumes));
        let array = self.arrays.iter().find(|array| named(&array.members));
        group.map(|group| group.name.clone()).or_else(|| array.map(|array| array.name.clone()))
    }

    /// The volume on a partition of the system disk, `vda5`.
    pub(crate) fn partition(&self, name: &str) -> Option<&'static str> {
        let system = self.disks.iter().find(|disk| disk.system)?;
        let number: u32 = name.strip_prefix(&system.name)?.parse().ok()?;
        PARTITIONS.iter().find(|(of, ..)| *of == number).map(|(_, label, _)| *label)
    }
}
