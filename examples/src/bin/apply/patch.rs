//! A change of the configuration that machines have.

use std::path::PathBuf;

use clap::Args;
use talos_examples::arguments::patches;
use talos_examples::connection::Connection;
use talos_examples::failure::{Failure, Outcome};
use talos_sdk::Node;
use talos_sdk::client::{self, ApplyOptions};
use talos_sdk::machineconfig::{self, Config, patch_text};

use crate::result::{Done, How};

#[derive(Args)]
pub(crate) struct Patch {
    /// A patch: text, or @file
    #[arg(short, long, value_name = "PATCH")]
    patch: Vec<String>,
    /// A file with a patch
    #[arg(long, value_name = "FILE")]
    patch_file: Vec<PathBuf>,
    #[command(flatten)]
    how: How,
}

impl Patch {
    pub(crate) async fn apply(self, connection: &Connection) -> Outcome {
        let files = self.patch_file.iter().map(|path| format!("@{}", path.display()));
        let patches = patches(&self.patch.iter().cloned().chain(files).collect::<Vec<_>>())?;
        if patches.is_empty() {
            return Err(Failure::new("there is no patch: give one with -p or --patch-file"));
        }
        let (patches, options, dry_run) = (&patches, &self.how.options(), self.how.dry_run());
        let answers =
            connection.ask(|node| async move { patch(&node, patches, options.clone(), dry_run).await });
        self.how.show(&answers.await?)
    }
}

async fn patch(
    node: &Node,
    patches: &[machineconfig::Patch],
    options: ApplyOptions,
    dry_run: bool,
) -> client::Result<Done> {
    let mut diff = None;
    let change = |text: &str| -> machineconfig::Result<String> {
        let patched = patch_text(text, patches)?.text.expose().to_owned();
        if dry_run {
            diff = Some(Config::from_yaml(text)?.diff(&Config::from_yaml(&patched)?)?);
        }
        Ok(patched)
    };
    let applied = node.patch_configuration(change, options).await?;
    Ok(Done { applied, diff })
}
