//! Merge keys: `<<: *base` and `<<: [*a, *b]`.

use std::collections::HashSet;

use crate::node::Node;
use crate::{Error, ErrorKind, Result, Tag};

/// The entries of a mapping with its merge keys applied: its own first, then what each merged mapping adds.
///
/// # Errors
/// A merge key has a value that is neither a mapping nor a list of mappings.
pub(crate) fn entries(node: &Node) -> Result<Vec<(&Node, &Node)>> {
    let own = node.entries();
    if !own.iter().any(|(key, _)| key.tag == Tag::Merge) {
        return Ok(own.iter().map(|(key, value)| (key, value)).collect());
    }
    let mut out = Vec::with_capacity(own.len());
    let mut seen = HashSet::new();
    // Mappings to take in, the next one last.
    let mut pending = vec![node];
    while let Some(node) = pending.pop() {
        let mut merged = None;
        for (key, value) in node.entries() {
            if key.tag == Tag::Merge {
                merged = Some(value);
            } else if seen.insert((key.kind(), key.value())) {
                out.push((key, value));
            }
        }
        match merged {
            Some(value) if value.is_mapping() => pending.push(value),
            Some(value) if value.is_sequence() && value.items().iter().all(Node::is_mapping) => {
                pending.extend(value.items().iter().rev());
            }
            Some(value) => {
                return Err(Error::new(
                    ErrorKind::Type,
                    Some(value.mark),
                    "the merge key << needs a mapping or a list of mappings",
                ));
            }
            None => {}
        }
    }
    Ok(out)
}

impl Node {
    /// Applies the merge keys of this mapping, and of every mapping in it, to the tree.
    ///
    /// # Errors
    /// A merge key has a value that is neither a mapping nor a list of mappings.
    pub fn expand_merge_keys(&mut self) -> Result<()> {
        let mut pending = vec![self];
        while let Some(node) = pending.pop() {
            if node.entries().iter().any(|(key, _)| key.tag == Tag::Merge) {
                let expanded =
                    entries(node)?.into_iter().map(|(key, value)| (key.clone(), value.clone())).collect();
                if let Some(own) = node.entries_mut() {
                    *own = expanded;
                }
            }
            match &mut node.content {
                crate::node::Content::Scalar(_) => {}
                crate::node::Content::Sequence(items) => pending.extend(items),
                crate::node::Content::Mapping(entries) => {
                    pending.extend(entries.iter_mut().map(|(_, value)| value));
                }
            }
        }
        Ok(())
    }
}
