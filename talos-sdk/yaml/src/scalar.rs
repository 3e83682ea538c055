//! Scanning of scalars: plain, quoted, and block texts.
//!
//! A scalar on one line is a span of the text. A `String` is made only where lines are folded or escapes replaced.

use crate::cursor::{Cursor, Until};
use crate::scanner::Scanner;
use crate::{Result, ScalarStyle};

/// White space between two words of a scalar that goes over several lines.
#[derive(Default)]
struct Gap<'a> {
    /// Where the blanks before the first line break start.
    blanks: usize,
    folded: bool,
    first: &'a str,
    more: String,
}

impl<'a> Gap<'a> {
    fn new(cursor: &Cursor<'_>) -> Self {
        Self { blanks: cursor.at, ..Self::default() }
    }

    fn add_break(&mut self, cursor: &mut Cursor<'a>) {
        let value = cursor.take_break();
        if self.folded {
            self.more.push_str(value);
        } else {
            self.first = value;
            self.folded = true;
        }
    }

    /// What the gap means: its blanks, or a space for one line break, or all line breaks but the first.
    fn append_to(&self, out: &mut String, cursor: &Cursor<'a>) {
        match self.first {
            _ if !self.folded => out.push_str(cursor.slice(self.blanks, cursor.at)),
            "\n" if self.more.is_empty() => out.push(' '),
            "\n" => out.push_str(&self.more),
            first => {
                out.push_str(first);
                out.push_str(&self.more);
            }
        }
    }
}

impl<'a> Scanner<'a> {
    pub(crate) fn plain_scalar(&mut self) -> Result<()> {
        self.note_candidate()?;
        self.key_allowed = false;
        let mark = self.cursor.mark;
        let start = self.cursor.at;
        let mut end = start;
        let mut rewritten: Option<String> = None;
        let mut gap = Gap::new(&self.cursor);
        loop {
            if self.cursor.at_document_marker() || self.cursor.peek(0) == b'#' {
                break;
            }
            let word = self.plain_word();
            if word > 0 {
                if gap.folded && rewritten.is_none() {
                    rewritten = Some(self.cursor.slice(start, end).to_owned());
                }
                if let Some(text) = &mut rewritten {
                    gap.append_to(text, &self.cursor);
                    text.push_str(self.cursor.slice(self.cursor.at, self.cursor.at + word));
                }
                self.cursor.advance(word);
                end = self.cursor.at;
                gap = Gap::new(&self.cursor);
            }
            if self.cursor.at_end() || !self.cursor.is_space(0) {
                break;
            }
            while self.cursor.is_space(0) && !self.cursor.at_end() {
                if !self.cursor.is_blank(0) {
                    gap.add_break(&mut self.cursor);
                } else if gap.folded && self.cursor.mark.column <= self.indent && self.cursor.peek(0) == b'\t'
                {
                    return Err(self.cursor.error("a tab can't be used for indentation; use spaces"));
                } else {
                    self.cursor.advance(1);
                }
            }
            if self.flow == 0 && self.cursor.mark.column <= self.indent {
                break;
            }
        }
        if gap.folded {
            self.key_allowed = true;
        }
        self.push_scalar(ScalarStyle::Plain, mark, (start, end), rewritten);
        Ok(())
    }

    /// Bytes up to white space, or to what ends a plain scalar.
    fn plain_word(&self) -> usize {
        let cursor = &self.cursor;
        let until = if self.flow > 0 { Until::PlainInFlow } else { Until::PlainInBlock };
        let mut len = 0;
        loop {
            len += cursor.run(len, until);
            let goes_on = match cursor.peek(len) {
                b':' if self.flow > 0 => {
                    !cursor.is_space(len + 1) && !matches!(cursor.peek(len + 1), b',' | b']' | b'}')
                }
                b':' | b'?' => !cursor.is_space(len + 1),
                _ => false,
            };
            if !goes_on {
                return len;
            }
            len += 1;
        }
    }

