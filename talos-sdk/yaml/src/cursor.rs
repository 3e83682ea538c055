//! A place in a YAML text, and what stands there.

use crate::{Error, ErrorKind, Mark, Result};

/// Walks over the bytes of a text and counts lines and columns.
pub(crate) struct Cursor<'a> {
    text: &'a str,
    bytes: &'a [u8],
    pub(crate) at: usize,
    pub(crate) mark: Mark,
    /// Every byte is a character, so columns need no counting.
    ascii: bool,
}

/// Classes of bytes that end a run of ordinary characters. 0xC2 and 0xE2 start the line breaks outside ASCII.
const BLANK: u8 = 1;
const BREAK: u8 = 2;
const FLOW: u8 = 4;
const COLON: u8 = 8;
const SINGLE: u8 = 16;
const DOUBLE: u8 = 32;

const CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    classes[b' ' as usize] = BLANK;
    classes[b'\t' as usize] = BLANK;
    classes[b'\n' as usize] = BREAK;
    classes[b'\r' as usize] = BREAK;
    classes[0xC2] = BREAK;
    classes[0xE2] = BREAK;
    classes[b':' as usize] = COLON;
    classes[b'\'' as usize] = SINGLE;
    classes[b'"' as usize] = DOUBLE;
    classes[b'\\' as usize] = DOUBLE;
    let mut flow = 0;
    while flow < b",[]{}?".len() {
        classes[b",[]{}?"[flow] as usize] = FLOW;
        flow += 1;
    }
    classes
};

/// What a run of characters goes up to.
#[derive(Clone, Copy)]
pub(crate) enum Until {
    /// Line breaks.
    Break = BREAK as isize,
    /// Blanks, line breaks and colons.
    PlainInBlock = (BLANK | BREAK | COLON) as isize,
    /// Also brackets, commas and question marks.
    PlainInFlow = (BLANK | BREAK | COLON | FLOW) as isize,
    /// Line breaks and single quotes.
    SingleQuote = (BREAK | SINGLE) as isize,
    /// Line breaks, double quotes and backslashes.
    DoubleQuote = (BREAK | DOUBLE) as isize,
}

impl<'a> Cursor<'a> {
    /// # Errors
    /// The text has a character that YAML forbids, or is longer than 4 GiB.
    pub(crate) fn new(text: &'a str) -> Result<Self> {
        // An encoding mark at the very start is not part of the text; go-yaml then ignores a second one.
        let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
        let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
        let ascii = text.is_ascii();
        let mut cursor =
            Self { text, bytes: text.as_bytes(), at: 0, mark: Mark { line: 1, column: 1 }, ascii };
        if u32::try_from(text.len()).is_err() {
            return Err(Error::new(ErrorKind::Limit, Some(cursor.mark), "the text is longer than 4 GiB"));
        }
        if let Some(at) = forbidden(text, ascii) {
            cursor.walk_to(at);
            let code = text[at..].chars().next().map_or(0, u32::from);
            return Err(
                cursor.error(format!("the character U+{code:04X} is not allowed; escape or remove it"))
            );
        }
        Ok(cursor)
    }

    fn walk_to(&mut self, end: usize) {
        while self.at < end {
            match self.break_len(0) {
                0 => {
                    let width = self.text[self.at..].chars().next().map_or(1, char::len_utf8);
                    self.advance(width);
                }
                _ => self.skip_break(),
            }
        }
    }

    pub(crate) fn error(&self, message: impl Into<String>) -> Error {
        Error::new(ErrorKind::Syntax, Some(self.mark), message)
    }

    /// The byte `ahead` of the current one; 0 behind the end, which no text contains.
    #[inline]
    pub(crate) fn peek(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or(0)
    }

