//! What is different between two configurations.

mod list;

use std::fmt;

use serde::ser::{Serialize, SerializeStruct, Serializer};
use talos_yaml::{Node, emit, to_node};

use crate::config::Config;
use crate::document::Document;
use crate::error::Result;
use crate::model::{Merge, Shape};
use crate::path::{Path, Step};
use crate::redact::redact;

/// What is different between two configurations, document by document.
///
/// Values count, not their text: comments, the order of keys and of documents, and defaults that Talos does not write
/// make no difference. Entries of a list are taken for the same if they have the same name or whatever else tells
/// them apart, so that an entry in between is one addition and not a change of all that follow; their order counts.
///
/// `Display` prints a plan for people, with serde it becomes a list of [`Change`]s. Neither shows a secret.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Diff {
    changes: Vec<Change>,
}

/// One difference.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Change {
    /// Kind of the document, and its name if it has one: `RegistryMirrorConfig docker.io`.
    pub document: String,
    /// Where in the document; the root if the whole document was added or removed. The index of a list entry is that
    /// of the list which has it, the later one if both have.
    pub path: Path,
    /// What happened.
    pub kind: ChangeKind,
    /// Whether the value is a secret, or has one inside of a URL. Secrets are `******` in `before` and `after`.
    pub secret: bool,
    /// The value that was, unless it was added.
    pub before: Option<Node>,
    /// The value that is, unless it was removed.
    pub after: Option<Node>,
}

/// What happened to a value or a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ChangeKind {
    /// It was not there before.
    Added,
    /// It is not there any more.
    Removed,
    /// It is another one.
    Changed,
}

impl Config {
    /// What has to be done to this configuration to make it the `other` one.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Internal`](crate::ErrorKind::Internal) if a value can't be written.
    ///
    /// ```
    /// use talos_machineconfig::{Config, Patch};
    ///
    /// let config = Config::from_yaml("machine:\n  token: secret\n  certSANs: [a, b]\n")?;
    /// let patch = Patch::parse("machine:\n  token: other\n  certSANs: [c]\n  install:\n    disk: /dev/vda\n")?;
    /// let diff = config.diff(&config.patch(&[patch])?.config)?;
    /// let plan = "~ v1alpha1\n\
    ///             \x20   ~ machine.token: (secret)\n\
    ///             \x20   + machine.certSANs[2]: c\n\
    ///             \x20   + machine.install:\n\
    ///             \x20       disk: /dev/vda\n";
    /// assert_eq!(diff.to_string(), plan);
    /// # Ok::<(), talos_machineconfig::Error>(())
    /// ```
    pub fn diff(&self, other: &Self) -> Result<Diff> {
        let mut compare = Compare::default();
        for document in self.documents() {
            compare.document = document.title();
            let before = tree(document)?;
            let after = other.documents().iter().find(|other| other.is_same(document));
            let after = after.map(tree).transpose()?;
            compare.values(Some(&before), after.as_ref(), document.shape(), Merge::Common);
        }
        for document in other.documents() {
            if !self.documents().iter().any(|known| known.is_same(document)) {
                compare.document = document.title();
                compare.values(None, Some(&tree(document)?), document.shape(), Merge::Common);
            }
        }
        Ok(Diff { changes: compare.changes })
    }
}

impl Diff {
    /// All differences, in the order of the documents and of their fields.
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// Whether both configurations say the same.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }
}

impl<'a> IntoIterator for &'a Diff {
    type Item = &'a Change;
    type IntoIter = std::slice::Iter<'a, Change>;

    fn into_iter(self) -> Self::IntoIter {
        self.changes.iter()
    }
}

/// Walks two trees of one shape.
#[derive(Default)]
struct Compare {
    document: String,
    path: Path,
    changes: Vec<Change>,
}

impl Compare {
    fn values(&mut self, before: Option<&Node>, after: Option<&Node>, shape: &Shape, merge: Merge) {
        match (before, after) {
            (None, None) => {}
            (Some(left), Some(right)) if left == right => {}
            (Some(left), Some(right)) if left.is_mapping() && right.is_mapping() => match shape {
                Shape::Secret => self.report(before, after, shape),
                _ => self.mappings(left, right, shape),
            },
            (Some(left), Some(right)) if left.is_sequence() && right.is_sequence() => match shape {
                Shape::List(entry) | Shape::ReplaceList(entry) => {
                    self.lists(left.items(), right.items(), entry, merge);
                }
                Shape::Any | Shape::Args | Shape::SecretKey(_) => {
                    self.lists(left.items(), right.items(), shape, merge);
                }
                _ => self.report(before, after, shape),
            },
            _ => self.report(before, after, shape),
        }
    }

    fn mappings(&mut self, before: &Node, after: &Node, shape: &Shape) {
        let only_after = after.entries().iter().filter(|(key, _)| find(before, key).is_none());
        for (key, _) in before.entries().iter().chain(only_after) {
            let name = key.value().unwrap_or_default();
            let (below, merge) = match shape {
                Shape::Struct(shape) => shape
                    .field(name)
                    .map_or((&Shape::Text, Merge::Common), |field| (field.shape, field.merge)),
                Shape::Map(entry) => (*entry, Merge::Common),
                Shape::SecretKey(secret) if *secret == name => (&Shape::Secret, Merge::Common),
                _ => (shape, Merge::Common),
            };
            self.path.push(Step::Key(name.to_owned()));
            self.values(find(before, key), find(after, key), below, merge);
            self.path.pop();
        }
    }

