//! Events to node trees.

use std::collections::HashMap;

use crate::node::{Content, Node};
use crate::parser::{Event, Parser};
use crate::{Error, ErrorKind, Mark, Result, ScalarStyle, Style, Tag, resolve};

/// Levels of nesting that are read, as in Go.
pub const MAX_DEPTH: usize = 10_000;

/// Reads all documents of a text, in order. A text without content has none; a document without content is a
/// `!!null` node.
///
/// Scalars are resolved as go-yaml v4 does ([`crate::Scalar`]), comments are dropped, aliases expanded.
///
/// # Errors
/// The text is not YAML, a mapping has a key twice, nesting goes deeper than [`MAX_DEPTH`], or aliases expand
/// to far more than the text itself holds.
pub fn parse_documents(text: &str) -> Result<Vec<Node>> {
    let mut composer = Composer {
        parser: Parser::new(text)?,
        anchors: HashMap::new(),
        open_anchors: Vec::new(),
        built: 0,
        aliased: 0,
    };
    let mut documents = Vec::new();
    loop {
        match composer.parser.next()? {
            (Event::StreamEnd, _) => return Ok(documents),
            (Event::DocumentStart, _) => documents.push(composer.document()?),
            _ => {}
        }
    }
}

struct Composer<'a> {
    parser: Parser<'a>,
    anchors: HashMap<String, Node>,
    /// Anchors of collections that are still being read.
    open_anchors: Vec<String>,
    built: u64,
    aliased: u64,
}

/// A collection being read.
struct Open {
    node: Node,
    key: Option<Node>,
    anchor: Option<String>,
}

impl Composer<'_> {
    fn document(&mut self) -> Result<Node> {
        self.anchors.clear();
        let mut stack: Vec<Open> = Vec::new();
        let mut root = None;
        loop {
            let (event, mark) = self.parser.next()?;
            let done = match event {
                Event::DocumentEnd | Event::StreamEnd => return Ok(root.unwrap_or_else(Node::null)),
                Event::StreamStart | Event::DocumentStart => continue,
                Event::Alias { anchor } => self.expand(&anchor, mark)?,
                Event::Scalar { anchor, tag, value, style } => {
                    let node = scalar(tag.as_deref(), value, style, mark);
                    self.count(1, 0, mark)?;
                    if let Some(anchor) = anchor {
                        self.anchors.insert(anchor, node.clone());
                    }
                    node
                }
                Event::SequenceStart { anchor, tag, flow } => {
                    let content = Content::Sequence(Vec::new());
                    self.open(&mut stack, collection(content, tag.as_deref(), Tag::Seq, flow, mark), anchor)?;
                    continue;
                }
                Event::MappingStart { anchor, tag, flow } => {
                    let content = Content::Mapping(Vec::new());
                    self.open(&mut stack, collection(content, tag.as_deref(), Tag::Map, flow, mark), anchor)?;
                    continue;
                }
                Event::SequenceEnd | Event::MappingEnd => match stack.pop() {
                    Some(open) => self.close(open)?,
                    None => continue,
                },
            };
            match stack.last_mut() {
                Some(parent) => parent.push(done),
                None => root = Some(done),
            }
        }
    }

    fn open(&mut self, stack: &mut Vec<Open>, node: Node, anchor: Option<String>) -> Result<()> {
        if stack.len() >= MAX_DEPTH {
            return Err(Error::new(
                ErrorKind::Limit,
                Some(node.mark),
                format!("nested deeper than {MAX_DEPTH} levels"),
            ));
        }
        self.count(1, 0, node.mark)?;
        self.open_anchors.extend(anchor.clone());
        stack.push(Open { node, key: None, anchor });
        Ok(())
    }

    fn close(&mut self, open: Open) -> Result<Node> {
        unique_keys(&open.node)?;
        if let Some(anchor) = open.anchor {
            if let Some(at) = self.open_anchors.iter().rposition(|a| *a == anchor) {
                self.open_anchors.remove(at);
            }
            self.anchors.insert(anchor, open.node.clone());
        }
        Ok(open.node)
    }

    /// A copy of the node that carries the anchor.
    fn expand(&mut self, anchor: &str, mark: Mark) -> Result<Node> {
        if self.open_anchors.iter().any(|a| a == anchor) {
            return Err(Error::new(
                ErrorKind::Syntax,
                Some(mark),
                format!("the value of anchor {anchor:?} contains itself"),
            ));
        }
        let Some(node) = self.anchors.get(anchor) else {
            return Err(Error::new(
                ErrorKind::Syntax,
                Some(mark),
                format!("unknown anchor {anchor:?}; define it with &{anchor} before its first use"),
            ));
        };
        let size = size(node);
        let copy = node.clone();
        self.count(size + 1, size, mark)?;
        Ok(copy)
    }

    /// The budget of go-yaml: what aliases add may be 99 % of a small document, and less of a large one.
    fn count(&mut self, built: u64, aliased: u64, mark: Mark) -> Result<()> {
        const SMALL: u64 = 400_000;
        const LARGE: u64 = 4_000_000;
        self.built += built;
        self.aliased += aliased;
        if self.aliased <= 100 || self.built <= 1000 {
            return Ok(());
        }
        let past = self.built.clamp(SMALL, LARGE) - SMALL;
        let allowed = 0.99 - 0.89 * (past as f64 / (LARGE - SMALL) as f64);
        if self.aliased as f64 / self.built as f64 > allowed {
            return Err(Error::new(
                ErrorKind::Limit,
                Some(mark),
                "aliases expand to far more than the document holds; write the values out",
            ));
        }
        Ok(())
    }
}

