//! The types of resources.

use clap::Args;
use serde_json::json;
use talos_examples::arguments::Output;
use talos_examples::connection::{Connection, Maintenance};
use talos_examples::failure::Outcome;
use talos_examples::row;
use talos_sdk::resources::ResourceDefinition;

#[derive(Args)]
pub(crate) struct Definitions {
    /// Only those whose names have this text in them
    name: Option<String>,
    #[command(flatten)]
    maintenance: Maintenance,
    #[command(flatten)]
    output: Output,
}

impl Definitions {
    pub(crate) async fn show(self, connection: &Connection) -> Outcome {
        let wanted = self.name.unwrap_or_default().to_lowercase();
        let wanted = &wanted;
        let answers = connection.ask_in(&self.maintenance, |node| async move {
            let mut definitions = node.resource_definitions().await?;
            definitions.retain(|definition| {
                let names = definition.aliases.iter().chain([&definition.kind]);
                names.into_iter().any(|name| name.to_lowercase().contains(wanted))
            });
            Ok(definitions)
        });
        let row = |d: &ResourceDefinition| {
            row![d.kind, d.display_type, d.default_namespace, d.aliases.join(","), d.sensitive]
        };
        let object = |d: &ResourceDefinition| {
            json!({
                "type": d.kind, "display_type": d.display_type, "namespace": d.default_namespace,
                "aliases": d.aliases, "sensitive": d.sensitive,
            })
        };
        answers.await?.show(
            self.output.format,
            &["TYPE", "DISPLAY TYPE", "NAMESPACE", "ALIASES", "SENSITIVE"],
            |definitions| definitions.iter().map(row).collect(),
            |definitions| definitions.iter().map(object).collect(),
        )
    }
}
