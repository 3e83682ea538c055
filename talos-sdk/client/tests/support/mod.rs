//! A server that speaks gRPC over mutual TLS and misbehaves on demand.
#![allow(dead_code, reason = "each test program uses a part of it")]

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context as TaskContext, Poll};
use std::time::{Duration, SystemTime};

use bytes::{Buf, BufMut, Bytes, BytesMut};
use futures_util::future::BoxFuture;
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body::{Body, Frame};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use prost::Message;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use talos_pki::{CaOptions, CertificateAuthority, FixedClock, LeafOptions, Role, SystemClock, Usage};
use talos_proto::machine;
use talosconfig::Context;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::{AbortHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

pub(crate) const LOOPBACK: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

/// The authority of one cluster.
pub(crate) struct Pki {
    pub(crate) ca: CertificateAuthority,
}

impl Pki {
    pub(crate) fn new() -> Self {
        Self { ca: CertificateAuthority::generate(&CaOptions::new("talos"), &SystemClock).unwrap() }
    }

    pub(crate) fn context<S: Into<String>>(&self, endpoints: impl IntoIterator<Item = S>) -> Context {
        let identity = self.ca.issue(&LeafOptions::client([Role::Admin]), &SystemClock).unwrap();
        Context::new(endpoints).with_identity(&self.ca.certificate, &identity)
    }

    /// A server certificate for these addresses, valid for a day from then.
    pub(crate) fn server(&self, wanted: &ServerOptions<'_>) -> Arc<ServerConfig> {
        let options = LeafOptions::server()
            .with_ip_addresses(wanted.names.iter().copied())
            .with_dns_names(wanted.dns_names.iter().copied())
            .with_usages([wanted.usage]);
        let identity = self.ca.issue(&options, &FixedClock::new(wanted.from)).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .unwrap();
        let builder = if wanted.client_auth {
            let mut roots = RootCertStore::empty();
            roots.add(self.ca.certificate.to_rustls()).unwrap();
            let verifier =
                WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
            builder.with_client_cert_verifier(verifier)
        } else {
            builder.with_no_client_auth()
        };
        let (chain, key) = identity.to_rustls();
        let mut config = builder.with_single_cert(chain, key).unwrap();
        config.alpn_protocols = wanted.alpn.iter().map(|name| name.to_vec()).collect();
        Arc::new(config)
    }
}

/// What a server does with calls of one method.
#[derive(Clone)]
pub(crate) enum Answer {
    /// One message, then OK.
    Message(Vec<u8>),
    /// Several messages, then OK.
    Messages(Vec<Vec<u8>>),
    /// These trailers only.
    Status(tonic::Code, &'static str),
    /// Nothing, ever.
    Never,
    /// One message, then nothing.
    Hang(Vec<u8>),
    /// One message, then the end without a status.
    Cut(Vec<u8>),
    /// The connection is closed.
    Drop,
    /// These messages, and then this status.
    Ending(Vec<Vec<u8>>, tonic::Code, &'static str),
    /// What this makes of the requests while they come.
    Live(Live),
    /// The stream is reset unread, as HTTP/2 allows.
    Refuse,
    /// A web server's answer.
    Http(u16),
}

/// Takes the body of a call, and what its answer is sent with.
pub(crate) type Live =
    Arc<dyn Fn(Incoming, mpsc::UnboundedSender<Frame<Bytes>>) -> BoxFuture<'static, ()> + Send + Sync>;

/// What ends a call.
pub(crate) fn trailers(code: tonic::Code, text: &'static str) -> Frame<Bytes> {
    let fields =
        [("grpc-status", HeaderValue::from(code as i32)), ("grpc-message", HeaderValue::from_static(text))];
    Frame::trailers(fields.into_iter().map(|(name, value)| (name.parse().unwrap(), value)).collect())
}

/// Each message.
pub(crate) fn many<M: Message>(messages: impl IntoIterator<Item = M>) -> Answer {
    Answer::Messages(messages.into_iter().map(|message| message.encode_to_vec()).collect())
}

/// The reply with one message of one node.
pub(crate) fn one(message: &impl Message) -> Answer {
    // Every reply of this API is a message with the nodes' messages as its field 1.
    let message = message.encode_to_vec();
    let mut reply = BytesMut::new();
    prost::encoding::bytes::encode(1, &message, &mut reply);
    Answer::Message(reply.to_vec())
}

pub(crate) fn version(tag: &str) -> Answer {
    let info = machine::VersionInfo { tag: tag.to_owned(), ..Default::default() };
    let message = machine::Version { version: Some(info), ..Default::default() };
    Answer::Message(machine::VersionResponse { messages: vec![message] }.encode_to_vec())
}

/// A request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Seen {
    /// The messages of the caller.
    pub(crate) fn requests<M: Message + Default>(&self) -> Vec<M> {
        let mut body = self.body.clone();
        let mut messages = Vec::new();
        while body.has_remaining() {
            assert_eq!(body.get_u8(), 0, "not compressed");
            let length = body.get_u32() as usize;
            messages.push(M::decode(body.split_to(length)).unwrap());
        }
        messages
    }

    /// The one message of the caller.
    pub(crate) fn request<M: Message + Default>(&self) -> M {
        let mut messages = self.requests();
        assert_eq!(messages.len(), 1);
        messages.remove(0)
    }
}

#[derive(Default)]
struct Shared {
    answers: Mutex<HashMap<String, Vec<Answer>>>,
    seen: Mutex<Vec<Seen>>,
    connections: AtomicUsize,
    open: AtomicUsize,
    abandoned: AtomicUsize,
    aborts: Mutex<Vec<AbortHandle>>,
}

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
    config: Arc<ServerConfig>,
    listener: Option<AbortHandle>,
    goaway: watch::Sender<u64>,
}

pub(crate) struct ServerOptions<'a> {
    pub(crate) listen: IpAddr,
    pub(crate) names: Vec<IpAddr>,
    pub(crate) dns_names: Vec<&'a str>,
    pub(crate) from: SystemTime,
    pub(crate) alpn: Vec<&'a [u8]>,
    pub(crate) client_auth: bool,
    /// What its certificate is for.
    pub(crate) usage: Usage,
}

