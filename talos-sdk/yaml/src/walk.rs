//! Walking trees without recursion, because they can be very deep.

use crate::node::{Content, Node};

/// Copies a tree. `shell` makes the copy of one node, with empty children; they are filled in here.
pub(crate) fn map(root: &Node, mut shell: impl FnMut(&Node) -> Node) -> Node {
    struct Frame<'a> {
        source: &'a Node,
        copy: Node,
        next: usize,
        key: Option<Node>,
    }
    fn push(frame: &mut Frame<'_>, child: Node) {
        match &mut frame.copy.content {
            Content::Sequence(items) => items.push(child),
            Content::Mapping(entries) => match frame.key.take() {
                Some(key) => entries.push((key, child)),
                None => frame.key = Some(child),
            },
            Content::Scalar(_) => {}
        }
    }
    let mut stack = Vec::new();
    let mut frame = Frame { source: root, copy: shell(root), next: 0, key: None };
    loop {
        let child = match &frame.source.content {
            Content::Scalar(_) => None,
            Content::Sequence(items) => items.get(frame.next),
            Content::Mapping(entries) => entries
                .get(frame.next / 2)
                .map(|(key, value)| if frame.next.is_multiple_of(2) { key } else { value }),
        };
        match child {
            Some(child) => {
                frame.next += 1;
                let copy = shell(child);
                if child.is_scalar() {
                    push(&mut frame, copy);
                } else {
                    stack.push(frame);
                    frame = Frame { source: child, copy, next: 0, key: None };
                }
            }
            None => match stack.pop() {
                Some(mut parent) => {
                    push(&mut parent, frame.copy);
                    frame = parent;
                }
                None => return frame.copy,
            },
        }
    }
}
