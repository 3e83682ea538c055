//! What a machine says about its disks, the volumes on them, and what is mounted.

use super::fields::Fields;
use super::item::{Item, item};
use crate::storage::{MODALIAS, PARTITIONS, SUBSYSTEM, SimDisk, VIRTIO_MAJOR};

const XFS: (u32, &str) = (1, "xfs");
const NO_FILESYSTEM: (u32, &str) = (0, "none");
const READY: (u32, &str) = (6, "ready");
const DISCOVERED: &str = "DiscoveredVolumes.block.talos.dev";
/// The label of the volumes that every machine has.
const SYSTEM_VOLUME: &str = "talos.dev/system-volume";

/// Bytes as people read them: with two digits at most after the point, in powers of 1000.
fn pretty(bytes: u64) -> String {
    let units = [("TB", 1_000_000_000_000), ("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1000)];
    match units.into_iter().find(|(_, unit)| bytes >= *unit) {
        Some((name, unit)) if bytes / unit >= 10 => format!("{} {name}", (bytes + unit / 2) / unit),
        Some((name, unit)) => {
            let tenths = (bytes * 10 + unit / 2) / unit;
            format!("{}.{} {name}", tenths / 10, tenths % 10)
        }
        None => format!("{bytes} B"),
    }
}

/// The disks, and what is on the system disk once Talos is; `minor` is that of Talos.
pub(crate) fn storage(disks: &[SimDisk], installed: bool, minor: u16) -> Vec<Item> {
    let mut items = Vec::new();
    for (index, disk) in (0u32..).zip(disks) {
        let installed = disk.system && installed;
        items.extend([self::disk(disk), device(disk, index, None), discovered(disk, None, installed, minor)]);
        if installed {
            let system = Fields::new().text(1, "diskID", &disk.name).text(2, "devPath", disk.path());
            items.push(item("SystemDisks.block.talos.dev", "system-disk", system));
            for partition in &PARTITIONS {
                items.extend([
                    device(disk, index, Some(partition)),
                    discovered(disk, Some(partition), true, minor),
                ]);
                items.extend(volume(disk, partition, minor));
            }
        }
    }
    items
}

fn disk(disk: &SimDisk) -> Item {
    let fields = Fields::new()
        .text(14, "dev_path", disk.path())
        .number(1, "size", disk.size)
        .text(15, "pretty_size", pretty(disk.size))
        .number(2, "io_size", 512u32)
        .number(3, "sector_size", 512u32)
        .flag(4, "readonly", disk.readonly)
        .flag(13, "cdrom", false)
        .text(5, "model?", &disk.model)
        .text(6, "serial?", &disk.serial)
        .text(7, "modalias?", MODALIAS)
        .text(9, "bus_path?", disk.bus_path())
        .text(10, "sub_system?", SUBSYSTEM)
        .text(11, "transport?", "virtio");
    item("Disks.block.talos.dev", &disk.name, fields)
}

/// Number, label, size in bytes.
type Partition = (u32, &'static str, u64);

/// The disk with this number among the disks, or a partition of it.
fn device(disk: &SimDisk, index: u32, partition: Option<&Partition>) -> Item {
    let number = partition.map_or(0, |(number, ..)| *number);
    let name = name(disk, partition);
    let path = match partition {
        Some(_) => format!("{}/block/{}/{name}", disk.bus_path(), disk.name),
        None => format!("{}/block/{name}", disk.bus_path()),
    };
    let label = partition.map_or("", |(_, label, _)| label);
    let fields = Fields::new()
        .text(1, "type", if partition.is_some() { "partition" } else { "disk" })
        .number(2, "major", VIRTIO_MAJOR)
        .number(3, "minor", index * 16 + number)
        .text(4, "partitionName?", label)
        .number(5, "partitionNumber?", number)
        .text(7, "devicePath", path)
        .number(6, "generation", 1u32)
        .text(8, "parent?", if partition.is_some() { &disk.name } else { "" });
    item("BlockDevices.block.talos.dev", name, fields)
}

fn name(disk: &SimDisk, partition: Option<&Partition>) -> String {
    partition.map_or_else(|| disk.name.clone(), |(number, ..)| format!("{}{number}", disk.name))
}

/// What a probe finds on a disk or a partition.
fn discovered(disk: &SimDisk, partition: Option<&Partition>, installed: bool, minor: u16) -> Item {
    let name = name(disk, partition);
    let size = partition.map_or(disk.size, |(_, _, size)| *size);
    let (number, label) = partition.map_or((0, ""), |(number, label, _)| (*number, *label));
    let content = match (label, &disk.content) {
        ("", _) if installed => "gpt",
        ("", content) => content.as_deref().unwrap_or_default(),
        ("EFI", _) => "vfat",
        ("BIOS", _) => "",
        ("META", _) => "talosmeta",
        _ => "xfs",
    };
    let filesystem_label = if content == "xfs" { label } else { "" };
    let fields = Fields::new()
        .text(17, "dev_path", format!("/dev/{name}"))
        .text(14, "type", if partition.is_some() { "partition" } else { "disk" })
        .text(15, "device_path", format!("{}/block/{}", disk.bus_path(), disk.name))
        .text(16, "parent?", if partition.is_some() { &disk.name } else { "" })
        .text(18, "parent_dev_path?", if partition.is_some() { disk.path() } else { String::new() });
    let before = PARTITIONS.iter().take_while(|(other, ..)| *other < number).map(|(_, _, size)| size);
    let offset = if number == 0 { 0 } else { before.sum::<u64>() + FIRST_PARTITION };
    let fields = fields
        .when(minor >= 12, |fields| fields.number(20, "offset", offset))
        .number(1, "size", size)
        .text(19, "pretty_size", pretty(size))
        .number(2, "sector_size?", 512u32)
        .number(3, "io_size?", 512u32)
        .text(4, "name", content)
        .text(6, "label?", filesystem_label)
        .text(12, "partition_label?", label)
        .number(13, "partition_index?", number);
    item(DISCOVERED, name, fields)
}

/// Bytes before the first partition.
const FIRST_PARTITION: u64 = 1 << 20;

/// The volumes of the system, and where they are mounted.
const VOLUMES: [(&str, &str, (u32, &str)); 3] =
    [("META", "", NO_FILESYSTEM), ("STATE", "/system/state", XFS), ("EPHEMERAL", "/var", XFS)];

fn volume(disk: &SimDisk, (number, label, size): &Partition, minor: u16) -> Option<Item> {
    let (_, target, filesystem) = VOLUMES.iter().find(|(id, ..)| id == label)?;
    let path = format!("{}{number}", disk.path());
    let mount = Fields::new().text(1, "targetPath", target).text(2, "selinuxLabel", "").flag(
        3,
        "projectQuotaSupport",
        *label == "EPHEMERAL",
    );
    let fields = Fields::new()
        .word(1, "phase", READY.0, READY.1)
        .when(minor >= 10, |fields| fields.word(16, "type", 0u32, "partition"))
        .text(2, "location?", &path)
        .text(11, "mountLocation?", &path)
        .number(8, "partitionIndex?", *number)
        .text(7, "parentLocation?", disk.path())
        .number(9, "size?", *size)
        .text(13, "prettySize?", pretty(*size));
    let fields = match filesystem.0 {
        0 => fields,
        number => fields
            .word(10, "filesystem?", number, filesystem.1)
            .when(minor >= 10, |fields| fields.inside(15, "mountSpec?", mount)),
    };
    Some(item("VolumeStatuses.block.talos.dev", *label, fields).labelled(SYSTEM_VOLUME))
}

/// The mounts of the system's volumes, once there is a configuration; `minor` is that of Talos.
pub(crate) fn mounts(disk: &SimDisk, minor: u16) -> Vec<Item> {
    let mut items = Vec::new();
    for (number, label, _) in &PARTITIONS {
        let Some((_, target, filesystem)) =
            VOLUMES.iter().find(|(id, target, _)| id == label && !target.is_empty())
        else {
            continue;
        };
        let source = format!("{}{number}", disk.path());
        let status = Fields::new()
            .text(1, "source", &source)
            .text(2, "target", target)
            .text(3, "filesystemType", filesystem.1)
            .texts::<&str>(4, "options", &[])
            .flag(5, "encrypted", false);
        let status = item("MountStatuses.runtime.talos.dev", *label, status);
        items.push(if minor >= 10 { status } else { status.owned_by("") });
        let request = Fields::new()
            .text(1, "volumeID", label)
            .text(2, "parentID", "")
            .flag(5, "readOnly", false)
            .when(minor >= 12, |fields| fields.flag(6, "detached", false))
            .texts(3, "requesters", &["sequencer"])
            .texts(4, "requesterIDs", &[format!("{label}-sequencer")]);
        let status = Fields::new()
            .inside(1, "spec", request)
            .text(3, "source", &source)
            .text(2, "target", target)
            .word(4, "filesystem", filesystem.0, filesystem.1)
            .flag(5, "readOnly", false)
            .flag(6, "projectQuotaSupport", *label == "EPHEMERAL")
            .when(minor >= 12, |fields| fields.flag(8, "detached", false));
        items.push(item("MountStatuses.block.talos.dev", *label, status));
    }
    items
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for (bytes, text) in [
            (512, "512 B"),
            (1 << 20, "1.0 MB"),
            (100 << 20, "105 MB"),
            (20 << 30, "21 GB"),
            (1_500_000_000, "1.5 GB"),
        ] {
            assert_eq!(pretty(bytes), text);
        }
    }
}
