//! The way of a call: metadata, deadline, endpoint, second tries.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use h2::{Reason, RecvStream};
use http::header::{AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use http::uri::{PathAndQuery, Scheme};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri};
use tokio::time::Instant;
use tonic::Status;
use tower_service::Service;
use tracing::{Instrument, Span, field};

use crate::balance::{Balancer, Peer};
use crate::body::ResponseBody;
use crate::connect::{Connection, Monitor};
use crate::http2::{self, Answer, Failed, RequestBody};
use crate::method::{Flow, Method};
use crate::talos_version::Versions;
use crate::target::Target;
use crate::{Error, ErrorKind, Result, SideroV1Signer};

const NODE: HeaderName = HeaderName::from_static("node");
const NODES: HeaderName = HeaderName::from_static("nodes");
const RUNTIME: HeaderName = HeaderName::from_static("runtime");
const CONTEXT: HeaderName = HeaderName::from_static("context");
const GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");

/// What all calls of a client have in common.
pub(crate) struct Shared {
    pub(crate) balancer: Balancer,
    pub(crate) call_timeout: Option<Duration>,
    pub(crate) max_message_size: usize,
    pub(crate) concurrency: usize,
    pub(crate) cluster: Option<HeaderValue>,
    pub(crate) authorization: Option<HeaderValue>,
    /// Signs each call.
    pub(crate) signer: Option<SideroV1Signer>,
    /// In maintenance mode there is one machine and nobody to forward to.
    pub(crate) maintenance: bool,
    /// The nodes of the context.
    pub(crate) default_nodes: Vec<String>,
    pub(crate) versions: Versions,
}

/// A gRPC transport to one node, for the generated stubs.
///
/// It sets the metadata that Talos routes by, chooses the endpoint, and sends a call again where that is safe. Cheap
/// to clone; all clones share their connections.
#[derive(Clone)]
pub struct Channel {
    pub(crate) shared: Arc<Shared>,
    pub(crate) target: Target,
    pub(crate) timeout: Option<Duration>,
}

impl std::fmt::Debug for Channel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Channel").field("node", &self.target.name()).finish_non_exhaustive()
    }
}

/// Which way a call went, for its errors. Travels in the extensions of the request.
#[derive(Debug, Clone, Default)]
pub(crate) struct Route(Arc<RouteInner>);

#[derive(Debug, Default)]
struct RouteInner {
    path: OnceLock<String>,
    endpoint: Mutex<Option<Arc<str>>>,
}

impl Route {
    pub(crate) fn path(&self) -> Option<&str> {
        self.0.path.get().map(String::as_str)
    }

    pub(crate) fn endpoint(&self) -> Option<Arc<str>> {
        self.0.endpoint.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_endpoint(&self, name: &Arc<str>) {
        *self.0.endpoint.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(name));
    }
}

/// Where a call is that takes too long.
#[derive(Default)]
struct Progress {
    sent: Option<(Arc<Peer>, Arc<Connection>, u64)>,
}

/// A request that can be sent several times, but for the body of a caller who streams.
struct Outgoing {
    path: PathAndQuery,
    headers: HeaderMap,
    body: RequestBody,
    idempotent: bool,
    route: Route,
}

impl Service<http::Request<tonic::body::Body>> for Channel {
    type Response = http::Response<ResponseBody>;
    type Error = Status;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Status>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<tonic::body::Body>) -> Self::Future {
        let channel = self.clone();
        let span = tracing::debug_span!(
            "talos_call",
            method = request.uri().path(),
            node = self.target.name(),
            endpoint = field::Empty,
            attempt = field::Empty,
            code = field::Empty,
        );
        Box::pin(
            async move {
                channel.send(request).await.map_err(|error| {
                    tracing::debug!(%error, "the call failed");
                    error.into_status()
                })
            }
            .instrument(span),
        )
    }
}

