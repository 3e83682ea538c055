//! A thousand random schedules of endpoints that die and return under calls.
//!
//! No call that reads is lost while some endpoint lives, and no other call reaches servers twice. Everything is in
//! memory, and what happens to a call depends on the seed alone, not on time. A failing seed is named; it runs alone
//! with `TALOS_FAILOVER_SEED=…`.

use std::collections::HashMap;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context as TaskContext, Poll};

use bytes::Bytes;
use futures_util::future::join_all;
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body::{Body, Frame};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use prost::Message;
use talos_client::{Client, ClientOptions, Dialer};
use talos_proto::machine;
use talosconfig::Context;
use tokio::io::DuplexStream;
use tokio::sync::Notify;
use tokio::task::AbortHandle;

const SCHEDULES: u64 = 1000;
const STEPS: u64 = 10;
/// A call is disturbed so often at most; together with the call beside it that is less than the client bears.
const DISTURBANCES: u64 = 2;

/// A number that depends on these alone.
fn random(parts: &[u64]) -> u64 {
    parts.iter().fold(0x9E37_79B9_7F4A_7C15, |state, part| {
        let mut mixed = (state ^ part).wrapping_add(0x9E37_79B9_7F4A_7C15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    })
}

/// What happens to a request that reaches a server.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Answer,
    /// Reset, unread.
    Refuse,
    /// Answered, and the server takes no more calls on this connection.
    Goodbye,
    /// The connection breaks before the work, or after it.
    Break {
        worked: bool,
    },
    /// The endpoint dies with all its connections.
    Die {
        worked: bool,
    },
}

fn fate(seed: u64, call: u64, attempt: u64) -> Fate {
    if attempt >= DISTURBANCES {
        return Fate::Answer;
    }
    let draw = random(&[seed, 1, call, attempt]);
    let worked = draw & 0x100 != 0;
    match draw % 10 {
        0 => Fate::Refuse,
        1 => Fate::Goodbye,
        2 | 3 => Fate::Break { worked },
        4 | 5 => Fate::Die { worked },
        _ => Fate::Answer,
    }
}

#[derive(Default)]
struct Record {
    /// Arrivals, those refused included.
    attempts: u64,
    refused: u64,
    worked: u64,
}

#[derive(Default)]
struct Endpoint {
    alive: bool,
    connections: Vec<AbortHandle>,
}

struct World {
    seed: u64,
    endpoints: Vec<Endpoint>,
    calls: HashMap<u64, Record>,
}

type Shared = Arc<Mutex<World>>;

fn lock(world: &Shared) -> std::sync::MutexGuard<'_, World> {
    world.lock().unwrap_or_else(PoisonError::into_inner)
}

impl World {
    /// Unless it is the last one that lives.
    fn kill(&mut self, index: usize) -> bool {
        if !self.endpoints.iter().enumerate().any(|(other, endpoint)| other != index && endpoint.alive) {
            return false;
        }
        let endpoint = &mut self.endpoints[index];
        endpoint.alive = false;
        endpoint.connections.drain(..).for_each(|connection| connection.abort());
        true
    }
}

fn dial(world: &Shared, index: usize) -> std::io::Result<DuplexStream> {
    let mut locked = lock(world);
    if !locked.endpoints[index].alive {
        return Err(std::io::ErrorKind::ConnectionRefused.into());
    }
    let (ours, theirs) = tokio::io::duplex(64 << 10);
    let (world, goodbye) = (Arc::clone(world), Arc::new(Notify::new()));
    let own: Arc<Mutex<Option<AbortHandle>>> = Arc::default();
    let (service_own, service_goodbye) = (Arc::clone(&own), Arc::clone(&goodbye));
    let service = service_fn(move |request| {
        serve(Arc::clone(&world), index, Arc::clone(&service_own), Arc::clone(&service_goodbye), request)
    });
    let task = tokio::spawn(async move {
        let connection = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
            .serve_connection(TokioIo::new(theirs), service);
        tokio::pin!(connection);
        tokio::select! {
            _ = connection.as_mut() => return,
            () = goodbye.notified() => connection.as_mut().graceful_shutdown(),
        }
        _ = connection.await;
    });
    *own.lock().unwrap() = Some(task.abort_handle());
    locked.endpoints[index].connections.push(task.abort_handle());
    Ok(ours)
}

