//! Which endpoint takes a call.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use http::uri::Authority;
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::Instant;

use crate::connect::{Connection, Connector};
use crate::{Endpoint, Error, ErrorKind, Result};

const FIRST_BACK_OFF: Duration = Duration::from_millis(500);
const LONGEST_BACK_OFF: Duration = Duration::from_secs(15);

/// The endpoints of a client, each with at most one connection that all clones share.
///
/// Calls go round those that are connected. A broken one is left out, connected again in the background once its
/// back-off is over, and comes back then. Only when none is connected does a call wait for a connection.
pub(crate) struct Balancer {
    peers: Vec<Arc<Peer>>,
    next: AtomicUsize,
    connector: Arc<Connector>,
    changed: watch::Sender<()>,
}

/// One endpoint.
pub(crate) struct Peer {
    pub(crate) endpoint: Endpoint,
    /// As it is shown.
    pub(crate) name: Arc<str>,
    pub(crate) authority: Authority,
    state: Mutex<State>,
    changed: watch::Sender<()>,
}

#[derive(Default)]
struct State {
    connection: Option<Arc<Connection>>,
    attempt: Option<AbortHandle>,
    /// Attempts that came to an end, for those who wait for one.
    ended: u64,
    /// Failed attempts in a row.
    failures: u32,
    not_before: Option<Instant>,
    error: Option<Error>,
}

impl Balancer {
    pub(crate) fn new(endpoints: Vec<Endpoint>, connector: Connector) -> Result<Self> {
        let changed = watch::Sender::new(());
        let mut peers = Vec::new();
        for endpoint in endpoints {
            let name: Arc<str> = endpoint.to_string().into();
            let authority = endpoint.authority()?;
            peers.push(Arc::new(Peer {
                endpoint,
                name,
                authority,
                state: Mutex::default(),
                changed: changed.clone(),
            }));
        }
        // Clients that start together spread over the endpoints.
        for last in (1..peers.len()).rev() {
            peers.swap(last, usize::try_from(random()).unwrap_or(0) % (last + 1));
        }
        Ok(Self { peers, next: AtomicUsize::new(0), connector: Arc::new(connector), changed })
    }

    pub(crate) fn len(&self) -> usize {
        self.peers.len()
    }

    pub(crate) fn endpoints(&self) -> impl Iterator<Item = &Endpoint> {
        self.peers.iter().map(|peer| &peer.endpoint)
    }

    /// A connected endpoint, the next in turn.
    pub(crate) async fn acquire(&self) -> Result<(Arc<Peer>, Arc<Connection>)> {
        if let Some(found) = self.connected() {
            return Ok(found);
        }
        self.connector.tls.check_own_certificate()?;

        let mut changes = self.changed.subscribe();
        // Where all are backing off there is nobody else to serve the call, so all are tried.
        let all = !self.peers.iter().any(|peer| peer.lock().may_connect());
        let wanted: Vec<u64> = self.peers.iter().map(|peer| self.ensure_attempt(peer, all)).collect();
        loop {
            if let Some(found) = self.connected() {
                return Ok(found);
            }
            let over = self.peers.iter().zip(&wanted).all(|(peer, wanted)| peer.lock().ended >= *wanted);
            if over {
                return Err(self.failure());
            }
            if changes.changed().await.is_err() {
                return Err(self.failure());
            }
        }
    }

    fn connected(&self) -> Option<(Arc<Peer>, Arc<Connection>)> {
        let start = self.next.fetch_add(1, Ordering::Relaxed);
        let mut found = None;
        let mut broken = Vec::new();
        for offset in 0..self.peers.len() {
            let peer = &self.peers[start.wrapping_add(offset) % self.peers.len()];
            match peer.lock().open_connection() {
                Some(connection) if found.is_none() => found = Some((Arc::clone(peer), connection)),
                Some(_) => {}
                None => broken.push(peer),
            }
        }
        if found.is_some() {
            for peer in broken {
                self.ensure_attempt(peer, false);
            }
        }
        found
    }

