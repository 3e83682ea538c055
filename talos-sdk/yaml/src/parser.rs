//! Tokens to events: the grammar of YAML.

use std::borrow::Cow;

use crate::scanner::{Scanner, escaped_byte};
use crate::tag::CORE_PREFIX;
use crate::token::{Token, TokenKind};
use crate::{Error, ErrorKind, Mark, Result, ScalarStyle};

/// One event of a YAML text.
#[derive(Debug)]
pub(crate) enum Event<'a> {
    StreamEnd,
    DocumentStart,
    DocumentEnd,
    Alias { anchor: &'a str },
    Scalar { properties: Properties<'a>, value: Cow<'a, str>, style: ScalarStyle },
    SequenceStart { properties: Properties<'a>, flow: bool },
    SequenceEnd,
    MappingStart { properties: Properties<'a>, flow: bool },
    MappingEnd,
}

/// What stands in front of a value.
#[derive(Debug, Default)]
pub(crate) struct Properties<'a> {
    pub(crate) anchor: Option<&'a str>,
    /// The full tag.
    pub(crate) tag: Option<Cow<'a, str>>,
}

/// Reads events off a text.
pub(crate) struct Parser<'a> {
    scanner: Scanner<'a>,
    place: Place,
    /// Lists and mappings that are open, the innermost last.
    open: Vec<Open>,
    /// Handles and prefixes of the document's `%TAG` lines.
    handles: Vec<(&'a str, Cow<'a, str>)>,
}

/// Where in the stream the parser is while nothing is open.
#[derive(Clone, Copy)]
enum Place {
    /// A document may start without `---`.
    StreamStart,
    BetweenDocuments,
    /// Behind the start of a document; with `---` it may be empty.
    DocumentStart {
        marked: bool,
    },
    DocumentContent,
}

/// An open list or mapping, and what is expected next in it.
#[derive(Clone, Copy)]
enum Open {
    BlockSequence {
        start: Mark,
    },
    /// A list that stands in the column of its key.
    FlatSequence,
    BlockMapping {
        start: Mark,
        next: Next,
    },
    FlowSequence {
        start: Mark,
        first: bool,
    },
    /// `key: value` as an item of a list in brackets.
    Pair {
        next: Next,
    },
    FlowMapping {
        start: Mark,
        first: bool,
        next: Next,
    },
}

#[derive(Clone, Copy, PartialEq)]
enum Next {
    Key,
    Value,
    /// The value of a key that stands in braces alone.
    NoValue,
    End,
}

/// What may stand where a value is read.
#[derive(Clone, Copy, PartialEq)]
enum Context {
    Flow,
    Block,
    /// In a block, where the items of a list need no further indentation.
    BlockOrFlat,
}

impl<'a> Parser<'a> {
    pub(crate) fn new(text: &'a str) -> Result<Self> {
        Ok(Self {
            scanner: Scanner::new(text)?,
            place: Place::StreamStart,
            open: Vec::new(),
            handles: Vec::new(),
        })
    }

    /// The next event with the place where it starts. Not to be called after the end of the stream or an error.
    pub(crate) fn next(&mut self) -> Result<(Event<'a>, Mark)> {
        use TokenKind::{DocumentEnd, DocumentStart, StreamEnd, TagDirective, Version};
        if let Some(open) = self.open.last().copied() {
            return self.inside(open);
        }
        match self.place {
            Place::StreamStart => self.document_start(true),
            Place::BetweenDocuments => self.document_start(false),
            Place::DocumentStart { marked } => {
                self.place = Place::DocumentContent;
                let token = self.scanner.peek()?;
                match token.kind {
                    Version | TagDirective | DocumentStart | DocumentEnd | StreamEnd if marked => {
                        Ok(empty(token.mark))
                    }
                    _ => self.node(Context::Block),
                }
            }
            Place::DocumentContent => {
                let token = self.scanner.peek()?;
                if token.kind == DocumentEnd {
                    self.scanner.take();
                }
                self.handles.clear();
                self.place = Place::BetweenDocuments;
                Ok((Event::DocumentEnd, token.mark))
            }
        }
    }