    pub(crate) fn quoted_scalar(&mut self, style: ScalarStyle) -> Result<()> {
        self.note_candidate()?;
        self.key_allowed = false;
        let mark = self.cursor.mark;
        let (quote, until) = match style {
            ScalarStyle::SingleQuoted => (b'\'', Until::SingleQuote),
            _ => (b'"', Until::DoubleQuote),
        };
        self.cursor.advance(1);
        let start = self.cursor.at;
        let run = self.cursor.run(0, until);
        let ends = self.cursor.peek(run) == quote && (quote == b'"' || self.cursor.peek(run + 1) != quote);
        if ends {
            self.cursor.advance(run + 1);
            self.push_scalar(style, mark, (start, start + run), None);
            return Ok(());
        }
        let mut text = String::new();
        loop {
            if self.cursor.at_document_marker() {
                return Err(self.cursor.error(format!(
                    "a new document starts inside the quoted text of line {}; close the quotes first",
                    mark.line
                )));
            }
            if self.cursor.at_end() {
                return Err(crate::Error::new(
                    crate::ErrorKind::Syntax,
                    Some(mark),
                    "the quotes that open here are never closed",
                ));
            }
            let mut gap = self.quoted_words(quote, until, &mut text)?;
            if self.cursor.peek(0) == quote {
                break;
            }
            while self.cursor.is_space(0) && !self.cursor.at_end() {
                if !self.cursor.is_blank(0) {
                    gap.add_break(&mut self.cursor);
                } else {
                    self.cursor.advance(1);
                }
            }
            gap.append_to(&mut text, &self.cursor);
        }
        self.cursor.advance(1);
        self.push_scalar(style, mark, (start, start), Some(text));
        Ok(())
    }

