//! Passing calls on to other machines.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::{Buf, BufMut, Bytes, BytesMut};
use futures_util::stream::{self, StreamExt};
use http::{HeaderMap, HeaderValue, Request, Response, Uri};
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Body, Frame, Incoming};
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::TokioIo;
use prost::Message;
use prost::encoding::{decode_varint, encode_varint};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use talos_pki::RoleSet;
use talos_proto::{common, google};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tonic::Status;

use crate::grpc::{Answer, Messages, ResponseBody, frame, refuse, respond};
use crate::methods::Method;
use crate::run::Run;
use crate::server::PORT;
use crate::tasks::Spawner;

/// Connections to other machines, kept while they work.
#[derive(Default)]
pub(crate) struct Backends(Mutex<HashMap<String, Backend>>);

/// One connection. The lock is held while it is made, so that many calls wait for one handshake.
type Backend = Arc<tokio::sync::Mutex<Option<SendRequest<ResponseBody>>>>;

impl Backends {
    /// Forgets the connections; calls on them go on.
    pub(crate) fn forget(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    async fn connect(&self, run: &Run, target: &str) -> Result<SendRequest<ResponseBody>, Status> {
        let backend = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(target.to_owned())
            .or_default()
            .clone();
        let mut slot = backend.lock().await;
        if let Some(sender) = slot.as_ref().filter(|sender| !sender.is_closed()) {
            return Ok(sender.clone());
        }
        let sender = dial(run, target).await?;
        *slot = Some(sender.clone());
        Ok(sender)
    }
}

async fn dial(run: &Run, target: &str) -> Result<SendRequest<ResponseBody>, Status> {
    let unavailable = |why: &dyn std::fmt::Display| Status::unavailable(format!("node {target}: {why}"));
    let address = run.node.world.find(target).map(|node| node.address);
    let loopback = || target.parse::<Ipv4Addr>().ok().filter(Ipv4Addr::is_loopback);
    // Nothing of a simulation may leave the loopback network.
    let address = address.or_else(loopback).ok_or_else(|| unavailable(&"no such host"))?;
    let tls = run.tls().and_then(|tls| tls.client);
    let tls = tls.ok_or_else(|| Status::permission_denied("no request forwarding"))?;
    let name = match target.parse::<IpAddr>() {
        Ok(ip) => ServerName::from(ip),
        Err(_) => ServerName::try_from(target.to_owned()).map_err(|error| unavailable(&error))?,
    };
    let connected = connect((address, PORT), name, tls, run.api().spawner()).await;
    connected.map_err(|error| unavailable(&error))
}

/// Opens a connection to a gRPC server of another machine.
pub(crate) async fn connect(
    address: (Ipv4Addr, u16),
    name: ServerName<'static>,
    tls: Arc<ClientConfig>,
    spawner: Spawner,
) -> std::io::Result<SendRequest<ResponseBody>> {
    let stream = TcpStream::connect(address).await?;
    // Small messages must not wait for more.
    let _ = stream.set_nodelay(true);
    let stream = TlsConnector::from(tls).connect(name, stream).await?;
    let (sender, connection) = http2::Builder::new(spawner.clone())
        .initial_stream_window_size(65_535 * 32)
        .initial_connection_window_size(65_535 * 64)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(std::io::Error::other)?;
    spawner.spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "forwarding connection ended");
        }
    });
    Ok(sender)
}

/// Whether a target is what Talos takes: an address or a name, without a port.
pub(crate) fn is_valid(target: &str) -> bool {
    !target.is_empty() && !target.starts_with('[') && target.matches(':').count() != 1
}

/// The refusal of a target that is not.
pub(crate) fn invalid(target: &str) -> Status {
    Status::internal(format!("{target:?} is no valid target: it must be an address or a name"))
}

/// Sends a call on, with the caller's roles in place of its certificate.
async fn send(
    run: &Run,
    target: &str,
    roles: &RoleSet,
    path: &str,
    headers: &HeaderMap,
    body: ResponseBody,
) -> Result<Response<Incoming>, Status> {
    if !is_valid(target) {
        return Err(invalid(target));
    }
    let mut sender = run.backends.connect(run, target).await?;
    let uri = Uri::builder().scheme("https").authority(authority(target)).path_and_query(path).build();
    let mut request = Request::post(uri.map_err(|error| Status::internal(error.to_string()))?)
        .body(body)
        .map_err(|error| Status::internal(error.to_string()))?;
    let dropped = ["node", "nodes", "talos-role", "host", "content-length"];
    for (name, value) in headers {
        if !dropped.contains(&name.as_str()) {
            request.headers_mut().append(name, value.clone());
        }
    }
    for role in roles.iter() {
        request.headers_mut().append("talos-role", HeaderValue::from_static(role.as_str()));
    }
    if let Ok(own) = HeaderValue::from_str(&run.address().to_string()) {
        request.headers_mut().append("proxyfrom", own);
    }
    sender
        .send_request(request)
        .await
        .map_err(|error| Status::unavailable(format!("node {target}: connection lost: {error}")))
}

