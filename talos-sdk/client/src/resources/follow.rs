//! A watch that survives what ends a watch: the work behind [`Changes`](super::Changes) and [`Cache`](super::Cache).

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures_core::Stream;
use futures_util::StreamExt;
use talos_proto::cosi::resource::{self as proto, EventType, WatchResponse};
use tokio::time::Instant;

use super::changes::{Change, ChangesOptions};
use super::{Resource, SpecData, decode, watch};
use crate::balance::random;
use crate::instant::instant;
use crate::reply::malformed;
use crate::{Error, ErrorKind, Result};

/// The messages of a watch that is established.
pub(super) type Messages = Pin<Box<dyn Stream<Item = Result<WatchResponse>> + Send>>;

/// Establishes a watch: from a bookmark, or with all that is there.
pub(super) type Open = Box<dyn Fn(Option<Bytes>) -> Opening + Send + Sync>;

pub(super) type Opening = Pin<Box<dyn Future<Output = Result<Messages>> + Send>>;

/// A watch that lasted so long was well, and the pauses begin at the shortest again.
const WELL: Duration = Duration::from_secs(10);

/// What is known of a resource.
struct Known<S> {
    resource: Arc<Resource<S>>,
    mark: Mark,
}

impl<S> Clone for Known<S> {
    fn clone(&self) -> Self {
        Self { resource: Arc::clone(&self.resource), mark: self.mark }
    }
}

/// What tells states of a resource apart without its specification.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Mark {
    /// A resource that was destroyed and made again has another one.
    created: Option<SystemTime>,
    version: Option<u64>,
    /// Of all else, for a machine that counts from the start again may come to the same version.
    digest: u64,
}

impl Mark {
    fn of(resource: &proto::Resource) -> Self {
        let mut digest = DefaultHasher::new();
        let metadata = resource.metadata.as_ref();
        if let Some(metadata) = metadata {
            (&metadata.phase, &metadata.owner, &metadata.finalizers).hash(&mut digest);
            (&metadata.labels, &metadata.annotations).hash(&mut digest);
        }
        if let Some(spec) = &resource.spec {
            (&spec.proto_spec, &spec.yaml_spec).hash(&mut digest);
        }
        Self {
            created: metadata.and_then(|metadata| instant(metadata.created)),
            version: metadata.and_then(|metadata| metadata.version.parse().ok()),
            digest: digest.finish(),
        }
    }

    /// How this state follows another one.
    fn after(&self, known: &Self) -> Step {
        if self == known {
            return Step::Same;
        }
        if self.created != known.created {
            return Step::Replaced;
        }
        match self.version.cmp(&known.version) {
            Ordering::Greater => Step::Updated,
            Ordering::Equal => Step::Replaced,
            Ordering::Less => Step::Older,
        }
    }
}

enum Step {
    Same,
    Updated,
    /// It is another resource under the same id.
    Replaced,
    /// It was so before.
    Older,
}

/// Changes that were found at once.
pub(super) struct Batch<S> {
    pub(super) changes: Vec<Change<S>>,
    /// So many at the beginning are the differences to a list: only all of them together lead to what was there.
    pub(super) from_list: usize,
}

type Contents<S> = BTreeMap<Arc<str>, Known<S>>;

/// What is known, and how to hear more.
pub(super) struct Follower<S> {
    open: Open,
    options: ChangesOptions,
    known: Contents<S>,
    live: Option<Live<S>>,
    /// The place after the last event.
    bookmark: Option<Bytes>,
    /// What ended the watch, where changes had to be told first.
    failed: Option<Error>,
    synced: bool,
    failures: u32,
    /// Since when nothing was heard, and why.
    silent: Option<(Instant, Error)>,
}

/// An established watch.
struct Live<S> {
    messages: Messages,
    since: Instant,
    /// What the machine has listed so far; `None` once that is over.
    listing: Option<Contents<S>>,
}

