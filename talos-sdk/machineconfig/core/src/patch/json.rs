//! JSON text, taken apart one level at a time. What is not looked into keeps its very text.

use std::borrow::Cow;

/// Levels of nesting that are read; of a configuration far fewer are.
const MAX_DEPTH: usize = 1000;

/// What is wrong with a JSON text, and the byte where it was seen.
#[derive(Debug, PartialEq)]
pub(crate) struct JsonError {
    at: usize,
    problem: &'static str,
}

impl JsonError {
    /// A value of the wrong type.
    pub(crate) fn of_type(problem: &'static str) -> Self {
        Self { at: 0, problem }
    }

    /// The error with line and column of `text`, in which it was found.
    pub(crate) fn describe(&self, text: &str) -> String {
        let before = text.get(..self.at).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        format!("line {line}, column {column}: {}", self.problem)
    }
}

/// The one value of a text, without the white space around it.
pub(crate) fn value(text: &str) -> Result<&str, JsonError> {
    let mut scanner = Scanner { text, at: 0 };
    let value = scanner.value()?;
    match scanner.peek() {
        None => Ok(value),
        Some(_) => Err(scanner.error("there is more text behind the end of the JSON value")),
    }
}

/// The entries of an object as text, `None` for anything else. Of a key that stands twice, the last entry counts.
pub(crate) fn object(value: &str) -> Option<Vec<(String, &str)>> {
    let mut scanner = Scanner { text: value.strip_prefix('{')?, at: 0 };
    let mut entries = Vec::new();
    while scanner.peek()? != b'}' {
        let key = string(scanner.value().ok()?)?;
        scanner.peek()?;
        scanner.at += 1;
        entries.push((key, scanner.value().ok()?));
        if scanner.peek()? == b',' {
            scanner.at += 1;
        }
    }
    Some(entries)
}

/// The items of an array as text, `None` for anything else.
pub(crate) fn array(value: &str) -> Option<Vec<&str>> {
    let mut scanner = Scanner { text: value.strip_prefix('[')?, at: 0 };
    let mut items = Vec::new();
    while scanner.peek()? != b']' {
        items.push(scanner.value().ok()?);
        if scanner.peek()? == b',' {
            scanner.at += 1;
        }
    }
    Some(items)
}

/// The text that a string stands for, `None` for anything else. Lone surrogates become U+FFFD.
pub(crate) fn string(value: &str) -> Option<String> {
    let mut rest = value.strip_prefix('"')?.strip_suffix('"')?;
    let mut out = String::with_capacity(rest.len());
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let escape = rest[at + 1..].chars().next()?;
        rest = &rest[at + 2..];
        out.push(match escape {
            'b' => '\x08',
            'f' => '\x0c',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                let first = code_unit(rest)?;
                rest = &rest[4..];
                let second = rest.strip_prefix("\\u").and_then(code_unit);
                match char::decode_utf16([first].into_iter().chain(second)).next()? {
                    Ok(c) => {
                        rest = if c.len_utf16() == 2 { &rest[6..] } else { rest };
                        c
                    }
                    Err(_) => char::REPLACEMENT_CHARACTER,
                }
            }
            c => c,
        });
    }
    out.push_str(rest);
    Some(out)
}

fn code_unit(text: &str) -> Option<u16> {
    u16::from_str_radix(text.get(..4)?, 16).ok()
}

/// The value without white space between its tokens.
pub(crate) fn compact(value: &str) -> Cow<'_, str> {
    if !value.contains([' ', '\t', '\n', '\r']) {
        return value.into();
    }
    let mut out = String::with_capacity(value.len());
    let (mut quoted, mut escaped) = (false, false);
    for c in value.chars() {
        if quoted || !c.is_ascii_whitespace() {
            out.push(c);
        }
        quoted ^= c == '"' && !escaped;
        escaped = quoted && c == '\\' && !escaped;
    }
    out.into()
}

