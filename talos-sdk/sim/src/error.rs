//! What can go wrong when a simulation is set up.

use std::error::Error as StdError;
use std::fmt;

/// An error of the simulator itself. What simulated machines answer is never one of these.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    message: String,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// What a caller can act on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// No loopback network or port was free.
    Address,
    /// The options contradict each other or name something that does not exist.
    Options,
    /// Certificates could not be made.
    Certificate,
    /// A file could not be written or a socket failed.
    Io,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), source: None }
    }

    pub(crate) fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// What went wrong, as far as a caller can act on it.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_ref().map(|s| &**s as &(dyn StdError + 'static))
    }
}

impl From<talos_pki::Error> for Error {
    fn from(error: talos_pki::Error) -> Self {
        Self::new(ErrorKind::Certificate, format!("cannot make a certificate: {error}")).with_source(error)
    }
}
