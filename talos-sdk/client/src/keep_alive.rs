//! Signs of life on connections where calls wait.

use std::io;
use std::sync::{Arc, Weak};
use std::time::Duration;

use h2::{Ping, PingPong};
use tokio::task::AbortHandle;
use tokio::time::Instant;

use crate::connect::Connection;

/// When a server is asked over HTTP/2 for a sign of life, for what TCP does not see behind a load balancer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeepAlive {
    /// So long after the server was heard last.
    pub(crate) after: Duration,
    /// So long it may take to answer.
    pub(crate) patience: Duration,
}

impl Default for KeepAlive {
    /// Talos takes it amiss to be asked more than once in five minutes.
    fn default() -> Self {
        Self { after: Duration::from_secs(5 * 60 + 15), patience: Duration::from_secs(20) }
    }
}

impl KeepAlive {
    /// Asks while calls wait and nothing comes, and ends the connection, which `driver` moves, if there is no answer.
    pub(crate) async fn run(self, connection: Weak<Connection>, mut pings: PingPong, driver: AbortHandle) {
        let mut next = Instant::now() + self.after;
        loop {
            tokio::time::sleep_until(next).await;
            let Some(connection) = connection.upgrade() else { return };
            next = connection.monitor.heard().unwrap_or(next) + self.after;
            if next > Instant::now() {
                continue;
            }
            next = Instant::now() + self.after;
            if !connection.is_busy() {
                continue;
            }
            let monitor = Arc::clone(&connection.monitor);
            // Calls that end meanwhile may end the connection too.
            drop(connection);
            match tokio::time::timeout(self.patience, pings.ping(Ping::opaque())).await {
                Ok(Ok(_)) => {}
                Ok(Err(_)) => return,
                Err(_) => {
                    monitor.fail(io::ErrorKind::TimedOut.into());
                    return driver.abort();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use bytes::Bytes;
    use tokio::io::DuplexStream;

    use super::*;
    use crate::connect::Monitor;
    use crate::http2::{self, RequestBody};

    const SOON: KeepAlive =
        KeepAlive { after: Duration::from_millis(20), patience: Duration::from_millis(100) };

    /// A call that the server takes and never answers, on a server that goes on as `behaves` says.
    async fn call<F: Future<Output = ()> + Send + 'static>(
        behaves: impl FnOnce(h2::server::Connection<DuplexStream, Bytes>) -> F + Send + 'static,
    ) -> (Arc<Connection>, impl Future<Output = bool>) {
        let (ours, theirs) = tokio::io::duplex(64 << 10);
        tokio::spawn(async move { behaves(h2::server::handshake(theirs).await.unwrap()).await });
        let connection = Connection::open(Box::new(ours), Arc::new(Monitor::default()), SOON).await.unwrap();
        let caller = Arc::clone(&connection);
        let call = async move {
            let request =
                http::Request::post("https://node/machine.MachineService/Version").body(()).unwrap();
            http2::send(&caller, request, &mut RequestBody::Whole(Bytes::new())).await.is_ok()
        };
        (connection, call)
    }

    #[tokio::test]
    async fn a_server_that_falls_silent_ends_the_call() {
        let (connection, call) = call(|mut server| async move {
            let _waits = server.accept().await.unwrap().unwrap();
            // The stream stays open, and nobody looks at it.
            std::future::pending().await
        })
        .await;
        assert!(!call.await);
        assert_eq!(connection.monitor.failure().unwrap().kind(), crate::ErrorKind::Unresponsive);
    }

    #[tokio::test]
    async fn a_server_that_only_takes_long_is_waited_for() {
        let (connection, call) = call(|mut server| async move {
            let (_request, mut respond) = server.accept().await.unwrap().unwrap();
            tokio::spawn(async move {
                tokio::time::sleep(SOON.patience * 3).await;
                respond.send_response(http::Response::new(()), true).unwrap();
            });
            // Answers pings meanwhile.
            while server.accept().await.is_some() {}
        })
        .await;
        assert!(call.await);
        assert!(connection.monitor.failure().is_none());
    }
}