    fn document_start(&mut self, may_be_bare: bool) -> Result<(Event<'a>, Mark)> {
        let mut token = self.scanner.peek()?;
        while token.kind == TokenKind::DocumentEnd {
            token = self.take_and_peek()?;
        }
        let start = token.mark;
        if token.kind == TokenKind::StreamEnd {
            return Ok((Event::StreamEnd, start));
        }
        let mut versions = 0;
        loop {
            match token.kind {
                TokenKind::Version => {
                    versions += 1;
                    if versions > 1 {
                        return Err(syntax(token.mark, "a document has one %YAML line at most"));
                    }
                }
                TokenKind::TagDirective => self.add_handle(&token)?,
                _ => break,
            }
            token = self.take_and_peek()?;
        }
        let bare = may_be_bare && versions == 0 && self.handles.is_empty();
        let marked = token.kind == TokenKind::DocumentStart;
        if marked {
            self.scanner.take();
        } else if !bare {
            return Err(syntax(
                token.mark,
                "expected a new document here, which starts with a line ---; check the indentation and the quotes",
            ));
        }
        self.place = Place::DocumentStart { marked };
        Ok((Event::DocumentStart, start))
    }

    fn add_handle(&mut self, token: &Token) -> Result<()> {
        let text = self.scanner.span(token);
        let (handle, prefix) = text.split_once([' ', '\t']).unwrap_or((text, ""));
        if self.handles.iter().any(|(known, _)| *known == handle) {
            return Err(syntax(token.mark, "this handle already has a %TAG line in this document"));
        }
        self.handles.push((handle, unescaped(prefix.trim_start_matches([' ', '\t']))));
        Ok(())
    }

    fn take_and_peek(&mut self) -> Result<Token> {
        self.scanner.take();
        self.scanner.peek()
    }

    fn inside(&mut self, open: Open) -> Result<(Event<'a>, Mark)> {
        match open {
            Open::BlockSequence { start } => self.block_sequence(start),
            Open::FlatSequence => self.flat_sequence(),
            Open::BlockMapping { start, next } => self.block_mapping(start, next),
            Open::FlowSequence { start, first } => self.flow_sequence(start, first),
            Open::Pair { next } => self.pair(next),
            Open::FlowMapping { start, first, next } => self.flow_mapping(start, first, next),
        }
    }

    /// Replaces what is known of the innermost list or mapping.
    fn expect(&mut self, open: Open) {
        if let Some(last) = self.open.last_mut() {
            *last = open;
        }
    }

    fn close(&mut self, event: Event<'a>, token: &Token) -> (Event<'a>, Mark) {
        self.open.pop();
        self.scanner.take();
        (event, token.mark)
    }

    fn block_sequence(&mut self, start: Mark) -> Result<(Event<'a>, Mark)> {
        let token = self.scanner.peek()?;
        match token.kind {
            TokenKind::Entry => match self.take_and_peek()?.kind {
                TokenKind::Entry | TokenKind::BlockEnd => Ok(empty(behind(&token))),
                _ => self.node(Context::Block),
            },
            TokenKind::BlockEnd => Ok(self.close(Event::SequenceEnd, &token)),
            _ => Err(syntax(
                token.mark,
                format!("expected the next \"- \" of the list that starts on line {}", start.line),
            )),
        }
    }

    fn flat_sequence(&mut self) -> Result<(Event<'a>, Mark)> {
        let token = self.scanner.peek()?;
        if token.kind != TokenKind::Entry {
            self.open.pop();
            return Ok((Event::SequenceEnd, token.mark));
        }
        match self.take_and_peek()?.kind {
            TokenKind::Entry | TokenKind::Key | TokenKind::Value | TokenKind::BlockEnd => {
                Ok(empty(behind(&token)))
            }
            _ => self.node(Context::Block),
        }
    }

    fn block_mapping(&mut self, start: Mark, next: Next) -> Result<(Event<'a>, Mark)> {
        let token = self.scanner.peek()?;
        let (wanted, then) = match next {
            Next::Key => (TokenKind::Key, Next::Value),
            _ => (TokenKind::Value, Next::Key),
        };
        if token.kind == wanted {
            self.expect(Open::BlockMapping { start, next: then });
            return match self.take_and_peek()?.kind {
                TokenKind::Key | TokenKind::Value | TokenKind::BlockEnd => Ok(empty(behind(&token))),
                _ => self.node(Context::BlockOrFlat),
            };
        }
        if next == Next::Value {
            self.expect(Open::BlockMapping { start, next: then });
            return Ok(empty(token.mark));
        }
        if token.kind == TokenKind::BlockEnd {
            return Ok(self.close(Event::MappingEnd, &token));
        }
        Err(syntax(
            token.mark,
            format!(
                "expected a key of the mapping that starts on line {}; check the indentation",
                start.line
            ),
        ))
    }

