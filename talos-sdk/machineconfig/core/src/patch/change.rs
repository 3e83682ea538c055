//! What a patch changes, and what it names without changing it.

use std::fmt;

use talos_yaml::Node;

use crate::document::Document;
use crate::error::Result;

/// One effect of a patch on a configuration. It holds no values, so it can be shown to anybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatchChange {
    document: String,
    path: String,
    action: PatchAction,
}

/// What a patch does at one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PatchAction {
    /// Adds a document, or a value where there was none.
    Adds,
    /// Adds that many entries to a list.
    Appends(usize),
    /// Puts another value in the place of the one there.
    Replaces,
    /// Takes a document or a value away.
    Deletes,
    /// Names a value without changing it.
    LeavesAlone,
}

impl PatchChange {
    /// Kind and name of the document.
    pub fn document(&self) -> &str {
        &self.document
    }

    /// The way to the value from the root of the document, such as `machine.install.disk`; empty for the document
    /// itself.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What the patch does there.
    pub fn action(&self) -> PatchAction {
        self.action
    }
}

impl fmt::Display for PatchAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Adds => f.write_str("adds"),
            Self::Appends(1) => f.write_str("appends 1 entry to"),
            Self::Appends(entries) => write!(f, "appends {entries} entries to"),
            Self::Replaces => f.write_str("replaces"),
            Self::Deletes => f.write_str("deletes"),
            Self::LeavesAlone => f.write_str("leaves alone"),
        }
    }
}

impl fmt::Display for PatchChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { document, path, action } = self;
        write!(f, "{action} {document}{}{path}", if path.is_empty() { "" } else { ": " })
    }
}

/// A place that a patch names: the document and the path.
pub(crate) type Mention = (String, String);

/// The differences between two configurations, then what of `mentions` is not among them.
pub(crate) fn changes(
    before: &[Document],
    after: &[Document],
    mentions: Vec<Mention>,
) -> Result<Vec<PatchChange>> {
    let mut changes = Changes::default();
    for document in before {
        changes.document = document.title();
        match after.iter().find(|other| other.is_same(document)) {
            Some(other) => changes.nodes(&talos_yaml::to_node(document)?, &talos_yaml::to_node(other)?, ""),
            None => changes.push("", PatchAction::Deletes),
        }
    }
    for document in after.iter().filter(|document| !before.iter().any(|other| other.is_same(document))) {
        changes.document = document.title();
        changes.push("", PatchAction::Adds);
    }
    for (document, path) in mentions {
        if !changes.found.iter().any(|change| change.document == document && overlap(&change.path, &path)) {
            changes.document = document;
            changes.push(&path, PatchAction::LeavesAlone);
        }
    }
    Ok(changes.found)
}

/// Whether one path is the other or leads through it.
fn overlap(a: &str, b: &str) -> bool {
    let (short, long) = if a.len() < b.len() { (a, b) } else { (b, a) };
    long.strip_prefix(short)
        .is_some_and(|rest| short.is_empty() || rest.is_empty() || rest.starts_with(['.', '[']))
}

/// The scalars and lists of a piece of configuration, as paths.
pub(crate) fn leaves(node: &Node, path: &str, found: &mut Vec<String>) {
    if node.entries().is_empty() {
        found.push(path.to_owned());
    }
    for (key, value) in node.entries() {
        let name = key.value().unwrap_or_default();
        // These only say which document is meant.
        if !path.is_empty() || !matches!(name, "apiVersion" | "kind" | "name" | "version") {
            leaves(value, &step(path, name), found);
        }
    }
}

pub(crate) fn step(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn is_nothing(node: &Node) -> bool {
    node.is_null() || node.is_empty() || node.value() == Some("")
}

#[derive(Default)]
struct Changes {
    document: String,
    found: Vec<PatchChange>,
}

impl Changes {
    fn push(&mut self, path: &str, action: PatchAction) {
        let change = PatchChange { document: self.document.clone(), path: path.to_owned(), action };
        if !self.found.contains(&change) {
            self.found.push(change);
        }
    }

    fn nodes(&mut self, before: &Node, after: &Node, path: &str) {
        if before == after {
            return;
        }
        if before.is_mapping() && after.is_mapping() {
            for (key, value) in before.entries() {
                let name = key.value().unwrap_or_default();
                match after.get(name) {
                    Some(other) => self.nodes(value, other, &step(path, name)),
                    None => self.push(&step(path, name), PatchAction::Deletes),
                }
            }
            for (key, _) in after.entries() {
                let name = key.value().unwrap_or_default();
                if before.get(name).is_none() {
                    self.push(&step(path, name), PatchAction::Adds);
                }
            }
        } else if before.is_sequence() && after.is_sequence() {
            self.lists(before.items(), after.items(), path);
        } else {
            // Some keys are written even if they have no value.
            let action = match (is_nothing(before), is_nothing(after)) {
                (true, false) => PatchAction::Adds,
                (false, true) => PatchAction::Deletes,
                _ => PatchAction::Replaces,
            };
            self.push(path, action);
        }
    }

    fn lists(&mut self, before: &[Node], after: &[Node], path: &str) {
        let same = before.iter().zip(after).take_while(|(a, b)| a == b).count();
        let rest = before.len().min(after.len()) - same;
        let pairs = before.iter().rev().zip(after.iter().rev()).take(rest);
        let same_at_end = pairs.take_while(|(a, b)| a == b).count();
        let (old, new) = (&before[same..before.len() - same_at_end], &after[same..after.len() - same_at_end]);
        for (at, (old, new)) in old.iter().zip(new).enumerate() {
            self.nodes(old, new, &format!("{path}[{}]", same + at));
        }
        for at in new.len()..old.len() {
            self.push(&format!("{path}[{}]", same + at), PatchAction::Deletes);
        }
        if new.len() > old.len() {
            self.push(path, PatchAction::Appends(new.len() - old.len()));
        }
    }
}
