//! A whole configuration.

use std::path::PathBuf;

use clap::Args;
use talos_examples::arguments::patches;
use talos_examples::connection::{Connection, Maintenance};
use talos_examples::failure::{Failure, Outcome};
use talos_examples::files;
use talos_sdk::machineconfig::{self, patch_text};
use talos_sdk::pki::SecretString;

use crate::result::{Done, How};

#[derive(Args)]
pub(crate) struct Config {
    /// The configuration
    #[arg(short, long, value_name = "FILE")]
    file: PathBuf,
    /// A patch for it before it is sent: text, or @file
    #[arg(short = 'p', long, value_name = "PATCH")]
    config_patch: Vec<String>,
    #[command(flatten)]
    how: How,
    #[command(flatten)]
    maintenance: Maintenance,
}

impl Config {
    pub(crate) async fn apply(self, connection: &Connection) -> Outcome {
        let text = &self.text()?;
        if self.maintenance.insecure && self.maintenance.cert_fingerprint.is_empty() {
            eprintln!(
                "warning: nothing proves which machine gets the secrets of the cluster: give --cert-fingerprint"
            );
        }
        let (options, known) = (&self.how.options(), self.how.dry_run() && !self.maintenance.insecure);
        let new = machineconfig::Config::from_yaml(text.expose());
        let new = &new.map_err(|error| Failure::of(self.file.display(), error))?;
        let answers = connection.ask_in(&self.maintenance, |node| async move {
            let old = if known { Some(node.configuration().await?) } else { None };
            let applied = node.apply_configuration(text.expose(), options.clone()).await?;
            // The machine has judged the text already; without a difference the answer is still good.
            let old = old.and_then(|old| machineconfig::Config::from_yaml(old.text.expose()).ok());
            let diff = old.and_then(|old| old.diff(new).ok());
            Ok(Done { applied: Some(applied), diff })
        });
        self.how.show(&answers.await?)
    }

    fn text(&self) -> Outcome<SecretString> {
        let text = files::read(&self.file)?;
        let patches = patches(&self.config_patch)?;
        if patches.is_empty() {
            return Ok(SecretString::new(text));
        }
        let patched = patch_text(&text, &patches).map_err(|error| Failure::of(self.file.display(), error))?;
        for warning in &patched.warnings {
            eprintln!("warning: {warning}");
        }
        Ok(patched.text)
    }
}