    /// Goes over the comma in front of an item that is not the first; gives the token behind it.
    fn separated(&mut self, token: Token, first: bool, start: Mark, closing: char) -> Result<Token> {
        match token.kind {
            _ if first => Ok(token),
            TokenKind::Comma => self.take_and_peek(),
            _ => Err(syntax(
                token.mark,
                format!("expected ',' or {closing:?} for the bracket that opens on line {}", start.line),
            )),
        }
    }

    fn flow_sequence(&mut self, start: Mark, first: bool) -> Result<(Event<'a>, Mark)> {
        let mut token = self.scanner.peek()?;
        if token.kind != TokenKind::FlowSequenceEnd {
            token = self.separated(token, first, start, ']')?;
        }
        match token.kind {
            TokenKind::FlowSequenceEnd => Ok(self.close(Event::SequenceEnd, &token)),
            TokenKind::Key => {
                self.scanner.take();
                self.expect(Open::FlowSequence { start, first: false });
                self.open.push(Open::Pair { next: Next::Key });
                Ok((Event::MappingStart { properties: Properties::default(), flow: true }, token.mark))
            }
            _ => {
                self.expect(Open::FlowSequence { start, first: false });
                self.node(Context::Flow)
            }
        }
    }

    fn pair(&mut self, next: Next) -> Result<(Event<'a>, Mark)> {
        use TokenKind::{Comma, FlowSequenceEnd, Value};
        let token = self.scanner.peek()?;
        match next {
            Next::Key => {
                self.expect(Open::Pair { next: Next::Value });
                if matches!(token.kind, Value | Comma | FlowSequenceEnd) {
                    // Go drops this token, so `[? : a]` is an error, while `[? ,]` is a list of one pair.
                    self.scanner.take();
                    return Ok(empty(behind(&token)));
                }
                self.node(Context::Flow)
            }
            Next::Value | Next::NoValue => {
                self.expect(Open::Pair { next: Next::End });
                if token.kind == Value && !matches!(self.take_and_peek()?.kind, Comma | FlowSequenceEnd) {
                    return self.node(Context::Flow);
                }
                Ok(empty(token.mark))
            }
            Next::End => {
                self.open.pop();
                Ok((Event::MappingEnd, token.mark))
            }
        }
    }

    fn flow_mapping(&mut self, start: Mark, first: bool, next: Next) -> Result<(Event<'a>, Mark)> {
        use TokenKind::{Comma, FlowMappingEnd, Key, Value};
        let mut token = self.scanner.peek()?;
        match next {
            Next::Key | Next::End => {
                if token.kind != FlowMappingEnd {
                    token = self.separated(token, first, start, '}')?;
                }
                match token.kind {
                    FlowMappingEnd => Ok(self.close(Event::MappingEnd, &token)),
                    Key => {
                        self.expect(Open::FlowMapping { start, first: false, next: Next::Value });
                        let token = self.take_and_peek()?;
                        if matches!(token.kind, Value | Comma | FlowMappingEnd) {
                            return Ok(empty(token.mark));
                        }
                        self.node(Context::Flow)
                    }
                    _ => {
                        self.expect(Open::FlowMapping { start, first: false, next: Next::NoValue });
                        self.node(Context::Flow)
                    }
                }
            }
            Next::Value => {
                self.expect(Open::FlowMapping { start, first: false, next: Next::Key });
                if token.kind == Value {
                    token = self.take_and_peek()?;
                    if !matches!(token.kind, Comma | FlowMappingEnd) {
                        return self.node(Context::Flow);
                    }
                }
                Ok(empty(token.mark))
            }
            Next::NoValue => {
                self.expect(Open::FlowMapping { start, first: false, next: Next::Key });
                Ok(empty(token.mark))
            }
        }
    }

