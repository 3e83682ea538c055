//! The JSON schema of configurations.

use serde_json::{Map, Value, json};

use crate::document::{Document, Kind, V1ALPHA1};
use crate::load::SECTION_KEYS;
use crate::model::{Field, Shape, Struct};

/// Scalars that Talos reads as text: a number or `true` is taken as it is spelled.
const SCALAR: [&str; 4] = ["string", "number", "boolean", "null"];

/// The JSON schema of a document of a configuration, made from the structs of [`types`](crate::types), for editors and
/// for checks of files. A file of several documents is checked document by document.
///
/// It is written for draft 7, which every editor understands: save it and begin a file with
/// `# yaml-language-server: $schema=talos.schema.json`.
///
/// It takes what [`Config::from_yaml`](crate::Config::from_yaml) takes, fields that are kept for older releases
/// included; those are marked `deprecated`. It is stricter where YAML 1.2 is (`yes` is no boolean) and about the case
/// of words, and laxer about what only a parser can tell, such as addresses. Whether a machine would take the
/// configuration is a question for [`Config::validate`](crate::Config::validate).
///
/// ```
/// let schema = talos_machineconfig::json_schema();
/// let machine = &schema["definitions"]["v1alpha1.MachineConfig"];
/// assert_eq!(machine["properties"]["install"]["$ref"], "#/definitions/v1alpha1.InstallConfig");
/// assert_eq!(machine["additionalProperties"], false);
/// ```
pub fn json_schema() -> Value {
    let mut definitions = Map::new();
    for kind in Document::TABLE {
        define(kind.shape, &mut definitions);
    }
    let with_header: Vec<_> = Document::TABLE.iter().filter(|kind| kind.name != V1ALPHA1).collect();
    let kinds: Vec<_> = with_header.iter().map(|kind| kind.name).collect();
    let branches: Vec<_> = with_header.iter().map(|kind| branch(kind)).collect();
    let sections: Vec<_> = SECTION_KEYS.iter().map(|key| json!({ "required": [key] })).collect();
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Talos machine configuration",
        "type": ["object", "null"],
        "if": { "required": ["kind"] },
        "then": {
            "properties": { "apiVersion": { "const": V1ALPHA1 }, "kind": { "enum": kinds } },
            "required": ["apiVersion"],
            "allOf": branches,
        },
        "else": {
            "anyOf": [{ "type": "null" }, { "anyOf": sections }],
            "allOf": [reference("v1alpha1.Config")],
        },
        "definitions": definitions,
    })
}

/// What holds for documents of this kind.
fn branch(kind: &Kind) -> Value {
    json!({
        "if": { "properties": { "kind": { "const": kind.name } } },
        "then": value(kind.shape),
    })
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/definitions/{name}") })
}

/// The name of a struct with its area: `network.LinkConfig`.
fn name(shape: &Struct) -> String {
    let mut modules = shape.module.split("::").skip_while(|module| *module != "types").skip(1);
    match (modules.next(), modules.next()) {
        (Some(area), Some(_)) => format!("{area}.{}", shape.name),
        _ => shape.name.to_owned(),
    }
}

/// Defines the struct, and all that it is made of.
fn define(shape: &Shape, definitions: &mut Map<String, Value>) {
    let shape = match shape {
        Shape::List(entry) | Shape::ReplaceList(entry) | Shape::Map(entry) => {
            return define(entry, definitions);
        }
        Shape::Struct(shape) => shape,
        _ => return,
    };
    let name = name(shape);
    if definitions.contains_key(&name) {
        return;
    }
    // Its place among the definitions, before those it is made of.
    definitions.insert(name.clone(), Value::Null);
    let mut properties = Map::new();
    let mut about = plain(shape.doc);
    if let Some(header) = &shape.header {
        properties.insert("apiVersion".to_owned(), json!({ "const": V1ALPHA1 }));
        properties.insert("kind".to_owned(), json!({ "const": header.kind }));
        about = format!("{about}\n\nSince Talos {}.", header.since);
        if header.control_plane {
            about.push_str(" Control planes only.");
        }
    }
    for field in shape.flat() {
        properties.insert(field.key.to_owned(), property(field));
        define(field.shape, definitions);
    }
    let definition = json!({
        "description": about,
        "type": ["object", "null"],
        "properties": properties,
        "additionalProperties": false,
    });
    definitions.insert(name, definition);
}