    /// Reads quoted text up to the closing quote, a line break or the end, and starts the gap behind it. Blanks at
    /// the end belong to the gap.
    fn quoted_words(&mut self, quote: u8, until: Until, text: &mut String) -> Result<Gap<'a>> {
        loop {
            let run = self.cursor.run(0, until);
            let words = self.cursor.slice(self.cursor.at, self.cursor.at + run);
            match self.cursor.peek(run) {
                b'\'' if self.cursor.peek(run + 1) == b'\'' => {
                    text.push_str(words);
                    text.push('\'');
                    self.cursor.advance(run + 2);
                }
                b'\\' => {
                    text.push_str(words);
                    self.cursor.advance(run);
                    if self.cursor.break_len(1) > 0 {
                        // An escaped line break joins the lines.
                        self.cursor.advance(1);
                        self.cursor.skip_break();
                        return Ok(Gap { folded: true, ..Gap::new(&self.cursor) });
                    }
                    text.push(self.escape()?);
                }
                c if c == quote => {
                    text.push_str(words);
                    self.cursor.advance(run);
                    return Ok(Gap::new(&self.cursor));
                }
                _ => {
                    let words = words.trim_end_matches([' ', '\t']);
                    text.push_str(words);
                    self.cursor.advance(words.len());
                    return Ok(Gap::new(&self.cursor));
                }
            }
        }
    }

    /// Reads an escape of a text in double quotes.
    fn escape(&mut self) -> Result<char> {
        let (value, digits) = match self.cursor.peek(1) {
            b'0' => ('\0', 0),
            b'a' => ('\x07', 0),
            b'b' => ('\x08', 0),
            b't' | b'\t' => ('\t', 0),
            b'n' => ('\n', 0),
            b'v' => ('\x0B', 0),
            b'f' => ('\x0C', 0),
            b'r' => ('\r', 0),
            b'e' => ('\x1B', 0),
            c @ (b' ' | b'"' | b'\'' | b'\\') => (char::from(c), 0),
            b'N' => ('\u{85}', 0),
            b'_' => ('\u{A0}', 0),
            b'L' => ('\u{2028}', 0),
            b'P' => ('\u{2029}', 0),
            b'x' => ('\0', 2),
            b'u' => ('\0', 4),
            b'U' => ('\0', 8),
            _ => return Err(self.cursor.error("unknown escape; write \\\\ for a backslash")),
        };
        if digits == 0 {
            self.cursor.advance(2);
            return Ok(value);
        }
        let mut code = 0;
        for at in 2..2 + digits {
            let Some(digit) = char::from(self.cursor.peek(at)).to_digit(16) else {
                return Err(self.cursor.error(format!("this escape needs {digits} hexadecimal digits")));
            };
            code = code << 4 | digit;
        }
        let Some(value) = char::from_u32(code) else {
            return Err(self
                .cursor
                .error("the escape is no Unicode character; half of a surrogate pair is none"));
        };
        self.cursor.advance(2 + digits);
        Ok(value)
    }

    pub(crate) fn block_scalar(&mut self, style: ScalarStyle) -> Result<()> {
        self.drop_candidate()?;
        self.key_allowed = true;
        let mark = self.cursor.mark;
        let start = self.cursor.at;
        self.cursor.advance(1);
        let (mut chomping, mut indent) = (None, None);
        for _ in 0..2 {
            match self.cursor.peek(0) {
                c @ (b'+' | b'-') if chomping.is_none() => chomping = Some(c),
                b'0' if indent.is_none() => {
                    return Err(self.cursor.error("the indentation of a block text is at least 1"));
                }
                c @ b'1'..=b'9' if indent.is_none() => indent = Some(u32::from(c - b'0')),
                _ => break,
            }
            self.cursor.advance(1);
        }
        if !self.skip_rest_of_line() {
            let message = "the text of a block starts on the next line; only a comment may stand here";
            return Err(self.cursor.error(message));
        }
        // Columns count from 1, and outside of all blocks the text starts in the first one.
        let mut indent = indent.map(|indent| self.indent.max(1) + indent);
        let mut text = String::new();
        let mut first_break = "";
        let mut breaks = String::new();
        let mut after_blank = false;
        self.block_breaks(&mut indent, &mut breaks)?;
        while Some(self.cursor.mark.column) == indent && !self.cursor.at_end() {
            let blank = self.cursor.is_blank(0);
            let folds = style == ScalarStyle::Folded && !after_blank && !blank && first_break == "\n";
            match folds {
                true if breaks.is_empty() => text.push(' '),
                true => {}
                false => text.push_str(first_break),
            }
            text.push_str(&breaks);
            breaks.clear();
            after_blank = blank;
            let line = self.cursor.run(0, Until::Break);
            text.push_str(self.cursor.slice(self.cursor.at, self.cursor.at + line));
            self.cursor.advance(line);
            first_break = self.cursor.take_break();
            self.block_breaks(&mut indent, &mut breaks)?;
        }
        if chomping != Some(b'-') {
            text.push_str(first_break);
        }
        if chomping == Some(b'+') {
            text.push_str(&breaks);
        }
        self.push_scalar(style, mark, (start, start), Some(text));
        Ok(())
    }

    /// Goes over indentation and empty lines, and finds out the indentation if it is not known yet: that of the
    /// deepest line so far, but deeper than the block around it.
    fn block_breaks(&mut self, indent: &mut Option<u32>, breaks: &mut String) -> Result<()> {
        let mut deepest = 0;
        loop {
            let inside = |column: u32| indent.is_none_or(|indent| column < indent);
            while inside(self.cursor.mark.column) && self.cursor.peek(0) == b' ' {
                self.cursor.advance(1);
            }
            deepest = deepest.max(self.cursor.mark.column);
            if inside(self.cursor.mark.column) && self.cursor.peek(0) == b'\t' {
                return Err(self.cursor.error("a tab can't be used for indentation; use spaces"));
            }
            if self.cursor.break_len(0) == 0 {
                break;
            }
            breaks.push_str(self.cursor.take_break());
        }
        indent.get_or_insert(deepest.max(self.indent + 1));
        Ok(())
    }
}
