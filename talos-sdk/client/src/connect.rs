//! One connection to one endpoint: a stream of bytes, TLS, HTTP/2.

use std::io::{self, IoSlice};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use h2::client::SendRequest;
use tokio::io::{AsyncRead, AsyncWrite, BufReader, ReadBuf};
use tokio::sync::Notify;
use tokio::task::AbortHandle;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;

use crate::dial::{BoxIo, Dial};
use crate::keep_alive::KeepAlive;
use crate::tls::{self, Tls};
use crate::{Endpoint, Error, ErrorKind, Result, http2};

/// Flow control windows that don't hold a stream back on a link with latency.
const STREAM_WINDOW: u32 = 4 << 20;
const CONNECTION_WINDOW: u32 = 16 << 20;
/// Just above the 64 KiB chunks that large streams come in, so that a chunk is one frame.
const MAX_FRAME: u32 = (64 << 10) + 64;
/// The TLS library by itself reads 4 KiB at a time.
const READ_BUFFER: usize = 64 << 10;
/// Status messages of Talos can quote whole validation reports.
const MAX_HEADERS: u32 = 256 << 10;
/// Makes connections of one client.
pub(crate) struct Connector {
    pub(crate) dial: Dial,
    pub(crate) tls: Tls,
    pub(crate) timeout: Duration,
}

/// A working connection, shared by all calls through its endpoint.
pub(crate) struct Connection {
    pub(crate) sender: SendRequest<Bytes>,
    pub(crate) monitor: Arc<Monitor>,
    /// Held by each call under way.
    pub(crate) calls: Arc<()>,
    used: Mutex<Instant>,
    /// The task that looks whether it is still used.
    pub(crate) watch: OnceLock<AbortHandle>,
    /// The task that asks the server for signs of life.
    asks: OnceLock<AbortHandle>,
}

impl Connection {
    /// Begins HTTP/2 on a stream and waits for the first bytes of the server.
    pub(crate) async fn open(
        stream: BoxIo,
        monitor: Arc<Monitor>,
        keep_alive: KeepAlive,
    ) -> Result<Arc<Self>> {
        let stream = Monitored::new(stream, Arc::clone(&monitor));
        let (sender, mut connection) = h2::client::Builder::new()
            .enable_push(false)
            .initial_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_frame_size(MAX_FRAME)
            .max_header_list_size(MAX_HEADERS)
            .handshake(stream)
            .await
            .map_err(|error| broken(&monitor, error))?;
        let pings = connection.ping_pong();
        let mut driver = tokio::spawn(connection);
        tokio::select! {
            biased;
            ended = &mut driver => return Err(match ended {
                Ok(Err(error)) => broken(&monitor, error),
                _ => Error::new(ErrorKind::Unavailable, "the server closed the connection at once"),
            }),
            () = monitor.first.notified() => {}
        }
        let connection = Arc::new(Self {
            sender,
            monitor,
            calls: Arc::default(),
            used: Mutex::new(Instant::now()),
            watch: OnceLock::new(),
            asks: OnceLock::new(),
        });
        if let Some(pings) = pings {
            let asks = keep_alive.run(Arc::downgrade(&connection), pings, driver.abort_handle());
            _ = connection.asks.set(tokio::spawn(asks).abort_handle());
        }
        Ok(connection)
    }

