//! Reading documents strictly, and the deletions that a patch may hold among them.

use talos_yaml::{Kind, Node, parse_documents};

use crate::document::{Document, V1ALPHA1};
use crate::error::{Error, ErrorKind, Result};
use crate::model::Item;

/// Keys that only the document without a kind has.
pub(crate) const SECTION_KEYS: [&str; 4] = ["machine", "cluster", "debug", "persist"];

/// A document of a patch, or a place to delete.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Piece {
    /// A document, and the tree it was read from.
    Document(Document, Node),
    Delete(Deletion),
}

/// A part of a document, or all of it, that a patch deletes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Deletion {
    /// Empty for the document with the sections.
    version: String,
    kind: String,
    name: Option<String>,
    /// Keys from the document's root; empty deletes the document. Ends with an index in brackets if `item` is set.
    pub(crate) path: Vec<String>,
    /// The list entry to delete.
    pub(crate) item: Option<Item>,
    /// Where the patch says so.
    pub(crate) line: u32,
}

impl Deletion {
    /// A deletion in the document that `node` is.
    fn of_document(node: &Node) -> Result<Self, &'static str> {
        let text = |key| node.get(key).and_then(Node::value).filter(|text| !text.is_empty());
        let (version, kind) = match (text("apiVersion"), text("kind")) {
            (None, None) => ("", V1ALPHA1),
            (Some(version), Some(kind)) => (version, kind),
            _ => return Err("to delete in a document, give its apiVersion and kind"),
        };
        Ok(Self {
            version: version.to_owned(),
            kind: kind.to_owned(),
            name: text("name").map(str::to_owned),
            path: Vec::new(),
            item: None,
            line: node.line(),
        })
    }

    /// Whether the document is meant. Documents with a name must be named.
    pub(crate) fn selects(&self, document: &Document) -> bool {
        let version = if matches!(document, Document::V1Alpha1(_)) { "" } else { V1ALPHA1 };
        self.version == version && self.kind == document.kind() && self.name.as_deref() == document.name()
    }

    /// Kind and name of the document that is meant.
    pub(crate) fn title(&self) -> String {
        match &self.name {
            Some(name) => format!("{} {name}", self.kind),
            None => self.kind.clone(),
        }
    }

    /// The path without the list entry at its end.
    pub(crate) fn path_text(&self) -> String {
        let keys = self.path.len() - usize::from(self.item.is_some());
        self.path[..keys].join(".")
    }

    /// The place in words, without the value that selects a list entry, which may be a secret.
    pub(crate) fn place(&self) -> String {
        let mut place = self.path.join(".").replace(".[", "[");
        if let Some(item) = &self.item {
            place = format!("{place}, selected by {}", item.key);
        }
        place
    }
}

/// Reads the documents of a configuration.
pub(crate) fn read_documents(text: &str) -> Result<Vec<Document>> {
    let mut documents: Vec<Document> = Vec::new();
    for node in parse_documents(text)?.iter().filter(|node| !node.is_null()) {
        let document = read_document(node)?;
        if documents.iter().any(|other| other.is_same(&document)) {
            return Err(Error::new(
                ErrorKind::DuplicateDocument,
                format!("line {}: there already is a document {}", node.line(), document.title()),
            ));
        }
        documents.push(document);
    }
    if documents.is_empty() {
        return Err(no_documents());
    }
    Ok(documents)
}

/// Reads the documents of a patch with what they delete, deletions of a document before the rest of it.
pub(crate) fn read_patch(nodes: Vec<Node>) -> Result<Vec<Piece>> {
    let mut pieces = Vec::new();
    for mut node in nodes.into_iter().filter(|node| !node.is_null()) {
        let mut deletion = Deletion::of_document(&node);
        let mut found = Vec::new();
        let line = node.line();
        let wrong = |problem| Error::new(ErrorKind::InvalidValue, format!("line {line}: {problem}"));
        let deleted = holds_deletion(&node).map_err(|problem| wrong(problem.to_owned()))?
            && extract(&mut node, false, &mut Vec::new(), &mut found).map_err(wrong)?;
        for (path, item, line) in found {
            let deletion = deletion.as_mut().map_err(|problem| wrong((*problem).to_owned()))?;
            if path.is_empty() && deletion.version.is_empty() {
                return Err(wrong("to delete a document, give its apiVersion and kind".to_owned()));
            }
            pieces.push(Piece::Delete(Deletion { path, item, line, ..deletion.clone() }));
        }
        if !deleted && !is_spent(&node) {
            node.check_unique_keys()?;
            pieces.push(Piece::Document(read_document(&node)?, node));
        }
    }
    if pieces.is_empty() {
        return Err(no_documents());
    }
    // Deletions in the document with the sections come before all else, also those of a later document.
    pieces.sort_by_key(|piece| !matches!(piece, Piece::Delete(deletion) if deletion.kind == V1ALPHA1));
    Ok(pieces)
}

/// Whether nothing but the header of a document is left.
fn is_spent(node: &Node) -> bool {
    node.is_mapping()
        && node
            .entries()
            .iter()
            .all(|(key, value)| value.is_scalar() && matches!(key.value(), Some("version" | "kind" | "name")))
}

fn no_documents() -> Error {
    Error::new(ErrorKind::NoDocuments, "there is no document in the text")
}

