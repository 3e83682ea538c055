//! The machine API's listener.

use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::ServerConfig;
use talos_pki::{Certificate, RoleSet};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio_rustls::TlsAcceptor;

use crate::director;
use crate::grpc::ResponseBody;
use crate::run::Run;
use crate::tasks::Spawner;

/// The port of the machine API.
pub(crate) const PORT: u16 = 50_000;

/// Windows of HTTP/2, as large as those of Talos.
const STREAM_WINDOW: u32 = 65_535 * 32;
const CONNECTION_WINDOW: u32 = 65_535 * 64;

/// One connection to a machine.
pub(crate) struct Connection {
    pub(crate) run: Arc<Run>,
    /// The roles in the client's certificate.
    pub(crate) roles: RoleSet,
    /// Cuts the connection.
    pub(crate) cut: Notify,
}

/// Listens, and returns as soon as it does.
pub(crate) async fn listen(run: &Arc<Run>) {
    let listener = bind(run.address(), PORT).await;
    let accepted = run.clone();
    run.api().spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            accepted.api().spawn(machine_api(accepted.clone(), stream));
        }
    });
}

/// Binds a port that an earlier boot may still be letting go of.
pub(crate) async fn bind(address: Ipv4Addr, port: u16) -> TcpListener {
    loop {
        match TcpListener::bind((address, port)).await {
            Ok(listener) => return listener,
            Err(error) => tracing::debug!(%address, port, %error, "cannot listen yet"),
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

async fn machine_api(run: Arc<Run>, stream: TcpStream) {
    let Some(tls) = run.tls() else { return };
    let spawner = run.api().spawner();
    let connect = |roles| Connection { run, roles, cut: Notify::new() };
    let handle = |connection, request| async move { director::handle(&connection, request).await };
    serve(stream, tls.server, spawner, connect, handle).await;
}

/// Serves one connection until it ends. `connect` is told the roles in the client's certificate.
pub(crate) async fn serve<F>(
    stream: TcpStream,
    tls: Arc<ServerConfig>,
    spawner: Spawner,
    connect: impl FnOnce(RoleSet) -> Connection,
    handle: impl Fn(Arc<Connection>, Request<Incoming>) -> F,
) where
    F: Future<Output = Response<ResponseBody>> + Send + 'static,
{
    // Small answers must not wait for more.
    let _ = stream.set_nodelay(true);
    let stream = match TlsAcceptor::from(tls).accept(stream).await {
        Ok(stream) => stream,
        Err(error) => return tracing::debug!(%error, "TLS handshake failed"),
    };
    let leaf = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first());
    let roles = leaf.and_then(|leaf| Certificate::from_der(leaf).ok()).map(|leaf| leaf.roles());
    let connection = Arc::new(connect(roles.unwrap_or_default()));
    let caller = connection.clone();
    let service = service_fn(move |request| {
        let answer = handle(caller.clone(), request);
        async move { Ok::<_, Infallible>(answer.await) }
    });
    let served = http2::Builder::new(spawner)
        .timer(TokioTimer::new())
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_concurrent_streams(None)
        .serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        served = served => if let Err(error) = served {
            tracing::debug!(%error, "connection ended");
        },
        () = connection.cut.notified() => {}
    }
}