    pub(crate) fn slice(&self, from: usize, to: usize) -> &'a str {
        self.text.get(from..to).unwrap_or_default()
    }

    pub(crate) fn at_end(&self) -> bool {
        self.at >= self.bytes.len()
    }

    /// Goes over bytes that are no line break and whole characters.
    #[inline]
    pub(crate) fn advance(&mut self, bytes: usize) {
        let columns = if self.ascii {
            bytes
        } else {
            let run = self.bytes.get(self.at..self.at + bytes).unwrap_or_default();
            // Bytes that continue a character start with the bits 10.
            run.iter().filter(|byte| **byte & 0xC0 != 0x80).count()
        };
        self.at += bytes;
        self.mark.column += u32::try_from(columns).unwrap_or(u32::MAX);
    }

    /// Bytes of the line break at `ahead`; 0 if there is none.
    #[inline]
    pub(crate) fn break_len(&self, ahead: usize) -> usize {
        match self.peek(ahead) {
            b'\n' => 1,
            b'\r' if self.peek(ahead + 1) == b'\n' => 2,
            b'\r' => 1,
            0xC2 if self.peek(ahead + 1) == 0x85 => 2,
            0xE2 if self.peek(ahead + 1) == 0x80 && matches!(self.peek(ahead + 2), 0xA8 | 0xA9) => 3,
            _ => 0,
        }
    }

    /// Goes over the line break here, if there is one, and gives what it means: U+2028 and U+2029 stand for
    /// themselves, all others for `\n`.
    pub(crate) fn take_break(&mut self) -> &'a str {
        let value = match self.break_len(0) {
            0 => return "",
            3 => self.slice(self.at, self.at + 3),
            _ => "\n",
        };
        self.skip_break();
        value
    }

    pub(crate) fn skip_break(&mut self) {
        self.at += self.break_len(0);
        self.mark = Mark { line: self.mark.line + 1, column: 1 };
    }

    pub(crate) fn is_blank(&self, ahead: usize) -> bool {
        matches!(self.peek(ahead), b' ' | b'\t')
    }

    /// Whether a line break or the end of the text is `ahead`.
    pub(crate) fn is_line_end(&self, ahead: usize) -> bool {
        self.at + ahead >= self.bytes.len() || self.break_len(ahead) > 0
    }

    /// Whether white space or the end of the text is `ahead`.
    #[inline]
    pub(crate) fn is_space(&self, ahead: usize) -> bool {
        self.is_blank(ahead) || self.is_line_end(ahead)
    }

    pub(crate) fn skip_blanks(&mut self) {
        while self.is_blank(0) {
            self.advance(1);
        }
    }

    /// Whether `---` or `...` stands here, at the start of a line and alone.
    pub(crate) fn at_document_marker(&self) -> bool {
        self.mark.column == 1
            && matches!((self.peek(0), self.peek(1), self.peek(2)), (b'-', b'-', b'-') | (b'.', b'.', b'.'))
            && self.is_space(3)
    }

    /// Length of the run of characters from `ahead` on up to one that is asked for, or the end.
    #[inline]
    pub(crate) fn run(&self, ahead: usize, until: Until) -> usize {
        let stops = until as isize as u8;
        let rest = self.bytes.get(self.at + ahead..).unwrap_or_default();
        let mut len = 0;
        loop {
            len += rest[len..]
                .iter()
                .position(|byte| CLASSES[usize::from(*byte)] & stops != 0)
                .unwrap_or(rest.len() - len);
            match rest.get(len) {
                Some(0xC2 | 0xE2) if self.break_len(ahead + len) == 0 => len += 1,
                _ => return len,
            }
        }
    }

    /// Goes to the end of the line.
    pub(crate) fn skip_line(&mut self) {
        self.advance(self.run(0, Until::Break));
    }
}

/// Where the first character stands that may not be in a YAML text.
fn forbidden(text: &str, ascii: bool) -> Option<usize> {
    let is_control = |byte: &u8| *byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r');
    let bytes = text.as_bytes();
    // Whole blocks first, which a processor looks at many bytes at a time.
    let clean =
        bytes.chunks(64).take_while(|block| !block.iter().fold(false, |any, byte| any | is_control(byte)));
    let clean = (clean.count() * 64).min(bytes.len());
    let control = bytes[clean..].iter().position(is_control).map(|at| clean + at);
    if ascii {
        return control;
    }
    let end = control.unwrap_or(text.len());
    text[..end].find(['\u{FFFE}', '\u{FFFF}']).or(control)
}