impl<S: SpecData> Follower<S> {
    pub(super) fn new(open: Open, options: ChangesOptions) -> Self {
        Self {
            open,
            options,
            known: BTreeMap::new(),
            live: None,
            bookmark: None,
            failed: None,
            synced: false,
            failures: 0,
            silent: None,
        }
    }

    /// The next changes, at least one. An error is the end.
    pub(super) async fn next(&mut self) -> Result<Batch<S>> {
        loop {
            if let Some(error) = self.failed.take() {
                self.recover(error).await?;
            }
            let Some(live) = &mut self.live else {
                match (self.open)(self.bookmark.clone()).await {
                    Ok(messages) => {
                        let listing = self.bookmark.is_none().then(BTreeMap::new);
                        self.live = Some(Live { messages, since: Instant::now(), listing });
                    }
                    Err(error) => self.failed = Some(error),
                }
                continue;
            };
            match live.messages.next().await {
                Some(Ok(message)) => {
                    let batch = self.take(message);
                    if !batch.changes.is_empty() {
                        return Ok(batch);
                    }
                }
                Some(Err(error)) => self.failed = Some(error),
                None => {
                    self.failed = Some(Error::new(ErrorKind::Unavailable, "the machine ended the watch"));
                }
            }
        }
    }

    /// Why nothing is heard.
    pub(super) fn last_error(&self) -> Option<&Error> {
        self.silent.as_ref().map(|(_, error)| error)
    }

    /// Drops the broken watch and pauses; fails if another one would fail too.
    async fn recover(&mut self, error: Error) -> Result<()> {
        if self.live.take().is_some_and(|live| live.since.elapsed() >= WELL) {
            self.failures = 0;
        }
        if error.kind() == ErrorKind::WatchLost {
            self.bookmark = None;
        }
        let since = self.silent.take().map_or_else(Instant::now, |(since, _)| since);
        self.silent = Some((since, error.clone()));
        let too_long = self.options.give_up_after.is_some_and(|most| since.elapsed() >= most);
        if too_long || !may_pass(&error, self.synced) {
            return Err(error);
        }
        let pause = self.options.pause(self.failures);
        self.failures = self.failures.saturating_add(1);
        tracing::debug!(%error, ?pause, resumes = self.bookmark.is_some(), "the watch broke");
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
        Ok(())
    }

    fn take(&mut self, message: WatchResponse) -> Batch<S> {
        let mut batch = Batch { changes: Vec::new(), from_list: 0 };
        for event in message.event {
            if let Err(error) = self.take_event(event, &mut batch) {
                self.failed = Some(error);
                break;
            }
            self.silent = None;
        }
        batch
    }

    fn take_event(&mut self, event: proto::Event, batch: &mut Batch<S>) -> Result<()> {
        let listing = self.live.as_mut().and_then(|live| live.listing.as_mut());
        let resource = || event.resource.ok_or_else(|| malformed("a change names no resource"));
        match EventType::try_from(event.event_type) {
            Ok(EventType::Created | EventType::Updated) => {
                let resource = resource()?;
                match listing {
                    Some(listing) => list(resource, &self.known, listing)?,
                    None => put(resource, &mut self.known, &mut batch.changes)?,
                }
            }
            Ok(EventType::Destroyed) => {
                let id = resource()?.metadata.unwrap_or_default().id;
                match listing {
                    Some(listing) => _ = listing.remove(&*id),
                    None => {
                        let gone = self.known.remove(&*id);
                        batch.changes.extend(gone.map(|known| Change::Destroyed(known.resource)));
                    }
                }
            }
            Ok(EventType::Bootstrapped) => {
                if let Some(listing) = self.live.as_mut().and_then(|live| live.listing.take()) {
                    compare(&self.known, &listing, &mut batch.changes);
                    self.known = listing;
                    if !std::mem::replace(&mut self.synced, true) {
                        batch.changes.push(Change::Synced);
                    }
                    batch.from_list = batch.changes.len();
                }
            }
            Ok(EventType::Noop) => {}
            Ok(EventType::Errored) => return Err(watch::lost(event.error.as_deref())),
            Err(_) => return Err(malformed(format!("a change has the unknown kind {}", event.event_type))),
        }
        // What is listed is known only at the end of the list. A machine that gives no bookmark any more has forgotten
        // the last one as well.
        self.bookmark =
            event.bookmark.filter(|_| self.live.as_ref().is_some_and(|live| live.listing.is_none()));
        Ok(())
    }
}

