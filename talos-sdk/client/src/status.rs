//! From the status of a server to an [`Error`] that says what to do.

use std::error::Error as _;

use tonic::{Code, Status};

use crate::method::{self, Method};
use crate::{Error, ErrorKind, TalosVersion};

/// What the words of a status depend on.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Circumstances<'a> {
    pub(crate) path: Option<&'a str>,
    pub(crate) node: Option<&'a str>,
    pub(crate) endpoint: Option<&'a str>,
    /// The roles in our certificate; `None` where there is no certificate.
    pub(crate) roles: Option<&'a [String]>,
    /// The version of Talos on the machine, if it is known.
    pub(crate) version: Option<&'a TalosVersion>,
}

impl Error {
    /// Wraps ourselves for the way through the stubs, under the code that fits best.
    pub(crate) fn into_status(self) -> Status {
        let code = match self.kind() {
            ErrorKind::DeadlineExceeded | ErrorKind::Unresponsive => Code::DeadlineExceeded,
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
        let Circumstances { path, node, endpoint, roles, version } = circumstances;
        let name = path.map(method::name);
        if let Some(error) = own(&status) {
            return error.at(name, node, endpoint);
        }

        let text = status.message();
        let (kind, message) = match status.code() {
            Code::Unimplemented => (ErrorKind::Unimplemented, not_offered(text, path, version)),
            Code::PermissionDenied if text.contains("no request forwarding") => (
                ErrorKind::ForwardingRefused,
                "the endpoint is a worker, which forwards calls to no other node: use a control plane node as the \
                 endpoint, or name the worker itself as the node"
                    .to_owned(),
            ),
            // Which types there are depends on the version, and machines have no other code for it.
            Code::PermissionDenied if text.contains("is not supported") && path.is_some_and(is_state) => {
                (ErrorKind::Unimplemented, format!("the machine has no such resources in its version of Talos ({text})"))
            }
            Code::PermissionDenied if text.contains("not authorized") => {
                (ErrorKind::PermissionDenied, denied(text, path, roles))
            }
            Code::PermissionDenied => (ErrorKind::PermissionDenied, format!("the machine does not allow this: {text}")),
            Code::Unauthenticated => (
                ErrorKind::Unauthenticated,
                format!("the server does not know who is calling ({text}): check the credentials of the context"),
            ),
            Code::DeadlineExceeded => (
                ErrorKind::DeadlineExceeded,
                format!("no complete answer in the time given ({text}): try again, or allow more time"),
            ),
            Code::Unavailable if node.is_some() && never_arrived(text) => (
                ErrorKind::NodeUnreachable,
                format!(
                    "the endpoint has no way to the node ({text}): check that the node belongs to the cluster and is up"
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

fn is_state(path: &str) -> bool {
    path.starts_with("/cosi.resource.State/")
}

/// Whether an endpoint that could not forward a call had no connection to the node at all. Beside the code, which is
/// that of a broken connection too, there are only the words of Go's dialer to tell.
fn never_arrived(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    [
        "error while dialing",
        "authentication handshake failed",
        "connection refused",
        "no such host",
        "no route to host",
    ]
    .iter()
    .any(|words| text.contains(words))
}

/// Why a machine does not know a method, as far as our tables and its version tell.
fn not_offered(text: &str, path: Option<&str>, version: Option<&TalosVersion>) -> String {
    let method = path.and_then(Method::find);
    let why = match (method, version) {
        (Some(method), Some(version)) if method.is_in(version) => {
            format!("Talos {version} has it, but not in the machine's present mode or in this form")
        }
        (Some(Method { removed: Some(removed), .. }), version) => {
            format!("Talos 1.{removed} no longer has it{}", it_runs(version))
        }
        (Some(Method { since: since @ 10.., .. }), version) => {
            format!("it needs Talos 1.{since} or later{}", it_runs(version))
        }
        _ => "its version of Talos has no such method, or not in its present mode".to_owned(),
    };
    format!("the machine does not offer {}: {why} ({text})", path.unwrap_or("this method"))
}

fn it_runs(version: Option<&TalosVersion>) -> String {
    version.map(|version| format!(", and the machine runs {version}")).unwrap_or_default()
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

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(code: Code, text: &str, node: Option<&str>, path: &str) -> ErrorKind {
        let circumstances = Circumstances { path: Some(path), node, ..Circumstances::default() };
        Error::from_status(Status::new(code, text), circumstances).kind()
    }

    #[test]
    fn only_a_call_that_never_arrived_makes_a_node_unreachable() {
        let version = "/machine.MachineService/Version";
        for (text, expected) in [
            (
                "connection error: desc = \"transport: Error while dialing: dial tcp 10.0.0.9:50000: i/o timeout\"",
                ErrorKind::NodeUnreachable,
            ),
            (
                "connection error: desc = \"transport: authentication handshake failed: tls: unknown authority\"",
                ErrorKind::NodeUnreachable,
            ),
            ("node cp-9: no such host", ErrorKind::NodeUnreachable),
            ("error reading from server: EOF", ErrorKind::Unavailable),
            ("the connection is draining", ErrorKind::Unavailable),
        ] {
            assert_eq!(kind(Code::Unavailable, text, Some("10.0.0.9"), version), expected, "{text}");
            assert_eq!(kind(Code::Unavailable, text, None, version), ErrorKind::Unavailable, "{text}");
        }
    }

    #[test]
    fn a_method_that_is_not_there_names_the_version_that_has_it() {
        let text = |path, version: Option<TalosVersion>| {
            let circumstances =
                Circumstances { path: Some(path), version: version.as_ref(), ..Circumstances::default() };
            Error::from_status(Status::unimplemented("unknown"), circumstances).to_string()
        };
        let (pull, old) = ("/machine.ImageService/Pull", "/machine.MachineService/GenerateConfiguration");
        assert!(text(pull, None).contains("needs Talos 1.13 or later"));
        let known = text(pull, Some(TalosVersion::new(1, 12, 11)));
        assert!(known.contains("needs Talos 1.13 or later, and the machine runs v1.12.11"), "{known}");
        let maintenance = text(pull, Some(TalosVersion::new(1, 13, 9)));
        assert!(maintenance.contains("v1.13.9 has it, but not"), "{maintenance}");
        assert!(text(old, Some(TalosVersion::new(1, 14, 0))).contains("1.13 no longer has it"));
        assert!(text("/machine.MachineService/Reboot", None).contains("present mode"));
    }

    #[test]
    fn refusals_are_told_apart() {
        let (list, reboot) = ("/cosi.resource.State/List", "/machine.MachineService/Reboot");
        let denied = Code::PermissionDenied;
        assert_eq!(
            kind(denied, "resource type \"X\" is not supported", None, list),
            ErrorKind::Unimplemented
        );
        assert_eq!(kind(denied, "write access is not allowed", None, list), ErrorKind::PermissionDenied);
        assert_eq!(kind(denied, "not authorized", None, reboot), ErrorKind::PermissionDenied);
        assert_eq!(kind(denied, "no request forwarding", None, reboot), ErrorKind::ForwardingRefused);
    }
}
