//! Resources, and their changes.

use std::sync::Arc;

use clap::Args;
use futures_util::StreamExt as _;
use talos_examples::answers::follow;
use talos_examples::connection::{Connection, Maintenance};
use talos_examples::failure::Outcome;
use talos_examples::table::Table;
use talos_sdk::Node;
use talos_sdk::client::Result;
use talos_sdk::resources::{Change, Resource, Untyped};

use crate::kind::Kind;
use crate::print::{Format, Sign, print, print_line};

#[derive(Args)]
pub(crate) struct Get {
    #[command(flatten)]
    which: Which,
    /// Go on with the changes, until Ctrl-C
    #[arg(short, long)]
    watch: bool,
}

#[derive(Args)]
pub(crate) struct Watch {
    #[command(flatten)]
    which: Which,
}

/// Which resources.
#[derive(Args)]
struct Which {
    /// The type, by its full name or a short one such as members; `definitions` lists all types
    r#type: String,
    /// The id of one resource
    id: Option<String>,
    /// Where it is, if not where Talos keeps the type
    #[arg(long, value_name = "NAMESPACE")]
    namespace: Option<String>,
    /// How to print: table, yaml, json or jsonpath={.path}
    #[arg(short, long, value_name = "FORMAT", default_value = "table")]
    output: Format,
    #[command(flatten)]
    maintenance: Maintenance,
}

impl Get {
    pub(crate) async fn run(self, connection: &Connection) -> Outcome {
        if self.watch { self.which.watch(connection).await } else { self.which.list(connection).await }
    }
}

impl Watch {
    pub(crate) async fn run(self, connection: &Connection) -> Outcome {
        self.which.watch(connection).await
    }
}

impl Which {
    async fn kind(&self, node: &Node) -> Result<Kind> {
        Kind::find(node, &self.r#type, self.namespace.as_deref()).await
    }

    async fn found(&self, node: &Node) -> Result<(Kind, Vec<Resource<Untyped>>)> {
        let kind = self.kind(node).await?;
        let resources = kind.on(node);
        let found = match &self.id {
            Some(id) => vec![resources.get(id).await?],
            None => resources.list().await?,
        };
        Ok((kind, found))
    }

    async fn list(&self, connection: &Connection) -> Outcome {
        let answers =
            connection.ask_in(&self.maintenance, |node| async move { self.found(&node).await }).await?;
        if self.output == Format::Table {
            // Machines of several versions may show a type with other columns: those of the first one count.
            if let Some((_, (kind, _))) = answers.successes().next() {
                let mut table = Table::new(["NODE".to_owned()].into_iter().chain(kind.header()));
                for (node, (_, resources)) in answers.successes() {
                    for resource in resources {
                        let row = kind.row(&resource.metadata, Some(&resource.spec));
                        table.row([node.to_owned()].into_iter().chain(row));
                    }
                }
                table.print()?;
            }
        } else {
            for (node, (_, resources)) in answers.successes() {
                for resource in resources {
                    print(&self.output, node, &resource.metadata, Some(&resource.spec), None)?;
                }
            }
        }
        answers.report()
    }

    /// Reboots and broken connections don't end it.
    async fn watch(&self, connection: &Connection) -> Outcome {
        let answers = connection.ask_in(&self.maintenance, |node| async move {
            let kind = self.kind(&node).await?;
            let mut resources = kind.on(&node);
            if let Some(id) = &self.id {
                resources = resources.with_ids(exactly(id));
            }
            Ok((Arc::new(kind), resources.changes()))
        });
        let answers = answers.await?;
        let unopened = answers.report();
        if let (Format::Table, Some((_, (kind, _)))) = (&self.output, answers.successes().next()) {
            print_line("NODE", "*", &kind.header())?;
        }
        let streams = answers.into_successes().map(|(node, (kind, changes))| {
            (node, changes.map(move |change| Ok((Arc::clone(&kind), change?))))
        });
        follow(streams, |node, (kind, change): (Arc<Kind>, Change<Untyped>)| {
            let Some(resource) = change.resource() else { return Ok(()) };
            let (sign, spec) = match change {
                Change::Created(_) => (Sign::Created, Some(&resource.spec)),
                Change::Destroyed(_) => (Sign::Destroyed, None),
                _ => (Sign::Updated, Some(&resource.spec)),
            };
            let metadata = &resource.metadata;
            match &self.output {
                Format::Table => print_line(node, sign.mark(), &kind.row(metadata, spec)),
                format => print(format, node, metadata, spec, Some(sign)),
            }
        })
        .await?;
        unopened
    }
}

/// A regular expression for this id alone.
fn exactly(id: &str) -> String {
    let escaped = id.chars().map(|c| if c.is_ascii_punctuation() { format!("\\{c}") } else { c.to_string() });
    format!("^{}$", escaped.collect::<String>())
}
