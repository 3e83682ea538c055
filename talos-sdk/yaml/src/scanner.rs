//! YAML text to tokens.
//!
//! Every byte is looked at a bounded number of times, and no token is moved once it is queued: that something was a
//! key shows only at the `:` behind it, and is then noted on the token itself.

use std::borrow::Cow;
use std::collections::VecDeque;

use crate::cursor::Cursor;
use crate::token::{Opens, Token, TokenKind};
use crate::{Error, ErrorKind, MAX_DEPTH, Mark, Result, ScalarStyle};

pub(crate) struct Scanner<'a> {
    pub(crate) cursor: Cursor<'a>,
    queue: VecDeque<Token>,
    /// Texts of the queued scalars that are marked as rewritten.
    rewritten: VecDeque<String>,
    /// Tokens that left the queue; the first one in it has this number.
    taken: usize,
    last: TokenKind,
    /// Column of the block that is being read; 0 outside of all.
    pub(crate) indent: u32,
    indents: Vec<u32>,
    /// Open brackets.
    pub(crate) flow: usize,
    /// A key without `?` may start here.
    pub(crate) key_allowed: bool,
    /// What may turn out to be a key, on this level and on the levels outside of the open brackets.
    candidate: Option<Candidate>,
    outer: Vec<Candidate>,
}

/// A token that is a key if `:` follows on its line.
#[derive(Clone, Copy)]
struct Candidate {
    token: usize,
    mark: Mark,
    flow: usize,
    /// It stands where a key must stand.
    required: bool,
}

impl<'a> Scanner<'a> {
    pub(crate) fn new(text: &'a str) -> Result<Self> {
        Ok(Self {
            cursor: Cursor::new(text)?,
            queue: VecDeque::new(),
            rewritten: VecDeque::new(),
            taken: 0,
            last: TokenKind::DocumentEnd,
            indent: 0,
            indents: Vec::new(),
            flow: 0,
            key_allowed: true,
            candidate: None,
            outer: Vec::new(),
        })
    }

    /// The next token, which stays.
    pub(crate) fn peek(&mut self) -> Result<Token> {
        while self.needs_more() {
            self.fetch()?;
        }
        let Some(token) = self.queue.front() else {
            return Ok(Token::new(TokenKind::StreamEnd, self.cursor.mark));
        };
        let kind = match token {
            Token { opens: Some(Opens::Sequence), .. } => TokenKind::BlockSequence,
            Token { opens: Some(Opens::Mapping), .. } => TokenKind::BlockMapping,
            Token { is_key: true, .. } => TokenKind::Key,
            _ => token.kind,
        };
        Ok(Token { kind, ..*token })
    }

    /// Takes the token that [`Self::peek`] gave.
    pub(crate) fn take(&mut self) {
        let Some(token) = self.queue.front_mut() else { return };
        if token.opens.take().is_none() && !std::mem::take(&mut token.is_key) {
            self.queue.pop_front();
            self.taken += 1;
        }
    }