impl Default for ServerOptions<'_> {
    fn default() -> Self {
        Self {
            listen: LOOPBACK,
            names: vec![LOOPBACK],
            dns_names: Vec::new(),
            from: SystemTime::now(),
            alpn: vec![b"h2"],
            client_auth: true,
            usage: Usage::Server,
        }
    }
}

impl Server {
    pub(crate) async fn start(pki: &Pki) -> Self {
        Self::start_with(pki, ServerOptions::default()).await
    }

    pub(crate) async fn start_with(pki: &Pki, options: ServerOptions<'_>) -> Self {
        let config = pki.server(&options);
        let listener = TcpListener::bind((options.listen, 0)).await.unwrap();
        let mut server = Self {
            address: listener.local_addr().unwrap(),
            shared: Arc::default(),
            config,
            listener: None,
            goaway: watch::Sender::new(0),
        };
        server.accept(listener);
        server
    }

    pub(crate) fn endpoint(&self) -> String {
        self.address.to_string()
    }

    fn accept(&mut self, listener: TcpListener) {
        let shared = Arc::clone(&self.shared);
        let acceptor = TlsAcceptor::from(Arc::clone(&self.config));
        let goaway = self.goaway.subscribe();
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                // An answer is several writes, and none may wait for the client to acknowledge the one before.
                socket.set_nodelay(true).unwrap();
                shared.connections.fetch_add(1, Ordering::SeqCst);
                let (acceptor, served, mut goaway) = (acceptor.clone(), Arc::clone(&shared), goaway.clone());
                goaway.mark_unchanged();
                let handle = connections.spawn(async move {
                    let Ok(stream) = acceptor.accept(socket).await else { return };
                    serve(served, stream, goaway).await;
                });
                shared.aborts.lock().unwrap().push(handle);
            }
        });
        self.listener = Some(task.abort_handle());
    }

    /// Answers the next calls of a method so; the last answer stays.
    pub(crate) fn answer(&self, method: &str, answers: impl IntoIterator<Item = Answer>) {
        let mut answers: Vec<Answer> = answers.into_iter().collect();
        answers.reverse();
        self.shared.answers.lock().unwrap().insert(method.to_owned(), answers);
    }

    pub(crate) fn seen(&self, method: &str) -> Vec<Seen> {
        self.shared.seen.lock().unwrap().iter().filter(|seen| seen.method == method).cloned().collect()
    }

    pub(crate) fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// Connections that are not closed yet.
    pub(crate) fn open(&self) -> usize {
        self.shared.open.load(Ordering::SeqCst)
    }

    /// Serves a connection that came in another way, without TLS.
    pub(crate) fn serve<S>(&self, stream: S)
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        self.shared.connections.fetch_add(1, Ordering::SeqCst);
        let task = tokio::spawn(serve(Arc::clone(&self.shared), stream, self.goaway.subscribe()));
        self.shared.aborts.lock().unwrap().push(task.abort_handle());
    }

    /// Serves a connection that came in another way.
    pub(crate) async fn serve_tls<S>(&self, stream: S)
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        self.serve(TlsAcceptor::from(Arc::clone(&self.config)).accept(stream).await.unwrap());
    }

    /// Calls that the client gave up.
    pub(crate) fn abandoned(&self) -> usize {
        self.shared.abandoned.load(Ordering::SeqCst)
    }

    /// Takes no new calls on the connections there are.
    pub(crate) fn send_goaway(&self) {
        self.goaway.send_modify(|count| *count += 1);
    }

    /// Closes everything.
    pub(crate) async fn stop(&mut self) {
        if let Some(listener) = self.listener.take() {
            listener.abort();
        }
        for abort in self.shared.aborts.lock().unwrap().drain(..) {
            abort.abort();
        }
        // The sockets are closed once the tasks are gone.
        eventually(async || tokio::net::TcpStream::connect(self.address).await.is_err()).await;
    }

    /// Listens again where it did.
    pub(crate) async fn restart(&mut self) {
        let listener = TcpListener::bind(self.address).await.unwrap();
        self.accept(listener);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(listener) = &self.listener {
            listener.abort();
        }
    }
}

