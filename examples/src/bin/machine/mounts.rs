//! File systems.

use clap::Args;
use serde_json::json;
use talos_examples::arguments::Output;
use talos_examples::connection::Connection;
use talos_examples::failure::Outcome;
use talos_examples::row;
use talos_sdk::client::Mount;

#[derive(Args)]
pub(crate) struct Mounts {
    #[command(flatten)]
    output: Output,
}

impl Mounts {
    pub(crate) async fn show(self, connection: &Connection) -> Outcome {
        let answers = connection.ask(|node| async move { node.mounts().await }).await?;
        let object = |mount: &Mount| {
            json!({
                "filesystem": mount.filesystem, "mounted_on": mount.mounted_on, "size": mount.size,
                "used": mount.used(), "available": mount.available,
            })
        };
        answers.show(
            self.output.format,
            &["FILESYSTEM", "SIZE(GB)", "USED(GB)", "AVAILABLE(GB)", "PERCENT USED", "MOUNTED ON"],
            // Those without a size, such as /proc, are left out.
            |mounts| mounts.iter().filter(|mount| mount.size > 0).map(row).collect(),
            |mounts| mounts.iter().map(object).collect(),
        )
    }
}

#[allow(clippy::cast_precision_loss, reason = "a few digits are shown")]
fn row(mount: &Mount) -> Vec<String> {
    let gigabytes = |bytes: u64| format!("{:.2}", bytes as f64 * 1e-9);
    let percent = 100.0 * mount.used() as f64 / mount.size as f64;
    row![
        mount.filesystem,
        gigabytes(mount.size),
        gigabytes(mount.used()),
        gigabytes(mount.available),
        format!("{percent:.2}%"),
        mount.mounted_on,
    ]
}
