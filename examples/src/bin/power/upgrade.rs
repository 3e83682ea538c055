//! Upgrades.

use clap::Args;
use talos_examples::connection::{Connection, Maintenance};
use talos_examples::failure::Outcome;
use talos_sdk::Node;
use talos_sdk::client::{UpgradeOptions, UpgradeWay};

use crate::follow::Follow;
use crate::reboot::Mode;

#[derive(Args)]
pub(crate) struct Upgrade {
    /// The image of the installer, such as ghcr.io/siderolabs/installer:v1.13.9
    #[arg(short, long, value_name = "IMAGE")]
    image: String,
    /// How the machine reboots
    #[arg(short = 'm', long, value_enum, default_value = "default")]
    reboot_mode: Mode,
    /// Write the new version in the next boot, when nothing holds the disk
    #[arg(short, long)]
    stage: bool,
    /// Do not ask whether etcd could do without this machine
    #[arg(short, long)]
    force: bool,
    /// Leave it all to the machine, as versions before 1.13 need it
    #[arg(long)]
    legacy: bool,
    #[command(flatten)]
    follow: Follow,
}

impl Upgrade {
    pub(crate) async fn run(self, connection: &Connection) -> Outcome {
        let mut options = UpgradeOptions::new(&self.image).with_reboot(self.reboot_mode.into());
        if self.stage {
            options = options.with_stage();
        }
        if self.force {
            options = options.with_force();
        }
        if self.legacy {
            options = options.with_way(UpgradeWay::Machine);
        }
        let options = &options;
        let upgrade = |node: Node| async move { node.upgrade(options.clone()).await };
        self.follow.each(connection, &Maintenance::default(), upgrade).await
    }
}
