//! Random schedules of changes, disconnects, reboots and overruns, against a model of a machine.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard};
use std::task::Poll;

use futures_util::{FutureExt, StreamExt, TryStreamExt, stream};
use prost_types::Timestamp;
use talos_proto::cosi::resource::state_client::StateClient;
use talos_proto::cosi::resource::state_server::{State, StateServer};
use tokio::sync::Notify;
use tonic::{Request, Response, Status};

use super::*;
use crate::resources::{Cache, Changes, Untyped};

/// So many schedules are tried.
const SCHEDULES: u64 = 1000;
/// The schedule of this seed alone is run when this variable is set.
const SEED: &str = "TALOS_WATCH_SEED";
/// So many changes a machine remembers.
const REMEMBERED: usize = 16;

/// The same numbers for the same seed.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).unwrap()
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.next() % 100 < percent
    }
}

/// A resource as the model has it.
#[derive(Debug, Clone, PartialEq)]
struct Entry {
    created: i64,
    version: u64,
    value: u64,
}

/// What happened, as it is to be told.
#[derive(Debug, Clone, PartialEq)]
enum Told {
    Created(String, Entry),
    Updated(String, Entry),
    Destroyed(String, Entry),
}

/// What kind of machine it is.
#[derive(Debug, Clone, Copy)]
struct Kind {
    bookmarks: bool,
    /// All events that there are in one message, or one each.
    aggregates: bool,
    /// What was there is still there after a reboot.
    persists: bool,
    /// The clock stands still, so that it does not tell resources apart.
    frozen: bool,
}

struct Model {
    kind: Kind,
    state: Mutex<Machine>,
    wake: Notify,
}

#[derive(Default)]
struct Machine {
    clock: i64,
    cookie: u64,
    entries: BTreeMap<String, Entry>,
    /// Everything since the last boot.
    history: Vec<Told>,
    /// Everything, over all boots.
    log: Vec<Told>,
    /// Streams of an earlier one are cut.
    generation: u64,
    /// Streams are cut with an error, or just end.
    cut_with_error: bool,
    /// So many watches are refused.
    refuse: usize,
    /// The next watch is cut after so many messages.
    cut_after: Option<usize>,
    /// The newest stream, and where it is.
    newest: Option<(u64, usize)>,
    lists: usize,
    resumed: usize,
    overruns: usize,
}

impl Model {
    fn new(kind: Kind) -> Arc<Self> {
        Arc::new(Self { kind, state: Mutex::default(), wake: Notify::new() })
    }

    fn machine(&self) -> MutexGuard<'_, Machine> {
        self.state.lock().unwrap()
    }

    fn change(&self, random: &mut Random) {
        let mut machine = self.machine();
        machine.change(random, self.kind.frozen);
        drop(machine);
        self.wake.notify_waiters();
    }

    /// Cuts all streams, and refuses some watches.
    fn disconnect(&self, random: &mut Random) {
        let mut machine = self.machine();
        machine.generation += 1;
        machine.cut_with_error = random.chance(70);
        machine.refuse = random.below(4);
        machine.cut_after = random.chance(20).then(|| random.below(4));
        drop(machine);
        self.wake.notify_waiters();
    }

    fn reboot(&self, random: &mut Random) {
        let mut machine = self.machine();
        machine.cookie += 1;
        machine.history.clear();
        if !self.kind.persists {
            let ids: Vec<String> = std::mem::take(&mut machine.entries).into_keys().collect();
            for id in ids {
                if random.chance(70) {
                    machine.clock += i64::from(!self.kind.frozen);
                    // Not told anywhere: nobody watches while a machine boots.
                    let entry = Entry { created: machine.clock, version: 1, value: random.next() % 3 };
                    machine.entries.insert(id, entry);
                }
            }
        }
        drop(machine);
        self.disconnect(random);
    }

    /// Whether a stream has told all there is.
    fn has_told_all(&self) -> bool {
        let machine = self.machine();
        machine.newest.is_some_and(|(generation, position)| {
            generation == machine.generation && position == machine.history.len()
        })
    }

    fn open(self: &Arc<Self>) -> Open {
        let model = Arc::clone(self);
        Box::new(move |bookmark| {
            let mut client = StateClient::new(StateServer::new(Server(Arc::clone(&model))));
            Box::pin(async move {
                let resumes = bookmark.is_some();
                let options = proto::WatchOptions {
                    bootstrap_contents: !resumes,
                    start_from_bookmark: bookmark,
                    aggregated: true,
                    ..Default::default()
                };
                let request =
                    proto::WatchRequest { options: Some(options), api_version: 1, ..Default::default() };
                let failed = |status: Status| watch::not_established(Error::from(status), resumes);
                let mut messages = client.watch(request).await.map_err(failed)?.into_inner();
                let first = messages.message().await.map_err(failed)?;
                let rest = messages.map_err(Error::from);
                Ok(Box::pin(stream::iter(first.map(Ok)).chain(rest)) as Messages)
            })
        })
    }
}

