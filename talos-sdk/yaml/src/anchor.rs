//! Anchors: where they are, and copies of what they mark.
//!
//! A node with an anchor is not copied before an alias asks for it, since nested anchors would copy the same nodes
//! over and over. Its place is kept instead: its index in its parent, and the place of the parent.

use std::collections::HashMap;

use crate::compose::Open;
use crate::error::quoted;
use crate::node::{Content, Node};
use crate::{Error, ErrorKind, Mark, Result};

#[derive(Default)]
pub(crate) struct Anchors<'a> {
    by_name: HashMap<&'a str, Anchor>,
    places: Vec<Place>,
}

struct Anchor {
    place: usize,
    /// Made at the first use, so that the way to the node is gone once.
    copy: Option<Node>,
}

struct Place {
    /// `None` for the root of a document, whose index is that of the document.
    parent: Option<usize>,
    index: usize,
}

impl<'a> Anchors<'a> {
    /// Notes that the next node of the innermost open collection has this anchor. Gives its place.
    pub(crate) fn define(
        &mut self,
        name: Option<&'a str>,
        document: usize,
        stack: &mut [Open],
    ) -> Option<usize> {
        let name = name?;
        let known = stack.iter().rposition(|open| open.place.is_some());
        let mut parent = known.and_then(|at| stack[at].place);
        for open in &mut stack[known.map_or(0, |at| at + 1)..] {
            parent = Some(self.add(parent, open.index));
            open.place = parent;
        }
        let place = self.add(parent, stack.last().map_or(document, Open::children));
        self.by_name.insert(name, Anchor { place, copy: None });
        Some(place)
    }

    fn add(&mut self, parent: Option<usize>, index: usize) -> usize {
        self.places.push(Place { parent, index });
        self.places.len() - 1
    }

    /// A copy of the node that has the anchor.
    pub(crate) fn resolve(
        &mut self,
        name: &str,
        documents: &[Node],
        stack: &[Open],
        mark: Mark,
    ) -> Result<Node> {
        let Some(anchor) = self.by_name.get_mut(name) else {
            return Err(syntax(
                mark,
                format!("unknown anchor {}; define it with & before its first use", quoted(name)),
            ));
        };
        if anchor.copy.is_none() {
            let mut path = Vec::new();
            let mut place = self.places.get(anchor.place);
            while let Some(Place { parent, index }) = place {
                path.push(*index);
                place = parent.and_then(|parent| self.places.get(parent));
            }
            path.reverse();
            anchor.copy = find(&path, documents, stack).cloned();
        }
        match &anchor.copy {
            Some(node) => Ok(node.clone()),
            None => Err(syntax(mark, format!("the value of anchor {} contains itself", quoted(name)))),
        }
    }
}

/// The node at the end of a path; `None` if it is still being read.
fn find<'n>(path: &[usize], documents: &'n [Node], stack: &'n [Open]) -> Option<&'n Node> {
    let (document, path) = path.split_first()?;
    let (mut node, path) = match documents.get(*document) {
        Some(root) => (root, path),
        None => {
            // The steps through what is still open.
            let steps = path.iter().zip(stack.iter().skip(1)).take_while(|(step, open)| **step == open.index);
            let (open, rest) = path.split_at(steps.count());
            let (step, rest) = rest.split_first()?;
            let parent = stack.get(open.len())?;
            let pending = if *step + 1 == parent.children() { parent.key.as_ref() } else { None };
            (pending.or_else(|| child(&parent.node, *step))?, rest)
        }
    };
    for step in path {
        node = child(node, *step)?;
    }
    Some(node)
}

fn child(node: &Node, index: usize) -> Option<&Node> {
    match &node.content {
        Content::Scalar(_) => None,
        Content::Sequence(items) => items.get(index),
        Content::Mapping(entries) => {
            let (key, value) = entries.get(index / 2)?;
            Some(if index.is_multiple_of(2) { key } else { value })
        }
    }
}

fn syntax(mark: Mark, message: String) -> Error {
    Error::new(ErrorKind::Syntax, Some(mark), message)
}
