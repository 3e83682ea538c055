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
use crate::tls::Tls;
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
    /// How long a connection without calls is kept.
    idle: Option<Duration>,
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
    pub(crate) fn new(
        endpoints: Vec<Endpoint>,
        connector: Connector,
        idle: Option<Duration>,
    ) -> Result<Self> {
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
        Ok(Self { peers, next: AtomicUsize::new(0), connector: Arc::new(connector), idle, changed })
    }

    pub(crate) fn tls(&self) -> &Tls {
        &self.connector.tls
    }

    /// Has the next calls connect anew; calls that run go on.
    pub(crate) fn reconnect(&self) {
        for peer in &self.peers {
            peer.lock().connection = None;
        }
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
        // Those that back off may be back by now: they are tried too where nobody else serves the call.
        let mut untried: Vec<&Arc<Peer>> = self.peers.iter().collect();
        for even_if_backing_off in [false, true] {
            let mut wanted = Vec::new();
            untried.retain(|peer| match self.ensure_attempt(peer, even_if_backing_off) {
                Some(attempt) => {
                    wanted.push((*peer, attempt));
                    false
                }
                None => true,
            });
            while wanted.iter().any(|(peer, attempt)| peer.lock().ended < *attempt) {
                if let Some(found) = self.connected() {
                    return Ok(found);
                }
                if changes.changed().await.is_err() {
                    return Err(self.failure());
                }
            }
            if let Some(found) = self.connected() {
                return Ok(found);
            }
        }
        Err(self.failure())
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

    /// Starts to connect where that may be done and nobody does, and tells which attempt to wait for, if any.
    fn ensure_attempt(&self, peer: &Arc<Peer>, even_if_backing_off: bool) -> Option<u64> {
        let mut state = peer.lock();
        if state.attempt.is_some() {
            return Some(state.ended + 1);
        }
        if !state.may_connect() && !even_if_backing_off {
            return None;
        }
        state.connection = None;
        let attempt = Attempt { peer: Arc::downgrade(peer), outcome: None };
        let connector = Arc::clone(&self.connector);
        let endpoint = peer.endpoint.clone();
        let (idle, weak) = (self.idle, Arc::downgrade(peer));
        let task = tokio::spawn(async move {
            let mut attempt = attempt;
            let outcome = connector.connect(&endpoint).await;
            if let (Ok(connection), Some(idle)) = (&outcome, idle) {
                let watch = tokio::spawn(close_when_idle(weak, Arc::downgrade(connection), idle));
                _ = connection.watch.set(watch.abort_handle());
            }
            attempt.outcome = Some(outcome);
        });
        state.attempt = Some(task.abort_handle());
        Some(state.ended + 1)
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

    fn finish(&self, outcome: Result<Arc<Connection>>) {
        {
            let mut state = self.lock();
            state.attempt = None;
            state.ended += 1;
            match outcome {
                Ok(connection) => {
                    tracing::debug!(endpoint = %self.name, "connected");
                    state.connection = Some(connection);
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
        let connection = self.connection.as_ref().filter(|connection| !connection.is_closed())?;
        connection.touch();
        Some(Arc::clone(connection))
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
    outcome: Option<Result<Arc<Connection>>>,
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

/// Takes a connection out of use once no call has used it for so long; with that it closes.
async fn close_when_idle(peer: Weak<Peer>, connection: Weak<Connection>, idle: Duration) {
    while let Some(used) = connection.upgrade().map(|connection| connection.used()) {
        tokio::time::sleep_until(used + idle).await;
        let (Some(peer), Some(connection)) = (peer.upgrade(), connection.upgrade()) else { return };
        if connection.is_busy() {
            connection.touch();
        } else if connection.used() + idle <= Instant::now() {
            tracing::debug!(endpoint = %peer.name, "the connection is idle");
            peer.discard(&connection);
            return;
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