fn property(field: &Field) -> Value {
    let mut property = value(field.shape);
    if let Value::Object(property) = &mut property {
        property.insert("description".to_owned(), plain(field.doc).into());
        if field.deprecated {
            property.insert("deprecated".to_owned(), true.into());
        }
    }
    property
}

fn value(shape: &Shape) -> Value {
    match shape {
        Shape::Bool => json!({ "type": ["boolean", "null"] }),
        Shape::Int(min, max) => integer(*min, *max),
        Shape::Text | Shape::Secret | Shape::SecretParameter(_) => json!({ "type": SCALAR }),
        Shape::Pattern { regex, or_number: false } => json!({ "type": ["string", "null"], "pattern": regex }),
        Shape::Pattern { regex, or_number: true } => {
            json!({ "type": ["string", "integer", "null"], "pattern": regex })
        }
        Shape::Words(words) => {
            let words: Vec<_> = words.iter().map(|word| json!(word)).chain([Value::Null]).collect();
            json!({ "enum": words })
        }
        Shape::Args => json!({
            "type": ["object", "null"],
            "additionalProperties": {
                "type": ["string", "number", "boolean", "null", "array"],
                "items": { "type": SCALAR },
            },
        }),
        Shape::Any | Shape::SecretKey(_) => json!({ "type": ["object", "null"] }),
        Shape::List(entry) | Shape::ReplaceList(entry) => {
            json!({ "type": ["array", "null"], "items": value(entry) })
        }
        Shape::Map(entry) => json!({ "type": ["object", "null"], "additionalProperties": value(entry) }),
        Shape::Struct(shape) => reference(&name(shape)),
    }
}

/// Bounds of 64 bits are those of JSON's readers too, so they are left out.
fn integer(min: i64, max: u64) -> Value {
    let mut integer = json!({ "type": ["integer", "null"] });
    if let Value::Object(integer) = &mut integer {
        if min > i64::MIN {
            integer.insert("minimum".to_owned(), min.into());
        }
        if max < i64::MAX.unsigned_abs() {
            integer.insert("maximum".to_owned(), max.into());
        }
    }
    integer
}

/// A doc comment without its links.
fn plain(doc: &str) -> String {
    let mut text = String::with_capacity(doc.len());
    let mut rest = doc;
    while let Some(start) = rest.find("[`") {
        let Some(end) = rest[start..].find("`]").map(|end| start + end) else { break };
        text.push_str(&rest[..start]);
        text.push_str(&rest[start + 1..=end]);
        rest = &rest[end + 2..];
        if rest.starts_with('(') {
            rest = rest.find(')').map_or(rest, |close| &rest[close + 1..]);
        }
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_branch_and_every_reference_a_definition() {
        let schema = json_schema();
        let definitions = schema["definitions"].as_object().unwrap();
        assert_eq!(schema["then"]["allOf"].as_array().unwrap().len(), Document::KINDS.len() - 1);
        let text = schema.to_string();
        for reference in text.split("#/definitions/").skip(1) {
            let name = reference.split('"').next().unwrap();
            assert!(definitions.contains_key(name), "{name}");
        }
        for (name, definition) in definitions {
            assert_eq!(definition["additionalProperties"], false, "{name}");
            assert!(!definition["description"].as_str().unwrap().is_empty(), "{name}");
            for (key, property) in definition["properties"].as_object().unwrap() {
                let header = ["apiVersion", "kind"].contains(&key.as_str());
                assert!(header || !property["description"].as_str().unwrap().is_empty(), "{name}.{key}");
            }
        }
        // Two structs of one name would hide each other.
        let mut structs = 0;
        let mut seen = Vec::new();
        fn count(shape: &'static Shape, seen: &mut Vec<*const Struct>, structs: &mut usize) {
            match shape {
                Shape::List(entry) | Shape::ReplaceList(entry) | Shape::Map(entry) => {
                    count(entry, seen, structs)
                }
                Shape::Struct(shape) if !seen.contains(&std::ptr::from_ref(*shape)) => {
                    seen.push(*shape);
                    *structs += 1;
                    shape.flat().iter().for_each(|field| count(field.shape, seen, structs));
                }
                _ => {}
            }
        }
        Document::TABLE.iter().for_each(|kind| count(kind.shape, &mut seen, &mut structs));
        assert_eq!(definitions.len(), structs);
    }

    #[test]
    fn links_of_doc_comments_become_text() {
        assert_eq!(plain("A [`B`](crate::B) of [`C`]: `d`, [e](f)."), "A `B` of `C`: `d`, [e](f).");
    }
}