fn known<S: SpecData>(resource: proto::Resource, mark: Mark) -> Result<Known<S>> {
    Ok(Known { resource: Arc::new(decode(resource)?), mark })
}

fn id_of(resource: &proto::Resource) -> &str {
    resource.metadata.as_ref().map_or("", |metadata| &metadata.id)
}

/// Notes what a list has, without reading again what is known.
fn list<S: SpecData>(
    resource: proto::Resource,
    contents: &Contents<S>,
    listing: &mut Contents<S>,
) -> Result<()> {
    let mark = Mark::of(&resource);
    let (id, entry) = match contents.get_key_value(id_of(&resource)) {
        Some((id, same)) if same.mark == mark => (Arc::clone(id), same.clone()),
        _ => (id_of(&resource).into(), known(resource, mark)?),
    };
    listing.insert(id, entry);
    Ok(())
}

/// Makes a resource known, and tells if that is a change.
fn put<S: SpecData>(
    resource: proto::Resource,
    contents: &mut Contents<S>,
    changes: &mut Vec<Change<S>>,
) -> Result<()> {
    let mark = Mark::of(&resource);
    let Some(old) = contents.get_mut(id_of(&resource)) else {
        let id = id_of(&resource).into();
        let new = known(resource, mark)?;
        changes.push(Change::Created(Arc::clone(&new.resource)));
        contents.insert(id, new);
        return Ok(());
    };
    let step = mark.after(&old.mark);
    // Bookmarks are exact, so what is older can't come; if it does all the same, we know better.
    if matches!(step, Step::Same | Step::Older) {
        return Ok(());
    }
    let new: Known<S> = known(resource, mark)?;
    let old = std::mem::replace(old, new.clone());
    tell(step, old.resource, new.resource, changes);
    Ok(())
}

/// Tells what is different in a list: first what is gone, then what is there, in the order of the ids.
fn compare<S>(known: &Contents<S>, listing: &Contents<S>, changes: &mut Vec<Change<S>>) {
    let gone = known.iter().filter(|(id, _)| !listing.contains_key(*id));
    changes.extend(gone.map(|(_, known)| Change::Destroyed(Arc::clone(&known.resource))));
    for (id, new) in listing {
        match known.get(id) {
            None => changes.push(Change::Created(Arc::clone(&new.resource))),
            Some(old) => {
                let step = new.mark.after(&old.mark);
                tell(step, Arc::clone(&old.resource), Arc::clone(&new.resource), changes);
            }
        }
    }
}

fn tell<S>(step: Step, old: Arc<Resource<S>>, new: Arc<Resource<S>>, changes: &mut Vec<Change<S>>) {
    match step {
        Step::Same => {}
        Step::Updated => changes.push(Change::Updated { old, new }),
        Step::Replaced | Step::Older => changes.extend([Change::Destroyed(old), Change::Created(new)]),
    }
}

/// Whether a watch can come back after this. What it has been refused once is refused for ever, but once it was
/// there, a machine may restart, and its certificate change with that.
fn may_pass(error: &Error, synced: bool) -> bool {
    error.is_retryable()
        || error.kind() == ErrorKind::WatchLost
        || (synced && (error.is_tls() || error.kind() == ErrorKind::Status))
}

impl ChangesOptions {
    /// Doubles from the shortest to the longest, and up to half less of it, so that many do not come at once.
    fn pause(&self, failures: u32) -> Duration {
        let pause = self.shortest_pause.saturating_mul(1 << failures.min(16)).min(self.longest_pause);
        pause.mul_f64(0.5 + (random() % 512) as f64 / 1024.0)
    }
}

#[cfg(test)]
mod tests;
