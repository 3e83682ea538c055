//! What can go wrong with the factory.

use std::fmt;

use http::StatusCode;

/// The result of the calls of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What kind of trouble an [`Error`] is, as far as a caller can act on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// An argument can't be right; nothing was sent.
    InvalidArgument,
    /// It can't be done here.
    Unsupported,
    /// TLS could not be set up.
    Tls,
    /// No connection could be made.
    Connect,
    /// A connection broke, or nothing came for too long.
    Interrupted,
    /// The factory does not have it: the version, the schematic or the asset (404).
    NotFound,
    /// The factory refused the request (other 4xx).
    Refused,
    /// The factory asks to come back later, or is out of order (429, 5xx).
    Unavailable,
    /// The factory's answer is not what its API promises.
    Protocol,
    /// The data can't be decoded, or end too early.
    Corrupt,
}

/// What went wrong with the factory. The text is one line.
pub struct Error {
    kind: ErrorKind,
    message: String,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), source: None }
    }

    pub(crate) fn with_source(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// A failure below HTTP.
    pub(crate) fn transport(what: &str, error: reqwest::Error) -> Self {
        let (kind, how) = match error.is_connect() {
            true => (ErrorKind::Connect, "the factory cannot be reached"),
            false => (ErrorKind::Interrupted, "the connection to the factory broke"),
        };
        // The source names the address already.
        Self::new(kind, format!("{what}: {how}")).with_source(error)
    }

    /// An answer other than success.
    pub(crate) fn status(what: &str, status: StatusCode, text: &str) -> Self {
        let kind = match status.as_u16() {
            404 => ErrorKind::NotFound,
            429 | 500.. => ErrorKind::Unavailable,
            _ => ErrorKind::Refused,
        };
        let text: String =
            text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect();
        let text = if text.is_empty() { text } else { format!(": {text}") };
        Self::new(kind, format!("{what}: the factory answered {status}{text}"))
    }

    /// What a caller can do about it.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Whether the factory does not have what was asked for.
    pub fn is_not_found(&self) -> bool {
        self.kind == ErrorKind::NotFound
    }

    /// Whether the same call may succeed later.
    pub fn is_retryable(&self) -> bool {
        matches!(self.kind, ErrorKind::Connect | ErrorKind::Interrupted | ErrorKind::Unavailable)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.kind)
            .field("message", &self.message)
            .field("source", &self.source)
            .finish()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|source| source.as_ref() as _)
    }
}
