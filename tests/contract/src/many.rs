//! Calls of several nodes at once, by the header `nodes`. Our client never sends it, so these go around it.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper_util::rt::TokioIo;
use prost::Message;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use talos_proto::common::Metadata;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tonic::metadata::AsciiMetadataValue;
use tonic::transport::{Channel, Endpoint, Uri};
use tonic::{Request, Status, Streaming};

use crate::any;
use crate::env::Env;
use crate::failure::Failure;
use crate::world::SetupError;

/// What the message of any machine begins with.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Part {
    #[prost(message, optional, tag = "1")]
    pub(crate) metadata: Option<Metadata>,
}

/// What the reply of any method says, when several machines are asked.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Parts {
    #[prost(message, repeated, tag = "1")]
    pub(crate) messages: Vec<Part>,
}

/// A connection to one endpoint, and what is sent with each call.
pub(crate) struct Many {
    channel: Channel,
    headers: Vec<(&'static str, String)>,
}

impl Many {
    /// Connects to an endpoint, with the role of the case.
    pub(crate) async fn connect(env: &Env, endpoint: &str) -> Result<Self, Failure> {
        let context = env.context()?;
        let channel = connect(context, endpoint).await;
        let channel = channel.map_err(|error| Failure::wrong("a connection", error.to_string()))?;
        Ok(Self { channel, headers: Vec::new() })
    }

    /// Names these nodes.
    pub(crate) fn of<S: Into<String>>(mut self, nodes: impl IntoIterator<Item = S>) -> Self {
        self.headers.extend(nodes.into_iter().map(|node| ("nodes", node.into())));
        self
    }

    /// Sends this header too.
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The one message that a unary method replies with. The method is `Service/Method`.
    pub(crate) async fn ask<R: Message + Default>(
        &self,
        method: &str,
        request: &impl Message,
    ) -> Result<R, Status> {
        let mut replies = self.open(method, request).await?;
        let reply = replies.message().await?.ok_or_else(|| Status::internal("no message"))?;
        // The status comes behind the message.
        replies.message().await?;
        read(&reply)
    }

    /// All messages of a stream that ends.
    pub(crate) async fn stream<R: Message + Default>(
        &self,
        method: &str,
        request: &impl Message,
    ) -> Result<Vec<R>, Status> {
        let mut replies = self.open(method, request).await?;
        let mut all = Vec::new();
        while let Some(reply) = replies.message().await? {
            all.push(read(&reply)?);
        }
        Ok(all)
    }

    /// A stream that may have no end.
    pub(crate) async fn open(
        &self,
        method: &str,
        request: &impl Message,
    ) -> Result<Streaming<Bytes>, Status> {
        let method = crate::facts::find(method).ok_or_else(|| Status::internal("there is no such method"))?;
        let mut request = Request::new(Bytes::from(request.encode_to_vec()));
        for (name, value) in &self.headers {
            let value = AsciiMetadataValue::try_from(value.as_str());
            let value = value.map_err(|_| Status::internal("a header that can't be sent"))?;
            request.metadata_mut().append(*name, value);
        }
        any::open(self.channel.clone(), &method.path, request).await
    }
}

pub(crate) fn read<R: Message + Default>(message: &Bytes) -> Result<R, Status> {
    R::decode(message.clone()).map_err(|error| Status::internal(error.to_string()))
}

async fn connect(context: &talosconfig::Context, endpoint: &str) -> Result<Channel, SetupError> {
    let endpoint: talos_client::Endpoint = endpoint.parse()?;
    let mut roots = RootCertStore::empty();
    for authority in context.authorities()? {
        roots.add(authority.to_rustls())?;
    }
    let (chain, key) = context.identity()?.ok_or("the context has no certificate")?.to_rustls();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_client_auth_cert(chain, key)?;
    tls.alpn_protocols = vec![b"h2".to_vec()];
    let connector = Connector {
        address: (endpoint.host().to_owned(), endpoint.port()),
        tls: TlsConnector::from(Arc::new(tls)),
    };
    // The name is for the log of the server alone: where to go, the connector knows.
    Ok(Endpoint::from_static("http://talos").connect_with_connector(connector).await?)
}

struct Connector {
    address: (String, u16),
    tls: TlsConnector,
}

impl tower_service::Service<Uri> for Connector {
    type Response = TokioIo<TlsStream<TcpStream>>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let ((host, port), tls) = (self.address.clone(), self.tls.clone());
        Box::pin(async move {
            let name = ServerName::try_from(host.clone()).map_err(io::Error::other)?;
            let stream = TcpStream::connect((host, port)).await?;
            stream.set_nodelay(true)?;
            Ok(TokioIo::new(tls.connect(name, stream).await?))
        })
    }
}