impl Open {
    fn push(&mut self, child: Node) {
        match &mut self.node.content {
            Content::Scalar(_) => {}
            Content::Sequence(items) => items.push(child),
            Content::Mapping(entries) => match self.key.take() {
                Some(key) => entries.push((key, child)),
                None => self.key = Some(child),
            },
        }
    }
}

fn scalar(tag: Option<&str>, value: String, style: ScalarStyle, mark: Mark) -> Node {
    let explicit_tag = tag.is_some_and(|tag| tag != "!");
    let tag = match tag {
        Some(tag) if tag != "!" || style == ScalarStyle::Plain => Tag::from_uri(tag),
        _ if style != ScalarStyle::Plain => Tag::Str,
        _ => resolve::implicit_tag(&value),
    };
    Node {
        content: Content::Scalar(value),
        tag,
        style: Style { scalar: style, flow: false, explicit_tag },
        mark,
    }
}

fn collection(content: Content, tag: Option<&str>, default: Tag, flow: bool, mark: Mark) -> Node {
    let explicit_tag = tag.is_some_and(|tag| tag != "!");
    let tag = tag.filter(|tag| *tag != "!").map_or(default, Tag::from_uri);
    Node { content, tag, style: Style { scalar: ScalarStyle::Plain, flow, explicit_tag }, mark }
}

/// Number of nodes of a tree.
fn size(node: &Node) -> u64 {
    let mut count = 0;
    let mut pending = vec![node];
    while let Some(node) = pending.pop() {
        count += 1;
        pending.extend(node.items());
        pending.extend(node.entries().iter().flat_map(|(key, value)| [key, value]));
    }
    count
}

/// Keys are the same if they are of one kind and have the same text, whatever their type.
fn unique_keys(node: &Node) -> Result<()> {
    let entries = node.entries();
    let key = |at: usize| (entries[at].0.kind(), entries[at].0.value().unwrap_or_default());
    if entries.len() <= 16 {
        for later in 1..entries.len() {
            if let Some(earlier) = (0..later).find(|earlier| key(*earlier) == key(later)) {
                return Err(duplicate(&entries[earlier].0, &entries[later].0));
            }
        }
        return Ok(());
    }
    let mut seen = HashMap::with_capacity(entries.len());
    for at in 0..entries.len() {
        if let Some(earlier) = seen.insert(key(at), at) {
            return Err(duplicate(&entries[earlier].0, &entries[at].0));
        }
    }
    Ok(())
}

fn duplicate(earlier: &Node, later: &Node) -> Error {
    Error::new(
        ErrorKind::DuplicateKey,
        Some(later.mark),
        format!(
            "key {:?} is already defined at line {}; keep one of them",
            later.value().unwrap_or_default(),
            earlier.mark.line
        ),
    )
}