impl Machine {
    fn change(&mut self, random: &mut Random, frozen: bool) {
        let id = format!("r{}", random.below(6));
        self.clock += i64::from(!frozen);
        let value = random.next() % 3;
        let told = match self.entries.get_mut(&id) {
            None => {
                let entry = Entry { created: self.clock, version: 1, value };
                self.entries.insert(id.clone(), entry.clone());
                Told::Created(id, entry)
            }
            Some(_) if random.chance(30) => {
                let entry = self.entries.remove(&id).unwrap();
                Told::Destroyed(id, entry)
            }
            Some(entry) => {
                entry.version += 1;
                entry.value = value;
                Told::Updated(id, entry.clone())
            }
        };
        self.history.push(told.clone());
        self.log.push(told);
    }

    fn bookmark(&self, kind: Kind, position: usize) -> Option<Bytes> {
        let mark = [self.cookie.to_be_bytes(), (position as u64).to_be_bytes()].concat();
        kind.bookmarks.then(|| mark.into())
    }

    /// Where to go on from a bookmark.
    fn position(&self, bookmark: &[u8]) -> Option<usize> {
        let (cookie, position) = bookmark.split_at(8);
        let position = usize::try_from(u64::from_be_bytes(position.try_into().unwrap())).unwrap();
        let known = position + REMEMBERED >= self.history.len() && position <= self.history.len();
        (cookie == self.cookie.to_be_bytes() && known).then_some(position)
    }
}

fn resource(id: &str, entry: Option<&Entry>) -> proto::Resource {
    let metadata = proto::Metadata {
        namespace: "n".into(),
        r#type: "Ts.talos.dev".into(),
        id: id.into(),
        version: entry.map_or_else(|| "undefined".into(), |entry| entry.version.to_string()),
        phase: "running".into(),
        // A tombstone has a time of its own.
        created: Some(Timestamp {
            seconds: 1,
            nanos: i32::try_from(entry.map_or(7, |e| e.created)).unwrap(),
        }),
        ..Default::default()
    };
    let spec = entry.map_or_else(proto::Spec::default, |entry| proto::Spec {
        proto_spec: entry.value.to_string().into(),
        yaml_spec: String::new(),
    });
    proto::Resource { metadata: Some(metadata), spec: Some(spec) }
}

fn event(kind: EventType, resource: proto::Resource) -> proto::Event {
    proto::Event { event_type: kind.into(), resource: Some(resource), ..Default::default() }
}

struct Server(Arc<Model>);

type Reply<T> = Result<Response<T>, Status>;

fn not_here<T>() -> Reply<T> {
    Err(Status::unimplemented("not in this model"))
}

#[tonic::async_trait]
impl State for Server {
    type ListStream = stream::Empty<Result<proto::ListResponse, Status>>;
    type WatchStream = Pin<Box<dyn Stream<Item = Result<WatchResponse, Status>> + Send>>;

    async fn watch(&self, request: Request<proto::WatchRequest>) -> Reply<Self::WatchStream> {
        let options = request.into_inner().options.unwrap();
        let model = Arc::clone(&self.0);
        let kind = model.kind;
        let mut machine = model.machine();
        if machine.refuse > 0 {
            machine.refuse -= 1;
            return Err(Status::unavailable("not now"));
        }
        let mut first = VecDeque::from([WatchResponse::default()]);
        let position = match &options.start_from_bookmark {
            Some(bookmark) => {
                let position = machine.position(bookmark);
                machine.resumed += usize::from(position.is_some());
                position.ok_or_else(|| Status::failed_precondition("no such bookmark"))?
            }
            None => {
                assert!(options.bootstrap_contents, "the client knows nothing and wants nothing");
                let mut events: Vec<proto::Event> = (machine.entries.iter())
                    .map(|(id, entry)| event(EventType::Created, resource(id, Some(entry))))
                    .collect();
                let end = event(EventType::Bootstrapped, resource("", None));
                let bookmark = machine.bookmark(kind, machine.history.len());
                events.push(proto::Event { bookmark, ..end });
                if kind.aggregates {
                    first.push_back(WatchResponse { event: events });
                } else {
                    first.extend(events.into_iter().map(|event| WatchResponse { event: vec![event] }));
                }
                machine.history.len()
            }
        };
        let watcher = Watcher {
            generation: machine.generation,
            cut_after: machine.cut_after.take(),
            listing: options.bootstrap_contents,
            first,
            position,
            sent: 0,
            over: false,
        };
        drop(machine);
        let messages = stream::unfold((model, watcher), |(model, mut watcher)| async move {
            let next = watcher.next(&model).await?;
            Some((next, (model, watcher)))
        });
        Ok(Response::new(Box::pin(messages)))
    }

