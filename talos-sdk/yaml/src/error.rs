//! The one error of the crate.

use std::fmt;

use crate::Mark;

/// Result of reading or writing YAML.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong with a YAML text or value.
///
/// `Display` gives one line: position and path first where they are known, then what is wrong. Scalar values
/// of the document never appear in it, because a machine configuration is full of secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    inner: Box<Inner>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Inner {
    kind: ErrorKind,
    message: String,
    mark: Option<Mark>,
    path: String,
}

/// What a caller can act on.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The text is not YAML.
    Syntax,
    /// A mapping has the same key twice.
    DuplicateKey,
    /// The text is YAML, but goes past a limit: depth or expansion of aliases.
    Limit,
    /// A value has a type that the target does not accept.
    Type,
    /// A value that cannot be written as YAML.
    Unrepresentable,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, mark: Option<Mark>, message: impl Into<String>) -> Self {
        Self { inner: Box::new(Inner { kind, message: message.into(), mark, path: String::new() }) }
    }

    /// Puts one step in front of the path, unless the path is that of an inner document already.
    pub(crate) fn prefix_key(mut self, key: &str) -> Self {
        let path = &mut self.inner.path;
        if !path.is_empty() && !path.starts_with('[') {
            path.insert(0, '.');
        }
        path.insert_str(0, key);
        self
    }

    pub(crate) fn prefix_index(mut self, index: usize) -> Self {
        let path = &mut self.inner.path;
        if !path.is_empty() && !path.starts_with('[') {
            path.insert(0, '.');
        }
        path.insert_str(0, &format!("[{index}]"));
        self
    }

    pub(crate) fn or_mark(mut self, mark: Mark) -> Self {
        if self.inner.mark.is_none() && mark.line > 0 {
            self.inner.mark = Some(mark);
        }
        self
    }

    /// What kind of error this is.
    pub fn kind(&self) -> ErrorKind {
        self.inner.kind
    }

    /// Where in the text the error is, if it is tied to a place.
    pub fn mark(&self) -> Option<Mark> {
        self.inner.mark
    }

    /// Line of the error, counted from 1.
    pub fn line(&self) -> Option<u32> {
        self.inner.mark.map(|m| m.line)
    }

    /// Column of the error in characters, counted from 1.
    pub fn column(&self) -> Option<u32> {
        self.inner.mark.map(|m| m.column)
    }

    /// The way to the value from the root of its document, like `machine.network.interfaces[0]`; empty where
    /// it is not known.
    pub fn path(&self) -> &str {
        &self.inner.path
    }

    /// What is wrong, without position and path.
    pub fn message(&self) -> &str {
        &self.inner.message
    }
}

/// A name in quotes for a message, cut if it is very long.
pub(crate) fn quoted(name: &str) -> String {
    const LONGEST: usize = 80;
    match name.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("\"{}…\"", name[..end].escape_debug()),
        None => format!("{name:?}"),
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(mark) = self.inner.mark {
            write!(f, "{mark}: ")?;
        }
        if !self.inner.path.is_empty() {
            write!(f, "{}: ", self.inner.path)?;
        }
        f.write_str(&self.inner.message)
    }
}

impl std::error::Error for Error {}

impl serde::ser::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(ErrorKind::Unrepresentable, None, message.to_string())
    }
}

impl serde::de::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(ErrorKind::Type, None, message.to_string())
    }
}
