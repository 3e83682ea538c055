//! Text of an expression to tokens, the longest match first.

use crate::cel::Fault;

/// A token and the bytes it is made of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    Name,
    Int,
    Uint,
    Double,
    String,
    Bytes,
    True,
    False,
    Null,
    /// An operator or punctuation; `in` is one too.
    Symbol(&'static str),
    End,
}

const SYMBOLS: [&str; 25] = [
    "==", "!=", "<=", ">=", "&&", "||", "<", ">", "[", "]", "{", "}", "(", ")", ".", ",", "-", "!", "?", ":",
    "+", "*", "/", "%", "=",
];

/// All tokens of an expression, the last of them [`TokenKind::End`].
pub(crate) fn tokens(source: &str) -> Result<Vec<Token>, Fault> {
    let mut lexer = Lexer { source, bytes: source.as_bytes(), position: 0 };
    let mut tokens = Vec::new();
    loop {
        lexer.skip_blanks();
        let start = lexer.position;
        let kind = lexer.next()?;
        tokens.push(Token { kind, start, end: lexer.position });
        if kind == TokenKind::End {
            return Ok(tokens);
        }
    }
}

struct Lexer<'a> {
    source: &'a str,
    bytes: &'a [u8],
    position: usize,
}

impl Lexer<'_> {
    /// The byte `ahead` of the position, 0 behind the end.
    fn peek(&self, ahead: usize) -> u8 {
        self.bytes.get(self.position + ahead).copied().unwrap_or(0)
    }

    fn skip_while(&mut self, wanted: impl Fn(&u8) -> bool) {
        while self.bytes.get(self.position).is_some_and(&wanted) {
            self.position += 1;
        }
    }

    /// Blanks, and comments from `//` to the end of the line.
    fn skip_blanks(&mut self) {
        loop {
            self.skip_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | 0x0C));
            if (self.peek(0), self.peek(1)) != (b'/', b'/') {
                return;
            }
            self.skip_while(|byte| *byte != b'\n');
        }
    }

    fn next(&mut self) -> Result<TokenKind, Fault> {
        if self.position >= self.bytes.len() {
            return Ok(TokenKind::End);
        }
        match (self.peek(0), self.peek(1), self.peek(2)) {
            (b'0'..=b'9', ..) | (b'.', b'0'..=b'9', _) => Ok(self.number()),
            (b'"' | b'\'', ..) => self.string(false, false),
            (b'r' | b'R', b'"' | b'\'', _) => self.string(false, true),
            (b'b' | b'B', b'"' | b'\'', _) => self.string(true, false),
            (b'b' | b'B', b'r' | b'R', b'"' | b'\'') => self.string(true, true),
            (b'a'..=b'z' | b'A'..=b'Z' | b'_', ..) => Ok(self.name()),
            _ => self.symbol(),
        }
    }

    fn name(&mut self) -> TokenKind {
        let start = self.position;
        self.skip_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
        match &self.source[start..self.position] {
            "in" => TokenKind::Symbol("in"),
            "true" => TokenKind::True,
            "false" => TokenKind::False,
            "null" => TokenKind::Null,
            _ => TokenKind::Name,
        }
    }

    fn number(&mut self) -> TokenKind {
        let mut kind = TokenKind::Int;
        if self.peek(0) == b'0' && self.peek(1) == b'x' && self.peek(2).is_ascii_hexdigit() {
            self.position += 2;
            self.skip_while(u8::is_ascii_hexdigit);
        } else {
            self.skip_while(u8::is_ascii_digit);
            if self.peek(0) == b'.' && self.peek(1).is_ascii_digit() {
                kind = TokenKind::Double;
                self.position += 1;
                self.skip_while(u8::is_ascii_digit);
            }
            let sign = usize::from(matches!(self.peek(1), b'+' | b'-'));
            if matches!(self.peek(0), b'e' | b'E') && self.peek(1 + sign).is_ascii_digit() {
                kind = TokenKind::Double;
                self.position += 1 + sign;
                self.skip_while(u8::is_ascii_digit);
            }
        }
        if kind == TokenKind::Int && matches!(self.peek(0), b'u' | b'U') {
            kind = TokenKind::Uint;
            self.position += 1;
        }
        kind
    }

    fn string(&mut self, bytes: bool, raw: bool) -> Result<TokenKind, Fault> {
        let start = self.position;
        self.position += usize::from(bytes) + usize::from(raw);
        let quote = self.peek(0);
        let long = self.peek(1) == quote && self.peek(2) == quote;
        self.position += if long { 3 } else { 1 };
        loop {
            match self.peek(0) {
                _ if self.position >= self.bytes.len() => {
                    return Err(Fault::new(start, "the text has no end quote"));
                }
                byte if byte == quote && !long => {
                    self.position += 1;
                    break;
                }
                byte if byte == quote && self.peek(1) == quote && self.peek(2) == quote => {
                    self.position += 3;
                    break;
                }
                b'\n' | b'\r' if !long => {
                    return Err(Fault::new(start, "the text has no end quote on its line"));
                }
                b'\\' if !raw => self.escape(bytes)?,
                _ => self.position += 1,
            }
        }
        Ok(if bytes { TokenKind::Bytes } else { TokenKind::String })
    }

    fn escape(&mut self, bytes: bool) -> Result<(), Fault> {
        let start = self.position;
        let letter = self.peek(1);
        self.position += 2;
        let digits = match letter {
            b'a' | b'b' | b'f' | b'n' | b'r' | b't' | b'v' | b'"' | b'\'' | b'\\' | b'?' | b'`' => {
                return Ok(());
            }
            b'0'..=b'3' if (0..2).all(|i| matches!(self.peek(i), b'0'..=b'7')) => {
                self.position += 2;
                return Ok(());
            }
            b'x' | b'X' => 2,
            b'u' if !bytes => 4,
            b'U' if !bytes => 8,
            _ => return Err(Fault::new(start, "unknown escape after \\, write \\\\ for a backslash")),
        };
        let number = self
            .source
            .get(self.position..self.position + digits)
            .filter(|text| text.bytes().all(|byte| byte.is_ascii_hexdigit()))
            .and_then(|text| u32::from_str_radix(text, 16).ok())
            .filter(|number| char::from_u32(*number).is_some());
        if number.is_none() {
            return Err(Fault::new(
                start,
                format!("the escape needs {digits} hexadecimal digits of a character"),
            ));
        }
        self.position += digits;
        Ok(())
    }

    fn symbol(&mut self) -> Result<TokenKind, Fault> {
        let rest = &self.bytes[self.position..];
        match SYMBOLS.iter().find(|symbol| rest.starts_with(symbol.as_bytes())) {
            Some(&"=") => Err(Fault::new(self.position, "`=` is no operator, write ==")),
            Some(symbol) => {
                self.position += symbol.len();
                Ok(TokenKind::Symbol(symbol))
            }
            None => {
                let unknown = self.source[self.position..].chars().next().unwrap_or_default();
                Err(Fault::new(self.position, format!("{unknown:?} can't stand here")))
            }
        }
    }
}