    /// Starts to connect where that may be done and nobody does, and tells which attempt to wait for.
    fn ensure_attempt(&self, peer: &Arc<Peer>, even_if_backing_off: bool) -> u64 {
        let mut state = peer.lock();
        if state.attempt.is_some() {
            return state.ended + 1;
        }
        if !state.may_connect() && !even_if_backing_off {
            return state.ended;
        }
        state.connection = None;
        let attempt = Attempt { peer: Arc::downgrade(peer), outcome: None };
        let connector = Arc::clone(&self.connector);
        let endpoint = peer.endpoint.clone();
        let task = tokio::spawn(async move {
            let mut attempt = attempt;
            attempt.outcome = Some(connector.connect(&endpoint).await);
        });
        state.attempt = Some(task.abort_handle());
        state.ended + 1
    }

    /// Why nothing is connected.
    fn failure(&self) -> Error {
        let errors: Vec<(&Peer, Error)> = self
            .peers
            .iter()
            .map(|peer| {
                let error = peer.lock().error.clone();
                (
                    &**peer,
                    error.unwrap_or_else(|| {
                        Error::new(ErrorKind::Unavailable, "the connection broke at once")
                    }),
                )
            })
            .collect();
        let [(peer, error), rest @ ..] = errors.as_slice() else {
            return Error::new(ErrorKind::NoEndpoints, "there is no endpoint");
        };
        if rest.is_empty() {
            return error.clone().at(None, None, Some(&peer.name));
        }
        let kind = match errors.iter().any(|(_, other)| other.kind() != error.kind()) {
            true if errors.iter().any(|(_, error)| error.is_retryable()) => ErrorKind::Unavailable,
            _ => error.kind(),
        };
        let each: Vec<String> =
            errors.iter().map(|(peer, error)| format!("{}: {}", peer.name, error.message())).collect();
        Error::new(kind, format!("no endpoint can be used: {}", each.join("; "))).with_source(error.clone())
    }
}

impl Peer {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a connection out of use; calls that run on it go on.
    pub(crate) fn discard(&self, connection: &Arc<Connection>) {
        let mut state = self.lock();
        if state.connection.as_ref().is_some_and(|current| Arc::ptr_eq(current, connection)) {
            state.connection = None;
        }
    }

    fn finish(&self, outcome: Result<Connection>) {
        {
            let mut state = self.lock();
            state.attempt = None;
            state.ended += 1;
            match outcome {
                Ok(connection) => {
                    tracing::debug!(endpoint = %self.name, "connected");
                    state.connection = Some(Arc::new(connection));
                    state.failures = 0;
                    state.not_before = None;
                    state.error = None;
                }
                Err(error) => {
                    let pause = back_off(state.failures);
                    tracing::debug!(endpoint = %self.name, %error, ?pause, "not connected");
                    state.failures += 1;
                    state.not_before = Some(Instant::now() + pause);
                    state.error = Some(error);
                }
            }
        }
        self.changed.send_replace(());
    }
}

impl State {
    fn open_connection(&self) -> Option<Arc<Connection>> {
        self.connection.as_ref().filter(|connection| !connection.sender.is_closed()).cloned()
    }

    fn may_connect(&self) -> bool {
        self.not_before.is_none_or(|instant| instant <= Instant::now())
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        if let Some(attempt) = &self.lock().attempt {
            attempt.abort();
        }
    }
}

/// Reports the outcome of a try to connect, also when its task is dropped.
struct Attempt {
    peer: Weak<Peer>,
    outcome: Option<Result<Connection>>,
}

impl Drop for Attempt {
    fn drop(&mut self) {
        if let Some(peer) = self.peer.upgrade() {
            let outcome = self.outcome.take();
            peer.finish(
                outcome.unwrap_or_else(|| Err(Error::new(ErrorKind::Canceled, "connecting was given up"))),
            );
        }
    }
}

/// Doubles from half a second to 15 s, give or take a fifth.
fn back_off(failures: u32) -> Duration {
    let pause = FIRST_BACK_OFF.saturating_mul(1 << failures.min(5)).min(LONGEST_BACK_OFF);
    pause.mul_f64(0.8 + (random() % 400) as f64 / 1000.0)
}

/// A random number that nothing secret depends on.
pub(crate) fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}
