//! The one error of `talos-machineconfig`.

use std::error::Error as StdError;
use std::fmt;

/// Result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why secrets, a configuration or a patch could not be made, read or applied.
///
/// The message is one line, says where and what to write instead, and never holds a secret.
pub struct Error {
    kind: ErrorKind,
    message: String,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// What went wrong, as far as a caller can act on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The Talos version is no version, or there is no contract for it.
    UnknownContract,
    /// An option of `generate` can't be used: endpoint, name, version.
    InvalidOption,
    /// The Talos release does not run this Kubernetes release.
    UnsupportedKubernetes,
    /// The secrets bundle is incomplete or its keys and certificates don't fit.
    InvalidSecrets,
    /// The text is not YAML, or not a mapping.
    Syntax,
    /// A key that its document does not have.
    UnknownKey,
    /// A value of the wrong type or form.
    InvalidValue,
    /// A document of an unknown kind or version, or without one.
    UnknownKind,
    /// Nothing but empty documents.
    NoDocuments,
    /// Two documents of one kind and name.
    DuplicateDocument,
    /// Two documents that exclude each other.
    ConflictingDocuments,
    /// A machine would refuse the configuration.
    InvalidConfig,
    /// A patch and the configuration have different shapes at one place.
    PatchMismatch,
    /// A patch deletes what is not there, or leads through it.
    PatchTargetMissing,
    /// An operation `test` of a patch found another value.
    PatchTestFailed,
    /// Something that this version of the crate can't do.
    Unsupported,
    /// A failure inside this crate or one below it, such as of the random source.
    Internal,
}

impl Error {
    /// An error of `talos-machineconfig`, which alone makes them.
    #[doc(hidden)]
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), source: None }
    }

    /// The same error with what it comes from.
    #[doc(hidden)]
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The same error with the place it happened at in front of its message.
    #[doc(hidden)]
    #[must_use]
    pub fn within(mut self, place: impl fmt::Display) -> Self {
        self.message = format!("{place}: {}", self.message);
        self
    }

    /// What went wrong, as far as a caller can act on it.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }
}

impl From<talos_yaml::Error> for Error {
    fn from(error: talos_yaml::Error) -> Self {
        let kind = match error.kind() {
            talos_yaml::ErrorKind::Type => ErrorKind::InvalidValue,
            talos_yaml::ErrorKind::Unrepresentable => ErrorKind::Internal,
            _ => ErrorKind::Syntax,
        };
        Self::new(kind, error.to_string())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Error");
        debug.field("kind", &self.kind).field("message", &self.message);
        if let Some(source) = &self.source {
            debug.field("source", source);
        }
        debug.finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
