//! Events to node trees.

use std::collections::HashMap;

use crate::anchor::Anchors;
use crate::error::quoted;
use crate::node::{Content, Node};
use crate::parser::{Event, Parser, Properties};
use crate::{Error, ErrorKind, Mark, Result, ScalarStyle, Style, Tag, resolve};

/// Levels of nesting that are read, of blocks and of brackets each, as in Go.
pub const MAX_DEPTH: usize = 10_000;

/// Reads all documents of a text, in order. A text without content has none; a document without content is a
/// `!!null` node.
///
/// Scalars are resolved as go-yaml v4 does ([`crate::Scalar`]), comments are dropped, aliases expanded; they may
/// also refer to anchors of the documents before.
///
/// Time and memory are linear in the size of the text and of what its aliases add.
///
/// # Errors
/// The text is not YAML, a mapping has a key twice, nesting goes deeper than [`MAX_DEPTH`], or aliases expand
/// to far more than the text itself holds.
pub fn parse_documents(text: &str) -> Result<Vec<Node>> {
    compose(text, true)
}

/// Reads all documents of a text as [`parse_documents`] does, but lets a mapping have a key twice. For texts of which
/// parts are dropped before they count; [`Node::check_unique_keys`] looks at what is left.
///
/// # Errors
/// As [`parse_documents`], duplicate keys aside.
pub fn parse_with_duplicates(text: &str) -> Result<Vec<Node>> {
    compose(text, false)
}

/// Reads the first document of a text as [`parse_with_duplicates`] does, whatever may stand behind it.
///
/// # Errors
/// As [`parse_with_duplicates`], for the first document.
pub fn parse_first(text: &str) -> Result<Option<Node>> {
    let mut composer = Composer::new(text, false)?;
    while composer.documents.is_empty() && composer.step()? {}
    if !composer.documents.is_empty() {
        // The end of the document is part of it.
        composer.step()?;
    }
    Ok(composer.documents.pop())
}

fn compose(text: &str, unique: bool) -> Result<Vec<Node>> {
    let mut composer = Composer::new(text, unique)?;
    while composer.step()? {}
    Ok(composer.documents)
}

struct Composer<'a> {
    parser: Parser<'a>,
    documents: Vec<Node>,
    /// Lists and mappings that are being read.
    stack: Vec<Open>,
    anchors: Anchors<'a>,
    /// Whether a key that a mapping has twice is an error.
    unique: bool,
    built: u64,
    aliased: u64,
}

/// A list or mapping being read.
pub(crate) struct Open {
    pub(crate) node: Node,
    /// A key whose value is still to come.
    pub(crate) key: Option<Node>,
    /// How many nodes, keys and values apart, its parent held before it.
    pub(crate) index: usize,
    /// Its place, if an anchor needs it.
    pub(crate) place: Option<usize>,
}

impl Open {
    /// Nodes read so far, keys and values apart.
    pub(crate) fn children(&self) -> usize {
        match &self.node.content {
            Content::Scalar(_) => 0,
            Content::Sequence(items) => items.len(),
            Content::Mapping(entries) => 2 * entries.len() + usize::from(self.key.is_some()),
        }
    }

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

impl<'a> Composer<'a> {
    fn new(text: &'a str, unique: bool) -> Result<Self> {
        Ok(Self {
            parser: Parser::new(text)?,
            documents: Vec::new(),
            stack: Vec::new(),
            anchors: Anchors::default(),
            unique,
            built: 0,
            aliased: 0,
        })
    }

    /// Takes in one event; says whether there are more.
    fn step(&mut self) -> Result<bool> {
        let (event, mark) = self.parser.next()?;
        match event {
            Event::StreamEnd => return Ok(false),
            Event::DocumentStart | Event::DocumentEnd => {}
            Event::Alias { anchor } => {
                let node = self.anchors.resolve(anchor, &self.documents, &self.stack, mark)?;
                let size = size(&node);
                self.count(size + 1, size, mark)?;
                self.add(node);
            }
            Event::Scalar { properties, value, style } => {
                self.count(1, 0, mark)?;
                self.anchors.define(properties.anchor, self.documents.len(), &mut self.stack);
                let node = scalar(properties.tag.as_deref(), value.into_owned(), style, mark);
                self.add(node);
            }
            Event::SequenceStart { properties, flow } => {
                self.open(Content::Sequence(Vec::new()), Tag::Seq, properties, flow, mark)?;
            }
            Event::MappingStart { properties, flow } => {
                self.open(Content::Mapping(Vec::new()), Tag::Map, properties, flow, mark)?;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(mut open) = self.stack.pop() {
                    if self.unique {
                        unique_keys(&open.node)?;
                    }
                    open.node.shrink();
                    self.add(open.node);
                }
            }
        }
        Ok(true)
    }

    fn add(&mut self, node: Node) {
        match self.stack.last_mut() {
            Some(parent) => parent.push(node),
            None => self.documents.push(node),
        }
    }

    fn open(
        &mut self,
        content: Content,
        tag: Tag,
        properties: Properties<'a>,
        flow: bool,
        mark: Mark,
    ) -> Result<()> {
        self.count(1, 0, mark)?;
        let index = self.stack.last().map_or(self.documents.len(), Open::children);
        let place = self.anchors.define(properties.anchor, self.documents.len(), &mut self.stack);
        let node = collection(content, properties.tag.as_deref(), tag, flow, mark);
        self.stack.push(Open { node, key: None, index, place });
        Ok(())
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

impl Node {
    /// Checks that no mapping in this tree has a key twice.
    ///
    /// # Errors
    /// [`ErrorKind::DuplicateKey`] with the place of the second one.
    pub fn check_unique_keys(&self) -> Result<()> {
        let mut pending = vec![self];
        while let Some(node) = pending.pop() {
            unique_keys(node)?;
            pending.extend(node.items());
            pending.extend(node.entries().iter().flat_map(|(key, value)| [key, value]));
        }
        Ok(())
    }
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
            "key {} is already defined at line {}; keep one of them",
            quoted(later.value().unwrap_or_default()),
            earlier.mark.line
        ),
    )
}
