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
    let run = || parser::parse(source, declared.optionals).and_then(|expr| checker::check(&expr, declared));
    // Nothing nests without a sign.
    let shallow = source.bytes().filter(u8::is_ascii_punctuation).count() <= MAX_SIGNS_ON_STACK;
    let checked = if shallow { run() } else { on_large_stack(run) };
    checked.map_err(|fault| fault.describe(source))
}

/// Signs that an expression can have to be checked on the stack of the caller.
const MAX_SIGNS_ON_STACK: usize = 64;
/// Enough for what nests as deep as the parser allows.
const LARGE_STACK: usize = 32 << 20;

fn on_large_stack(run: impl FnOnce() -> Result<(), Fault> + Send) -> Result<(), Fault> {
    let failed = || Err(Fault::new(0, "no memory to check an expression of this size"));
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(LARGE_STACK).spawn_scoped(scope, run);
        thread.map_or_else(|_| failed(), |thread| thread.join().unwrap_or_else(|_| failed()))
    })
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
