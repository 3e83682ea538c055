//! Resets.

use clap::{ArgAction, Args, ValueEnum};
use talos_examples::connection::{Connection, Maintenance};
use talos_examples::failure::{Failure, Outcome};
use talos_sdk::Node;
use talos_sdk::client::{AfterReset, ResetOptions, SystemPartition, Wipe};

use crate::follow::Follow;

#[derive(Args)]
pub(crate) struct Reset {
    /// Move workloads away and leave etcd first
    #[arg(
        long, default_value_t = true, action = ArgAction::Set, num_args = 0..=1,
        default_missing_value = "true", require_equals = true, value_name = "BOOL"
    )]
    graceful: bool,
    /// Boot again from what is left, instead of turning off
    #[arg(long)]
    reboot: bool,
    /// What is deleted
    #[arg(long, value_enum)]
    wipe_mode: Option<Mode>,
    /// Only these parts of the system disk are deleted, such as STATE,EPHEMERAL
    #[arg(long, value_name = "LABEL", value_delimiter = ',', conflicts_with = "wipe_mode")]
    system_labels_to_wipe: Vec<String>,
    /// Disks that are deleted, such as /dev/sdb
    #[arg(long, value_name = "DEVICE", value_delimiter = ',', conflicts_with = "system_labels_to_wipe")]
    user_disks_to_wipe: Vec<String>,
    #[command(flatten)]
    maintenance: Maintenance,
    #[command(flatten)]
    follow: Follow,
}

#[derive(Clone, Copy, ValueEnum)]
enum Mode {
    /// The system disk, and the disks of --user-disks-to-wipe
    All,
    /// The system disk
    SystemDisk,
    /// The disks of --user-disks-to-wipe
    UserDisks,
}

impl Reset {
    pub(crate) async fn run(self, connection: &Connection) -> Outcome {
        connection.must_name_machines("a reset")?;
        let wipe = self.wipe()?;
        let then = if self.reboot { AfterReset::Reboot } else { AfterReset::PowerOff };
        let options = match self.graceful {
            true => ResetOptions::graceful(wipe, then),
            false => ResetOptions::forced(wipe, then),
        };
        let options = &options;
        let reset = |node: Node| async move { node.reset(options.clone()).await };
        self.follow.each(connection, &self.maintenance, reset).await
    }

    /// What is deleted. Unlike with `talosctl` it has to be said.
    fn wipe(&self) -> Outcome<Wipe> {
        if !self.system_labels_to_wipe.is_empty() {
            return Ok(Wipe::Partitions(
                self.system_labels_to_wipe.iter().map(|label| partition(label)).collect(),
            ));
        }
        let disks = self.user_disks_to_wipe.clone();
        match (self.wipe_mode, disks.is_empty()) {
            (Some(Mode::All | Mode::SystemDisk), true) => Ok(Wipe::SystemDisk),
            (Some(Mode::All), false) => Ok(Wipe::SystemAndUserDisks(disks)),
            (Some(Mode::UserDisks), false) => Ok(Wipe::UserDisks(disks)),
            (Some(Mode::SystemDisk), false) => Err(Failure::new(
                "--user-disks-to-wipe does not go with --wipe-mode system-disk: take all or user-disks",
            )),
            (Some(Mode::UserDisks), true) => {
                Err(Failure::new("--wipe-mode user-disks needs the disks, with --user-disks-to-wipe"))
            }
            (None, _) => Err(Failure::new(
                "say what is deleted: --system-labels-to-wipe STATE,EPHEMERAL, or --wipe-mode all, system-disk or \
                 user-disks",
            )),
        }
    }
}

fn partition(label: &str) -> SystemPartition {
    match label {
        "STATE" => SystemPartition::State,
        "EPHEMERAL" => SystemPartition::Ephemeral,
        "BOOT" => SystemPartition::Boot,
        "EFI" => SystemPartition::Efi,
        "META" => SystemPartition::Meta,
        other => SystemPartition::Other(other.to_owned()),
    }
}
