//! The error of this crate.

use std::fmt;

/// What every fallible function here returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a key, certificate, request, fingerprint or role was refused or could not be made.
///
/// Never carries key material.
pub struct Error {
    kind: ErrorKind,
    message: String,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// What a caller can tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The text has no PEM block of the wanted kind, or the block is damaged.
    Pem,
    /// A private key cannot be read, is of a kind nobody here signs with, or could not be made.
    Key,
    /// A certificate cannot be read.
    Certificate,
    /// A certificate request cannot be read, or its signature is wrong.
    Request,
    /// The key does not belong to the certificate beside it.
    KeyMismatch,
    /// The certificate may not sign others.
    NotAnAuthority,
    /// A name, address or instant cannot be written into a certificate.
    Options,
    /// A fingerprint is not the base64 of 32 bytes.
    Fingerprint,
    /// A role that Talos does not know.
    Role,
    /// The cryptographic library failed.
    Crypto,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), source: None }
    }

    pub(crate) fn with_source(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// What went wrong, for code.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
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

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
