//! Patches of machine configurations.

use talos_yaml::{Node, parse_documents};

use crate::document::Document;
use crate::error::{Error, ErrorKind, Result};
use crate::load::{Piece, read_patch};
use crate::model::DeleteError;

/// A patch for a [`Config`](crate::Config): pieces of documents that are merged in, which may also delete parts.
///
/// Documents are matched by kind and name; those without a match are added. Maps merge key by key, lists grow,
/// other values replace. `$patch: delete` in a mapping deletes it; in a list entry, the entry with the same first
/// key; at the root of a document, the document.
///
/// ```
/// use talos_machineconfig::{Config, Patch};
///
/// let config = Config::from_yaml("machine:\n  sysctls:\n    a: \"1\"\n    b: \"2\"\n")?;
/// let patch = Patch::parse("machine:\n  sysctls:\n    a:\n      $patch: delete\n    c: \"3\"\n")?;
/// let patched = config.patch(&[patch])?.to_yaml()?;
/// assert!(patched.expose().contains("    sysctls:\n        b: \"2\"\n        c: \"3\"\n"));
/// # Ok::<(), talos_machineconfig::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Patch {
    pieces: Vec<Piece>,
}

impl Patch {
    /// Reads the text of a patch: one or more YAML documents. Reading `@file` arguments is the caller's job.
    ///
    /// # Errors
    ///
    /// What [`Config::from_yaml`](crate::Config::from_yaml) returns, with the line. [`ErrorKind::Unsupported`] for
    /// a list of operations (RFC 6902).
    pub fn parse(text: &str) -> Result<Self> {
        let nodes = parse_documents(text)?;
        if nodes.iter().all(Node::is_null) {
            return Ok(Self { pieces: Vec::new() });
        }
        if nodes.first().is_some_and(Node::is_sequence) {
            return Err(Error::new(
                ErrorKind::Unsupported,
                "lists of operations (RFC 6902) are not offered yet: write the patch as a piece of configuration",
            ));
        }
        Ok(Self { pieces: read_patch(nodes)? })
    }

    /// Whether the patch changes nothing, as one without any document.
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// Merges the patch into `documents`.
    pub(crate) fn apply(&self, documents: &mut Vec<Document>) -> Result<()> {
        for piece in &self.pieces {
            match piece {
                Piece::Document(patch) => match documents.iter_mut().find(|left| left.is_same(patch)) {
                    Some(left) => {
                        let title = left.title();
                        left.merge(patch.clone()).map_err(|mismatch| {
                            Error::new(ErrorKind::PatchMismatch, format!("{title}: {mismatch}"))
                        })?;
                    }
                    None => documents.push(patch.clone()),
                },
                Piece::Delete(deletion) => {
                    let Some(at) = documents.iter().position(|document| deletion.selects(document)) else {
                        continue;
                    };
                    if deletion.path.is_empty() {
                        documents.remove(at);
                        continue;
                    }
                    let document = &mut documents[at];
                    document.delete(&deletion.path, deletion.item.as_ref()).map_err(|error| {
                        let problem = match error {
                            DeleteError::Missing => "there is nothing to delete",
                            DeleteError::InsideList => "only a whole list entry can be deleted",
                        };
                        let place = format!("{}: {}: {problem}", document.title(), deletion.place());
                        Error::new(ErrorKind::PatchTargetMissing, place)
                    })?;
                }
            }
        }
        Ok(())
    }
}
