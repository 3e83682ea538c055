//! Operations of JSON patches (RFC 6902), with the verdicts of the Go module `evanphx/json-patch` that Talos uses.
//!
//! It is more lenient than the RFC: negative indices count from the end, `replace` adds a missing key, `add` without
//! a value adds `null`, what stands before the first `/` of a path is ignored. And it compares texts: to `test`, `1.0`
//! and `1` differ, while `null` and `{}` do not.

use std::collections::BTreeMap;
use std::fmt;

use talos_yaml::{Node, v2};

use crate::error::{Error, ErrorKind, Result};
use crate::patch::json::{self, JsonError};
use crate::patch::part::Part;

/// One operation. Nothing is required of it before it is applied.
#[derive(Clone)]
pub(crate) struct Operation {
    /// Members by name as JSON text; `None` for a `null` of JSON text, which is less than a `null` of YAML.
    members: BTreeMap<String, Option<String>>,
}

/// Reads operations from JSON text.
pub(crate) fn read_json(text: &str) -> Result<Vec<Operation>, JsonError> {
    let value = json::value(text)?;
    if value == "null" {
        return Ok(Vec::new());
    }
    let items =
        json::array(value).ok_or_else(|| JsonError::of_type("a JSON patch is a list of operations"))?;
    let operation = |item: &str| {
        let members = match item {
            "null" => Vec::new(),
            _ => json::object(item).ok_or_else(|| JsonError::of_type("an operation is an object"))?,
        };
        let known = |text: &str| (text != "null").then(|| text.to_owned());
        Ok(Operation { members: members.into_iter().map(|(name, text)| (name, known(text))).collect() })
    };
    items.into_iter().map(operation).collect()
}

/// Reads operations from a YAML list of mappings, or nothing.
pub(crate) fn read_yaml(node: Option<&Node>) -> Result<Vec<Operation>> {
    let Some(node) = node.filter(|node| !node.is_null()) else { return Ok(Vec::new()) };
    let wrong =
        |node: &Node, problem| Error::new(ErrorKind::Syntax, format!("line {}: {problem}", node.line()));
    if !node.is_sequence() {
        return Err(wrong(node, "a JSON patch is a list of operations"));
    }
    node.check_unique_keys()?;
    let operation = |item: &Node| {
        if !item.is_mapping() && !item.is_null() {
            return Err(wrong(item, "an operation is a mapping with op, path and what else it needs"));
        }
        let mut item = item.clone();
        item.expand_merge_keys()?;
        let member = |(key, value): &(Node, Node)| {
            let name = key.value().filter(|_| !key.is_null()).unwrap_or_default();
            Ok((name.to_owned(), Some(talos_yaml::to_json(value)?)))
        };
        Ok(Operation { members: item.entries().iter().map(member).collect::<Result<_>>()? })
    };
    node.items().iter().map(operation).collect()
}

/// Bytes that operations may copy within one configuration.
const MAX_COPIED: usize = 64 << 20;

/// A configuration that operations change.
pub(crate) struct Target {
    pub(crate) root: Part,
    copied: usize,
}

impl Target {
    /// Reads the text of a configuration with one document.
    pub(crate) fn open(text: &str) -> Result<Self> {
        let documents = talos_yaml::parse_with_duplicates(text)?.len();
        if documents != 1 {
            let problem = format!(
                "operations (RFC 6902) change a configuration of one document, this one has {documents}; \
                 write the patch as a piece of configuration"
            );
            return Err(Error::new(ErrorKind::Unsupported, problem));
        }
        match Part::root(&v2::to_json(text)?) {
            Some(root) => Ok(Self { root, copied: 0 }),
            None => Err(Error::new(ErrorKind::PatchMismatch, "the configuration is not a mapping")),
        }
    }

    /// The text with all changes, as Talos writes it after such a patch.
    pub(crate) fn close(&self) -> Result<String> {
        Ok(v2::from_json(&self.root.text())?)
    }

    /// Applies one operation.
    pub(crate) fn apply(&mut self, operation: &Operation) -> Result<()> {
        let root = &mut self.root;
        match operation.kind().as_str() {
            "add" => {
                let path = operation.pointer("path")?;
                root.add(&path, operation.value()).map_err(|problem| missing(&path, problem))
            }
            "remove" => {
                let path = operation.pointer("path")?;
                root.remove(&path).map(drop).map_err(|problem| missing(&path, problem))
            }
            "replace" => {
                let path = operation.pointer("path")?;
                root.replace(&path, operation.value()).map_err(|problem| missing(&path, problem))
            }
            "move" => {
                let from = operation.pointer("from")?;
                let value = root.remove(&from).map_err(|problem| missing(&from, problem))?;
                let path = operation.pointer("path")?;
                let value =
                    value.map(|value| if value.is_unset() { value } else { Part::new(&value.text()) });
                root.add(&path, value).map_err(|problem| missing(&path, problem))
            }
            "copy" => {
                let from = operation.pointer("from")?;
                let value = root.get(&from).map_err(|problem| missing(&from, problem))?;
                let value = value.map(|value| value.text());
                let path = operation.pointer("path")?;
                self.copied += value.as_ref().map_or(0, String::len);
                if self.copied > MAX_COPIED {
                    let problem = format!("the operations copy more than {MAX_COPIED} bytes");
                    return Err(Error::new(ErrorKind::Unsupported, problem));
                }
                root.add(&path, value.as_deref().map(Part::new)).map_err(|problem| missing(&path, problem))
            }
            "test" => {
                let path = operation.pointer("path")?;
                if root.test(&path, operation.value()).map_err(|problem| missing(&path, problem))? {
                    return Ok(());
                }
                let problem = format!("{path} has another value than the patch expects");
                Err(Error::new(ErrorKind::PatchTestFailed, problem))
            }
            kind => {
                let problem =
                    format!("there is no operation {kind:?}, use add, remove, replace, move, copy or test");
                Err(Error::new(ErrorKind::InvalidValue, problem))
            }
        }
    }
}

impl Operation {
    /// What the operation does; empty if it does not say so.
    pub(crate) fn kind(&self) -> String {
        self.text("op").unwrap_or_default()
    }

    /// Where the operation acts: the member `path` or `from`.
    pub(crate) fn pointer(&self, name: &str) -> Result<String> {
        let wrong = |problem: &str| Error::new(ErrorKind::InvalidValue, format!("{name} {problem}"));
        if self.members.get(name).is_none_or(Option::is_none) {
            return Err(wrong("is missing, write one such as /machine/install/disk"));
        }
        self.text(name).ok_or_else(|| wrong("must be a string"))
    }

    fn text(&self, name: &str) -> Option<String> {
        match self.members.get(name)?.as_deref()? {
            "null" => Some(String::new()),
            text => json::string(text),
        }
    }

    /// The value to add or to compare with.
    fn value(&self) -> Option<Part> {
        self.members.get("value").map(|text| text.as_deref().map_or_else(Part::unset, Part::new))
    }
}

fn missing(path: &str, problem: impl fmt::Display) -> Error {
    Error::new(ErrorKind::PatchTargetMissing, format!("{path}: {problem}"))
}

/// Kind and paths; the value may be a secret.
impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.kind())?;
        for name in ["from", "path"] {
            if let Some(path) = self.text(name) {
                write!(f, " {path}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Operation({self})")
    }
}