    fn lists(&mut self, before: &[Node], after: &[Node], entry: &Shape, merge: Merge) {
        for (left, right) in list::align(before, after, entry, merge) {
            self.path.push(Step::Index(right.or(left).unwrap_or_default()));
            self.values(left.map(|at| &before[at]), right.map(|at| &after[at]), entry, Merge::Common);
            self.path.pop();
        }
    }

    fn report(&mut self, before: Option<&Node>, after: Option<&Node>, shape: &Shape) {
        let mut secret = false;
        let mut open = |node: &Node| {
            let mut open = node.clone();
            redact(&mut open, shape);
            secret |= open != *node && open.is_scalar();
            open
        };
        let (before, after) = (before.map(&mut open), after.map(&mut open));
        let kind = match (&before, &after) {
            (None, _) => ChangeKind::Added,
            (_, None) => ChangeKind::Removed,
            _ => ChangeKind::Changed,
        };
        let (document, path) = (self.document.clone(), self.path.clone());
        self.changes.push(Change { document, path, kind, secret, before, after });
    }
}

/// The document as it is compared.
fn tree(document: &Document) -> Result<Node> {
    let mut node = to_node(document)?;
    prune(&mut node, document.shape());
    Ok(node)
}

/// Leaves out fields that are written but say nothing.
fn prune(node: &mut Node, shape: &Shape) {
    match shape {
        Shape::Struct(shape) => {
            let Some(entries) = node.entries_mut() else { return };
            entries.retain(|(_, value)| !value.is_null());
            for (key, value) in entries {
                if let Some(field) = key.value().and_then(|key| shape.field(key)) {
                    prune(value, field.shape);
                }
            }
        }
        Shape::List(entry) | Shape::ReplaceList(entry) => {
            node.items_mut().into_iter().flatten().for_each(|item| prune(item, entry));
        }
        Shape::Map(entry) => {
            node.entries_mut().into_iter().flatten().for_each(|(_, value)| prune(value, entry));
        }
        _ => {}
    }
}

fn find<'a>(node: &'a Node, key: &Node) -> Option<&'a Node> {
    node.entries().iter().find(|(name, _)| name == key).map(|(_, value)| value)
}

impl ChangeKind {
    /// In one word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Changed => "changed",
        }
    }

    const fn sign(self) -> char {
        match self {
            Self::Added => '+',
            Self::Removed => '-',
            Self::Changed => '~',
        }
    }
}

impl fmt::Display for ChangeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A line for each change, with more lines where a value does not fit on it, below a line for each document.
impl fmt::Display for Diff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut document = "";
        for change in &self.changes {
            if change.path.is_root() {
                writeln!(f, "{} {}", change.kind.sign(), change.document)?;
                write_lines(f, "    ", change.after.as_ref().or(change.before.as_ref()))?;
                continue;
            }
            if change.document != document {
                document = &change.document;
                writeln!(f, "~ {document}")?;
            }
            writeln!(f, "    {change}")?;
        }
        Ok(())
    }
}

/// The change inside of its document: `~ machine.install.disk: /dev/sda -> /dev/vda`. Values of several lines follow on
/// lines of their own, without a line break at the end.
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, kind, secret, before, after, .. } = self;
        write!(f, "{} {path}:", kind.sign())?;
        if *secret && (before.is_none() || after.is_none() || before == after) {
            return f.write_str(" (secret)");
        }
        match (before.as_ref().map(one_line), after.as_ref().map(one_line)) {
            (Some(Some(before)), Some(Some(after))) => write!(f, " {before} -> {after}"),
            (Some(Some(value)), None) | (None, Some(Some(value))) => write!(f, " {value}"),
            (Some(_), Some(_)) => {
                write_block(f, "        - ", before.as_ref())?;
                write_block(f, "        + ", after.as_ref())
            }
            _ => write_block(f, "        ", before.as_ref().or(after.as_ref())),
        }
    }
}

/// The text of a value that is a line: a scalar, or an empty list or mapping.
fn one_line(node: &Node) -> Option<String> {
    let text = emit(node);
    let line = text.trim_end();
    let short = node.is_scalar() || node.is_empty();
    (short && !line.contains('\n')).then(|| line.to_owned())
}

fn write_lines(f: &mut fmt::Formatter<'_>, indent: &str, node: Option<&Node>) -> fmt::Result {
    let text = node.map(emit).unwrap_or_default();
    text.lines().try_for_each(|line| writeln!(f, "{indent}{line}"))
}

fn write_block(f: &mut fmt::Formatter<'_>, indent: &str, node: Option<&Node>) -> fmt::Result {
    let text = node.map(emit).unwrap_or_default();
    text.lines().try_for_each(|line| write!(f, "\n{indent}{line}"))
}

impl Serialize for Diff {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(&self.changes)
    }
}

impl Serialize for Change {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("Change", 6)?;
        out.serialize_field("document", &self.document)?;
        out.serialize_field("path", &self.path.to_string())?;
        out.serialize_field("kind", self.kind.as_str())?;
        out.serialize_field("secret", &self.secret)?;
        for (key, value) in [("before", &self.before), ("after", &self.after)] {
            match value {
                Some(value) => out.serialize_field(key, value)?,
                None => out.skip_field(key)?,
            }
        }
        out.end()
    }
}
