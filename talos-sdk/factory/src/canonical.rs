//! The YAML that schematic ids are made of, as Go's YAML package writes it.
//!
//! Only what is certain is written: a text for which it is not is refused, so an id is never wrong.

use crate::error::{Error, ErrorKind, Result};

const INDENT: usize = 4;

#[derive(Debug, Default)]
pub(crate) struct Writer {
    pub(crate) text: String,
}

impl Writer {
    pub(crate) fn line(&mut self, level: usize, text: &str) {
        self.text.push_str(&" ".repeat(level * INDENT));
        self.text.push_str(text);
        self.text.push('\n');
    }

    pub(crate) fn key(&mut self, level: usize, name: &str) {
        self.line(level, &format!("{name}:"));
    }

    pub(crate) fn entry(&mut self, level: usize, name: &str, value: &str) -> Result<()> {
        let (name, value) = (scalar(name, 0)?, scalar(value, (level + 1) * INDENT)?);
        self.line(level, &format!("{name}: {value}"));
        Ok(())
    }

    /// An entry, not the first, of a mapping that is an item of a list.
    pub(crate) fn item_entry(&mut self, level: usize, name: &str, value: &str) -> Result<()> {
        let value = scalar(value, (level + 1) * INDENT)?;
        self.line(level, &format!("  {name}: {value}"));
        Ok(())
    }

    /// A list of texts under a key, or nothing when it is empty.
    pub(crate) fn list(&mut self, level: usize, name: &str, items: &[String]) -> Result<()> {
        if items.is_empty() {
            return Ok(());
        }
        self.key(level, name);
        for item in items {
            let item = scalar(item, (level + 1) * INDENT + 2)?;
            self.line(level + 1, &format!("- {item}"));
        }
        Ok(())
    }
}

/// Keys in the order in which Go writes them, where letters follow everything else.
pub(crate) fn sorted<'a>(keys: impl Iterator<Item = &'a String>) -> Result<Vec<&'a str>> {
    let mut keys: Vec<&str> = keys.map(String::as_str).collect();
    // Digits are ordered by the number they make, which no known option needs.
    let certain = |key: &str| key.chars().all(|c| c.is_ascii_graphic() && !c.is_ascii_digit());
    if keys.len() > 1 && !keys.iter().all(|key| certain(key)) {
        return Err(uncertain());
    }
    keys.sort_by_cached_key(|key| key.chars().map(|c| (c.is_ascii_alphabetic(), c)).collect::<Vec<_>>());
    Ok(keys)
}

fn uncertain() -> Error {
    Error::new(
        ErrorKind::Unsupported,
        "the schematic has a text whose canonical form is not known here, upload it to learn its id",
    )
}

/// A text as it stands behind `key: ` or `- `; lines of a literal are set in by `indent`.
fn scalar(text: &str, indent: usize) -> Result<String> {
    if text.chars().any(|c| !is_printable(c) && c != '\n') {
        return Err(uncertain());
    }
    if text.contains('\n') {
        return literal(text, indent);
    }
    match meaning(text) {
        Meaning::Other => Ok(format!("\"{text}\"")),
        Meaning::Unknown => Err(uncertain()),
        Meaning::Text if is_plain(text) => Ok(text.to_owned()),
        Meaning::Text => Ok(format!("'{}'", text.replace('\'', "''"))),
    }
}

fn is_printable(c: char) -> bool {
    matches!(c, ' '..='~' | '\u{A1}'..='\u{2027}' | '\u{202A}'..='\u{D7FF}' | '\u{E000}'..='\u{FEFE}' | '\u{FF00}'..='\u{FFFD}')
}

/// Whether the text needs no quotes, given that it means a text.
fn is_plain(text: &str) -> bool {
    let starts = |c: char| "#,[]{}&*!|>'\"%@`".contains(c);
    !(text.starts_with(starts)
        || text.starts_with(' ')
        || text.ends_with([' ', ':'])
        || text.starts_with("---")
        || text.starts_with("...")
        || matches!(text, "-" | "?")
        || text.starts_with("- ")
        || text.starts_with("? ")
        || text.contains(": ")
        || text.contains(" #"))
}