    /// The text of a scalar that was peeked. To be called once.
    pub(crate) fn text(&mut self, token: &Token) -> Cow<'a, str> {
        if token.rewritten {
            return Cow::Owned(self.rewritten.pop_front().unwrap_or_default());
        }
        Cow::Borrowed(self.span(token))
    }

    /// What a token covers.
    pub(crate) fn span(&self, token: &Token) -> &'a str {
        self.cursor.slice(token.start as usize, token.end as usize)
    }

    /// Whether the first token is missing, or may yet turn out to be a key.
    fn needs_more(&self) -> bool {
        match self.outer.first().or(self.candidate.as_ref()) {
            _ if self.queue.is_empty() => true,
            Some(first) => first.token == self.taken && first.mark.line == self.cursor.mark.line,
            None => false,
        }
    }

    fn push(&mut self, kind: TokenKind, mark: Mark) {
        self.push_span(kind, mark, 0, 0);
    }

    fn push_span(&mut self, kind: TokenKind, mark: Mark, start: usize, end: usize) {
        // The text is shorter than 4 GiB.
        let (start, end) = (start as u32, end as u32);
        self.last = kind;
        self.queue.push_back(Token { start, end, ..Token::new(kind, mark) });
    }

    /// Queues a scalar: its span, or the text that it stands for.
    pub(crate) fn push_scalar(
        &mut self,
        style: ScalarStyle,
        mark: Mark,
        span: (usize, usize),
        rewritten: Option<String>,
    ) {
        self.push_span(TokenKind::Scalar(style), mark, span.0, span.1);
        if let (Some(text), Some(token)) = (rewritten, self.queue.back_mut()) {
            token.rewritten = true;
            self.rewritten.push_back(text);
        }
    }

    /// Queues the next token.
    fn fetch(&mut self) -> Result<()> {
        let behind_last = self.cursor.mark;
        self.skip_to_token();
        self.drop_passed_candidates()?;
        self.close_blocks(self.cursor.mark.column, behind_last);
        if self.cursor.at_end() {
            return self.stream_end();
        }
        let in_flow = self.flow > 0;
        if self.cursor.mark.column == 1 {
            if self.cursor.peek(0) == b'%' {
                return self.directive();
            }
            if self.cursor.at_document_marker() {
                return self.document_marker();
            }
        }
        match self.cursor.peek(0) {
            b'[' => self.open_bracket(TokenKind::FlowSequence),
            b'{' => self.open_bracket(TokenKind::FlowMapping),
            b']' => self.close_bracket(TokenKind::FlowSequenceEnd),
            b'}' => self.close_bracket(TokenKind::FlowMappingEnd),
            b',' => {
                self.drop_candidate()?;
                self.key_allowed = true;
                self.indicator(TokenKind::Comma);
                Ok(())
            }
            b'-' if self.cursor.is_space(1) => self.entry(),
            b'?' if self.cursor.is_space(1) => self.key(),
            b':' if self.is_value() => self.value(),
            b'*' => self.name(TokenKind::Alias),
            b'&' => self.name(TokenKind::Anchor),
            b'!' => self.tag(),
            b'|' if !in_flow => self.block_scalar(ScalarStyle::Literal),
            b'>' if !in_flow => self.block_scalar(ScalarStyle::Folded),
            b'\'' => self.quoted_scalar(ScalarStyle::SingleQuoted),
            b'"' => self.quoted_scalar(ScalarStyle::DoubleQuoted),
            b'\t' => Err(self.cursor.error("a tab can't be used for indentation; use spaces")),
            c @ (b'#' | b'|' | b'>' | b'%' | b'@' | b'`') => Err(self
                .cursor
                .error(format!("a value can't start with {:?}; put it in quotes", char::from(c)))),
            _ => self.plain_scalar(),
        }
    }

    fn is_value(&self) -> bool {
        let first_in_brackets = matches!(self.last, TokenKind::Comma | TokenKind::FlowSequence);
        (self.flow > 0 && !first_in_brackets) || self.cursor.is_space(1)
    }

    /// Goes over white space and comments.
    fn skip_to_token(&mut self) {
        let behind_indicator = matches!(self.last, TokenKind::Key | TokenKind::Value);
        if behind_indicator {
            // A comment right behind the indicator may also stand behind tabs.
            self.skip_blanks_to_comment();
        }
        // A comment on the line of a token, but for a dash, stands alone: go-yaml takes none after it together with it.
        let mut stands_alone = behind_indicator || !self.key_allowed;
        loop {
            while self.cursor.peek(0) == b' '
                || (self.cursor.peek(0) == b'\t' && (self.flow > 0 || !self.key_allowed))
            {
                self.cursor.advance(1);
            }
            if self.cursor.peek(0) == b'#' {
                self.cursor.skip_line();
                while !stands_alone && self.skip_to_near_comment() {
                    self.cursor.skip_line();
                }
            }
            if self.cursor.break_len(0) == 0 {
                return;
            }
            self.cursor.skip_break();
            stands_alone = false;
            if self.flow == 0 {
                self.key_allowed = true;
            }
        }
    }

    fn skip_blanks_to_comment(&mut self) {
        let mut blanks = 0;
        while self.cursor.is_blank(blanks) {
            blanks += 1;
        }
        if self.cursor.peek(blanks) == b'#' {
            self.cursor.advance(blanks);
        }
    }

    /// Goes from the end of a comment to the next one, which may be indented with tabs: go-yaml takes comments
    /// together that have nothing but white space, less than 512 bytes of it, between them.
    fn skip_to_near_comment(&mut self) -> bool {
        let mut ahead = 0;
        while ahead < 512 {
            match self.cursor.break_len(ahead) {
                0 if self.cursor.is_blank(ahead) => ahead += 1,
                0 => break,
                len => ahead += len,
            }
        }
        if ahead >= 512 || self.cursor.peek(ahead) != b'#' {
            return false;
        }
        let comment = self.cursor.at + ahead;
        while self.cursor.at < comment {
            self.cursor.skip_blanks();
            if self.cursor.break_len(0) > 0 {
                self.cursor.skip_break();
                self.key_allowed |= self.flow == 0;
            }
        }
        true
    }

    /// Remembers that the token to come may be a key.
    pub(crate) fn note_candidate(&mut self) -> Result<()> {
        if self.key_allowed {
            self.drop_candidate()?;
            let mark = self.cursor.mark;
            self.candidate = Some(Candidate {
                token: self.taken + self.queue.len(),
                mark,
                flow: self.flow,
                required: self.flow == 0 && self.indent == mark.column,
            });
        }
        Ok(())
    }

    pub(crate) fn drop_candidate(&mut self) -> Result<()> {
        match self.candidate.take() {
            Some(candidate) if candidate.required => Err(no_colon(candidate.mark)),
            _ => Ok(()),
        }
    }

    /// A key ends on the line where it starts, so all candidates of earlier lines are none.
    fn drop_passed_candidates(&mut self) -> Result<()> {
        let line = self.cursor.mark.line;
        if self.candidate.is_some_and(|candidate| candidate.mark.line < line) {
            self.drop_candidate()?;
        }
        if self.outer.first().is_some_and(|first| first.mark.line < line) {
            if let Some(required) = self.outer.iter().find(|c| c.required && c.mark.line < line) {
                return Err(no_colon(required.mark));
            }
            self.outer.retain(|candidate| candidate.mark.line == line);
        }
        Ok(())
    }

    /// Opens a list or mapping in column `column`, if it stands further in than the one around it.
    fn open_block(&mut self, column: u32) -> Result<bool> {
        if self.flow > 0 || self.indent >= column {
            return Ok(false);
        }
        if self.indents.len() >= MAX_DEPTH {
            return Err(too_deep(self.cursor.mark));
        }
        self.indents.push(self.indent);
        self.indent = column;
        Ok(true)
    }

    /// Ends the lists and mappings that stand further in than `column`.
    fn close_blocks(&mut self, column: u32, mark: Mark) {
        if self.flow > 0 {
            return;
        }
        while self.indent > column {
            self.push(TokenKind::BlockEnd, mark);
            self.indent = self.indents.pop().unwrap_or(0);
        }
    }

    fn indicator(&mut self, kind: TokenKind) {
        let mark = self.cursor.mark;
        self.cursor.advance(1);
        self.push(kind, mark);
    }

    fn stream_end(&mut self) -> Result<()> {
        let mut mark = self.cursor.mark;
        if mark.column > 1 {
            mark = Mark { line: mark.line + 1, column: 1 };
        }
        self.close_blocks(0, mark);
        self.drop_candidate()?;
        self.outer.clear();
        self.push(TokenKind::StreamEnd, mark);
        Ok(())
    }

    fn document_marker(&mut self) -> Result<()> {
        self.close_blocks(0, self.cursor.mark);
        self.drop_candidate()?;
        self.key_allowed = false;
        let kind =
            if self.cursor.peek(0) == b'-' { TokenKind::DocumentStart } else { TokenKind::DocumentEnd };
        let mark = self.cursor.mark;
        self.cursor.advance(3);
        self.push(kind, mark);
        Ok(())
    }

    fn open_bracket(&mut self, kind: TokenKind) -> Result<()> {
        self.note_candidate()?;
        if self.flow >= MAX_DEPTH {
            return Err(too_deep(self.cursor.mark));
        }
        self.flow += 1;
        self.outer.extend(self.candidate.take());
        self.key_allowed = true;
        self.indicator(kind);
        Ok(())
    }

    fn close_bracket(&mut self, kind: TokenKind) -> Result<()> {
        self.drop_candidate()?;
        if self.flow > 0 {
            self.flow -= 1;
            self.candidate = self.outer.pop_if(|outer| outer.flow == self.flow);
        }
        self.key_allowed = false;
        self.indicator(kind);
        Ok(())
    }

    fn entry(&mut self) -> Result<()> {
        let mut opens = false;
        if self.flow == 0 {
            if !self.key_allowed {
                return Err(self.cursor.error("a list can't start here; put it on a line of its own"));
            }
            opens = self.open_block(self.cursor.mark.column)?;
        }
        self.drop_candidate()?;
        self.key_allowed = true;
        self.opening_indicator(TokenKind::Entry, opens.then_some(Opens::Sequence));
        Ok(())
    }

    fn opening_indicator(&mut self, kind: TokenKind, opens: Option<Opens>) {
        self.indicator(kind);
        if let Some(token) = self.queue.back_mut() {
            token.opens = opens;
        }
    }

    fn key(&mut self) -> Result<()> {
        let mut opens = false;
        if self.flow == 0 {
            if !self.key_allowed {
                return Err(self.cursor.error("a key can't start here; put it on a line of its own"));
            }
            opens = self.open_block(self.cursor.mark.column)?;
        }
        self.drop_candidate()?;
        self.key_allowed = self.flow == 0;
        self.opening_indicator(TokenKind::Key, opens.then_some(Opens::Mapping));
        Ok(())
    }

    fn value(&mut self) -> Result<()> {
        if let Some(key) = self.candidate.take_if(|key| key.mark.line == self.cursor.mark.line) {
            let opens = self.open_block(key.mark.column)?.then_some(Opens::Mapping);
            if let Some(token) = self.queue.get_mut(key.token.wrapping_sub(self.taken)) {
                token.is_key = true;
                token.opens = opens;
            }
            self.key_allowed = false;
            self.indicator(TokenKind::Value);
            return Ok(());
        }
        let mut opens = false;
        if self.flow == 0 {
            if !self.key_allowed {
                let message =
                    "a value with \": \" can't start here; put it in quotes, or on a line of its own";
                return Err(self.cursor.error(message));
            }
            opens = self.open_block(self.cursor.mark.column)?;
        }
        self.key_allowed = self.flow == 0;
        self.opening_indicator(TokenKind::Value, opens.then_some(Opens::Mapping));
        Ok(())
    }

    /// `*name` or `&name`.
    fn name(&mut self, kind: TokenKind) -> Result<()> {
        self.note_candidate()?;
        self.key_allowed = false;
        let mark = self.cursor.mark;
        self.cursor.advance(1);
        let start = self.cursor.at;
        while matches!(self.cursor.peek(0), b'!'..=b'~') && !b":[]{},".contains(&self.cursor.peek(0)) {
            self.cursor.advance(1);
        }
        let end = self.cursor.at;
        if start == end || !(self.cursor.is_space(0) || b":,]}".contains(&self.cursor.peek(0))) {
            return Err(self
                .cursor
                .error("the name of an anchor needs letters, digits or -, and a space behind it"));
        }
        self.push_span(kind, mark, start, end);
        Ok(())
    }

    /// `!`, `!suffix`, `!handle!suffix` or `!<uri>`.
    fn tag(&mut self) -> Result<()> {
        self.note_candidate()?;
        self.key_allowed = false;
        let mark = self.cursor.mark;
        let start = self.cursor.at;
        if self.cursor.peek(1) == b'<' {
            self.cursor.advance(2);
            self.uri(true)?;
            if self.cursor.peek(0) != b'>' {
                return Err(self.cursor.error("a tag that starts with !< ends with >"));
            }
            self.cursor.advance(1);
        } else if self.handle() || is_uri(self.cursor.peek(0), false) {
            self.uri(false)?;
        }
        if !self.cursor.is_space(0) {
            return Err(self.cursor.error("a tag ends with a space"));
        }
        self.push_span(TokenKind::Tag, mark, start, self.cursor.at);
        Ok(())
    }

    /// Goes over `!word!`, or over as much of it as there is; says whether it was all there.
    fn handle(&mut self) -> bool {
        self.cursor.advance(1);
        while is_word(self.cursor.peek(0)) {
            self.cursor.advance(1);
        }
        let complete = self.cursor.peek(0) == b'!';
        if complete {
            self.cursor.advance(1);
        }
        complete
    }

    /// Goes over at least one character of a tag.
    fn uri(&mut self, with_brackets: bool) -> Result<()> {
        let start = self.cursor.at;
        while is_uri(self.cursor.peek(0), with_brackets) {
            if self.cursor.peek(0) == b'%' {
                self.escaped_character()?;
            } else {
                self.cursor.advance(1);
            }
        }
        if start == self.cursor.at {
            return Err(self.cursor.error("the tag has no name"));
        }
        Ok(())
    }

    /// Goes over the bytes of one character, each written as `%` and two digits.
    fn escaped_character(&mut self) -> Result<()> {
        let mut expected = 1;
        let mut read = 0;
        while read < expected {
            let byte = escaped_byte([self.cursor.peek(0), self.cursor.peek(1), self.cursor.peek(2)]);
            let width = match byte {
                Some(0..=0x7F) => 1,
                Some(0xC0..=0xDF) => 2,
                Some(0xE0..=0xEF) => 3,
                Some(0xF0..=0xF7) => 4,
                _ => 0,
            };
            let continues = byte.is_some_and(|byte| byte & 0xC0 == 0x80);
            match read {
                0 if width > 0 => expected = width,
                1.. if continues => {}
                _ => {
                    return Err(self
                        .cursor
                        .error("% in a tag needs the hexadecimal digits of a UTF-8 character"));
                }
            }
            self.cursor.advance(3);
            read += 1;
        }
        Ok(())
    }

    /// `%YAML 1.1` or `%TAG handle prefix`.
    fn directive(&mut self) -> Result<()> {
        self.close_blocks(0, self.cursor.mark);
        self.drop_candidate()?;
        self.key_allowed = false;
        let mark = self.cursor.mark;
        self.cursor.advance(1);
        let start = self.cursor.at;
        while is_word(self.cursor.peek(0)) {
            self.cursor.advance(1);
        }
        let name = self.cursor.slice(start, self.cursor.at);
        if !self.cursor.is_space(0) || !matches!(name, "YAML" | "TAG") {
            return Err(self.cursor.error("a line that starts with % is a directive, %YAML or %TAG"));
        }
        self.cursor.skip_blanks();
        let start = self.cursor.at;
        if name == "YAML" {
            self.version()?;
            self.push(TokenKind::Version, mark);
        } else {
            self.tag_directive()?;
            self.push_span(TokenKind::TagDirective, mark, start, self.cursor.at);
        }
        if !self.skip_rest_of_line() {
            return Err(self.cursor.error("nothing but a comment may follow a directive"));
        }
        Ok(())
    }

    fn version(&mut self) -> Result<()> {
        let start = self.cursor.at;
        while matches!(self.cursor.peek(0), b'0'..=b'9' | b'.') {
            self.cursor.advance(1);
        }
        // Leading zeros are accepted, two digits a number at most.
        match self.cursor.slice(start, self.cursor.at).split_once('.') {
            Some(("1" | "01", "1" | "01")) => Ok(()),
            _ => Err(self.cursor.error("only %YAML 1.1 is supported; drop the %YAML line")),
        }
    }

    fn tag_directive(&mut self) -> Result<()> {
        let start = self.cursor.at;
        let complete = self.cursor.peek(0) == b'!' && self.handle();
        let short = self.cursor.slice(start, self.cursor.at) == "!";
        if !(complete || short) || !self.cursor.is_blank(0) {
            return Err(self.cursor.error("%TAG needs a handle, such as !name!, and a prefix"));
        }
        self.cursor.skip_blanks();
        self.uri(true)?;
        if !self.cursor.is_space(0) {
            return Err(self.cursor.error("the prefix of %TAG ends with a space or the line"));
        }
        Ok(())
    }

    /// Goes over blanks, a comment and the line break; says whether there was nothing else.
    pub(crate) fn skip_rest_of_line(&mut self) -> bool {
        self.cursor.skip_blanks();
        if self.cursor.peek(0) == b'#' {
            self.cursor.skip_line();
        }
        let at_line_end = self.cursor.is_line_end(0);
        self.cursor.take_break();
        at_line_end
    }
}

fn no_colon(mark: Mark) -> Error {
    Error::new(
        ErrorKind::Syntax,
        Some(mark),
        "this needs \": \" behind it, since it stands where a key must stand",
    )
}

fn too_deep(mark: Mark) -> Error {
    Error::new(ErrorKind::Limit, Some(mark), format!("nested deeper than {MAX_DEPTH} levels"))
}

/// Letters, digits, `-` and `_`.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

fn is_uri(byte: u8, with_brackets: bool) -> bool {
    is_word(byte) || b";/?:@&=+$.!~*'()%".contains(&byte) || (with_brackets && b",[]{}".contains(&byte))
}

/// The byte that `%` and two hexadecimal digits stand for.
pub(crate) fn escaped_byte(text: [u8; 3]) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    match text {
        [b'%', high, low] => u8::try_from(digit(high)? * 16 + digit(low)?).ok(),
        _ => None,
    }
}
