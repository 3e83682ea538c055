//! Disks.

use clap::Args;
use serde_json::{Value, json};
use talos_examples::arguments::Output;
use talos_examples::connection::{Connection, Maintenance};
use talos_examples::failure::Outcome;
use talos_examples::row;
use talos_examples::size::human;
use talos_sdk::client::{Disk, DiskKind};

#[derive(Args)]
pub(crate) struct Disks {
    #[command(flatten)]
    maintenance: Maintenance,
    #[command(flatten)]
    output: Output,
}

impl Disks {
    pub(crate) async fn show(self, connection: &Connection) -> Outcome {
        let answers = connection.ask_in(&self.maintenance, |node| async move { node.disks().await }).await?;
        let row = |d: &Disk| {
            let (size, system) = (human(d.size), if d.system_disk { "*" } else { "" });
            row![
                d.device_name,
                d.model,
                d.serial,
                kind(d.kind),
                d.wwid,
                d.bus_path,
                size,
                d.read_only,
                system
            ]
        };
        answers.show(
            self.output.format,
            &["DEV", "MODEL", "SERIAL", "TYPE", "WWID", "BUS_PATH", "SIZE", "READ_ONLY", "SYSTEM_DISK"],
            |disks| disks.iter().map(row).collect(),
            |disks| disks.iter().map(object).collect(),
        )
    }
}

fn object(disk: &Disk) -> Value {
    json!({
        "device": disk.device_name, "model": disk.model, "serial": disk.serial, "type": kind(disk.kind),
        "uuid": disk.uuid, "wwid": disk.wwid, "bus_path": disk.bus_path, "size": disk.size,
        "read_only": disk.read_only, "system_disk": disk.system_disk,
    })
}

fn kind(kind: DiskKind) -> &'static str {
    match kind {
        DiskKind::Ssd => "SSD",
        DiskKind::Hdd => "HDD",
        DiskKind::Nvme => "NVME",
        DiskKind::Sd => "SD",
        DiskKind::Cd => "CD",
        _ => "UNKNOWN",
    }
}