impl Channel {
    async fn send(&self, request: http::Request<tonic::body::Body>) -> Result<http::Response<ResponseBody>> {
        let (mut parts, body) = request.into_parts();
        let route = parts.extensions.remove::<Route>().unwrap_or_default();
        let path = parts.uri.into_parts().path_and_query.unwrap_or_else(|| PathAndQuery::from_static("/"));
        let known = Method::find(path.as_str());
        _ = route.0.path.set(path.as_str().to_owned());

        let asked = parts.headers.get(GRPC_TIMEOUT).and_then(parse_timeout);
        let for_replies = match known.map(|method| method.flow) {
            Some(Flow::Unary) => self.shared.call_timeout,
            _ => None,
        };
        let timeout = asked.or(self.timeout).or(for_replies);
        self.set_metadata(&mut parts.headers, path.as_str(), timeout)?;

        let body = match known.map(|method| method.flow) {
            Some(Flow::Unary | Flow::Replies) => RequestBody::whole(body).await?,
            Some(Flow::Requests) | None => RequestBody::Stream(Some(body)),
        };
        let outgoing = Outgoing {
            path,
            headers: parts.headers,
            body,
            idempotent: known.is_some_and(|method| method.idempotent),
            route,
        };

        let mut progress = Progress::default();
        let Some(timeout) = timeout else {
            let (answer, connection) = self.try_endpoints(outgoing, &mut progress).await?;
            return Ok(ResponseBody::new(answer, None, connection, Span::current()));
        };
        let deadline = Instant::now() + timeout;
        match tokio::time::timeout_at(deadline, self.try_endpoints(outgoing, &mut progress)).await {
            Ok(result) => {
                let (answer, connection) = result?;
                Ok(ResponseBody::new(answer, Some(deadline), connection, Span::current()))
            }
            Err(_) => Err(match progress.sent {
                None => overdue("no endpoint could be connected"),
                Some((peer, connection, received)) => {
                    if connection.monitor.received() == received {
                        peer.discard(&connection);
                        Error::new(
                            ErrorKind::Unresponsive,
                            "not one byte came back in the time given for the call: the machine hangs, or lost its \
                             power or network; look at its console, or try again",
                        )
                    } else {
                        overdue("no answer came")
                    }
                }
            }),
        }
    }

    fn set_metadata(&self, headers: &mut HeaderMap, path: &str, timeout: Option<Duration>) -> Result<()> {
        headers.remove(NODE);
        headers.remove(NODES);
        match &self.target {
            Target::Endpoint => {}
            Target::Invalid { error, .. } => return Err(error.clone()),
            Target::Node { .. } if self.shared.maintenance => {
                return Err(Error::new(
                    ErrorKind::InvalidTarget,
                    "a machine in maintenance mode forwards to no node: use `endpoint()`, which is the machine itself",
                ));
            }
            Target::Node { header, .. } => {
                headers.insert(NODE, header.clone());
            }
        }
        headers.insert(RUNTIME, HeaderValue::from_static("Talos"));
        if let Some(cluster) = &self.shared.cluster {
            headers.insert(CONTEXT, cluster.clone());
        }
        if let Some(authorization) = &self.shared.authorization {
            headers.insert(AUTHORIZATION, authorization.clone());
        }
        headers
            .insert(USER_AGENT, HeaderValue::from_static(concat!("talos-sdk/", env!("CARGO_PKG_VERSION"))));
        if let Some(timeout) = timeout {
            headers.insert(GRPC_TIMEOUT, format_timeout(timeout));
        }
        // Last, for it signs what is there.
        match &self.shared.signer {
            Some(signer) => signer.sign(headers, path, self.shared.balancer.tls().clock.now()),
            None => Ok(()),
        }
    }

    async fn try_endpoints(
        &self,
        mut outgoing: Outgoing,
        progress: &mut Progress,
    ) -> Result<(Answer, Arc<Connection>)> {
        // Every endpoint may have a connection that is about to break, and break once more after that.
        let most = (2 * self.shared.balancer.len() + 1).max(3);
        let mut attempt = 0;
        loop {
            attempt += 1;
            let (peer, connection) = self.shared.balancer.acquire().await?;
            outgoing.route.set_endpoint(&peer.name);
            Span::current().record("endpoint", &*peer.name).record("attempt", attempt);
            progress.sent = Some((Arc::clone(&peer), Arc::clone(&connection), connection.monitor.received()));

            if !outgoing.idempotent {
                // Once it is sent it can't be sent again, so a connection that broke has the chance to say so first.
                tokio::task::yield_now().await;
            }
            let request = outgoing.request(&peer)?;
            let failed = match http2::send(&connection, request, &mut outgoing.body).await {
                Ok(answer) => {
                    check(&answer.response)?;
                    return Ok((answer, connection));
                }
                Err(failed) => failed,
            };
            let Failed { error: failed, unsent } = failed;
            let untouched = unsent || was_refused(&failed);
            let error = explain(failed, &connection.monitor);
            if connection.monitor.failure().is_some() || connection.is_closed() {
                peer.discard(&connection);
            }
            let again = attempt < most && outgoing.body.can_be_sent() && (untouched || outgoing.idempotent);
            if !again {
                return Err(error);
            }
            tracing::debug!(endpoint = %peer.name, %error, untouched, "sending the call again");
        }
    }
}

