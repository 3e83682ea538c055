//! Going back to an earlier version.

use clap::{Args, Subcommand};
use serde_json::json;
use talos_examples::arguments::Output;
use talos_examples::connection::Connection;
use talos_examples::failure::Outcome;
use talos_examples::row;
use talos_sdk::client::EtcdVersion;

#[derive(Args)]
pub(crate) struct Downgrade {
    #[command(subcommand)]
    what: What,
}

#[derive(Clone, Copy, Subcommand)]
enum What {
    /// Ask whether etcd could go back, and change nothing
    Validate(To),
    /// Let etcd go back
    Enable(To),
    /// Take it back
    Cancel(Output),
}

#[derive(Clone, Copy, Args)]
struct To {
    /// The minor version, such as 3.5
    version: EtcdVersion,
    #[command(flatten)]
    output: Output,
}

impl Downgrade {
    pub(crate) async fn run(self, connection: &Connection) -> Outcome {
        let (output, what) = match self.what {
            What::Validate(to) => (to.output, format!("can go back to {}", to.version)),
            What::Enable(to) => (to.output, format!("may go back to {}", to.version)),
            What::Cancel(output) => (output, "stays".to_owned()),
        };
        let answers = connection.ask(|node| async move {
            match self.what {
                What::Validate(to) => node.etcd_validate_downgrade(to.version).await,
                What::Enable(to) => node.etcd_enable_downgrade(to.version).await,
                What::Cancel(_) => node.etcd_cancel_downgrade().await,
            }
        });
        answers.await?.show(
            output.format,
            &["MESSAGE"],
            |version| vec![row![format!("etcd has version {version} and {what}")]],
            |version| vec![json!({ "cluster_version": version, "message": what })],
        )
    }
}
