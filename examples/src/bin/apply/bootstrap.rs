//! The start of a cluster.

use std::path::PathBuf;

use clap::Args;
use talos_examples::connection::Connection;
use talos_examples::failure::Outcome;
use talos_examples::files;
use talos_sdk::client::EtcdRecoverOptions;

#[derive(Args)]
pub(crate) struct Bootstrap {
    /// Start from this snapshot of etcd
    #[arg(long, value_name = "FILE")]
    recover_from: Option<PathBuf>,
    /// Take a database without a hash behind it: a file of a member's data folder
    #[arg(long, requires = "recover_from")]
    recover_skip_hash_check: bool,
}

impl Bootstrap {
    pub(crate) async fn run(self, connection: &Connection) -> Outcome {
        let (name, node) = connection.machine()?;
        match self.recover_from {
            None => node.bootstrap().await?,
            Some(path) => {
                connection.must_name_machines("recovering etcd")?;
                let options = match self.recover_skip_hash_check {
                    true => EtcdRecoverOptions::default().with_skip_hash_check(),
                    false => EtcdRecoverOptions::default(),
                };
                node.etcd_recover_from(path, options).await?;
            }
        }
        files::print(&format!("etcd starts on {name}: `etcd members` shows when it runs\n"))
    }
}
