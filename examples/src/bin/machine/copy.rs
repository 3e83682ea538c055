//! Files that come from a machine.

use std::path::PathBuf;

use clap::Args;
use futures_util::TryStreamExt;
use serde_json::json;
use talos_examples::answers::{print_json, with_node};
use talos_examples::arguments::{Format, Output};
use talos_examples::connection::Connection;
use talos_examples::failure::{Failure, Outcome};
use talos_examples::files;
use talos_sdk::client::{ByteStream, ExtractOptions};
use tokio::io::AsyncWriteExt as _;

#[derive(Args)]
pub(crate) struct Read {
    /// The file
    path: String,
}

impl Read {
    pub(crate) async fn print(self, connection: &Connection) -> Outcome {
        let (_, node) = connection.machine()?;
        to_stdout(node.read(self.path)).await
    }
}

async fn to_stdout(mut bytes: ByteStream) -> Outcome {
    let mut out = tokio::io::stdout();
    while let Some(piece) = bytes.try_next().await? {
        out.write_all(&piece).await?;
    }
    out.flush().await?;
    Ok(())
}

#[derive(Args)]
pub(crate) struct Copy {
    /// The file or folder on the machine
    source: String,
    /// The folder to unpack into, or - for the archive itself (.tar.gz) on standard output
    target: PathBuf,
    #[command(flatten)]
    output: Output,
}

impl Copy {
    pub(crate) async fn run(self, connection: &Connection) -> Outcome {
        let (name, node) = connection.machine()?;
        let archive = node.copy(self.source);
        if self.target.as_os_str() == "-" {
            return to_stdout(archive.into_bytes()).await;
        }
        if self.target.exists() && !self.target.is_dir() {
            return Err(Failure::new(format!("{} is no folder: give another one", self.target.display())));
        }
        let extracted = archive.extract(&self.target, ExtractOptions::default()).await?;
        let target = self.target.display();
        match self.output.format {
            Format::Text => {
                let (count, bytes) = (extracted.files, extracted.bytes);
                files::print(&format!("{count} files ({bytes} bytes) are in {target}\n"))?;
            }
            Format::Json => {
                let skipped: Vec<_> = extracted
                    .skipped
                    .iter()
                    .map(
                        |skipped| json!({ "path": skipped.path.to_string_lossy(), "reason": skipped.reason }),
                    )
                    .collect();
                let object = json!({
                    "path": target.to_string(), "files": extracted.files, "bytes": extracted.bytes,
                    "skipped": skipped,
                });
                print_json(&with_node(&name, object))?;
            }
        }
        for skipped in &extracted.skipped {
            eprintln!("left out: {}: {}", skipped.path.display(), skipped.reason);
        }
        extracted.left_out.map_or(Ok(()), |error| Err(error.into()))
    }
}
