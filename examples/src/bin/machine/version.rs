//! Which version of Talos runs.

use std::fmt::Write as _;

use clap::Args;
use serde_json::{Value, json};
use talos_examples::answers::{print_json, with_node};
use talos_examples::arguments::{Format, Output};
use talos_examples::connection::{Connection, Maintenance};
use talos_examples::failure::Outcome;
use talos_examples::files;
use talos_sdk::client;

const OURS: &str = env!("CARGO_PKG_VERSION");

#[derive(Args)]
pub(crate) struct Version {
    /// The release only
    #[arg(long)]
    short: bool,
    /// The version of this program only
    #[arg(long)]
    client: bool,
    #[command(flatten)]
    maintenance: Maintenance,
    #[command(flatten)]
    output: Output,
}

impl Version {
    pub(crate) async fn show(self, connection: &Connection) -> Outcome {
        let json = self.output.format == Format::Json;
        if self.client {
            return match json {
                true => print_json(&json!({ "client": OURS })),
                false => files::print(&self.ours()),
            };
        }
        let answers =
            connection.ask_in(&self.maintenance, |node| async move { node.version().await }).await?;
        if json {
            let servers: Vec<Value> =
                answers.successes().map(|(node, version)| with_node(node, object(version))).collect();
            print_json(&json!({ "client": OURS, "servers": servers }))?;
        } else {
            let mut text = self.ours();
            if !self.short {
                text.push_str("Server:\n");
            }
            for (node, version) in answers.successes() {
                match self.short {
                    true => _ = writeln!(text, "Server {node} {}", version.tag),
                    false => text.push_str(&long(node, version)),
                }
            }
            files::print(&text)?;
        }
        answers.report()
    }

    fn ours(&self) -> String {
        if self.short { format!("Client {OURS}\n") } else { format!("Client:\n\tTag:         {OURS}\n") }
    }
}

fn object(version: &client::Version) -> Value {
    json!({
        "tag": version.tag, "sha": version.sha, "built": version.built, "go_version": version.go_version,
        "os": version.os, "arch": version.arch, "platform": version.platform, "mode": version.mode,
        "rbac": version.rbac,
    })
}

fn long(node: &str, version: &client::Version) -> String {
    let mut text = String::new();
    for (name, value) in [
        ("NODE:", node),
        ("Tag:", &version.tag),
        ("SHA:", &version.sha),
        ("Built:", &version.built),
        ("Go version:", &version.go_version),
        ("OS/Arch:", &format!("{}/{}", version.os, version.arch)),
        ("Platform:", &version.platform),
        ("Enabled:", if version.rbac { "RBAC" } else { "" }),
    ] {
        _ = writeln!(text, "\t{}", format!("{name:<12} {value}").trim_end());
    }
    text
}