fn authority(target: &str) -> String {
    if target.contains(':') { format!("[{target}]:{PORT}") } else { format!("{target}:{PORT}") }
}

/// Passes a call on to one machine, and its answer back, without looking at them.
pub(crate) async fn to_one(
    run: &Arc<Run>,
    target: &str,
    roles: &RoleSet,
    request: Request<Incoming>,
) -> Response<ResponseBody> {
    let (parts, body) = request.into_parts();
    let sent = send(run, target, roles, parts.uri.path(), &parts.headers, body.boxed_unsync()).await;
    let (parts, body) = match sent {
        Ok(response) => response.into_parts(),
        Err(status) => return refuse(&status),
    };
    if body.is_end_stream() {
        // The status stands in the headers, and they must be the end of the response.
        let mut response = respond(body.boxed_unsync());
        *response.headers_mut() = parts.headers;
        return response;
    }
    let target = target.to_owned();
    // A connection that ends early becomes a status, so that the caller's own connection stays whole.
    let frames = stream::unfold(Some(body), move |state| {
        let target = target.clone();
        async move {
            let mut body = state?;
            match body.frame().await? {
                Ok(frame) => Some((Ok(frame), Some(body))),
                Err(error) => {
                    let status = Status::unavailable(format!("node {target}: connection lost: {error}"));
                    let mut trailers = HeaderMap::new();
                    status.add_header(&mut trailers).ok()?;
                    Some((Ok(Frame::trailers(trailers)), None))
                }
            }
        }
    });
    let mut response = respond(StreamBody::new(frames).boxed_unsync());
    *response.headers_mut() = parts.headers;
    response
}

/// All messages of a request, framed: a caller that streams is heard out before it is passed on.
async fn read_all(body: Incoming) -> Result<Bytes, Status> {
    let mut messages = Messages::new(body);
    let mut framed = BytesMut::new();
    while let Some(message) = messages.next().await? {
        framed.put_slice(&frame(&message));
    }
    Ok(framed.freeze())
}

/// Asks many machines at once, and tells in every answer where it came from.
pub(crate) async fn to_many(
    run: &Arc<Run>,
    targets: Vec<String>,
    roles: &RoleSet,
    request: Request<Incoming>,
) -> Response<ResponseBody> {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    let message = match read_all(body).await {
        Ok(message) => message,
        Err(status) => return refuse(&status),
    };
    let streaming = Method::find(&path, run.minor()).is_some_and(Method::server_streaming);
    let calls = targets.into_iter().map(|target| {
        let body = Full::new(message.clone()).map_err(|never: std::convert::Infallible| match never {});
        let (run, path, headers, roles) = (run.clone(), path.clone(), parts.headers.clone(), roles.clone());
        async move {
            let sent = send(&run, &target, &roles, &path, &headers, body.boxed_unsync()).await;
            (target, sent)
        }
    });
    if streaming {
        let streams =
            calls.map(|call| stream::once(call).flat_map(|(target, sent)| frames(target, sent)).boxed());
        return Answer::Many(stream::select_all(streams).map(Ok).boxed()).into_response();
    }
    let answers = futures_util::future::join_all(calls.map(|call| async {
        let (target, sent) = call.await;
        reply(&target, sent).await
    }));
    Answer::One(answers.await.concat().into()).into_response()
}

/// The one message of a machine's answer, with its name inside of it.
async fn reply(target: &str, sent: Result<Response<Incoming>, Status>) -> Vec<u8> {
    let answer = async {
        let (parts, body) = sent?.into_parts();
        let mut messages = Messages::new(body);
        let message = messages.next().await?;
        while messages.next().await?.is_some() {}
        let status = messages.status(&parts.headers);
        match (status.code(), message) {
            (tonic::Code::Ok, Some(message)) => Ok(message),
            (tonic::Code::Ok, None) => Ok(Bytes::new()),
            _ => Err(status),
        }
    };
    match answer.await {
        Ok(message) => mark_unary(message, &metadata_field(target, None)),
        Err(status) => nested(&metadata_field(target, Some(&status))),
    }
}

