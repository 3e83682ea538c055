//! The smallest parts of a YAML text.

use crate::{Mark, ScalarStyle};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenKind {
    StreamEnd,
    /// `%YAML`, already known to be 1.1.
    Version,
    /// `%TAG`; the span holds handle and prefix.
    TagDirective,
    /// `---`
    DocumentStart,
    /// `...`
    DocumentEnd,
    /// A list starts with the `-` that follows.
    BlockSequence,
    /// A mapping starts with the key that follows.
    BlockMapping,
    /// The indentation of a list or mapping ends.
    BlockEnd,
    /// `[`
    FlowSequence,
    /// `]`
    FlowSequenceEnd,
    /// `{`
    FlowMapping,
    /// `}`
    FlowMappingEnd,
    /// `-`
    Entry,
    /// `,`
    Comma,
    /// `?`, or the start of a key without it.
    Key,
    /// `:`
    Value,
    Alias,
    Anchor,
    Tag,
    Scalar(ScalarStyle),
}

/// A token with its place. The text that it stands for is a span of the source, if not said otherwise.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    /// The token is a key, which shows only by the `:` behind it.
    pub(crate) is_key: bool,
    /// A list or mapping starts here.
    pub(crate) opens: Option<Opens>,
    /// The text of the scalar differs from its span and waits in a queue of its own.
    pub(crate) rewritten: bool,
    pub(crate) mark: Mark,
    pub(crate) start: u32,
    pub(crate) end: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Opens {
    Sequence,
    Mapping,
}

impl Token {
    pub(crate) fn new(kind: TokenKind, mark: Mark) -> Self {
        Self { kind, is_key: false, opens: None, rewritten: false, mark, start: 0, end: 0 }
    }
}
