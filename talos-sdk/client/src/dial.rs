//! How bytes get to an endpoint: TCP, a proxy, a socket of this machine, or what the caller brings.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use crate::connect::explain;
use crate::proxy::Proxies;
use crate::{Endpoint, Error, ErrorKind, Result};

/// How long one address of a name may take before the next one is tried beside it.
const STAGGER: Duration = Duration::from_millis(250);
/// A peer without power is noticed on a quiet stream after a minute.
const KEEPALIVE: Duration = Duration::from_secs(15);
const KEEPALIVE_PROBES: u32 = 3;

/// A stream of bytes in both directions.
pub(crate) trait Io: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

pub(crate) type BoxIo = Box<dyn Io>;

type Dialing = Pin<Box<dyn Future<Output = io::Result<BoxIo>> + Send>>;

/// Connects to endpoints in a way of the caller's own: through a jump host, a mesh, an in-memory network.
///
/// What it gives carries TLS with the server name of the endpoint, except for an endpoint `unix://…`, which has no
/// TLS. Name resolution and proxies are its own business.
///
/// ```
/// use talos_client::{ClientOptions, Dialer};
/// use tokio::net::TcpStream;
///
/// // Everything through one forwarded port.
/// let dialer = Dialer::new(|_endpoint| TcpStream::connect("127.0.0.1:15000"));
/// let options = ClientOptions::default().with_dialer(dialer);
/// ```
#[derive(Clone)]
pub struct Dialer(Arc<dyn Fn(Endpoint) -> Dialing + Send + Sync>);

impl Dialer {
    /// Connects by this function. The time it may take is
    /// [`ClientOptions::connect_timeout`](crate::ClientOptions::connect_timeout), TLS included; its future is dropped
    /// after that.
    pub fn new<F, Fut, S>(dial: F) -> Self
    where
        F: Fn(Endpoint) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = io::Result<S>> + Send + 'static,
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        Self(Arc::new(move |endpoint| {
            let dialing = dial(endpoint);
            Box::pin(async move { Ok(Box::new(dialing.await?) as BoxIo) })
        }))
    }
}

impl std::fmt::Debug for Dialer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dialer").finish_non_exhaustive()
    }
}

/// Connects the endpoints of one client.
pub(crate) struct Dial {
    pub(crate) dialer: Option<Dialer>,
    pub(crate) proxies: Proxies,
}

impl Dial {
    pub(crate) async fn dial(&self, endpoint: &Endpoint) -> Result<BoxIo> {
        if let Some(Dialer(dial)) = &self.dialer {
            return dial(endpoint.clone()).await.map_err(|error| explain(error, "could not be dialed"));
        }
        if let Some(path) = endpoint.unix_socket() {
            return unix(path).await;
        }
        match self.proxies.find(endpoint)? {
            None => Ok(Box::new(tcp(endpoint.host(), endpoint.port()).await?)),
            Some(proxy) => self.proxies.connect(&proxy, endpoint).await,
        }
    }
}

#[cfg(unix)]
async fn unix(path: &std::path::Path) -> Result<BoxIo> {
    match tokio::net::UnixStream::connect(path).await {
        Ok(stream) => Ok(Box::new(stream)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Error::new(
            ErrorKind::ConnectionRefused,
            format!("there is no socket {}: is the machine up, and its folder mounted here?", path.display()),
        )
        .with_source(error)),
        Err(error) => Err(explain(error, "can't be reached through its socket")),
    }
}

#[cfg(not(unix))]
async fn unix(_: &std::path::Path) -> Result<BoxIo> {
    Err(Error::new(ErrorKind::InvalidEndpoint, "this system has no Unix sockets: use host and port"))
}

/// Connects to a host: all addresses of its name take part, each a little later than the one before.
pub(crate) async fn tcp(host: &str, port: u16) -> Result<TcpStream> {
    let addresses: Vec<SocketAddr> = match host.parse::<IpAddr>() {
        Ok(address) => vec![SocketAddr::new(address, port)],
        Err(_) => tokio::net::lookup_host((host, port)).await.map(Iterator::collect).map_err(|error| {
            Error::new(ErrorKind::NameResolution, format!("the name {host} can't be resolved: {error}"))
                .with_source(error)
        })?,
    };
    first_of(addresses).await
}

async fn first_of(addresses: Vec<SocketAddr>) -> Result<TcpStream> {
    let mut waiting = addresses.into_iter();
    let mut attempts = FuturesUnordered::new();
    let mut failure = None;
    loop {
        attempts.extend(waiting.next().map(TcpStream::connect));
        tokio::select! {
            Some(result) = attempts.next() => match result {
                Ok(stream) => {
                    tune(&stream);
                    return Ok(stream);
                }
                Err(error) => failure = Some(error),
            },
            () = tokio::time::sleep(STAGGER), if waiting.len() > 0 => {}
            else => return Err(match failure {
                Some(error) => explain(error, "does not answer"),
                None => Error::new(ErrorKind::NameResolution, "the name has no address"),
            }),
        }
    }
}

/// Small messages go out at once, and a dead peer is noticed. A socket that refuses any of it still works.
fn tune(stream: &TcpStream) {
    let socket = SockRef::from(stream);
    let keepalive = TcpKeepalive::new().with_time(KEEPALIVE).with_interval(KEEPALIVE);
    #[cfg(any(target_os = "linux", target_os = "macos", target_os = "windows"))]
    let keepalive = keepalive.with_retries(KEEPALIVE_PROBES);
    let mut results = vec![stream.set_nodelay(true), socket.set_tcp_keepalive(&keepalive)];
    #[cfg(target_os = "linux")]
    results.push(socket.set_tcp_user_timeout(Some(KEEPALIVE * (KEEPALIVE_PROBES + 1))));
    for error in results.into_iter().filter_map(std::result::Result::err) {
        tracing::debug!(%error, "a socket option was refused");
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn the_next_address_of_a_name_is_tried() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let alive = listener.local_addr().unwrap();
        let dead = TcpListener::bind("127.0.0.2:0").await.unwrap().local_addr().unwrap();
        let stream = first_of(vec![dead, alive]).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), alive);
        assert_eq!(first_of(vec![dead, dead]).await.unwrap_err().kind(), ErrorKind::ConnectionRefused);
        assert_eq!(first_of(vec![]).await.unwrap_err().kind(), ErrorKind::NameResolution);
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn an_address_that_is_silent_does_not_hold_up_the_next() {
        use socket2::{Domain, Socket, Type};

        // Nobody takes what waits here, and once the queue is full there is no answer to more.
        let queue = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        queue.bind(&SocketAddr::from(([127, 0, 0, 3], 0)).into()).unwrap();
        queue.listen(0).unwrap();
        let silent = queue.local_addr().unwrap().as_socket().unwrap();
        let wait = || std::net::TcpStream::connect_timeout(&silent, Duration::from_millis(300));
        let waiting: Vec<_> = std::iter::from_fn(|| wait().ok()).take(16).collect();
        assert!(waiting.len() < 16, "the queue has no end");

        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let alive = listener.local_addr().unwrap();
        let dead = TcpListener::bind("127.0.0.2:0").await.unwrap().local_addr().unwrap();
        let stream = first_of(vec![silent, dead, alive]).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), alive);
    }
}