impl Outgoing {
    fn request(&self, peer: &Peer) -> Result<http::Request<()>> {
        let mut uri = http::uri::Parts::default();
        uri.scheme = Some(Scheme::HTTPS);
        uri.authority = Some(peer.authority.clone());
        uri.path_and_query = Some(self.path.clone());
        let mut request = http::Request::new(());
        *request.method_mut() = http::Method::POST;
        *request.version_mut() = http::Version::HTTP_2;
        *request.uri_mut() = Uri::from_parts(uri).map_err(|error| {
            Error::new(ErrorKind::InvalidEndpoint, "the endpoint makes no URL").with_source(error)
        })?;
        *request.headers_mut() = self.headers.clone();
        Ok(request)
    }
}

/// Whether the server said that it did nothing with the request.
fn was_refused(error: &h2::Error) -> bool {
    // A GOAWAY ends only calls that came after those it lists as seen, whatever its reason.
    let gone = error.is_go_away() && error.is_remote();
    gone || error.is_reset() && error.reason() == Some(Reason::REFUSED_STREAM)
}

/// What a broken call means, with the cause from below HTTP/2 where there is one.
pub(crate) fn explain(error: h2::Error, monitor: &Monitor) -> Error {
    if let Some(error) = monitor.failure() {
        return error;
    }
    let reset = Some(&error).filter(|error| error.is_reset());
    let (kind, message) = match reset.and_then(h2::Error::reason) {
        Some(Reason::CANCEL) => (ErrorKind::Canceled, "the server ended the call without a status"),
        Some(Reason::ENHANCE_YOUR_CALM) => (ErrorKind::ResourceExhausted, "the server wants fewer requests"),
        _ => (
            ErrorKind::Unavailable,
            "the connection broke: the machine or its API restarts, or the network is down",
        ),
    };
    Error::new(kind, message).with_source(error)
}

pub(crate) fn overdue(what: &str) -> Error {
    Error::new(
        ErrorKind::DeadlineExceeded,
        format!("{what} within the time given for the call: try again, or allow more time"),
    )
}

/// Whether a gRPC server answered.
fn check(response: &http::Response<RecvStream>) -> Result<()> {
    let content_type =
        response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    if content_type.starts_with("application/grpc") {
        return Ok(());
    }
    Err(match response.status() {
        status @ (StatusCode::BAD_GATEWAY
        | StatusCode::SERVICE_UNAVAILABLE
        | StatusCode::GATEWAY_TIMEOUT
        | StatusCode::TOO_MANY_REQUESTS) => {
            Error::new(ErrorKind::Unavailable, format!("a proxy before the machine answered {status}"))
        }
        status => Error::new(
            ErrorKind::NotTalosApi,
            format!(
                "what answers there is a web server ({status}), not a Talos API: check the address and the port"
            ),
        ),
    })
}

/// At most eight digits and a unit, as the gRPC protocol has it.
fn format_timeout(timeout: Duration) -> HeaderValue {
    let text = match timeout.as_millis() {
        millis @ 0..=99_999_999 => format!("{}m", millis.max(1)),
        _ => format!("{}S", timeout.as_secs().min(99_999_999)),
    };
    HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static("99999999S"))
}

fn parse_timeout(value: &HeaderValue) -> Option<Duration> {
    let text = value.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let number: u64 = digits.parse().ok().filter(|_| digits.len() <= 8)?;
    Some(match unit {
        "H" => Duration::from_secs(number * 3600),
        "M" => Duration::from_secs(number * 60),
        "S" => Duration::from_secs(number),
        "m" => Duration::from_millis(number),
        "u" => Duration::from_micros(number),
        "n" => Duration::from_nanos(number),
        _ => return None,
    })
}