    /// Reads an alias or a scalar, or opens a list or mapping.
    fn node(&mut self, context: Context) -> Result<(Event<'a>, Mark)> {
        let mut token = self.scanner.peek()?;
        let mark = token.mark;
        if token.kind == TokenKind::Alias {
            let anchor = self.scanner.span(&token);
            self.scanner.take();
            return Ok((Event::Alias { anchor }, mark));
        }
        let mut properties = Properties::default();
        loop {
            match token.kind {
                TokenKind::Anchor if properties.anchor.is_none() => {
                    properties.anchor = Some(self.scanner.span(&token));
                }
                TokenKind::Tag if properties.tag.is_none() => properties.tag = Some(self.full_tag(&token)?),
                _ => break,
            }
            token = self.take_and_peek()?;
        }
        let start = token.mark;
        let event = match token.kind {
            TokenKind::Scalar(style) => {
                let value = self.scanner.text(&token);
                self.scanner.take();
                Event::Scalar { properties, value, style }
            }
            TokenKind::Entry if context == Context::BlockOrFlat => {
                self.open.push(Open::FlatSequence);
                Event::SequenceStart { properties, flow: false }
            }
            TokenKind::FlowSequence => {
                self.scanner.take();
                self.open.push(Open::FlowSequence { start, first: true });
                Event::SequenceStart { properties, flow: true }
            }
            TokenKind::FlowMapping => {
                self.scanner.take();
                self.open.push(Open::FlowMapping { start, first: true, next: Next::Key });
                Event::MappingStart { properties, flow: true }
            }
            TokenKind::BlockSequence if context != Context::Flow => {
                self.scanner.take();
                self.open.push(Open::BlockSequence { start });
                Event::SequenceStart { properties, flow: false }
            }
            TokenKind::BlockMapping if context != Context::Flow => {
                self.scanner.take();
                self.open.push(Open::BlockMapping { start, next: Next::Key });
                Event::MappingStart { properties, flow: false }
            }
            _ if properties.anchor.is_some() || properties.tag.is_some() => {
                Event::Scalar { properties, value: Cow::Borrowed(""), style: ScalarStyle::Plain }
            }
            _ => return Err(syntax(start, "expected a value here")),
        };
        Ok((event, mark))
    }

    /// The tag with its handle replaced by what it stands for.
    fn full_tag(&self, token: &Token) -> Result<Cow<'a, str>> {
        let text = self.scanner.span(token);
        if let Some(verbatim) = text.strip_prefix("!<") {
            return Ok(unescaped(verbatim.trim_end_matches('>')));
        }
        let end = match text.get(1..).and_then(|rest| rest.find('!')) {
            Some(at) if text[1..=at].bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') => {
                at + 2
            }
            _ => 1,
        };
        let (handle, suffix) = text.split_at(end);
        if suffix.is_empty() {
            return Ok(Cow::Borrowed(text));
        }
        let prefix = match (self.handles.iter().find(|(known, _)| *known == handle), handle) {
            (Some((_, prefix)), _) => prefix,
            (None, "!") => "!",
            (None, "!!") => CORE_PREFIX,
            (None, _) => {
                return Err(syntax(
                    token.mark,
                    "the tag has a handle without a %TAG line; use !name or !<uri>",
                ));
            }
        };
        Ok(Cow::Owned(format!("{prefix}{}", unescaped(suffix))))
    }
}

/// A value that is not there.
fn empty<'a>(mark: Mark) -> (Event<'a>, Mark) {
    let properties = Properties::default();
    (Event::Scalar { properties, value: Cow::Borrowed(""), style: ScalarStyle::Plain }, mark)
}

/// The place behind a token of one character, or of a key without `?`, which has none.
fn behind(token: &Token) -> Mark {
    let width = u32::from(!token.is_key);
    Mark { column: token.mark.column + width, ..token.mark }
}

fn syntax(mark: Mark, message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Syntax, Some(mark), message)
}

/// The part of a tag with its `%` escapes replaced, which the scanner has checked.
fn unescaped(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let mut rest = text.as_bytes();
    let mut bytes = Vec::with_capacity(rest.len());
    while let Some((first, tail)) = rest.split_first() {
        match rest.first_chunk().copied().and_then(escaped_byte) {
            Some(byte) => {
                bytes.push(byte);
                rest = &rest[3..];
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())
}
