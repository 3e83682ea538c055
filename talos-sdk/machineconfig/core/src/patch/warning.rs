//! What a patch loses without saying so.

use std::fmt;

use talos_yaml::Node;

use crate::document::Document;
use crate::error::Result;
use crate::patch::change::step;

/// Sizes and expressions that Talos replaces by what the patch has at their place, even if that is nothing.
const OVERWRITTEN: [&str; 5] =
    ["match", "minSize", "minAllocationGroupSize", "triggerExpression", "cgroupRankingExpression"];

/// A size that Talos keeps in bytes even if the patch gives it in percent.
const STUBBORN: &str = "maxSize";

/// A value that a patch dropped or failed to change though its author hardly meant it.
///
/// Talos merges some types in ways that lose data. Patches are applied as Talos does it, and this says where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatchWarning {
    patch: usize,
    document: String,
    path: String,
    value: String,
    dropped: bool,
}

impl PatchWarning {
    /// Which patch it was, counted from 1.
    pub fn patch(&self) -> usize {
        self.patch
    }

    /// Kind and name of the document.
    pub fn document(&self) -> &str {
        &self.document
    }

    /// The way to the value from the root of the document, such as `provisioning.diskSelector.match`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The value that the configuration had.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// Whether the value was dropped; otherwise it is still there, and the patch's value is not.
    pub fn is_dropped(&self) -> bool {
        self.dropped
    }
}

impl fmt::Display for PatchWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { patch, document, path, value, dropped } = self;
        write!(f, "patch {patch}: {document}: {path}: ")?;
        if *dropped {
            write!(
                f,
                "Talos drops {value:?} because the patch does not repeat it, add it to the patch to keep it"
            )
        } else {
            write!(f, "Talos keeps {value:?}, delete it in a patch before this one to change it")
        }
    }
}

/// A document as it was before a patch.
pub(crate) struct Before {
    node: Node,
}

impl Before {
    /// Remembers a document that can lose something.
    pub(crate) fn of(document: &Document) -> Result<Option<Self>> {
        if matches!(document, Document::V1Alpha1(_)) {
            return Ok(None);
        }
        Ok(Some(Self { node: talos_yaml::to_node(document)? }))
    }

    /// What the merge with a patch made of the document.
    pub(crate) fn compare(
        &self,
        number: usize,
        patch: &Node,
        after: &Document,
        warnings: &mut Vec<PatchWarning>,
    ) -> Result<()> {
        let title = after.title();
        let after = talos_yaml::to_node(after)?;
        walk(&self.node, Some(patch), Some(&after), "", &mut |path, value, dropped| {
            warnings.push(PatchWarning {
                patch: number,
                document: title.clone(),
                path: path.to_owned(),
                value: value.to_owned(),
                dropped,
            });
        });
        Ok(())
    }
}

fn walk(
    before: &Node,
    patch: Option<&Node>,
    after: Option<&Node>,
    path: &str,
    report: &mut dyn FnMut(&str, &str, bool),
) {
    for (key, value) in before.entries() {
        let Some(name) = key.value() else { continue };
        let path = step(path, name);
        let patch = patch.and_then(|patch| patch.get(name));
        let after = after.and_then(|after| after.get(name));
        if value.is_mapping() {
            walk(value, patch, after, &path, report);
        }
        let Some(text) = value.value() else { continue };
        if OVERWRITTEN.contains(&name) && patch.is_none() && after.is_none() {
            report(&path, text, true);
        }
        let wanted = patch.and_then(Node::value).filter(|wanted| !wanted.is_empty());
        if name == STUBBORN && wanted.is_some() && wanted != after.and_then(Node::value) {
            report(&path, text, false);
        }
    }
}