#[derive(Debug, PartialEq, Eq)]
enum Meaning {
    Text,
    /// A number, a truth value, or nothing: it needs quotes to be a text.
    Other,
    /// Perhaps a number or a date.
    Unknown,
}

fn meaning(text: &str) -> Meaning {
    const WORDS: [&str; 14] =
        ["", "~", "<<", "null", "true", "false", "y", "n", "yes", "no", "on", "off", ".inf", ".nan"];
    let word = WORDS.iter().find(|word| word.eq_ignore_ascii_case(text));
    if let Some(word) = word {
        // `True` and `TRUE` are values, `tRUE` is not.
        let title = |c: char| c.is_ascii_uppercase();
        let rest = text.trim_start_matches('.').get(1..).unwrap_or_default();
        let usual = !rest.contains(title) || !text.contains(|c: char| c.is_ascii_lowercase());
        let usual = usual || *word == ".nan" && text == ".NaN";
        return if usual { Meaning::Other } else { Meaning::Text };
    }
    if !text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c)) {
        return Meaning::Text;
    }
    if text.parse::<i64>().is_ok() && !text.starts_with('0') {
        return Meaning::Other;
    }
    match text.chars().all(|c| c.is_ascii_hexdigit() || "+-.:_xXoOtTzZ iIfFnN".contains(c)) {
        true if text.contains(|c: char| c.is_ascii_digit()) || text.len() < 6 => Meaning::Unknown,
        _ => Meaning::Text,
    }
}

fn literal(text: &str, indent: usize) -> Result<String> {
    if text.ends_with(' ') || text.contains(" \n") {
        return Err(uncertain());
    }
    let mut out = String::from("|");
    if text.starts_with(' ') || text.starts_with('\n') {
        return Err(uncertain());
    }
    match (text.ends_with('\n'), text.ends_with("\n\n")) {
        (_, true) => out.push('+'),
        (false, _) => out.push('-'),
        (true, false) => {}
    }
    let body = text.strip_suffix('\n').unwrap_or(text);
    for line in body.split('\n') {
        out.push('\n');
        if !line.is_empty() {
            out.push_str(&" ".repeat(indent));
            out.push_str(line);
        }
    }
    Ok(out)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    /// Texts as Go's YAML package v4 writes them in a list.
    #[test]
    fn texts() {
        let cases = [
            ("console=ttyS0,115200", "console=ttyS0,115200"),
            ("-console", "-console"),
            ("", "\"\""),
            ("true", "\"true\""),
            ("TRUE", "\"TRUE\""),
            ("tRUE", "tRUE"),
            ("No", "\"No\""),
            ("17", "\"17\""),
            ("{}", "'{}'"),
            ("{\"a\": 'b'}", "'{\"a\": ''b''}'"),
            ("a: b", "'a: b'"),
            ("a:b", "a:b"),
            ("a #b", "'a #b'"),
            (" a", "' a'"),
            ("a b", "a b"),
            ("a\nb", "|-\n  a\n  b"),
            ("a\n\nb\n", "|\n  a\n\n  b"),
            ("ip=10.0.0.1::", "'ip=10.0.0.1::'"),
            ("größe=1", "größe=1"),
        ];
        for (text, wanted) in cases {
            assert_eq!(scalar(text, 2).unwrap(), wanted, "{text}");
        }
    }

    #[test]
    fn what_is_uncertain_is_refused() {
        for text in ["0x1f", "2001-01-01", "1_000", "12:30", "1e3", "a\tb", "a \nb", "\u{7}", "a\r"] {
            assert!(scalar(text, 2).is_err(), "{text}");
        }
    }

    #[test]
    fn keys() {
        let keys = ["b", "a_b", "aB", "a"].map(str::to_owned);
        assert_eq!(sorted(keys.iter()).unwrap(), ["a", "a_b", "aB", "b"]);
        let keys = ["a1", "a2"].map(str::to_owned);
        assert!(sorted(keys.iter()).is_err());
    }
}
