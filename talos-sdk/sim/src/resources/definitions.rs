//! The resources that describe the types and namespaces themselves.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use prost::Message;
use serde::Serialize;
use talos_proto::cosi::resource::meta::{self, resource_definition_spec as rd};

use super::collection::{Collection, Spec};
use super::resource_type::{ResourceType, namespaces};

/// Definitions and namespaces of one version. All machines of that version share them.
#[derive(Clone)]
pub(super) struct Definitions {
    pub(super) types: Arc<Collection>,
    pub(super) namespaces: Arc<Collection>,
}

static BY_MINOR: Mutex<BTreeMap<u16, Definitions>> = Mutex::new(BTreeMap::new());

impl Definitions {
    /// The definitions of Talos 1.`minor`.
    pub(super) fn of(minor: u16, now: SystemTime) -> Self {
        let mut all = BY_MINOR.lock().unwrap_or_else(PoisonError::into_inner);
        all.entry(minor).or_insert_with(|| Self::new(minor, now)).clone()
    }

    fn new(minor: u16, now: SystemTime) -> Self {
        let types = Collection::new("meta", "ResourceDefinitions.meta.cosi.dev");
        for kind in ResourceType::all(minor) {
            types.put(&kind.name.to_lowercase(), definition(kind), now);
        }
        let spaces = Collection::new("meta", "Namespaces.meta.cosi.dev");
        for name in namespaces(minor) {
            let description = format!("Resources of {name}.");
            let proto = meta::NamespaceSpec { description: description.clone() };
            spaces.put(
                name,
                Spec {
                    proto: proto.encode_to_vec().into(),
                    yaml: super::fields::text(&NamespaceYaml { description }),
                    ..Spec::default()
                },
                now,
            );
        }
        Self { types: Arc::new(types), namespaces: Arc::new(spaces) }
    }
}

#[derive(Serialize)]
struct NamespaceYaml {
    description: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DefinitionYaml<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    display_type: &'a str,
    default_namespace: &'a str,
    aliases: &'a [String],
    all_aliases: &'a [String],
    print_columns: Vec<ColumnYaml<'a>>,
    #[serde(skip_serializing_if = "str::is_empty")]
    sensitivity: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ColumnYaml<'a> {
    name: &'a str,
    json_path: String,
}

fn definition(kind: &ResourceType) -> Spec {
    let display = singular(kind.name.split('.').next().unwrap_or_default());
    let aliases: Vec<String> = kind.aliases.iter().map(|alias| (*alias).to_owned()).collect();
    let all_aliases = all_aliases(kind.name, &display, &aliases);
    let columns = kind.columns.iter().map(|name| (*name, json_path(name)));
    let proto = meta::ResourceDefinitionSpec {
        resource_type: kind.name.to_owned(),
        display_type: display.clone(),
        default_namespace: kind.namespace.to_owned(),
        aliases: aliases.clone(),
        all_aliases: all_aliases.clone(),
        print_columns: columns
            .clone()
            .map(|(name, json_path)| rd::PrintColumn { name: name.to_owned(), json_path })
            .collect(),
        sensitivity: i32::from(kind.sensitive),
    };
    let yaml = DefinitionYaml {
        kind: kind.name,
        display_type: &display,
        default_namespace: kind.namespace,
        aliases: &aliases,
        all_aliases: &all_aliases,
        print_columns: columns.map(|(name, json_path)| ColumnYaml { name, json_path }).collect(),
        sensitivity: if kind.sensitive { "sensitive" } else { "" },
    };
    Spec { proto: proto.encode_to_vec().into(), yaml: super::fields::text(&yaml), ..Spec::default() }
}

/// Where a column's value is: most columns are called as their field.
fn json_path(column: &str) -> String {
    let mut words = column.split([' ', '-']).filter(|word| !word.is_empty());
    let mut path = "{.".to_owned();
    path.push_str(&words.next().unwrap_or_default().to_lowercase());
    path.extend(words.flat_map(|word| [&word[..1], &word[1..]].map(str::to_owned)));
    path.push('}');
    path
}

/// Every name by which a type may be asked for.
fn all_aliases(name: &str, display: &str, aliases: &[String]) -> Vec<String> {
    let mut all = aliases.to_vec();
    let (plural, suffix) = name.split_once('.').unwrap_or((name, ""));
    let (plural, singular) = (plural.to_lowercase(), display.to_lowercase());
    let mut add = |alias: String| {
        if !all.contains(&alias) {
            all.push(alias);
        }
    };
    add(singular.clone());
    add(plural.clone());
    let capitals: String = display.chars().filter(char::is_ascii_uppercase).collect();
    if capitals.len() > 1 {
        let short = capitals.to_lowercase();
        add(short.clone());
        add(format!("{short}s"));
    }
    let mut group = String::new();
    for part in suffix.split('.') {
        group = if group.is_empty() { part.to_owned() } else { format!("{group}.{part}") };
        add(format!("{singular}.{group}"));
        add(format!("{plural}.{group}"));
    }
    all
}

/// `MachineStatuses` is many of `MachineStatus`.
fn singular(plural: &str) -> String {
    let cut = |suffix: &str, with: &str| plural.strip_suffix(suffix).map(|stem| format!("{stem}{with}"));
    cut("ies", "y")
        .or_else(|| cut("sses", "ss"))
        .or_else(|| cut("uses", "us"))
        .or_else(|| cut("xes", "x"))
        .or_else(|| cut("s", ""))
        .unwrap_or_else(|| plural.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (plural, one) in [
            ("MachineStatuses", "MachineStatus"),
            ("NodeAddresses", "NodeAddress"),
            ("Identities", "Identity"),
            ("Members", "Member"),
        ] {
            assert_eq!(singular(plural), one);
        }
        let aliases = all_aliases("MachineStatuses.runtime.talos.dev", "MachineStatus", &[]);
        for alias in [
            "machinestatus",
            "machinestatuses",
            "ms",
            "machinestatuses.runtime",
            "machinestatus.runtime.talos.dev",
        ] {
            assert!(aliases.iter().any(|a| a == alias), "{alias}");
        }
        assert_eq!(json_path("Machine Type"), "{.machineType}");
    }
}
