//! Snapshots.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use talos_examples::answers::{print_json, with_node};
use talos_examples::arguments::{Format, Output};
use talos_examples::connection::Connection;
use talos_examples::failure::Outcome;
use talos_examples::files;
use talos_sdk::client::EtcdRecoverOptions;

#[derive(Args)]
pub(crate) struct Snapshot {
    /// The file; one that is there is replaced
    path: PathBuf,
    #[command(flatten)]
    output: Output,
}

impl Snapshot {
    pub(crate) async fn save(self, connection: &Connection) -> Outcome {
        let (name, node) = connection.machine()?;
        let saved = node.etcd_snapshot_to(&self.path).await?;
        let sha256 = saved.sha256.iter().fold(String::new(), |mut text, byte| {
            _ = write!(text, "{byte:02x}");
            text
        });
        let path = self.path.display();
        match self.output.format {
            Format::Text => {
                files::print(&format!("snapshot saved to {path} ({} bytes, sha256 {sha256})\n", saved.size))
            }
            Format::Json => print_json(&with_node(
                &name,
                json!({ "path": path.to_string(), "size": saved.size, "sha256": sha256 }),
            )),
        }
    }
}

#[derive(Args)]
pub(crate) struct Recover {
    /// The snapshot
    path: PathBuf,
    /// Take a database without a hash behind it: a file of a member's data folder
    #[arg(long)]
    skip_hash_check: bool,
}

impl Recover {
    pub(crate) async fn run(self, connection: &Connection) -> Outcome {
        connection.must_name_machines("recovering etcd")?;
        let (name, node) = connection.machine()?;
        let mut options = EtcdRecoverOptions::default();
        if self.skip_hash_check {
            options = options.with_skip_hash_check();
        }
        node.etcd_recover_from(&self.path, options).await?;
        files::print(&format!("etcd starts on {name} from {}\n", self.path.display()))
    }
}