fn read_document(node: &Node) -> Result<Document> {
    let line = node.line();
    if !node.is_mapping() {
        return Err(Error::new(
            ErrorKind::Syntax,
            format!("line {line}: expected a document, which is a mapping of keys to values"),
        ));
    }
    let kind = document_kind(node).map_err(|error| error.within(format!("line {line}")))?;
    let mut document = Document::read(kind, node)?.ok_or_else(|| unknown_kind(kind, line))?;
    if let Document::V1Alpha1(config) = &mut document {
        config.trim_manifests();
    }
    Ok(document)
}

fn document_kind(node: &Node) -> Result<&str> {
    let text = |key| node.get(key).and_then(Node::value).unwrap_or_default();
    let (mut version, kind) = (text("apiVersion"), text("kind"));
    if SECTION_KEYS.iter().any(|key| node.get(key).is_some()) {
        version = V1ALPHA1;
    }
    match (version, kind) {
        (V1ALPHA1, "") => Ok(V1ALPHA1),
        (_, "") => Err(Error::new(
            ErrorKind::UnknownKind,
            "a document needs one of the sections machine and cluster, or apiVersion and kind",
        )),
        ("", kind) => Err(Error::new(
            ErrorKind::UnknownKind,
            format!("the document of kind {kind:?} has no apiVersion, add \"apiVersion: v1alpha1\""),
        )),
        (V1ALPHA1, kind) => Ok(kind),
        (version, kind) => Err(Error::new(
            ErrorKind::UnknownKind,
            format!("kind {kind:?} has no version {version:?}, use v1alpha1"),
        )),
    }
}

fn unknown_kind(kind: &str, line: u32) -> Error {
    let hint = crate::model::nearest(kind, Document::KINDS)
        .map_or_else(String::new, |near| format!(", did you mean {near:?}?"));
    Error::new(ErrorKind::UnknownKind, format!("line {line}: there is no kind {kind:?}{hint}"))
}

/// A place to delete: the path, the list entry at its end, and the line that says so.
type Found = (Vec<String>, Option<Item>, u32);

/// Levels of nesting in which deletions are looked for, one call a level.
const DELETION_DEPTH: usize = 256;

/// Whether `$patch: delete` is anywhere in the tree.
fn holds_deletion(root: &Node) -> Result<bool, &'static str> {
    let mut pending = vec![(root, 0)];
    let (mut found, mut deepest) = (false, 0);
    while let Some((node, depth)) = pending.pop() {
        found |= node.entries().iter().any(|(key, value)| is_delete(key, value));
        deepest = deepest.max(depth);
        pending.extend(node.items().iter().map(|item| (item, depth + 1)));
        pending.extend(node.entries().iter().map(|(_, value)| (value, depth + 1)));
    }
    if found && deepest > DELETION_DEPTH {
        return Err("a document with $patch: delete can't be nested deeper than 256 levels");
    }
    Ok(found)
}

/// Takes `$patch: delete` out of a tree with the mappings that hold it; says whether the node itself goes.
fn extract(
    node: &mut Node,
    in_list: bool,
    path: &mut Vec<String>,
    found: &mut Vec<Found>,
) -> Result<bool, String> {
    match node.kind() {
        Kind::Scalar => Ok(false),
        Kind::Mapping => extract_mapping(node, in_list, path, found),
        Kind::Sequence => {
            let Some(items) = node.items_mut() else { return Ok(false) };
            let mut at = 0;
            let mut removed = false;
            while at < items.len() {
                path.push(format!("[{at}]"));
                let gone = extract(&mut items[at], true, path, found)?;
                path.pop();
                if gone {
                    items.remove(at);
                    removed = true;
                } else {
                    at += 1;
                }
            }
            Ok(removed && items.is_empty())
        }
    }
}

fn extract_mapping(
    node: &mut Node,
    in_list: bool,
    path: &mut Vec<String>,
    found: &mut Vec<Found>,
) -> Result<bool, String> {
    let Some(entries) = node.entries_mut() else { return Ok(false) };
    let mut at = 0;
    let mut removed = false;
    while at < entries.len() {
        let (key, value) = &mut entries[at];
        if is_delete(key, value) {
            let line = key.line();
            let item = if in_list { Some(selector(entries, path)?) } else { None };
            if !in_list && path.iter().any(|step| step.is_empty() || step.starts_with('[')) {
                let place = path.join(".").replace(".[", "[");
                return Err(format!(
                    "{place}: a key inside a list entry can't be deleted, only a whole entry"
                ));
            }
            found.push((path.clone(), item, line));
            return Ok(true);
        }
        path.push(key.value().unwrap_or_default().to_owned());
        let gone = extract(value, false, path, found)?;
        path.pop();
        if gone {
            entries.remove(at);
            removed = true;
        } else {
            at += 1;
        }
    }
    Ok(removed && entries.is_empty())
}

fn is_delete(key: &Node, value: &Node) -> bool {
    key.value() == Some("$patch") && value.value() == Some("delete")
}

/// The first other key of a list entry says which entry is meant.
fn selector(entries: &[(Node, Node)], path: &[String]) -> Result<Item, String> {
    let text = |node: &Node| node.value().unwrap_or_default().to_owned();
    entries
        .iter()
        .find(|(key, value)| !is_delete(key, value))
        .map(|(key, value)| Item { key: text(key), value: text(value) })
        .ok_or_else(|| {
            let place = path.join(".").replace(".[", "[");
            format!("{place}: add a key of the list entry to delete, such as its name")
        })
}
