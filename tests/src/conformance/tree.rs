//! `read`: what stands in a YAML text, node by node.

use std::fmt::Write as _;

use serde::Deserialize;
use serde_json::{Value, json};
use talos_yaml::{Kind, Node, ScalarStyle, Tag, parse_documents};

/// Nodes after which a tree is cut.
const LIMIT: usize = 2000;

/// A request.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    #[serde(default, rename = "name")]
    _name: String,
    text: String,
}

/// Answers with the trees of all documents: one line a node, with depth, kind, tag, style, place and text.
pub fn read(request: Request) -> Value {
    match parse_documents(&request.text) {
        Ok(documents) => json!({ "tree": describe(&documents), "error": "" }),
        Err(error) => json!({ "tree": "", "error": error.to_string() }),
    }
}

fn describe(documents: &[Node]) -> String {
    let mut out = String::new();
    let mut pending: Vec<(usize, &Node)> = documents.iter().rev().map(|root| (0, root)).collect();
    let mut written = 0;
    while let Some((depth, node)) = pending.pop() {
        written += 1;
        if written > LIMIT {
            break;
        }
        let kind = match node.kind() {
            Kind::Scalar => "scalar",
            Kind::Sequence => "sequence",
            Kind::Mapping => "mapping",
        };
        // A plain scalar behind a lone exclamation mark is a string.
        let tag = match node.tag() {
            Tag::Other(tag) if &**tag == "!" => "!!str".to_owned(),
            tag => tag.to_string(),
        };
        let style = node.style();
        let explicit = if style.explicit_tag { "!" } else { "" };
        let quotes = match style.scalar {
            ScalarStyle::Plain => "",
            ScalarStyle::DoubleQuoted => "\"",
            ScalarStyle::SingleQuoted => "'",
            ScalarStyle::Literal => "|",
            ScalarStyle::Folded => ">",
        };
        let brackets = if style.flow { "[]" } else { "" };
        let (mark, text) = (node.mark(), node.value().unwrap_or_default());
        // Writing to a string never fails.
        let _ = writeln!(
            out,
            "{depth} {kind} {tag} {explicit}{quotes}{brackets} {}:{} {text}",
            mark.line, mark.column
        );
        let children: Vec<&Node> =
            node.items().iter().chain(node.entries().iter().flat_map(|(key, value)| [key, value])).collect();
        pending.extend(children.into_iter().rev().map(|child| (depth + 1, child)));
    }
    out
}