    async fn get(&self, _: Request<proto::GetRequest>) -> Reply<proto::GetResponse> {
        not_here()
    }

    async fn list(&self, _: Request<proto::ListRequest>) -> Reply<Self::ListStream> {
        not_here()
    }

    async fn create(&self, _: Request<proto::CreateRequest>) -> Reply<proto::CreateResponse> {
        not_here()
    }

    async fn update(&self, _: Request<proto::UpdateRequest>) -> Reply<proto::UpdateResponse> {
        not_here()
    }

    async fn destroy(&self, _: Request<proto::DestroyRequest>) -> Reply<proto::DestroyResponse> {
        not_here()
    }

    async fn teardown(&self, _: Request<proto::TeardownRequest>) -> Reply<proto::TeardownResponse> {
        not_here()
    }

    async fn teardown_and_destroy(
        &self,
        _: Request<proto::TeardownAndDestroyRequest>,
    ) -> Reply<proto::TeardownAndDestroyResponse> {
        not_here()
    }
}

/// One established watch on the side of the machine.
struct Watcher {
    generation: u64,
    cut_after: Option<usize>,
    listing: bool,
    /// What is sent before changes.
    first: VecDeque<WatchResponse>,
    position: usize,
    sent: usize,
    over: bool,
}

impl Watcher {
    async fn next(&mut self, model: &Model) -> Option<Result<WatchResponse, Status>> {
        loop {
            let woken = model.wake.notified();
            if let Poll::Ready(next) = self.poll(model) {
                return next;
            }
            woken.await;
        }
    }

    fn poll(&mut self, model: &Model) -> Poll<Option<Result<WatchResponse, Status>>> {
        let mut machine = model.machine();
        if self.over {
            return Poll::Ready(None);
        }
        if self.generation != machine.generation || self.cut_after == Some(self.sent) {
            self.over = true;
            let cut = machine.cut_with_error.then(|| Err(Status::unavailable("cut")));
            return Poll::Ready(cut);
        }
        self.sent += 1;
        if let Some(message) = self.first.pop_front() {
            if self.first.is_empty() && std::mem::take(&mut self.listing) {
                machine.lists += 1;
            }
            return Poll::Ready(Some(Ok(message)));
        }
        let behind = machine.history.len().saturating_sub(self.position);
        if self.position != usize::MAX && behind > REMEMBERED {
            // It says so once, and nothing after that.
            self.position = usize::MAX;
            machine.overruns += 1;
            let error = proto::Event {
                event_type: EventType::Errored.into(),
                error: Some("buffer overrun".into()),
                ..Default::default()
            };
            return Poll::Ready(Some(Ok(WatchResponse { event: vec![error] })));
        }
        if self.position != usize::MAX {
            machine.newest = Some((self.generation, self.position));
        }
        if behind == 0 {
            self.sent -= 1;
            return Poll::Pending;
        }
        let most = if model.kind.aggregates { behind } else { 1 };
        let mut events = Vec::new();
        for _ in 0..most {
            let told = machine.history[self.position].clone();
            self.position += 1;
            let event = match &told {
                Told::Created(id, entry) => event(EventType::Created, resource(id, Some(entry))),
                Told::Updated(id, entry) => event(EventType::Updated, resource(id, Some(entry))),
                Told::Destroyed(id, _) => event(EventType::Destroyed, resource(id, None)),
            };
            events.push(proto::Event { bookmark: machine.bookmark(model.kind, self.position), ..event });
        }
        Poll::Ready(Some(Ok(WatchResponse { event: events })))
    }
}

/// What a reader of the changes believes.
#[derive(Default)]
struct Reader {
    entries: BTreeMap<String, Entry>,
    told: Vec<Told>,
    synced: usize,
}

fn entry(resource: &Resource<Untyped>) -> Entry {
    let created = resource.metadata.created.unwrap().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    Entry {
        created: i64::from(created.subsec_nanos()),
        version: resource.metadata.version.unwrap(),
        value: std::str::from_utf8(&resource.spec.proto).unwrap().parse().unwrap(),
    }
}

