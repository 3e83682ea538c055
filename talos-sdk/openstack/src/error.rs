//! What can go wrong in a bring-up.

use std::error::Error as StdError;
use std::fmt;

use crate::event::Step;

/// The result of everything in this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a cluster could not be brought up or torn down.
///
/// Nothing of a failure is kept in the state: call again, and the work goes on from what the cloud has. The text is one
/// line that says what to do; no secret is ever in it.
pub struct Error {
    kind: ErrorKind,
    message: String,
    step: Option<Step>,
    retryable: bool,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// What a caller can act on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The [`Spec`](crate::Spec) can't work: a bad name, endpoint, patch or version. Nothing was created.
    InvalidSpec,
    /// The cloud lacks what the spec names: a flavor, a network. Nothing was created.
    MissingResource,
    /// The project's quota is too small. Found in the plan nothing was created.
    Quota,
    /// A machine configuration is larger than Nova takes as user data. Nothing was created.
    UserDataTooLarge,
    /// The cloud has a cluster of this name that was made from other secrets.
    NameTaken,
    /// The state can't be read or written.
    Store,
    /// Another runner works on this cluster.
    Locked,
    /// A call to OpenStack failed for good.
    OpenStack,
    /// The image could not be had or does not match what was sent.
    Image,
    /// Nova could not build a server; its fault is in the text. The next try deletes it and takes its port again.
    ServerFailed,
    /// The load balancer could not be set up.
    LoadBalancer,
    /// The machines or Kubernetes did not come up.
    Cluster,
    /// A step took longer than its limit in [`Timeouts`](crate::Timeouts).
    Timeout,
}

impl Error {
    /// An error of this kind; for implementations of [`Store`](crate::Store) and
    /// [`LoadBalancer`](crate::LoadBalancer) too.
    #[must_use]
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), step: None, retryable: false, source: None }
    }

    /// Adds what caused it.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Says that the same may succeed later, nothing else changed.
    #[must_use]
    pub fn with_retryable(mut self, retryable: bool) -> Self {
        self.retryable = retryable;
        self
    }

    pub(crate) fn at(mut self, step: Step) -> Self {
        self.step = self.step.or(Some(step));
        self
    }

    /// What a caller can act on.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The step in which it happened.
    #[must_use]
    pub fn step(&self) -> Option<Step> {
        self.step
    }

    /// Whether the same call may succeed later, nothing else changed.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.retryable
    }

    /// Whether another runner works on this cluster.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.kind == ErrorKind::Locked
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
            .field("step", &self.step)
            .field("source", &self.source)
            .finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}
