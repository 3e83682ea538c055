//! The error of this crate: what went wrong, in one line, and what a caller can do about it.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;

/// What kind of trouble an [`Error`] is, as far as a caller can act on it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The cloud configuration is missing, unreadable or incomplete.
    Config,
    /// The trust in the cloud's certificate could not be set up.
    Tls,
    /// Keystone refused the credentials, or a renewed token was refused again (401).
    Unauthorized,
    /// The credentials are good but not enough for this call (403).
    Forbidden,
    /// The thing does not exist, or this project can't see it (404, 410).
    NotFound,
    /// The thing is in a state that does not allow the call, or exists already (409).
    Conflict,
    /// The project's quota is used up (403, 409 or 413, depending on the service).
    QuotaExceeded,
    /// The service limits the rate of calls (429) and the deadline came first.
    TooManyRequests,
    /// The service can't make sense of the request (400, 405, 406, 415, 422).
    BadRequest,
    /// The request, or the uploaded data, is larger than the service takes (413).
    TooLarge,
    /// The service, or something on the way to it, is out of order for now (502, 503, 504).
    ServiceUnavailable,
    /// The service failed inside (500 and everything else above).
    Server,
    /// No connection could be made.
    Connect,
    /// A connection broke, or no answer came; whether the call took effect is not known.
    Interrupted,
    /// The caller's deadline passed.
    Deadline,
    /// The service's answer is not what the API promises.
    Protocol,
    /// The catalog has no endpoint for the service in that region and interface, or the service is
    /// older than the call needs.
    Unsupported,
    /// A name was given and several things carry it.
    Ambiguous,
    /// Nova put the server into `ERROR`.
    ServerFault {
        /// Nova's fault code, HTTP-like; 500 when it gave none.
        code: u16,
        /// Nova's fault text.
        message: String,
    },
    /// An image ended in a state from which it never becomes active.
    ImageFailed,
    /// What the service stored is not what was sent.
    Checksum,
    /// The caller's upload source failed; the source chain says how.
    Source,
    /// An argument can't be right; nothing was sent.
    InvalidArgument,
}

/// The result of the calls of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong. The text is one line; [`kind`](Error::kind) is for programs.
///
/// An error never holds a password, token or user data. It is cheap to clone: everyone who waited for one
/// token gets the one error of its renewal.
#[derive(Clone)]
pub struct Error(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    message: String,
    status: Option<StatusCode>,
    request_id: Option<String>,
    retryable: bool,
    retry_after: Option<Duration>,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Error {
        let retryable = matches!(
            kind,
            ErrorKind::TooManyRequests
                | ErrorKind::ServiceUnavailable
                | ErrorKind::Connect
                | ErrorKind::Interrupted
        );
        Error(Arc::new(Inner {
            kind,
            message: one_line(&message.into()),
            status: None,
            request_id: None,
            retryable,
            retry_after: None,
            source: None,
        }))
    }

    pub(crate) fn config(message: impl Into<String>) -> Error {
        Error::new(ErrorKind::Config, message)
    }

    pub(crate) fn protocol(message: impl Into<String>) -> Error {
        Error::new(ErrorKind::Protocol, message)
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Error {
        Error::new(ErrorKind::InvalidArgument, message)
    }

    fn inner(&mut self) -> &mut Inner {
        Arc::make_mut(&mut self.0)
    }

    pub(crate) fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Error {
        self.inner().source = Some(Arc::from(source.into()));
        self
    }

    pub(crate) fn with_status(mut self, status: StatusCode) -> Error {
        self.inner().status = Some(status);
        self
    }

    pub(crate) fn with_request_id(mut self, id: Option<String>) -> Error {
        self.inner().request_id = id;
        self
    }

    pub(crate) fn with_retry_after(mut self, wait: Option<Duration>) -> Error {
        self.inner().retry_after = wait;
        self
    }

    /// What kind of trouble this is.
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    /// The HTTP status of the answer, when there was one.
    pub fn status(&self) -> Option<StatusCode> {
        self.0.status
    }

    /// The service's name for the request (`x-openstack-request-id`): what an operator searches the logs for.
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// How long the service asked to be left alone (`Retry-After`).
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Whether the thing does not exist.
    pub fn is_not_found(&self) -> bool {
        self.0.kind == ErrorKind::NotFound
    }

    /// Whether the thing exists already or is in the wrong state.
    pub fn is_conflict(&self) -> bool {
        self.0.kind == ErrorKind::Conflict
    }

    /// Whether the credentials were refused.
    pub fn is_unauthorized(&self) -> bool {
        self.0.kind == ErrorKind::Unauthorized
    }

    /// Whether the project's quota stands in the way.
    pub fn is_quota_exceeded(&self) -> bool {
        self.0.kind == ErrorKind::QuotaExceeded
    }

    /// Whether the caller's deadline passed.
    pub fn is_deadline(&self) -> bool {
        self.0.kind == ErrorKind::Deadline
    }

    /// Whether the same call may succeed later, nothing else changed.
    ///
    /// A creation that was interrupted may have taken effect: look for the thing by name or tag first.
    pub fn is_retryable(&self) -> bool {
        self.0.retryable
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)?;
        if let Some(id) = &self.0.request_id {
            write!(f, " (request {id})")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("message", &self.0.message)
            .field("status", &self.0.status)
            .field("request_id", &self.0.request_id)
            .field("source", &self.0.source)
            .finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

/// Joins the lines of a text with single spaces.
pub(crate) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
