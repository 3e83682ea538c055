//! What can go wrong between a caller and a machine.

use std::fmt;
use std::sync::Arc;

use tonic::{Code, Status};

/// The result of everything in this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

type Source = Arc<dyn std::error::Error + Send + Sync + 'static>;

/// Why a call, or its preparation, failed.
///
/// [`kind`](Self::kind) is what to decide on. The text names the method, the node and the endpoint as far as they
/// are known, and says what to do. The chain of [`source`](std::error::Error::source) goes down to the socket, the
/// TLS library or the [`tonic::Status`] that the server sent. No secret is ever in it.
#[derive(Clone)]
pub struct Error(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    message: String,
    method: Option<String>,
    node: Option<String>,
    endpoint: Option<String>,
    source: Option<Source>,
    nodes: Vec<(String, Error)>,
}

/// What a caller can act on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The talosconfig context or the options can't be used: no such context, a certificate that does not parse, a
    /// key that belongs to another certificate.
    InvalidConfiguration,
    /// An endpoint is not an address, a name, either of them with a port, or a URL.
    InvalidEndpoint,
    /// A node is not an address or a name without a port, is named twice, or can't be named at all on this client.
    /// Nothing was sent.
    InvalidTarget,
    /// The context names no endpoints and none were given.
    NoEndpoints,
    /// Nothing listens there, or a firewall says no.
    ConnectionRefused,
    /// The name of the endpoint has no address.
    NameResolution,
    /// The certificate of the server was issued by an authority that the context does not trust.
    UnknownAuthority,
    /// The certificate of the server is for other names and addresses than the endpoint.
    NameMismatch,
    /// The certificate of the server is out of date, or not valid yet.
    ServerCertificateExpired,
    /// The server did not accept our certificate, or wants one and there is none.
    ClientCertificateRefused,
    /// Our certificate is out of date. Found before connecting where our own clock says so.
    ClientCertificateExpired,
    /// The key that signs calls for `auth.siderov1` is out of date. Nothing was sent.
    SigningKeyExpired,
    /// The server in maintenance mode showed another key than the pinned ones.
    /// [`Error::presented_fingerprint`] has it.
    FingerprintMismatch,
    /// A certificate is for something else: that of the server is not for servers, or ours is not for clients.
    CertificatePurpose,
    /// TLS failed for another reason.
    Tls,
    /// What answers there does not speak TLS.
    NotTls,
    /// What answers there speaks TLS and is not a Talos API: HTTP/1, a web server.
    NotTalosApi,
    /// The proxy can't be used: it refuses us or the endpoint, or is no proxy.
    Proxy,
    /// The time given for the call or the connection was over.
    DeadlineExceeded,
    /// The time given for the call was over, or keep-alive gave up, and since the call was sent not one byte came over
    /// its connection: the machine hangs, or is gone without closing it.
    Unresponsive,
    /// The roles in our certificate do not allow this, or the server refuses it to everyone.
    PermissionDenied,
    /// The server knows no user by what we sent.
    Unauthenticated,
    /// What was asked for is not there.
    NotFound,
    /// It is there already, or was done already: the answer to a second bootstrap.
    AlreadyExists,
    /// The machine is not in a state for this: not ready yet, busy with the same, or of the wrong type.
    FailedPrecondition,
    /// The machine found a mistake in the request, for example in a machine configuration.
    InvalidArgument,
    /// The server has no such method, or no such type of resources: another version of Talos, or another mode, or
    /// another kind of machine.
    Unimplemented,
    /// The connection broke, or the endpoint can't serve now. Trying again may help.
    Unavailable,
    /// The endpoint answered, but could not connect to the node: the call did not get there.
    NodeUnreachable,
    /// The endpoint does not forward calls to other nodes: it is a worker.
    ForwardingRefused,
    /// The server ended the call.
    Canceled,
    /// A message is larger than the limit of 32 MiB, or of what was set.
    MessageTooLarge,
    /// A quota or buffer of the server is used up.
    ResourceExhausted,
    /// The reply is empty, incomplete or can't be decoded.
    InvalidReply,
    /// The machine took an action on, such as a reboot, and then gave it up. The text has its own words.
    ActionFailed,
    /// A file on this side could not be read or written.
    Io,
    /// A watch can't go on from where it was; list and watch again.
    WatchLost,
    /// An archive from the machine would write outside of the folder it is unpacked to, or more than was allowed.
    UnsafeArchive,
    /// The installer ran on the machine and failed; [`Error::installer_exit`] has the reason.
    InstallerFailed,
    /// A resource has changed since it was read; read it again and write then.
    Conflict,
    /// A resource is about to go, or is not, as the write expected.
    WrongPhase,
    /// A resource belongs to another owner than the one that writes.
    WrongOwner,
    /// Others need a resource still: its finalizers keep it from being destroyed.
    FinalizersPending,
    /// Several nodes failed with different kinds; [`Error::nodes`] has each.
    Nodes,
    /// Any other status of the server.
    Status,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Arc::new(Inner {
            kind,
            message: message.into(),
            method: None,
            node: None,
            endpoint: None,
            source: None,
            nodes: Vec::new(),
        }))
    }

    pub(crate) fn with_source(self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.with_shared_source(Arc::new(source))
    }

    pub(crate) fn with_shared_source(mut self, source: Source) -> Self {
        Arc::make_mut(&mut self.0).source = Some(source);
        self
    }

    pub(crate) fn with_nodes(mut self, nodes: Vec<(String, Error)>) -> Self {
        Arc::make_mut(&mut self.0).nodes = nodes;
        self
    }

    /// Adds to the text.
    pub(crate) fn with_note(mut self, note: &str) -> Self {
        let inner = Arc::make_mut(&mut self.0);
        inner.message.push_str(": ");
        inner.message.push_str(note);
        self
    }

    /// Adds where it happened, keeping what is known already.
    pub(crate) fn at(mut self, method: Option<&str>, node: Option<&str>, endpoint: Option<&str>) -> Self {
        let inner = Arc::make_mut(&mut self.0);
        inner.method = inner.method.take().or_else(|| method.map(str::to_owned));
        inner.node = inner.node.take().or_else(|| node.map(str::to_owned));
        inner.endpoint = inner.endpoint.take().or_else(|| endpoint.map(str::to_owned));
        self
    }

    pub(crate) fn message(&self) -> &str {
        &self.0.message
    }

    /// What a caller can act on.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The name of the method, such as `Version`, when a call was made.
    #[must_use]
    pub fn method(&self) -> Option<&str> {
        self.0.method.as_deref()
    }

    /// The node that the call was for, as it was named.
    #[must_use]
    pub fn node(&self) -> Option<&str> {
        self.0.node.as_deref()
    }

    /// The endpoint that the call went through, as `host:port`.
    #[must_use]
    pub fn endpoint(&self) -> Option<&str> {
        self.0.endpoint.as_deref()
    }

    /// The errors of each node, when this error stands for several.
    pub fn nodes(&self) -> impl ExactSizeIterator<Item = (&str, &Error)> {
        self.0.nodes.iter().map(|(node, error)| (node.as_str(), error))
    }

    /// The gRPC code that the server sent, if it is the server that refused.
    #[must_use]
    pub fn code(&self) -> Option<Code> {
        self.status().map(Status::code)
    }

    /// The status that the server sent, if it is the server that refused.
    #[must_use]
    pub fn status(&self) -> Option<&Status> {
        self.0.source.as_ref().and_then(|source| source.downcast_ref::<Status>())
    }

    /// The fingerprint of the key that the server showed, when it is not a pinned one.
    ///
    /// Compare it with what the machine prints on its console before pinning it.
    #[must_use]
    pub fn presented_fingerprint(&self) -> Option<talos_pki::Fingerprint> {
        let mut source = std::error::Error::source(self);
        while let Some(error) = source {
            if let Some(mismatch) = error.downcast_ref::<crate::pin::Mismatch>() {
                return Some(mismatch.presented);
            }
            source = error.source();
        }
        None
    }

    /// Whether what was asked for is not there.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.kind() == ErrorKind::NotFound
    }

    /// Whether it was there, or done, already.
    #[must_use]
    pub fn is_already_exists(&self) -> bool {
        self.kind() == ErrorKind::AlreadyExists
    }

    /// Whether the server has no such method in this version or mode.
    #[must_use]
    pub fn is_unimplemented(&self) -> bool {
        self.kind() == ErrorKind::Unimplemented
    }

    /// Whether our roles do not allow the call.
    #[must_use]
    pub fn is_permission_denied(&self) -> bool {
        self.kind() == ErrorKind::PermissionDenied
    }

    /// Whether the same call can succeed later without anyone changing anything on our side: the machine is booting,
    /// restarting, busy or out of reach.
    ///
    /// A call that changes something may have been carried out all the same.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self.kind() {
            ErrorKind::ConnectionRefused
            | ErrorKind::DeadlineExceeded
            | ErrorKind::Unresponsive
            | ErrorKind::Unavailable
            | ErrorKind::NodeUnreachable
            | ErrorKind::Canceled
            | ErrorKind::FailedPrecondition
            | ErrorKind::ResourceExhausted => true,
            ErrorKind::Nodes => self.nodes().all(|(_, error)| error.is_retryable()),
            _ => false,
        }
    }

    /// Whether time ran out, whatever is known of the other side.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(self.kind(), ErrorKind::DeadlineExceeded | ErrorKind::Unresponsive)
    }

    /// Whether trust is the problem: certificates or fingerprints of either side. Trying again does not help, but
    /// the certificates of a machine change while it goes from maintenance mode to its configuration.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        matches!(
            self.kind(),
            ErrorKind::UnknownAuthority
                | ErrorKind::NameMismatch
                | ErrorKind::ServerCertificateExpired
                | ErrorKind::ClientCertificateRefused
                | ErrorKind::ClientCertificateExpired
                | ErrorKind::FingerprintMismatch
                | ErrorKind::CertificatePurpose
                | ErrorKind::Tls
        )
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { method, node, endpoint, message, .. } = &*self.0;
        let mut started = false;
        for (word, part) in [("", method), ("node ", node), ("through ", endpoint)] {
            if let Some(part) = part {
                write!(f, "{}{word}{part}", if started { " " } else { "" })?;
                started = true;
            }
        }
        write!(f, "{}{message}", if started { ": " } else { "" })
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { kind, message, method, node, endpoint, source, nodes } = &*self.0;
        let mut debug = f.debug_struct("Error");
        debug.field("kind", kind).field("message", message);
        for (name, value) in [("method", method), ("node", node), ("endpoint", endpoint)] {
            if let Some(value) = value {
                debug.field(name, value);
            }
        }
        if let Some(source) = source {
            debug.field("source", &source.to_string());
        }
        if !nodes.is_empty() {
            debug.field("nodes", nodes);
        }
        debug.finish()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}