async fn serve(
    world: Shared,
    index: usize,
    connection: Arc<Mutex<Option<AbortHandle>>>,
    goodbye: Arc<Notify>,
    request: Request<Incoming>,
) -> Result<Response<Reply>, h2::Error> {
    let call: u64 = request.headers()["x-call"].to_str().unwrap().parse().unwrap();
    let reply = match request.uri().path().rsplit('/').next().unwrap() {
        "Version" => machine::VersionResponse { messages: vec![machine::Version::default()] }.encode_to_vec(),
        "Reboot" => machine::RebootResponse { messages: vec![machine::Reboot::default()] }.encode_to_vec(),
        method => panic!("{method}"),
    };
    let breaks = {
        let mut world = lock(&world);
        let seed = world.seed;
        let record = world.calls.entry(call).or_default();
        let fate = fate(seed, call, record.attempts);
        record.attempts += 1;
        match fate {
            Fate::Refuse => {
                record.refused += 1;
                return Err(h2::Reason::REFUSED_STREAM.into());
            }
            Fate::Break { worked } | Fate::Die { worked } => record.worked += u64::from(worked),
            Fate::Answer | Fate::Goodbye => record.worked += 1,
        }
        match fate {
            Fate::Goodbye => goodbye.notify_one(),
            Fate::Die { .. } => _ = world.kill(index),
            _ => {}
        }
        matches!(fate, Fate::Break { .. } | Fate::Die { .. })
    };
    if breaks {
        connection.lock().unwrap().as_ref().unwrap().abort();
        std::future::pending::<()>().await;
    }
    let mut framed = vec![0];
    framed.extend_from_slice(&u32::try_from(reply.len()).unwrap().to_be_bytes());
    framed.extend_from_slice(&reply);
    Ok(Response::builder()
        .header("content-type", "application/grpc")
        .body(Reply(Some(framed), false))
        .unwrap())
}

/// One message, then OK.
struct Reply(Option<Vec<u8>>, bool);

impl Body for Reply {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some(message) = self.0.take() {
            return Poll::Ready(Some(Ok(Frame::data(message.into()))));
        }
        if std::mem::replace(&mut self.1, true) {
            return Poll::Ready(None);
        }
        let trailers =
            HeaderMap::from_iter([("grpc-status".parse().unwrap(), HeaderValue::from_static("0"))]);
        Poll::Ready(Some(Ok(Frame::trailers(trailers))))
    }
}

/// How the calls of a schedule went: those that read, those that act, and how many of these failed.
#[derive(Debug, Default)]
struct Tally {
    reads: u64,
    acts: u64,
    failed: u64,
    again: u64,
}

async fn run(seed: u64) -> Tally {
    let count = 2 + usize::try_from(random(&[seed, 2]) % 3).unwrap();
    let endpoints = (0..count).map(|_| Endpoint { alive: true, ..Endpoint::default() }).collect();
    let world: Shared = Arc::new(Mutex::new(World { seed, endpoints, calls: HashMap::new() }));
    let dialed = Arc::clone(&world);
    let dialer = Dialer::new(move |endpoint| {
        let index: usize = endpoint.unix_socket().unwrap().to_str().unwrap()[1..].parse().unwrap();
        let stream = dial(&dialed, index);
        async move { stream }
    });
    let options = ClientOptions::default().with_dialer(dialer);
    let context = Context::new((0..count).map(|index| format!("unix:///{index}")));
    let client = Client::from_context(&context, options).unwrap();

    let mut tally = Tally::default();
    let mut next_call = 0;
    for step in 0..STEPS {
        let draw = random(&[seed, 3, step]);
        let index = usize::try_from((draw >> 8) % count as u64).unwrap();
        match draw % 8 {
            0 | 1 => _ = lock(&world).kill(index),
            2 | 3 => lock(&world).endpoints[index].alive = true,
            _ => {}
        }
        let calls = (0..1 + draw % 2).map(|_| {
            let (id, node) = (next_call, client.node("10.0.0.2"));
            next_call += 1;
            async move {
                let acts = random(&[seed, 4, id]).is_multiple_of(2);
                let mut machine = node.raw().machine();
                let result = if acts {
                    let mut request = tonic::Request::new(machine::RebootRequest::default());
                    request.metadata_mut().insert("x-call", id.into());
                    machine.reboot(request).await.map(drop)
                } else {
                    let mut request = tonic::Request::new(());
                    request.metadata_mut().insert("x-call", id.into());
                    machine.version(request).await.map(drop)
                };
                (id, acts, result)
            }
        });
        for (id, acts, result) in join_all(calls).await {
            let mut world = lock(&world);
            let record = world.calls.entry(id).or_default();
            tally.again += record.attempts.saturating_sub(1);
            if !acts {
                tally.reads += 1;
                assert!(result.is_ok(), "seed {seed}: call {id} was lost in step {step}: {result:?}");
                continue;
            }
            tally.acts += 1;
            tally.failed += u64::from(result.is_err());
            let arrived = record.attempts - record.refused;
            assert!(arrived <= 1, "seed {seed}: call {id} was sent {arrived} times");
            if result.is_ok() {
                assert_eq!(record.worked, 1, "seed {seed}: call {id}");
            }
        }
    }
    tally
}

#[tokio::test]
async fn no_call_that_reads_is_lost_and_no_other_is_sent_twice() {
    let seeds = match std::env::var("TALOS_FAILOVER_SEED") {
        Ok(seed) => vec![seed.parse().unwrap()],
        Err(_) => (0..SCHEDULES).collect(),
    };
    eprintln!("failover: seeds {:?} to {:?}", seeds.first(), seeds.last());
    let mut all = Tally::default();
    for seed in seeds {
        let Tally { reads, acts, failed, again } = run(seed).await;
        all.reads += reads;
        all.acts += acts;
        all.failed += failed;
        all.again += again;
    }
    eprintln!("failover: {all:?}");
    // The schedules are neither too quiet nor so wild that nothing passes.
    if all.reads + all.acts > 100 {
        assert!(all.again > all.reads / 10 && all.failed > 0 && all.failed < all.acts * 3 / 4, "{all:?}");
    }
}
