//! Expressions of the Common Expression Language: which of them Talos takes.
//!
//! The language has parser crates, but they bring a parser generator's runtime (20 s of building) and do not check
//! types; the parser here is small and refuses what cel-go refuses.

mod checker;
mod environment;
mod lexer;
mod parser;
mod syntax;
mod types;
mod unify;

pub use environment::Environment;

/// Why an expression is refused, and the byte where.
#[derive(Debug)]
struct Fault {
    at: usize,
    text: String,
}

impl Fault {
    fn new(at: usize, text: impl Into<String>) -> Self {
        Self { at, text: text.into() }
    }

    /// The place in front of the reason: a column, and a line where the expression has several.
    fn describe(&self, source: &str) -> String {
        let before = source.get(..self.at).unwrap_or(source);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        let place = if source.contains('\n') { format!("line {line}, ") } else { String::new() };
        format!("expression: {place}column {column}: {}", self.text)
    }
}

/// Parses an expression and checks the types in it; the message says the column.
pub(crate) fn check(source: &str, environment: Environment) -> Result<(), String> {
    let declared = environment.declarations();
    parser::parse(source, declared.optionals)
        .and_then(|expr| checker::check(&expr, declared))
        .map_err(|fault| fault.describe(source))
}

/// A text as a literal, written as Go's `%q` writes it.
pub(crate) fn quote(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\x07' => quoted.push_str(r"\a"),
            '\x08' => quoted.push_str(r"\b"),
            '\x0B' => quoted.push_str(r"\v"),
            '\x0C' => quoted.push_str(r"\f"),
            '\n' | '\r' | '\t' => quoted.extend(c.escape_default()),
            '\0'..='\x1F' | '\x7F' => quoted.push_str(&format!("\\x{:02x}", u32::from(c))),
            _ => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
