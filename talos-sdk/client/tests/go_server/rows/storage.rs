//! Disks, logical volumes and arrays. Go's stubs of v1.13.9 have no volumes and arrays: their calls arrive, and are
//! answered as by an older machine.

use serde_json::json;
use talos_client::{BlockDeviceWipe, DiskKind, WipeMethod};

use super::{Row, row};

pub(super) fn rows() -> Vec<Row> {
    vec![
        row("disks", "storage.StorageService/Disks", |node| async move {
            let disks = node.disks().await?;
            let disk = &disks[0];
            assert_eq!(
                (disk.device_name.as_str(), disk.size, disk.kind),
                ("/dev/nvme0n1", 1 << 41, DiskKind::Nvme)
            );
            assert_eq!(
                (disk.serial.as_str(), disk.wwid.as_str(), disk.bus_path.as_str()),
                ("s", "w", "/pci")
            );
            assert!(disk.system_disk && disk.read_only && !disks[1].system_disk, "{disks:?}");
            Ok(())
        })
        .answers(json!({"disks": [
            {"device_name": "/dev/nvme0n1", "size": (1_u64 << 41).to_string(), "type": "NVME", "model": "m",
             "serial": "s", "wwid": "w", "bus_path": "/pci", "system_disk": true, "readonly": true},
            {"device_name": "/dev/sda", "type": "HDD"},
        ]})),
        row("wipe_block_devices", "storage.StorageService/BlockDeviceWipe", |node| async move {
            let wipes = [
                BlockDeviceWipe::new("sda1", WipeMethod::Zeroes).skip_volume_check().drop_partition(),
                BlockDeviceWipe::new("sdb", WipeMethod::Fast).skip_secondary_check(),
            ];
            node.wipe_block_devices(wipes).await
        })
        .asks(json!({"devices": [
            {"device": "sda1", "method": "ZEROES", "skip_volume_check": true, "drop_partition": true},
            {"device": "sdb", "skip_secondary_check": true},
        ]}))
        .answers(json!({}))
        .needs_a_name(),
        row("remove_logical_volume", "machine.LVMService/LogicalVolumeRemove", |node| async move {
            node.remove_logical_volume("vg", "lv").await
        })
        .asks(json!({"volume_group": "vg", "logical_volume": "lv"}))
        .with_no_such_method()
        .needs_a_name(),
        row("remove_volume_group", "machine.LVMService/VolumeGroupRemove", |node| async move {
            node.remove_volume_group("vg").await
        })
        .asks(json!({"volume_group": "vg"}))
        .with_no_such_method()
        .needs_a_name(),
        row("remove_physical_volume", "machine.LVMService/PhysicalVolumeRemove", |node| async move {
            node.remove_physical_volume("/dev/sdb").await
        })
        .asks(json!({"device": "/dev/sdb"}))
        .with_no_such_method()
        .needs_a_name(),
        row("destroy_array", "machine.MDService/Destroy", |node| async move {
            node.destroy_array("/dev/md0").await
        })
        .asks(json!({"device": "/dev/md0"}))
        .with_no_such_method()
        .needs_a_name(),
    ]
}