    /// When it was used last.
    pub(crate) fn used(&self) -> Instant {
        *self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says that it is used.
    pub(crate) fn touch(&self) {
        *self.used.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// Whether it takes no calls any more.
    pub(crate) fn is_closed(&self) -> bool {
        http2::is_closed(&self.sender)
    }

    /// Whether calls are under way.
    pub(crate) fn is_busy(&self) -> bool {
        Arc::strong_count(&self.calls) > 1
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        for task in [&self.watch, &self.asks].into_iter().filter_map(OnceLock::get) {
            task.abort();
        }
    }
}

/// What is seen of a connection from below HTTP/2, where errors still have their causes.
#[derive(Debug, Default)]
pub(crate) struct Monitor {
    received: AtomicU64,
    /// When the last of them came.
    heard: Mutex<Option<Instant>>,
    first: Notify,
    failure: OnceLock<Error>,
}

impl Monitor {
    /// Bytes received so far.
    pub(crate) fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    /// When the last bytes came.
    pub(crate) fn heard(&self) -> Option<Instant> {
        *self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says why the connection is of no use any more.
    pub(crate) fn fail(&self, error: io::Error) {
        self.failure.get_or_init(|| explain(error, "closed the connection"));
    }

    /// Why reading or writing failed, if it did.
    pub(crate) fn failure(&self) -> Option<Error> {
        self.failure.get().cloned()
    }
}

impl Connector {
    /// Connects, and waits for the first bytes of the server: only they prove that it took our certificate.
    pub(crate) async fn connect(&self, endpoint: &Endpoint) -> Result<Arc<Connection>> {
        let mut stage = "no connection";
        match tokio::time::timeout(self.timeout, self.connect_in_stages(endpoint, &mut stage)).await {
            Ok(result) => result,
            Err(_) => Err(Error::new(
                ErrorKind::DeadlineExceeded,
                format!("{stage} within {:?}: check the address, the port and the firewall", self.timeout),
            )),
        }
    }

    async fn connect_in_stages(
        &self,
        endpoint: &Endpoint,
        stage: &mut &'static str,
    ) -> Result<Arc<Connection>> {
        let stream = self.dial.dial(endpoint).await?;

        let monitor = Arc::new(Monitor::default());
        let stream: BoxIo = if endpoint.unix_socket().is_some() {
            stream
        } else {
            *stage = "no TLS session";
            let stream = TlsConnector::from(Arc::clone(&self.tls.config))
                .connect(endpoint.server_name()?, BufReader::with_capacity(READ_BUFFER, stream))
                .await
                .map_err(|error| explain(error, "closed the connection in the TLS handshake"))?;
            if stream.get_ref().1.alpn_protocol() != Some(b"h2") {
                return Err(Error::new(ErrorKind::NotTalosApi, tls::not_http2()));
            }
            Box::new(stream)
        };

        *stage = "no HTTP/2 session";
        Connection::open(stream, monitor, KeepAlive::default()).await
    }
}

/// The cause that was seen below HTTP/2, or the HTTP/2 error itself.
fn broken(monitor: &Monitor, error: h2::Error) -> Error {
    monitor.failure().unwrap_or_else(|| {
        Error::new(
            ErrorKind::NotTalosApi,
            format!("what answers there does not speak HTTP/2 as a Talos API does: {error}"),
        )
        .with_source(error)
    })
}

pub(crate) fn explain(error: io::Error, what: &str) -> Error {
    if let Some(tls) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        return tls::explain(tls);
    }
    let (kind, message) = match error.kind() {
        io::ErrorKind::ConnectionRefused => (
            ErrorKind::ConnectionRefused,
            "connection refused: the machine is not up yet, or nothing listens on this port".to_owned(),
        ),
        io::ErrorKind::TimedOut => (
            ErrorKind::Unresponsive,
            "the machine gives no sign of life any more: it may have lost its power or network, look at its console"
                .to_owned(),
        ),
        _ => (ErrorKind::Unavailable, format!("the server {what}: {error}")),
    };
    Error::new(kind, message).with_source(error)
}

/// A stream that tells its [`Monitor`] what happens.
struct Monitored<S> {
    stream: S,
    monitor: Arc<Monitor>,
    /// Why nothing can be written any more.
    broken: Option<io::Error>,
    turn: Turn,
}

/// Whether those who were just answered had the chance to say something, which then goes out with what is there already
/// instead of after it.
#[derive(Clone, Copy, PartialEq)]
enum Turn {
    Ours,
    Read,
    Theirs,
}

impl<S: AsyncRead + Unpin> Monitored<S> {
    fn new(stream: S, monitor: Arc<Monitor>) -> Self {
        Self { stream, monitor, broken: None, turn: Turn::Ours }
    }

    /// Lets others go first, once after something was read.
    fn poll_turn(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.turn == Turn::Read {
            self.turn = Turn::Theirs;
            return pin!(tokio::task::yield_now()).poll(cx);
        }
        self.turn = Turn::Ours;
        Poll::Ready(())
    }

    fn note<T>(&self, result: io::Result<T>) -> io::Result<T> {
        result.map_err(|error| {
            let (kind, text) = (error.kind(), error.to_string());
            self.monitor.fail(error);
            io::Error::new(kind, text)
        })
    }

    /// Reports what became of a write.
    ///
    /// A server that refuses our certificate says so and hangs up. What we write meanwhile may fail before its words
    /// are read, so after a failed write everything is read that is still there.
    fn written<T>(&mut self, result: io::Result<T>, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        let error = match result {
            Ok(written) => return Poll::Ready(Ok(written)),
            Err(error) => error,
        };
        let mut ignored = [0; 1024];
        loop {
            let mut buffer = ReadBuf::new(&mut ignored);
            match Pin::new(&mut self.stream).poll_read(cx, &mut buffer) {
                Poll::Pending => {
                    self.broken = Some(error);
                    return Poll::Pending;
                }
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {}
                Poll::Ready(Err(alert))
                    if alert.get_ref().is_some_and(|inner| inner.is::<rustls::Error>()) =>
                {
                    return Poll::Ready(self.note(Err(alert)));
                }
                Poll::Ready(_) => return Poll::Ready(self.note(Err(error))),
            }
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Monitored<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let result = ready!(Pin::new(&mut self.stream).poll_read(cx, buffer));
        let read = (buffer.filled().len() - before) as u64;
        if read > 0 {
            *self.monitor.heard.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
            if self.turn == Turn::Ours {
                self.turn = Turn::Read;
            }
        }
        if read > 0 && self.monitor.received.fetch_add(read, Ordering::Relaxed) == 0 {
            self.monitor.first.notify_one();
        }
        Poll::Ready(self.note(result))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Monitored<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let result = match self.broken.take() {
            Some(error) => Err(error),
            None => {
                ready!(self.poll_turn(cx));
                ready!(Pin::new(&mut self.stream).poll_write(cx, bytes))
            }
        };
        self.written(result, cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = match self.broken.take() {
            Some(error) => Err(error),
            None => {
                ready!(self.poll_turn(cx));
                ready!(Pin::new(&mut self.stream).poll_write_vectored(cx, slices))
            }
        };
        self.written(result, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = match self.broken.take() {
            Some(error) => Err(error),
            None => ready!(Pin::new(&mut self.stream).poll_flush(cx)),
        };
        self.written(result, cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
