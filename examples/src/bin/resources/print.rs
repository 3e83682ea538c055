//! Resources on paper.

use std::io::{self, Write as _};
use std::str::FromStr;

use serde_json::{Map, Value, json};
use talos_examples::failure::Outcome;
use talos_examples::instant::rfc3339;
use talos_sdk::resources::{Metadata, Phase, Untyped};
use talos_sdk::yaml::{self, Node as Yaml};

use crate::kind::{document, json_path, text};

/// How resources are printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Table,
    Yaml,
    Json,
    /// Only what is at this path, such as `{.spec.hostname}`.
    JsonPath(String),
}

impl FromStr for Format {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        match word {
            "table" => Ok(Self::Table),
            "yaml" => Ok(Self::Yaml),
            "json" => Ok(Self::Json),
            _ => match word.strip_prefix("jsonpath=") {
                Some(path) if path.starts_with("{.") && path.ends_with('}') => {
                    Ok(Self::JsonPath(path.to_owned()))
                }
                _ => Err("take table, yaml, json or jsonpath={.path.to.a.value}".to_owned()),
            },
        }
    }
}

/// What happened to a resource that is watched.
#[derive(Clone, Copy)]
pub(crate) enum Sign {
    Created,
    Updated,
    Destroyed,
}

impl Sign {
    fn word(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Destroyed => "destroyed",
        }
    }

    pub(crate) fn mark(self) -> &'static str {
        match self {
            Self::Created => "+",
            Self::Updated => "",
            Self::Destroyed => "-",
        }
    }
}

/// Changes come one by one, so the columns have fixed widths.
pub(crate) fn print_line(node: &str, mark: &str, cells: &[String]) -> Outcome {
    let mut line = format!("{node:<15}   {mark:<1}   ");
    for (at, cell) in cells.iter().enumerate() {
        let width = [12, 22, 24, 8].get(at).copied().unwrap_or(20);
        line.push_str(&format!("{cell:<width$}   "));
    }
    writeln!(io::stdout().lock(), "{}", line.trim_end())?;
    Ok(())
}

/// Prints a resource, with what happened to it if it is watched.
pub(crate) fn print(
    format: &Format,
    node: &str,
    metadata: &Metadata,
    spec: Option<&Untyped>,
    sign: Option<Sign>,
) -> Outcome {
    let spec = spec.and_then(|spec| document(&spec.yaml)).unwrap_or_else(Yaml::null);
    let mut out = io::stdout().lock();
    match format {
        Format::JsonPath(path) => {
            let whole = whole(node, metadata, spec, sign)?;
            if let Some(found) = json_path(&whole, path) {
                writeln!(out, "{}", text(found))?;
            }
        }
        Format::Yaml => write!(out, "---\n{}", yaml::emit(&whole(node, metadata, spec, sign)?))?,
        Format::Json | Format::Table => {
            let mut fields = outside(node, sign);
            fields.insert("metadata".into(), Value::Object(about(metadata)));
            fields.insert("spec".into(), serde_json::to_value(&spec)?);
            writeln!(out, "{:#}", Value::Object(fields))?;
        }
    }
    Ok(())
}

/// A resource as one document, its specification as the machine wrote it.
fn whole(node: &str, metadata: &Metadata, spec: Yaml, sign: Option<Sign>) -> Outcome<Yaml> {
    let pairs = |fields: Map<String, Value>| -> yaml::Result<Vec<(Yaml, Yaml)>> {
        fields.iter().map(|(name, value)| Ok((Yaml::string(name), yaml::to_node(value)?))).collect()
    };
    let mut entries = pairs(outside(node, sign))?;
    entries.push((Yaml::string("metadata"), Yaml::mapping(pairs(about(metadata))?)));
    entries.push((Yaml::string("spec"), spec));
    Ok(Yaml::mapping(entries))
}

fn outside(node: &str, sign: Option<Sign>) -> Map<String, Value> {
    let mut fields = Map::new();
    fields.insert("node".into(), node.into());
    if let Some(sign) = sign {
        fields.insert("event".into(), sign.word().into());
    }
    fields
}

fn about(metadata: &Metadata) -> Map<String, Value> {
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
    about
}
