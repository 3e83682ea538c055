//! The node tree: what a YAML document says, with positions, tags and style.

use std::fmt;
use std::mem;

use crate::resolve::{self, Scalar};
use crate::{Error, ErrorKind, Result, Tag};

/// A place in a YAML text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Mark {
    /// Line, counted from 1; 0 for a node that was not read from text.
    pub line: u32,
    /// Column in characters, counted from 1; 0 for a node that was not read from text.
    pub column: u32,
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// What a node holds.
#[derive(PartialEq, Eq, Hash, Clone, Copy, Debug)]
pub enum Kind {
    /// Text with a type.
    Scalar,
    /// A list.
    Sequence,
    /// Keys with values, in the order of the text.
    Mapping,
}

/// How a scalar is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum ScalarStyle {
    /// Without quotes.
    #[default]
    Plain,
    /// `'…'`
    SingleQuoted,
    /// `"…"`
    DoubleQuoted,
    /// `|`
    Literal,
    /// `>`
    Folded,
}

/// How a node is written. The writer keeps it wherever YAML allows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Style {
    /// Quoting of a scalar.
    pub scalar: ScalarStyle,
    /// A sequence or mapping on one line, in brackets.
    pub flow: bool,
    /// The tag stood in the text and is written again, even where it could be inferred.
    pub explicit_tag: bool,
}

/// Text, children or entries of a node.
#[derive(Debug)]
pub(crate) enum Content {
    Scalar(String),
    Sequence(Vec<Node>),
    Mapping(Vec<(Node, Node)>),
}

/// One node of a YAML document.
///
/// Aliases are expanded while reading, so the tree has none. Merge keys (`<<`) are kept as they stand and take
/// effect when the node is deserialized; [`Node::expand_merge_keys`] applies them to the tree.
///
/// `Debug` shows the shape and position, never a value: documents hold secrets.
pub struct Node {
    pub(crate) content: Content,
    pub(crate) tag: Tag,
    pub(crate) style: Style,
    pub(crate) mark: Mark,
}

impl Node {
    /// `null`.
    pub fn null() -> Self {
        Self::scalar(Tag::Null, "null")
    }

    /// A string. Quoting is chosen by the writer.
    pub fn string(text: impl Into<String>) -> Self {
        Self::scalar(Tag::Str, text)
    }

    /// `true` or `false`.
    pub fn bool(value: bool) -> Self {
        Self::scalar(Tag::Bool, if value { "true" } else { "false" })
    }

    /// A decimal integer.
    pub fn int(value: i64) -> Self {
        Self::scalar(Tag::Int, value.to_string())
    }

    /// A scalar with a tag and its text as it is to be written, such as `!!int` and `0o644`.
    pub fn scalar(tag: Tag, text: impl Into<String>) -> Self {
        Self::build(Content::Scalar(text.into()), tag)
    }

    /// A sequence of `items`.
    pub fn sequence(items: Vec<Node>) -> Self {
        Self::build(Content::Sequence(items), Tag::Seq)
    }

    /// A mapping of `entries` in the given order.
    pub fn mapping(entries: Vec<(Node, Node)>) -> Self {
        Self::build(Content::Mapping(entries), Tag::Map)
    }

    fn build(content: Content, tag: Tag) -> Self {
        Self { content, tag, style: Style::default(), mark: Mark::default() }
    }

    /// Scalar, sequence or mapping.
    pub fn kind(&self) -> Kind {
        match self.content {
            Content::Scalar(_) => Kind::Scalar,
            Content::Sequence(_) => Kind::Sequence,
            Content::Mapping(_) => Kind::Mapping,
        }
    }

    /// The type of the node.
    pub fn tag(&self) -> &Tag {
        &self.tag
    }

    /// Gives the node another type.
    pub fn set_tag(&mut self, tag: Tag) {
        self.tag = tag;
    }

    /// How the node is written.
    pub fn style(&self) -> Style {
        self.style
    }

    /// Changes how the node is written.
    pub fn set_style(&mut self, style: Style) {
        self.style = style;
    }

    /// Where the node starts in its text.
    pub fn mark(&self) -> Mark {
        self.mark
    }

    /// Line of the node, counted from 1; 0 if it was not read from text.
    pub fn line(&self) -> u32 {
        self.mark.line
    }

    /// Whether the node is a `!!null` scalar.
    pub fn is_null(&self) -> bool {
        self.tag == Tag::Null
    }

    /// Whether the node is a mapping.
    pub fn is_mapping(&self) -> bool {
        self.kind() == Kind::Mapping
    }

