//! Shows the resources of machines: what they know, want and do.

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};
use futures_util::stream::{self, StreamExt};
use serde_json::{Map, Value, json};
use talos_examples::connection::Connection;
use talos_examples::failure::{Failure, Outcome, run_async};
use talos_examples::instant::rfc3339;
use talos_examples::table::Table;
use talos_sdk::Node;
use talos_sdk::client::Result;
use talos_sdk::resources::{Metadata, Phase, Resource, Untyped, WatchEvent};
use talos_sdk::yaml::{self, Node as Yaml};

/// Show resources of machines
#[derive(Parser)]
#[command(version)]
struct ResourcesTool {
    #[command(flatten)]
    connection: Connection,
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Show one resource, or all of a type
    Get(Get),
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Table,
    Yaml,
    Json,
}

#[derive(Args)]
struct Get {
    /// The type, by its full name or a short one such as members; rd lists all types
    r#type: String,
    /// The id of one resource
    id: Option<String>,
    /// Where it is, if not where Talos keeps the type
    #[arg(long, value_name = "NAMESPACE")]
    namespace: Option<String>,
    /// Go on with the changes, until Ctrl-C
    #[arg(short, long)]
    watch: bool,
    /// How to print
    #[arg(short, long, value_enum, default_value = "table")]
    output: Format,
}

/// A type of resources as it is printed.
struct Kind {
    columns: Vec<(String, String)>,
    namespace: String,
    name: String,
    /// The name for people, in the singular.
    display: String,
}

fn main() -> ExitCode {
    run_async(|arguments: ResourcesTool| async move {
        let client = arguments.connection.client()?;
        let nodes = arguments.connection.nodes(&client)?;
        let What::Get(get) = arguments.what;
        if get.watch {
            return get.watch_all(nodes.iter()).await;
        }
        let get = &get;
        let found = nodes.each(|node| async move { get.list(&node).await }).await;
        let mut shown = found.successes().map(|(node, (kind, resources))| (node, kind, resources)).peekable();
        match (get.output, shown.peek()) {
            (Format::Table, Some((_, kind, _))) => {
                let mut table = Table::new(kind.header());
                for (node, kind, resources) in shown {
                    for resource in resources {
                        table.row(kind.row(node, &resource.metadata, Some(&resource.spec)));
                    }
                }
                table.print()?;
            }
            (format, _) => {
                for (node, _, resources) in shown {
                    for resource in resources {
                        print(format, node, &resource.metadata, Some(&resource.spec), None)?;
                    }
                }
            }
        }
        match found.failures().next() {
            Some((_, error)) => Err(Failure::new(error.to_string())),
            None => Ok(()),
        }
    })
}

impl Get {
    /// What the type is called, where it is, and which columns it is shown with.
    async fn kind(&self, node: &Node) -> Result<Kind> {
        let definition = node.resource_definition(&self.r#type).await?;
        let definitions = node.resources_untyped("meta", "ResourceDefinitions.meta.cosi.dev");
        let full = definitions.get(&definition.kind.to_lowercase()).await?;
        Ok(Kind {
            columns: print_columns(&full.spec.yaml),
            namespace: self.namespace.clone().unwrap_or(definition.default_namespace),
            name: definition.kind,
            display: definition.display_type,
        })
    }

    async fn list(&self, node: &Node) -> Result<(Kind, Vec<Resource<Untyped>>)> {
        let kind = self.kind(node).await?;
        let resources = node.resources_untyped(&kind.namespace, &kind.name);
        let found = match &self.id {
            Some(id) => vec![resources.get(id).await?],
            None => resources.list().await?,
        };
        Ok((kind, found))
    }

    async fn watch_all(&self, nodes: impl Iterator<Item = &Node>) -> Outcome {
        let mut streams = Vec::new();
        let mut header = self.output == Format::Table;
        for node in nodes {
            let kind = self.kind(node).await?;
            let resources = node.resources_untyped(&kind.namespace, &kind.name);
            let watch = match &self.id {
                Some(id) => resources.watch_one(id).await?,
                None => resources.watch().await?,
            };
            if header {
                print_line("*", &kind.header())?;
                header = false;
            }
            let node = node.name().unwrap_or_default().to_owned();
            let kind = std::sync::Arc::new(kind);
            streams.push(watch.map(move |event| (node.clone(), kind.clone(), event)));
        }
        let mut all = stream::select_all(streams);
        while let Some((node, kind, event)) = all.next().await {
            let (sign, metadata, spec) = match &event? {
                WatchEvent::Created(resource) => {
                    ("+", resource.metadata.clone(), Some(resource.spec.clone()))
                }
                WatchEvent::Updated { resource, .. } => {
                    ("", resource.metadata.clone(), Some(resource.spec.clone()))
                }
                WatchEvent::Destroyed(metadata) => ("-", metadata.clone(), None),
                _ => continue,
            };
            match self.output {
                Format::Table => print_line(sign, &kind.row(&node, &metadata, spec.as_ref()))?,
                format => print(format, &node, &metadata, spec.as_ref(), Some(sign))?,
            }
        }
        Ok(())
    }
}

impl Kind {
    fn header(&self) -> Vec<String> {
        let fixed = ["NODE", "NAMESPACE", "TYPE", "ID", "VERSION"].map(str::to_owned);
        fixed.into_iter().chain(self.columns.iter().map(|(name, _)| name.to_uppercase())).collect()
    }