/// Adds a value to a text as Go's encoder does: without white space, and with escapes for what HTML or JavaScript
/// would trip over.
pub(crate) fn push(value: &str, out: &mut String) {
    for c in compact(value).chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    /// The next byte that is no white space.
    fn peek(&mut self) -> Option<u8> {
        let rest = &self.text.as_bytes()[self.at..];
        let blank = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).count();
        self.at += blank;
        rest.get(blank).copied()
    }

    fn error(&self, problem: &'static str) -> JsonError {
        JsonError { at: self.at, problem }
    }

    fn require(&mut self, problem: &'static str) -> Result<u8, JsonError> {
        self.peek().ok_or_else(|| self.error(problem))
    }

    /// Passes over a value and gives its text.
    fn value(&mut self) -> Result<&'a str, JsonError> {
        const CUT_OFF: &str = "the text ends inside a JSON value";
        self.require(CUT_OFF)?;
        let start = self.at;
        // The closing brackets that are still to come.
        let mut open: Vec<u8> = Vec::new();
        loop {
            match self.require(CUT_OFF)? {
                bracket @ (b'{' | b'[') => {
                    if open.len() >= MAX_DEPTH {
                        return Err(self.error("nested too deeply"));
                    }
                    self.at += 1;
                    let closing = if bracket == b'{' { b'}' } else { b']' };
                    open.push(closing);
                    if self.require(CUT_OFF)? != closing {
                        self.key(closing)?;
                        continue;
                    }
                }
                b'"' => self.quoted()?,
                _ => self.word()?,
            }
            // Behind a value: close what ends here.
            loop {
                let Some(closing) = open.last().copied() else { return Ok(&self.text[start..self.at]) };
                match self.require(CUT_OFF)? {
                    b',' => {
                        self.at += 1;
                        self.key(closing)?;
                        break;
                    }
                    byte if byte == closing => {
                        self.at += 1;
                        open.pop();
                    }
                    _ => return Err(self.error("expected a comma or a closing bracket")),
                }
            }
        }
    }

    /// In an object, passes over the key and the colon that a value stands behind.
    fn key(&mut self, closing: u8) -> Result<(), JsonError> {
        if closing != b'}' {
            return Ok(());
        }
        if self.peek() != Some(b'"') {
            return Err(self.error("expected a key in double quotes"));
        }
        self.quoted()?;
        if self.peek() != Some(b':') {
            return Err(self.error("expected a colon behind the key"));
        }
        self.at += 1;
        Ok(())
    }

    fn quoted(&mut self) -> Result<(), JsonError> {
        let bytes = self.text.as_bytes();
        self.at += 1;
        loop {
            match bytes.get(self.at) {
                None => return Err(self.error("the text ends inside a string")),
                Some(b'"') => break,
                Some(b'\\') => {
                    let hex = bytes.get(self.at + 2..self.at + 6);
                    match bytes.get(self.at + 1) {
                        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 2,
                        Some(b'u') if hex.is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit)) => {
                            self.at += 6;
                        }
                        _ => return Err(self.error("JSON has no such escape")),
                    }
                }
                Some(0..=0x1f) => return Err(self.error("a string holds a control character; escape it")),
                Some(_) => self.at += 1,
            }
        }
        self.at += 1;
        Ok(())
    }

    /// A number, `true`, `false` or `null`.
    fn word(&mut self) -> Result<(), JsonError> {
        let rest = &self.text[self.at..];
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && !"+-.".contains(c)).unwrap_or(rest.len());
        let word = &rest[..end];
        if !matches!(word, "true" | "false" | "null") && !is_number(word) {
            return Err(self.error("expected a JSON value"));
        }
        self.at += end;
        Ok(())
    }
}

fn is_number(word: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = word.strip_prefix('-').unwrap_or(word);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => {
            (mantissa, digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent)))
        }
        None => (unsigned, true),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, digits(fraction)),
        None => (mantissa, true),
    };
    exponent && fraction && digits(whole) && (whole == "0" || !whole.starts_with('0'))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_checked_as_a_whole() {
        for text in ["1", "-0.5e+7", "\"\\ud800\\/\"", "[]", " {\"a\" : [1, {}], \"b\": null } ", "[[],[ ]]"]
        {
            assert_eq!(value(text), Ok(text.trim()));
        }
        for (text, place) in [
            ("", "line 1, column 1"),
            ("01", "line 1, column 1"),
            ("1.", "line 1, column 1"),
            ("nul", "line 1, column 1"),
            ("[1,]", "line 1, column 4"),
            ("{\"a\" 1}", "line 1, column 6"),
            ("{a: 1}", "line 1, column 2"),
            ("[\n \"\\x\"]", "line 2, column 3"),
            ("\"a\nb\"", "line 1, column 3"),
            ("[1] 2", "line 1, column 5"),
            ("[1}", "line 1, column 3"),
            ("[{\"op\":", "line 1, column 8"),
        ] {
            let problem = value(text).unwrap_err().describe(text);
            assert!(problem.starts_with(&format!("{place}: ")), "{text}: {problem}");
        }
        assert!(value(&"[".repeat(1001)).is_err());
    }

    #[test]
    fn parts_keep_their_text() {
        let text = "{\"a\\u0041\": 1.0, \"b\": [ \"x\\\" y\", {} ]}";
        assert_eq!(
            object(text).unwrap(),
            [("aA".to_owned(), "1.0"), ("b".to_owned(), "[ \"x\\\" y\", {} ]")]
        );
        assert_eq!(array("[ \"x\\\" y\", {} ]").unwrap(), ["\"x\\\" y\"", "{}"]);
        assert_eq!(compact("[ \"x\\\" y\",\n{} ]"), "[\"x\\\" y\",{}]");
        assert_eq!((object("[]"), array("{}"), string("1")), (None, None, None));
        assert_eq!(string("\"\\ud83d\\ude00 \\ud83d \\u00e9\\/\"").unwrap(), "\u{1F600} \u{FFFD} é/");
    }
}