    /// Whether the node is a sequence.
    pub fn is_sequence(&self) -> bool {
        self.kind() == Kind::Sequence
    }

    /// Whether the node is a scalar.
    pub fn is_scalar(&self) -> bool {
        self.kind() == Kind::Scalar
    }

    /// Text of a scalar, whatever its type, without quotes and escapes; `None` for sequences and mappings.
    pub fn value(&self) -> Option<&str> {
        match &self.content {
            Content::Scalar(text) => Some(text),
            _ => None,
        }
    }

    /// Text of a scalar of type `!!str`.
    pub fn as_str(&self) -> Option<&str> {
        if self.tag == Tag::Str { self.value() } else { None }
    }

    /// A boolean; the YAML 1.1 words (`yes`, `off`, …) count, as they do for Go when a boolean is wanted.
    pub fn as_bool(&self) -> Option<bool> {
        match self.resolve().ok()? {
            Scalar::Bool(value) => Some(value),
            Scalar::Str(text) if self.tag == Tag::Str => resolve::old_bool(text),
            _ => None,
        }
    }

    /// An integer, or a float without fraction, that fits.
    pub fn as_i64(&self) -> Option<i64> {
        match self.resolve().ok()? {
            Scalar::Int(value) => Some(value),
            Scalar::Float(value) => resolve::lossless_i64(value),
            _ => None,
        }
    }

    /// An integer, or a float without fraction, that fits.
    pub fn as_u64(&self) -> Option<u64> {
        match self.resolve().ok()? {
            Scalar::Int(value) => u64::try_from(value).ok(),
            Scalar::Uint(value) => Some(value),
            Scalar::Float(value) => resolve::lossless_u64(value),
            _ => None,
        }
    }

    /// A number of any kind.
    pub fn as_f64(&self) -> Option<f64> {
        match self.resolve().ok()? {
            Scalar::Int(value) => Some(value as f64),
            Scalar::Uint(value) => Some(value as f64),
            Scalar::Float(value) => Some(value),
            _ => None,
        }
    }

    /// The typed value of a scalar.
    ///
    /// # Errors
    /// The node is not a scalar, or its explicit tag does not fit its text (`!!int x`).
    pub fn resolve(&self) -> Result<Scalar<'_>> {
        match &self.content {
            Content::Scalar(text) => resolve::scalar(&self.tag, text).map_err(|e| e.or_mark(self.mark)),
            _ => Err(Error::new(
                ErrorKind::Type,
                Some(self.mark),
                format!("expected a scalar, found {}", self.describe()),
            )),
        }
    }

    /// Children of a sequence; empty for anything else.
    pub fn items(&self) -> &[Node] {
        match &self.content {
            Content::Sequence(items) => items,
            _ => &[],
        }
    }

    /// Children of a sequence, to change; `None` for anything else.
    pub fn items_mut(&mut self) -> Option<&mut Vec<Node>> {
        match &mut self.content {
            Content::Sequence(items) => Some(items),
            _ => None,
        }
    }

    /// Takes the children of a sequence out, leaving it empty.
    pub fn take_items(&mut self) -> Vec<Node> {
        self.items_mut().map(mem::take).unwrap_or_default()
    }

    /// Entries of a mapping in the order of the text; empty for anything else.
    pub fn entries(&self) -> &[(Node, Node)] {
        match &self.content {
            Content::Mapping(entries) => entries,
            _ => &[],
        }
    }

    /// Entries of a mapping, to change; `None` for anything else.
    pub fn entries_mut(&mut self) -> Option<&mut Vec<(Node, Node)>> {
        match &mut self.content {
            Content::Mapping(entries) => Some(entries),
            _ => None,
        }
    }

    /// Takes the entries of a mapping out, leaving it empty.
    pub fn take_entries(&mut self) -> Vec<(Node, Node)> {
        self.entries_mut().map(mem::take).unwrap_or_default()
    }

    /// Whether a sequence or mapping has no children. Scalars are never empty.
    pub fn is_empty(&self) -> bool {
        match &self.content {
            Content::Scalar(_) => false,
            Content::Sequence(items) => items.is_empty(),
            Content::Mapping(entries) => entries.is_empty(),
        }
    }

    /// The value of a key whose text is `key`.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entries().iter().find(|(k, _)| k.value() == Some(key)).map(|(_, v)| v)
    }

    /// The value of a key whose text is `key`, to change.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        self.entries_mut()?.iter_mut().find(|(k, _)| k.value() == Some(key)).map(|(_, v)| v)
    }

    /// The node reached by going through the keys of `path` one after the other.
    pub fn get_path(&self, path: &[&str]) -> Option<&Node> {
        path.iter().try_fold(self, |node, key| node.get(key))
    }

    /// Takes a key with its value out of a mapping.
    pub fn remove(&mut self, key: &str) -> Option<Node> {
        let entries = self.entries_mut()?;
        let at = entries.iter().position(|(k, _)| k.value() == Some(key))?;
        Some(entries.remove(at).1)
    }

    /// Sets a key of a mapping, in its old place or at the end; gives back the value it had. A node that is
    /// not a mapping becomes one.
    pub fn set(&mut self, key: &str, value: Node) -> Option<Node> {
        if let Some(old) = self.get_mut(key) {
            return Some(mem::replace(old, value));
        }
        if !self.is_mapping() {
            *self = Self::mapping(Vec::new());
        }
        if let Some(entries) = self.entries_mut() {
            entries.push((Self::string(key), value));
        }
        None
    }

    /// What the node is, in words for an error message.
    pub(crate) fn describe(&self) -> String {
        match self.content {
            Content::Sequence(_) => "a list".into(),
            Content::Mapping(_) => "a mapping".into(),
            Content::Scalar(_) => match &self.tag {
                Tag::Null => "nothing".into(),
                Tag::Bool => "a boolean".into(),
                Tag::Int => "an integer".into(),
                Tag::Float => "a number".into(),
                Tag::Str => "a string".into(),
                Tag::Timestamp => "a timestamp".into(),
                Tag::Binary => "binary data".into(),
                tag => format!("a scalar tagged {tag}"),
            },
        }
    }

    /// Gives back the room for children that never came.
    pub(crate) fn shrink(&mut self) {
        match &mut self.content {
            Content::Scalar(_) => {}
            Content::Sequence(items) => items.shrink_to_fit(),
            Content::Mapping(entries) => entries.shrink_to_fit(),
        }
    }

    pub(crate) fn drain_children(&mut self, into: &mut Vec<Node>) {
        match &mut self.content {
            Content::Scalar(_) => {}
            Content::Sequence(items) => into.append(items),
            Content::Mapping(entries) => {
                for (key, value) in entries.drain(..) {
                    into.push(key);
                    into.push(value);
                }
            }
        }
    }
}