/// Waits until it is so, half a minute at most.
pub(crate) async fn eventually(mut condition: impl AsyncFnMut() -> bool) {
    for _ in 0..3000 {
        if condition().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it never came to pass");
}

async fn serve<S>(shared: Arc<Shared>, stream: S, mut goaway: watch::Receiver<u64>)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let open = Open(Arc::clone(&shared));
    open.0.open.fetch_add(1, Ordering::SeqCst);
    let service = service_fn(move |request| answer(Arc::clone(&shared), request));
    let connection = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    tokio::select! {
        _ = connection.as_mut() => return,
        _ = goaway.changed() => connection.as_mut().graceful_shutdown(),
    }
    _ = connection.await;
}

/// Counts a connection as open.
struct Open(Arc<Shared>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::SeqCst);
    }
}

struct Abandoned(Option<Arc<Shared>>);

impl Drop for Abandoned {
    fn drop(&mut self) {
        if let Some(shared) = self.0.take() {
            shared.abandoned.fetch_add(1, Ordering::SeqCst);
        }
    }
}

async fn answer(shared: Arc<Shared>, request: Request<Incoming>) -> Result<Response<ReplyBody>, h2::Error> {
    let method = request.uri().path().rsplit('/').next().unwrap().to_owned();
    let headers = request.headers().clone();
    let answer = {
        let mut answers = shared.answers.lock().unwrap();
        match answers.get_mut(&method) {
            None => Answer::Status(tonic::Code::Unimplemented, "not scripted"),
            Some(answers) if answers.len() > 1 => answers.pop().unwrap(),
            Some(answers) => answers[0].clone(),
        }
    };
    let response = |body| Response::builder().header("content-type", "application/grpc").body(body).unwrap();
    let body = request.into_body();
    if let Answer::Live(live) = &answer {
        let (sender, frames) = mpsc::unbounded_channel();
        tokio::spawn(live(body, sender));
        return Ok(response(ReplyBody { data: None, end: End::Live(frames) }));
    }
    let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    shared.seen.lock().unwrap().push(Seen { method: method.clone(), headers, body });
    let mut abandoned = Abandoned(Some(Arc::clone(&shared)));
    match answer {
        Answer::Never => std::future::pending().await,
        Answer::Drop => {
            abandoned.0 = None;
            for abort in shared.aborts.lock().unwrap().drain(..) {
                abort.abort();
            }
            std::future::pending().await
        }
        Answer::Refuse => {
            abandoned.0 = None;
            Err(h2::Reason::REFUSED_STREAM.into())
        }
        Answer::Message(message) => {
            abandoned.0 = None;
            Ok(response(ReplyBody::new(message, End::Trailers)))
        }
        Answer::Messages(messages) => {
            abandoned.0 = None;
            let frames: Vec<u8> = messages.iter().flat_map(|message| frame(message)).collect();
            Ok(response(ReplyBody { data: Some(frames.into()), end: End::Trailers }))
        }
        Answer::Ending(messages, code, text) => {
            abandoned.0 = None;
            let frames: Vec<u8> = messages.iter().flat_map(|message| frame(message)).collect();
            Ok(response(ReplyBody { data: Some(frames.into()), end: End::Status(code, text) }))
        }
        Answer::Live(_) => unreachable!("it was answered above"),
        Answer::Cut(message) => {
            abandoned.0 = None;
            Ok(response(ReplyBody::new(message, End::Nothing)))
        }
        Answer::Hang(message) => Ok(response(ReplyBody::new(message, End::Never(abandoned)))),
        Answer::Status(code, message) => {
            abandoned.0 = None;
            let mut response = response(ReplyBody { data: None, end: End::Nothing });
            response.headers_mut().insert("grpc-status", HeaderValue::from(code as i32));
            response.headers_mut().insert("grpc-message", HeaderValue::from_static(message));
            Ok(response)
        }
        Answer::Http(status) => {
            abandoned.0 = None;
            Ok(Response::builder()
                .status(status)
                .header("content-type", "text/html")
                .body(ReplyBody { data: None, end: End::Nothing })
                .unwrap())
        }
    }
}

enum End {
    Trailers,
    Status(tonic::Code, &'static str),
    Live(mpsc::UnboundedReceiver<Frame<Bytes>>),
    Nothing,
    Never(Abandoned),
}

struct ReplyBody {
    data: Option<Bytes>,
    end: End,
}

impl ReplyBody {
    fn new(message: Vec<u8>, end: End) -> Self {
        Self { data: Some(frame(&message)), end }
    }
}

/// A message as it is on the wire.
pub(crate) fn frame(message: &[u8]) -> Bytes {
    let mut data = BytesMut::new();
    data.put_u8(0);
    data.put_u32(message.len().try_into().unwrap());
    data.put_slice(message);
    data.freeze()
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some(data) = self.data.take() {
            return Poll::Ready(Some(Ok(Frame::data(data))));
        }
        let last = match &mut self.end {
            End::Never(_) => return Poll::Pending,
            End::Nothing => return Poll::Ready(None),
            End::Live(frames) => return frames.poll_recv(cx).map(|frame| frame.map(Ok)),
            End::Trailers => trailers(tonic::Code::Ok, ""),
            End::Status(code, text) => trailers(*code, text),
        };
        self.end = End::Nothing;
        Poll::Ready(Some(Ok(last)))
    }
}
