//! From the status of a server to an [`Error`] that says what to do.

use std::error::Error as _;

use tonic::{Code, Status};

use crate::method::{self, Method};
use crate::{Error, ErrorKind};

/// What the words of a status depend on.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Circumstances<'a> {
    pub(crate) path: Option<&'a str>,
    pub(crate) node: Option<&'a str>,
    pub(crate) endpoint: Option<&'a str>,
    /// The roles in our certificate; `None` where there is no certificate.
    pub(crate) roles: Option<&'a [String]>,
}

impl Error {
    /// Wraps ourselves for the way through the stubs, under the code that fits best.
    pub(crate) fn into_status(self) -> Status {
        let code = match self.kind() {
            ErrorKind::DeadlineExceeded => Code::DeadlineExceeded,
            ErrorKind::InvalidTarget | ErrorKind::InvalidConfiguration | ErrorKind::InvalidEndpoint => {
                Code::InvalidArgument
            }
            ErrorKind::Canceled => Code::Cancelled,
            ErrorKind::MessageTooLarge => Code::ResourceExhausted,
            ErrorKind::InvalidReply => Code::Internal,
            _ => Code::Unavailable,
        };
        let mut status = Status::new(code, self.message());
        status.set_source(std::sync::Arc::new(self));
        status
    }

    pub(crate) fn from_status(status: Status, circumstances: Circumstances<'_>) -> Self {
        let Circumstances { path, node, endpoint, roles } = circumstances;
        let name = path.map(method::name);
        if let Some(error) = own(&status) {
            return error.at(name, node, endpoint);
        }

        let text = status.message();
        let (kind, message) = match status.code() {
            Code::Unimplemented => (
                ErrorKind::Unimplemented,
                format!(
                    "the machine does not offer {}: its version of Talos has no such method, or not in its present mode ({text})",
                    path.unwrap_or("this method")
                ),
            ),
            Code::PermissionDenied if text.contains("no request forwarding") => (
                ErrorKind::ForwardingRefused,
                "the endpoint is a worker, which forwards calls to no other node: use a control plane node as the \
                 endpoint, or name the worker itself as the node"
                    .to_owned(),
            ),
            Code::PermissionDenied => (ErrorKind::PermissionDenied, denied(text, path, roles)),
            Code::Unauthenticated => (
                ErrorKind::Unauthenticated,
                format!("the server does not know who is calling ({text}): check the credentials of the context"),
            ),
            Code::DeadlineExceeded => (
                ErrorKind::DeadlineExceeded,
                format!("no complete answer in the time given ({text}): try again, or allow more time"),
            ),
            Code::Unavailable if node.is_some() => (
                ErrorKind::NodeUnreachable,
                format!(
                    "the endpoint has no way to the node now ({text}): check that the node belongs to the cluster and is up"
                ),
            ),
            Code::Unavailable => (ErrorKind::Unavailable, format!("the machine can't serve this now: {text}")),
            Code::OutOfRange if text.contains("message length too large") => (
                ErrorKind::MessageTooLarge,
                format!("the reply is larger than this client accepts ({text}): ask for less, or raise the limit"),
            ),
            Code::ResourceExhausted if text.contains("larger than max") => {
                (ErrorKind::MessageTooLarge, format!("the message is too large for the server: {text}"))
            }
            Code::Cancelled => (ErrorKind::Canceled, format!("the server ended the call: {text}")),
            Code::NotFound => (ErrorKind::NotFound, text.to_owned()),
            Code::AlreadyExists => (ErrorKind::AlreadyExists, text.to_owned()),
            Code::FailedPrecondition => (ErrorKind::FailedPrecondition, text.to_owned()),
            Code::InvalidArgument => (ErrorKind::InvalidArgument, text.to_owned()),
            Code::ResourceExhausted => (ErrorKind::ResourceExhausted, text.to_owned()),
            code => (ErrorKind::Status, if text.is_empty() { format!("{code:?}") } else { text.to_owned() }),
        };
        Self::new(kind, message).with_source(status).at(name, node, endpoint)
    }
}

impl From<Status> for Error {
    /// For statuses of the generated stubs that [`Node::raw`](crate::Node::raw) gives.
    fn from(status: Status) -> Self {
        Self::from_status(status, Circumstances::default())
    }
}

/// The error of this crate that a status carries, when the server had no part in it.
fn own(status: &Status) -> Option<Error> {
    let mut source = status.source();
    while let Some(error) = source {
        if let Some(own) = error.downcast_ref::<Error>() {
            return Some(own.clone());
        }
        source = error.source();
    }
    None
}

fn denied(text: &str, path: Option<&str>, roles: Option<&[String]>) -> String {
    let ours = match roles {
        None => {
            "there is no client certificate, so no role but what the machine gives to everyone".to_owned()
        }
        Some([]) => "the client certificate has no roles".to_owned(),
        Some(roles) => format!("the client certificate has the roles {}", roles.join(", ")),
    };
    let needed = match path.and_then(Method::find) {
        Some(method) => format!("; {} needs one of {}", method::name(method.path), method.roles.join(", ")),
        None => String::new(),
    };
    format!("not allowed ({text}): {ours}{needed}")
}
