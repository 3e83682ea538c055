//! Trees as values: what a node means, in the form in which Go writes the value. Without recursion, because trees can be
//! very deep.

use std::cell::RefCell;

use crate::node::{Content, Kind, Node};
use crate::order::sort_entries;
use crate::{Error, ErrorKind, Result, merge};

/// Name under which a node offers itself to the writer of this crate.
pub(crate) const NODE: &str = "$talos_yaml::Node";

thread_local! {
    /// Whether a copy of the node is wanted instead of its parts, and the copy on its way.
    static HANDOVER: RefCell<(bool, Option<Node>)> = const { RefCell::new((false, None)) };
}

/// Asks what `offer` serializes for a copy of its node.
pub(crate) fn request(offer: impl FnOnce() -> Result<Node>) -> Result<Node> {
    HANDOVER.with_borrow_mut(|slot| *slot = (true, None));
    let answer = offer();
    match HANDOVER.with_borrow_mut(std::mem::take) {
        (_, Some(node)) => represent(&node),
        (_, None) => answer,
    }
}

/// Hands over a copy of the node if one was asked for.
pub(crate) fn hand_over(node: &Node) -> bool {
    HANDOVER.with_borrow_mut(|slot| {
        let wanted = std::mem::take(&mut slot.0);
        if wanted {
            slot.1 = Some(node.clone());
        }
        wanted
    })
}

/// A list or mapping being represented, with what is still to come of it.
struct Frame<'a> {
    kind: Kind,
    children: std::vec::IntoIter<&'a Node>,
    done: Vec<Node>,
}

impl<'a> Frame<'a> {
    fn new(node: &'a Node) -> Result<Self> {
        let children = match &node.content {
            Content::Scalar(_) => Vec::new(),
            Content::Sequence(items) => items.iter().collect(),
            Content::Mapping(_) => {
                let entries = merge::entries(node)?;
                if let Some((key, _)) = entries.iter().find(|(key, _)| !key.is_scalar()) {
                    return Err(Error::new(
                        ErrorKind::Unrepresentable,
                        Some(key.mark),
                        "a list or mapping is no key for a value",
                    ));
                }
                entries.into_iter().flat_map(|(key, value)| [key, value]).collect()
            }
        };
        Ok(Self {
            kind: node.kind(),
            done: Vec::with_capacity(children.len()),
            children: children.into_iter(),
        })
    }

    fn finish(self) -> Node {
        if self.kind == Kind::Sequence {
            return Node::sequence(self.done);
        }
        let mut entries = Vec::with_capacity(self.done.len() / 2);
        let mut done = self.done.into_iter();
        while let (Some(key), Some(value)) = (done.next(), done.next()) {
            entries.push((key, value));
        }
        sort_entries(&mut entries);
        // Keys with other words for one value (`~` and nothing, `0x10` and `16`) are one key of a Go map; the last stays.
        entries.dedup_by(|later, kept| {
            let same = later.0 == kept.0;
            if same {
                std::mem::swap(later, kept);
            }
            same
        });
        Node::mapping(entries)
    }
}

fn represent(root: &Node) -> Result<Node> {
    if root.is_scalar() {
        return crate::ser::scalar(root);
    }
    let mut stack = vec![Frame::new(root)?];
    loop {
        let Some(frame) = stack.last_mut() else { return Ok(Node::null()) };
        match frame.children.next() {
            Some(child) if child.is_scalar() => frame.done.push(crate::ser::scalar(child)?),
            Some(child) => {
                let inner = Frame::new(child)?;
                stack.push(inner);
            }
            None => {
                let Some(node) = stack.pop().map(Frame::finish) else { return Ok(Node::null()) };
                match stack.last_mut() {
                    Some(parent) => parent.done.push(node),
                    None => return Ok(node),
                }
            }
        }
    }
}