/// The messages of a machine's stream, with its name in every one and its failure as the last.
fn frames(
    target: String,
    sent: Result<Response<Incoming>, Status>,
) -> impl futures_core::Stream<Item = Bytes> + Send {
    struct State {
        target: String,
        source: Option<(Messages<Incoming>, HeaderMap)>,
        failure: Option<Status>,
    }
    let (source, failure) = match sent {
        Ok(response) => {
            let (parts, body) = response.into_parts();
            (Some((Messages::new(body), parts.headers)), None)
        }
        Err(status) => (None, Some(status)),
    };
    stream::unfold(State { target, source, failure }, |mut state| async {
        if let Some((mut messages, headers)) = state.source.take() {
            match messages.next().await {
                Ok(Some(message)) => {
                    let mut marked = BytesMut::from(&message[..]);
                    marked.put_slice(&metadata_field(&state.target, None));
                    state.source = Some((messages, headers));
                    return Some((marked.freeze(), state));
                }
                Ok(None) => {
                    let status = messages.status(&headers);
                    state.failure = (status.code() != tonic::Code::Ok).then_some(status);
                }
                Err(status) => state.failure = Some(status),
            }
        }
        let status = state.failure.take()?;
        Some((metadata_field(&state.target, Some(&status)).into(), state))
    })
}

/// Field 1 of a message: who it is from, and what went wrong there.
fn metadata_field(target: &str, failure: Option<&Status>) -> Vec<u8> {
    let metadata = common::Metadata {
        hostname: target.to_owned(),
        error: failure.map(|status| status.message().to_owned()).unwrap_or_default(),
        status: failure.map(|status| google::rpc::Status {
            code: status.code().into(),
            message: status.message().to_owned(),
            details: Vec::new(),
        }),
    };
    nested(&metadata.encode_to_vec())
}

/// Bytes as field 1 of a message.
fn nested(inner: &[u8]) -> Vec<u8> {
    let mut field = vec![0x0a];
    encode_varint(inner.len() as u64, &mut field);
    field.extend_from_slice(inner);
    field
}

/// Puts `metadata` into the first of the replies inside of `message`.
fn mark_unary(message: Bytes, metadata: &[u8]) -> Vec<u8> {
    let mut rest = message.clone();
    let first = (rest.first() == Some(&0x0a)).then(|| {
        rest.advance(1);
        let length = usize::try_from(decode_varint(&mut rest).ok()?).ok()?;
        (length <= rest.len()).then(|| rest.split_to(length))
    });
    match first.flatten() {
        Some(first) => {
            let mut marked = nested(&[&first, metadata].concat());
            marked.extend_from_slice(&rest);
            marked
        }
        None => [nested(metadata), message.to_vec()].concat(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use talos_proto::machine;

    use super::*;

    #[test]
    fn targets() {
        for (target, valid) in [
            ("10.0.0.1", true),
            ("cp-1", true),
            ("fd00::1", true),
            ("", false),
            ("10.0.0.1:50000", false),
            ("[fd00::1]:1", false),
        ] {
            assert_eq!(is_valid(target), valid, "{target:?}");
        }
    }

    #[test]
    fn the_first_reply_is_marked() {
        let version = |tag: &str| machine::Version {
            version: Some(machine::VersionInfo { tag: tag.repeat(100), ..Default::default() }),
            ..Default::default()
        };
        let response = machine::VersionResponse { messages: vec![version("a"), version("b")] };
        let marked = mark_unary(response.encode_to_vec().into(), &metadata_field("n1", None));
        let read = machine::VersionResponse::decode(&marked[..]).unwrap();
        assert_eq!(read.messages.len(), 2);
        assert_eq!(read.messages[0].metadata.as_ref().unwrap().hostname, "n1");
        assert_eq!(read.messages[0].version, response.messages[0].version);
        assert_eq!(read.messages[1], response.messages[1]);
        let empty = mark_unary(Bytes::new(), &metadata_field("n1", Some(&Status::unavailable("gone"))));
        let read = machine::VersionResponse::decode(&empty[..]).unwrap();
        let metadata = read.messages[0].metadata.as_ref().unwrap();
        assert_eq!((metadata.error.as_str(), metadata.status.as_ref().unwrap().code), ("gone", 14));
    }
}
