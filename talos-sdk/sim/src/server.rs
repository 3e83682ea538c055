//! The machine API's listener.

use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use talos_pki::{Certificate, RoleSet};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio_rustls::TlsAcceptor;

use crate::director;
use crate::run::Run;

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
            accepted.api().spawn(serve(accepted.clone(), stream));
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

async fn serve(run: Arc<Run>, stream: TcpStream) {
    let Some(tls) = run.tls() else { return };
    // Small answers must not wait for more.
    let _ = stream.set_nodelay(true);
    let stream = match TlsAcceptor::from(tls.server).accept(stream).await {
        Ok(stream) => stream,
        Err(error) => return tracing::debug!(node = %run.address(), %error, "TLS handshake failed"),
    };
    let leaf = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first());
    let roles = leaf.and_then(|leaf| Certificate::from_der(leaf).ok()).map(|leaf| leaf.roles());
    let spawner = run.api().spawner();
    let connection = Arc::new(Connection { run, roles: roles.unwrap_or_default(), cut: Notify::new() });
    let caller = connection.clone();
    let service = service_fn(move |request| {
        let caller = caller.clone();
        async move { Ok::<_, Infallible>(director::handle(&caller, request).await) }
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
