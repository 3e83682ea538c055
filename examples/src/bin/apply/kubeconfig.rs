//! Access to Kubernetes.

use std::path::{Path, PathBuf};

use clap::{ArgAction, Args};
use serde_json::json;
use talos_examples::answers::{print_json, with_node};
use talos_examples::arguments::{Format, Output};
use talos_examples::connection::Connection;
use talos_examples::failure::Outcome;
use talos_examples::files;
use talos_sdk::client::{KubeconfigFile, KubeconfigMerge};

#[derive(Args)]
pub(crate) struct Kubeconfig {
    /// The file, or the folder for a file `kubeconfig`; by default the one that kubectl uses. Without merging, - is
    /// standard output, and the default is this folder
    path: Option<PathBuf>,
    /// Overwrite the file, or in merging the entries of the same name
    #[arg(short, long)]
    force: bool,
    /// Merge into the file, if it is there
    #[arg(
        short, long, default_value_t = true, action = ArgAction::Set, num_args = 0..=1,
        default_missing_value = "true", require_equals = true, value_name = "BOOL"
    )]
    merge: bool,
    /// The name of the new context, in merging
    #[arg(long, value_name = "NAME")]
    force_context_name: Option<String>,
    #[command(flatten)]
    output: Output,
}

impl Kubeconfig {
    pub(crate) async fn fetch(self, connection: &Connection) -> Outcome {
        let (name, node) = connection.machine()?;
        let path = match &self.path {
            Some(path) if path.is_dir() => path.join("kubeconfig"),
            Some(path) => path.clone(),
            None if self.merge => KubeconfigFile::find()?.path().to_owned(),
            None => PathBuf::from("kubeconfig"),
        };
        let printed = !self.merge && path == Path::new("-");
        if !self.merge && !printed {
            files::check_free(&path, self.force)?;
        }
        let kubeconfig = node.kubeconfig().await?;
        if printed {
            return files::print(kubeconfig.expose());
        }
        let mut context = None;
        let mut renamed = Vec::new();
        if self.merge {
            let mut options = KubeconfigMerge::default();
            if self.force {
                options = options.with_overwrite();
            }
            if let Some(name) = &self.force_context_name {
                options = options.with_context_name(name);
            }
            let merged = KubeconfigFile::at(&path).merge(&kubeconfig, &options).await?;
            (context, renamed) = (Some(merged.context), merged.renamed);
        } else {
            files::write(&path, kubeconfig.expose())?;
        }
        match self.output.format {
            Format::Json => {
                let renamed: Vec<_> = renamed
                    .iter()
                    .map(|entry| json!({ "list": entry.list, "from": entry.from, "to": entry.to }))
                    .collect();
                let object =
                    json!({ "path": path.display().to_string(), "context": context, "renamed": renamed });
                print_json(&with_node(&name, object))
            }
            Format::Text => {
                for entry in &renamed {
                    eprintln!("{} {} is called {} here", entry.list, entry.from, entry.to);
                }
                let context = context.map(|name| format!(", context {name}")).unwrap_or_default();
                files::print(&format!("kubeconfig: {}{context}\n", path.display()))
            }
        }
    }
}
