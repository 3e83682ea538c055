//! What can go wrong with a whole cluster.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

/// The result of everything in this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why work on a cluster failed.
///
/// The text names the node that is missing and what its services say. No secret is ever in it.
pub struct Error {
    kind: ErrorKind,
    message: String,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// What a caller can act on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The [`Cluster`](crate::Cluster) names no control plane, or not the node that was asked for.
    InvalidCluster,
    /// The kubeconfig can't be used: no such context, no address, a certificate that does not parse.
    InvalidKubeconfig,
    /// The time that the caller gave is over. What was waited for may still happen: call again.
    Timeout,
    /// A node refused the call for good, whatever the time.
    Refused,
    /// The Kubernetes API can't be reached, or what answers has another certificate authority.
    KubernetesUnreachable,
    /// The Kubernetes API answered with an error.
    Kubernetes,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), source: None }
    }

    pub(crate) fn timeout(what: &str, limit: Duration, last: &str) -> Self {
        let seen = if last.is_empty() { String::new() } else { format!(": {last}") };
        Self::new(ErrorKind::Timeout, format!("waited {} s for {what} in vain{seen}", limit.as_secs()))
    }

    pub(crate) fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// What a caller can act on.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Whether the time that the caller gave is over.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        self.kind == ErrorKind::Timeout
    }

    /// Whether the same call may succeed later, nothing else changed.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(self.kind, ErrorKind::Timeout | ErrorKind::KubernetesUnreachable)
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

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

/// The text of `error` and of what caused it, in one line.
pub(crate) fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}