impl Reader {
    /// Takes in a change, which must fit to what is believed.
    fn take(&mut self, change: Change<Untyped>) {
        let id = change.id().unwrap_or_default().to_owned();
        self.told.push(match change {
            Change::Created(new) => {
                let new = entry(&new);
                assert_eq!(self.entries.insert(id.clone(), new.clone()), None, "{id} comes twice");
                Told::Created(id, new)
            }
            Change::Updated { old, new } => {
                let (old, new) = (entry(&old), entry(&new));
                assert!(new.version > old.version && new.created == old.created, "{id}: {old:?} {new:?}");
                assert_eq!(self.entries.insert(id.clone(), new.clone()), Some(old), "{id} was not so");
                Told::Updated(id, new)
            }
            Change::Destroyed(old) => {
                let old = entry(&old);
                assert_eq!(self.entries.remove(&id), Some(old.clone()), "{id} was not so");
                Told::Destroyed(id, old)
            }
            Change::Synced => {
                self.synced += 1;
                return;
            }
        });
    }
}

/// Shows the seed of a schedule that fails.
struct Shown(u64);

impl Drop for Shown {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("it failed with {SEED}={}", self.0);
        }
    }
}

fn at_once() -> ChangesOptions {
    ChangesOptions::default().with_pauses(Duration::ZERO, Duration::ZERO)
}

/// What schedules did, to see that they did anything.
#[derive(Debug, Default)]
struct Seen {
    told: usize,
    lists: usize,
    resumed: usize,
    overruns: usize,
    exact: usize,
}

async fn schedule(seed: u64, seen: &mut Seen) {
    let _shown = Shown(seed);
    let mut random = Random(seed);
    let kind = Kind {
        bookmarks: random.chance(75),
        aggregates: random.chance(60),
        persists: random.chance(20),
        frozen: random.chance(15),
    };
    let model = Model::new(kind);
    for _ in 0..random.below(8) {
        model.change(&mut random);
    }
    if random.chance(20) {
        model.disconnect(&mut random);
    }
    let mut changes = Changes::new(Follower::new(model.open(), at_once()));
    let mut reader = Reader::default();
    // How much was told and had happened when reader and machine last agreed.
    let mut agreed: Option<(usize, usize, usize)> = None;
    for step in 0..60 {
        match random.below(100) {
            _ if step == 59 => settle(&model, &mut changes, &mut reader, &mut agreed, seen).await,
            0..50 => model.change(&mut random),
            50..75 => {
                for _ in 0..random.below(4) {
                    if let Some(next) = changes.next().now_or_never() {
                        reader.take(next.unwrap().unwrap());
                    }
                }
            }
            75..83 => settle(&model, &mut changes, &mut reader, &mut agreed, seen).await,
            83..92 => model.disconnect(&mut random),
            92..96 => model.reboot(&mut random),
            _ => {
                for _ in 0..REMEMBERED + random.below(8) {
                    model.change(&mut random);
                }
            }
        }
    }
    assert_eq!(reader.synced, 1);
    seen.told += reader.told.len();
    let machine = model.machine();
    seen.lists += machine.lists;
    seen.resumed += machine.resumed;
    seen.overruns += machine.overruns;
}

/// Reads on until the machine has nothing more to tell; then both must agree.
async fn settle(
    model: &Model,
    changes: &mut Changes<Untyped>,
    reader: &mut Reader,
    agreed: &mut Option<(usize, usize, usize)>,
    seen: &mut Seen,
) {
    for _ in 0..100_000 {
        match changes.next().now_or_never() {
            Some(next) => reader.take(next.expect("it goes on").expect("what breaks passes")),
            None if model.has_told_all() => {
                let machine = model.machine();
                assert_eq!(reader.entries, machine.entries);
                // Without a list in between, each change must have been told, once and in order.
                if let Some((lists, told, happened)) = *agreed
                    && lists == machine.lists
                {
                    assert_eq!(reader.told[told..], machine.log[happened..]);
                    seen.exact += machine.log.len() - happened;
                }
                *agreed = Some((machine.lists, reader.told.len(), machine.log.len()));
                return;
            }
            None => tokio::task::yield_now().await,
        }
    }
    panic!("it does not come to an end");
}

