//! Small HTTP servers.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;

use crate::tasks::Tasks;

pub(super) type Body = UnsyncBoxBody<Bytes, Infallible>;

/// The largest request that is read.
const REQUEST_LIMIT: usize = 1 << 20;

/// Listens on a port of an address and answers requests with `handler`.
pub(super) async fn serve<H, F>(
    tasks: &Tasks,
    address: Ipv4Addr,
    port: u16,
    handler: H,
) -> io::Result<SocketAddr>
where
    H: Fn(Request<Incoming>) -> F + Send + Sync + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    let listener = TcpListener::bind((address, port)).await?;
    let local = listener.local_addr()?;
    let handler = Arc::new(handler);
    let spawner = tasks.spawner();
    tasks.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let handler = handler.clone();
            spawner.spawn(async move {
                let service = service_fn(move |request| {
                    let answer = handler(request);
                    async move { Ok::<_, Infallible>(answer.await) }
                });
                let mut builder = http1::Builder::new();
                let connection =
                    builder.timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service);
                if let Err(error) = connection.await {
                    tracing::debug!(%error, "HTTP connection ended");
                }
            });
        }
    });
    Ok(local)
}

/// The whole body of a request, unless it is too large.
pub(super) async fn read(body: Incoming) -> Result<Bytes, Response<Body>> {
    match Limited::new(body, REQUEST_LIMIT).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) => Err(text(StatusCode::BAD_REQUEST, &format!("cannot read the request: {error}\n"))),
    }
}

pub(super) fn text(status: StatusCode, text: &str) -> Response<Body> {
    typed(status, "text/plain; charset=utf-8", text.to_owned().into())
}

pub(super) fn typed(status: StatusCode, kind: &'static str, body: Bytes) -> Response<Body> {
    let mut response = Response::new(Full::new(body).boxed_unsync());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}