/// Trees can be 10,000 levels deep, so nothing here recurses.
impl Drop for Node {
    fn drop(&mut self) {
        let nested = match &self.content {
            Content::Scalar(_) => false,
            Content::Sequence(items) => items.iter().any(|n| !n.is_scalar()),
            Content::Mapping(entries) => entries.iter().any(|(k, v)| !k.is_scalar() || !v.is_scalar()),
        };
        if nested {
            let mut pending = Vec::new();
            self.drain_children(&mut pending);
            while let Some(mut node) = pending.pop() {
                node.drain_children(&mut pending);
            }
        }
    }
}

impl Clone for Node {
    fn clone(&self) -> Self {
        crate::walk::map(self, |node| Node {
            content: match &node.content {
                Content::Scalar(text) => Content::Scalar(text.clone()),
                Content::Sequence(items) => Content::Sequence(Vec::with_capacity(items.len())),
                Content::Mapping(entries) => Content::Mapping(Vec::with_capacity(entries.len())),
            },
            tag: node.tag.clone(),
            style: node.style,
            mark: node.mark,
        })
    }
}

/// Two trees are equal if tags, texts and the order of children are; style and position do not count.
impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        let mut pending = vec![(self, other)];
        while let Some((a, b)) = pending.pop() {
            if a.tag != b.tag {
                return false;
            }
            match (&a.content, &b.content) {
                (Content::Scalar(x), Content::Scalar(y)) if x == y => {}
                (Content::Sequence(x), Content::Sequence(y)) if x.len() == y.len() => {
                    pending.extend(x.iter().zip(y));
                }
                (Content::Mapping(x), Content::Mapping(y)) if x.len() == y.len() => {
                    for ((ak, av), (bk, bv)) in x.iter().zip(y) {
                        pending.push((ak, bk));
                        pending.push((av, bv));
                    }
                }
                _ => return false,
            }
        }
        true
    }
}

impl Eq for Node {}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Node");
        out.field("tag", &format_args!("{}", self.tag)).field("mark", &format_args!("{}", self.mark));
        match &self.content {
            Content::Scalar(text) => out.field("bytes", &text.len()),
            Content::Sequence(items) => out.field("items", &items.len()),
            Content::Mapping(entries) => out.field("entries", &entries.len()),
        };
        out.finish()
    }
}