#[tokio::test]
async fn no_change_is_lost_doubled_or_out_of_order() {
    let mut seen = Seen::default();
    if let Ok(seed) = std::env::var(SEED) {
        return schedule(seed.parse().expect("a number"), &mut seen).await;
    }
    for seed in 0..SCHEDULES {
        schedule(seed, &mut seen).await;
    }
    eprintln!("seeds 0 to {}: {seen:?}", SCHEDULES - 1);
    assert!(seen.resumed > 500 && seen.overruns > 500 && seen.lists > 2000 && seen.exact > 5000, "{seen:?}");
}

const PLAIN: Kind = Kind { bookmarks: true, aggregates: true, persists: false, frozen: false };

#[tokio::test]
async fn many_tasks_read_one_cache() {
    let mut random = Random(1);
    let model = Model::new(PLAIN);
    (0..10).for_each(|_| model.change(&mut random));
    let cache = Cache::<Untyped>::new(Follower::new(model.open(), at_once()));
    assert!(!cache.is_ready() && cache.list().is_empty());
    let readers: Vec<_> = (0..4)
        .map(|_| {
            let cache = cache.clone();
            tokio::spawn(async move {
                cache.ready().await.unwrap();
                let first = cache.snapshot();
                let mut subscription = cache.subscribe();
                let enough = cache.wait_until(|all| all.get("last").is_some(), Duration::from_secs(60)).await;
                assert!(enough.unwrap().get("last").is_some());
                // It was told of since the subscription began.
                assert!(subscription.changed().await.unwrap().get("last").is_some());
                // What a reader keeps does not change under it.
                assert!(first.get("last").is_none());
                first.len()
            })
        })
        .collect();
    cache.ready().await.unwrap();
    let count = model.machine().entries.len();
    tokio::task::yield_now().await;
    for _ in 0..20 {
        model.reboot(&mut random);
        model.change(&mut random);
        tokio::task::yield_now().await;
    }
    model.reboot(&mut random);
    model.machine().entries.insert("last".into(), Entry { created: 99, version: 1, value: 1 });
    for reader in readers {
        assert_eq!(reader.await.unwrap(), count);
    }
    let want: Vec<String> = model.machine().entries.keys().cloned().collect();
    let ids: Vec<_> = cache.list().iter().map(|resource| resource.metadata.id.clone()).collect();
    assert_eq!(ids, want);
    assert_eq!(cache.get("last").unwrap().metadata.id, "last");
    assert!(cache.error().is_none());

    // The watch ends with the last clone.
    drop(cache);
    tokio::task::yield_now().await;
    assert_eq!(Arc::strong_count(&model), 1);
}

#[tokio::test]
async fn what_does_not_pass_ends_a_watch() {
    fn refused(error: fn() -> Error) -> Open {
        Box::new(move |_| Box::pin(async move { Err(error()) }))
    }
    let follow = |error, options| Follower::<Untyped>::new(refused(error), options);
    for kind in [ErrorKind::PermissionDenied, ErrorKind::Unimplemented, ErrorKind::UnknownAuthority] {
        assert!(!may_pass(&Error::new(kind, ""), false), "{kind:?}");
    }
    // Its certificate changes when a machine gets its configuration.
    assert!(may_pass(&Error::new(ErrorKind::UnknownAuthority, ""), true));
    assert!(may_pass(&Error::new(ErrorKind::NodeUnreachable, ""), false));

    let denied = || Error::new(ErrorKind::PermissionDenied, "no");
    let mut changes = Changes::new(follow(denied, at_once()));
    assert!(changes.next().await.unwrap().unwrap_err().is_permission_denied());
    assert!(changes.next().await.is_none());
    let cache = Cache::new(follow(denied, at_once()));
    assert!(cache.ready().await.unwrap_err().is_permission_denied());
    assert!(cache.subscribe().changed().await.unwrap_err().is_permission_denied());
    let waited = cache.wait_until(|_| true, Duration::from_secs(60)).await;
    assert!(waited.unwrap_err().is_permission_denied());

    let away = || Error::new(ErrorKind::Unavailable, "away");
    let options = at_once().with_give_up_after(Duration::from_millis(20));
    let given_up = Changes::new(follow(away, options)).next().await.unwrap().unwrap_err();
    assert_eq!(given_up.kind(), ErrorKind::Unavailable);
}

#[test]
fn pauses_grow_and_differ() {
    let options = ChangesOptions::default();
    for failures in 0..40 {
        let full =
            Duration::from_millis(100).saturating_mul(1 << failures.min(16)).min(options.longest_pause);
        let pause = options.pause(failures);
        assert!(pause >= full / 2 && pause <= full, "{failures}: {pause:?}");
    }
}