    fn row(&self, node: &str, metadata: &Metadata, spec: Option<&Untyped>) -> Vec<String> {
        let version = metadata.version.map(|version| version.to_string()).unwrap_or_default();
        let mut row = vec![
            node.to_owned(),
            metadata.namespace.clone(),
            self.display.clone(),
            metadata.id.clone(),
            version,
        ];
        let spec = spec.and_then(|spec| document(&spec.yaml));
        row.extend(self.columns.iter().map(|(_, path)| {
            spec.as_ref().and_then(|spec| json_path(spec, path)).map(text).unwrap_or_default()
        }));
        row
    }
}

/// Changes come one by one, so the columns have fixed widths.
fn print_line(sign: &str, cells: &[String]) -> io::Result<()> {
    let mut line = format!("{sign:<3}");
    for (at, cell) in cells.iter().enumerate() {
        let width = [15, 12, 22, 24, 8].get(at).copied().unwrap_or(20);
        line.push_str(&format!("{cell:<width$}   "));
    }
    writeln!(io::stdout().lock(), "{}", line.trim_end())
}

fn print(
    format: Format,
    node: &str,
    metadata: &Metadata,
    spec: Option<&Untyped>,
    sign: Option<&str>,
) -> Outcome {
    let mut fields = Map::new();
    fields.insert("node".into(), node.into());
    if let Some(sign) = sign {
        let event = match sign {
            "+" => "created",
            "-" => "destroyed",
            _ => "updated",
        };
        fields.insert("event".into(), event.into());
    }
    let mut about = Map::new();
    about.insert("namespace".into(), metadata.namespace.as_str().into());
    about.insert("type".into(), metadata.kind.as_str().into());
    about.insert("id".into(), metadata.id.as_str().into());
    about.insert("version".into(), metadata.version.into());
    about.insert("owner".into(), metadata.owner.as_str().into());
    let phase = if metadata.phase == Phase::TearingDown { "tearingDown" } else { "running" };
    about.insert("phase".into(), phase.into());
    for (name, instant) in [("created", metadata.created), ("updated", metadata.updated)] {
        if let Some(instant) = instant {
            about.insert(name.into(), rfc3339(instant).into());
        }
    }
    for (name, values) in [("labels", &metadata.labels), ("annotations", &metadata.annotations)] {
        if !values.is_empty() {
            about.insert(name.into(), json!(values));
        }
    }
    if !metadata.finalizers.is_empty() {
        about.insert("finalizers".into(), json!(metadata.finalizers));
    }
    let spec = spec.and_then(|spec| document(&spec.yaml)).unwrap_or_else(Yaml::null);
    let mut out = io::stdout().lock();
    match format {
        Format::Json | Format::Table => {
            fields.insert("metadata".into(), Value::Object(about));
            fields.insert("spec".into(), serde_json::to_value(&spec)?);
            writeln!(out, "{:#}", Value::Object(fields))?;
        }
        Format::Yaml => {
            let pair = |name: &str, value: &Value| Ok((Yaml::string(name), yaml::to_node(value)?));
            let mut entries = Vec::new();
            for (name, value) in &fields {
                entries.push(pair(name, value)?);
            }
            let about: yaml::Result<Vec<_>> = about.iter().map(|(name, value)| pair(name, value)).collect();
            entries.push((Yaml::string("metadata"), Yaml::mapping(about?)));
            entries.push((Yaml::string("spec"), spec));
            write!(out, "---\n{}", yaml::emit(&Yaml::mapping(entries)))?;
        }
    }
    Ok(())
}

fn document(text: &str) -> Option<Yaml> {
    yaml::parse_documents(text).ok()?.into_iter().next()
}

/// The columns that a type asks to be shown with: heading and path.
fn print_columns(definition: &str) -> Vec<(String, String)> {
    let Some(definition) = document(definition) else { return Vec::new() };
    let columns = definition.get("printColumns").map(Yaml::items).unwrap_or_default();
    let field = |column: &Yaml, name| Some(column.get(name)?.value()?.to_owned());
    columns.iter().filter_map(|column| Some((field(column, "name")?, field(column, "jsonPath")?))).collect()
}

/// Goes along a JSONPath of keys and list positions, `{.address.ips[0]}`; other forms give nothing.
fn json_path<'a>(spec: &'a Yaml, path: &str) -> Option<&'a Yaml> {
    let path = path.strip_prefix('{')?.strip_suffix('}')?.strip_prefix('.')?;
    path.split('.').filter(|step| !step.is_empty()).try_fold(spec, |node, step| {
        let (key, positions) = step.split_once('[').unwrap_or((step, ""));
        let node = if key.is_empty() { node } else { node.get(key)? };
        positions.split('[').filter(|position| !position.is_empty()).try_fold(node, |node, position| {
            node.items().get(position.strip_suffix(']')?.parse::<usize>().ok()?)
        })
    })
}

/// A value in one cell.
fn text(node: &Yaml) -> String {
    match node.value() {
        Some(text) => text.to_owned(),
        None => serde_json::to_string(node).unwrap_or_default(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        let spec = document("a: {b: [x, {c: 1}]}\nd: [1, 2]\n").unwrap();
        let at = |path| json_path(&spec, path).map(text);
        assert_eq!(at("{.a.b[0]}").as_deref(), Some("x"));
        assert_eq!(at("{.a.b[1].c}").as_deref(), Some("1"));
        assert_eq!(at("{.d}").as_deref(), Some("[1,2]"));
        assert_eq!([at("{.no}"), at("{.d[9]}"), at("{.d[x]}"), at(".d")], [None, None, None, None]);
    }
}
