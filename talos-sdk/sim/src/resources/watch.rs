//! Watching resources.

use std::sync::Arc;

use bytes::Bytes;
use talos_proto::cosi::resource::{self as cosi, EventType};
use tokio::sync::watch;
use tonic::Status;

use super::collection::{Change, Collection, Resource};
use super::query::Query;
use super::view::View;

/// What is watched.
pub(crate) enum WatchBy {
    /// One resource.
    Id(String),
    /// All that the query matches.
    Kind(Query),
}

/// A watch that has been set up.
pub(crate) struct Watch {
    collection: Arc<Collection>,
    by: WatchBy,
    view: View,
    cookie: [u8; 8],
    position: u64,
    head: watch::Receiver<u64>,
    aggregated: bool,
    /// Events that come before any change.
    first: Vec<cosi::Event>,
}

impl Watch {
    /// Checks the options and takes a place in the history. `cookie` tells the bookmarks of this boot from others.
    pub(crate) fn new(
        collection: Arc<Collection>,
        by: WatchBy,
        options: &cosi::WatchOptions,
        view: View,
        cookie: [u8; 8],
        minor: u16,
    ) -> Result<Self, Status> {
        let head = collection.subscribe();
        let (position, first) = match &by {
            WatchBy::Id(id) => start_by_id(&collection, id, options)?,
            WatchBy::Kind(query) => start_by_kind(&collection, query, options, cookie, minor)?,
        };
        let first = first.into_iter().filter_map(|event| view.of_event(event)).collect();
        Ok(Self { collection, by, view, cookie, position, head, aggregated: options.aggregated, first })
    }

    /// The next responses. A watch that has lost its place says so once, and then nothing for ever.
    pub(crate) async fn next(&mut self) -> Option<Vec<cosi::WatchResponse>> {
        if !self.first.is_empty() {
            let events = std::mem::take(&mut self.first);
            return Some(self.pack(events));
        }
        loop {
            self.head.borrow_and_update();
            let Some(changes) = self.collection.changes_from(self.position) else {
                self.position = u64::MAX;
                let event = cosi::Event {
                    event_type: EventType::Errored.into(),
                    error: Some("buffer overrun".to_owned()),
                    ..cosi::Event::default()
                };
                return Some(self.pack(vec![event]));
            };
            let mut events = Vec::new();
            for change in changes {
                self.position += 1;
                events.extend(self.event(change));
            }
            if !events.is_empty() {
                return Some(self.pack(events));
            }
            self.head.changed().await.ok()?;
        }
    }

    fn pack(&self, events: Vec<cosi::Event>) -> Vec<cosi::WatchResponse> {
        if self.aggregated {
            return vec![cosi::WatchResponse { event: events }];
        }
        events.into_iter().map(|event| cosi::WatchResponse { event: vec![event] }).collect()
    }

    fn event(&self, change: Change) -> Option<cosi::Event> {
        let matches = |resource: &Resource| match &self.by {
            WatchBy::Id(id) => resource.id() == id,
            WatchBy::Kind(query) => query.matches(resource),
        };
        let event = match change {
            Change::Created(new) => matches(&new).then(|| created(&new))?,
            Change::Destroyed(old) => matches(&old).then(|| destroyed(&old))?,
            Change::Updated { old, new } => match (matches(&old), matches(&new)) {
                (false, false) => return None,
                (false, true) => created(&new),
                (true, false) => destroyed(&new),
                (true, true) => cosi::Event {
                    old: Some(old.to_proto()),
                    ..event(EventType::Updated, Some(new.to_proto()))
                },
            },
        };
        self.view.of_event(cosi::Event { bookmark: Some(bookmark(self.cookie, self.position)), ..event })
    }
}

fn start_by_id(
    collection: &Collection,
    id: &str,
    options: &cosi::WatchOptions,
) -> Result<(u64, Vec<cosi::Event>), Status> {
    if options.bootstrap_contents || !options.label_query.is_empty() {
        return Err(Status::unimplemented("a watch of one resource has neither contents nor label queries"));
    }
    let (resource, position) = collection.snapshot_of(id);
    let first = match resource {
        Some(resource) => created(&resource),
        None => event(EventType::Destroyed, Some(collection.tombstone(id))),
    };
    Ok((position, vec![first]))
}

fn start_by_kind(
    collection: &Collection,
    query: &Query,
    options: &cosi::WatchOptions,
    cookie: [u8; 8],
    minor: u16,
) -> Result<(u64, Vec<cosi::Event>), Status> {
    let bootstrap_bookmark = options.bootstrap_bookmark && minor >= 10;
    if options.tail_events > 0 && (options.bootstrap_contents || bootstrap_bookmark) {
        return Err(Status::invalid_argument("tail events exclude contents and bookmarks"));
    }
    if let Some(mark) = &options.start_from_bookmark {
        if options.bootstrap_contents || options.tail_events > 0 {
            return Err(Status::invalid_argument("a bookmark excludes contents and tail events"));
        }
        let position = read_bookmark(collection, cookie, mark)?;
        return Ok((position, Vec::new()));
    }
    let (contents, head) = collection.snapshot();
    if options.bootstrap_contents {
        let mut first: Vec<_> = contents
            .iter()
            .filter(|resource| query.matches(resource))
            .map(|resource| created(resource))
            .collect();
        let end = event(EventType::Bootstrapped, Some(collection.tombstone("")));
        first.push(cosi::Event { bookmark: Some(bookmark(cookie, head)), ..end });
        return Ok((head, first));
    }
    if bootstrap_bookmark {
        let noop = event(EventType::Noop, Some(collection.tombstone("")));
        return Ok((head, vec![cosi::Event { bookmark: Some(bookmark(cookie, head)), ..noop }]));
    }
    let tail = u64::from(options.tail_events.max(0).unsigned_abs());
    let (oldest, _) = collection.positions();
    Ok((head.saturating_sub(tail).max(oldest), Vec::new()))
}

fn event(kind: EventType, resource: Option<cosi::Resource>) -> cosi::Event {
    cosi::Event { event_type: kind.into(), resource, ..cosi::Event::default() }
}

fn created(resource: &Resource) -> cosi::Event {
    event(EventType::Created, Some(resource.to_proto()))
}

fn destroyed(resource: &Resource) -> cosi::Event {
    event(EventType::Destroyed, Some(resource.to_tombstone()))
}

/// The cookie of the boot and the position of the next change.
fn bookmark(cookie: [u8; 8], position: u64) -> Bytes {
    let mut bytes = cookie.to_vec();
    bytes.extend(position.to_be_bytes());
    bytes.into()
}

fn read_bookmark(collection: &Collection, cookie: [u8; 8], mark: &[u8]) -> Result<u64, Status> {
    let stale = || Status::failed_precondition("the bookmark is not valid any more");
    let (own, position) = mark.split_at_checked(8).ok_or_else(stale)?;
    let position = u64::from_be_bytes(position.try_into().map_err(|_| stale())?);
    let (oldest, head) = collection.positions();
    if own != cookie || !(oldest..=head).contains(&position) {
        return Err(stale());
    }
    Ok(position)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::super::collection::Spec;
    use super::*;

    const COOKIE: [u8; 8] = *b"cookie00";

    fn collection() -> Arc<Collection> {
        Arc::new(Collection::new("runtime", "Services.v1alpha1.talos.dev"))
    }

    fn view() -> View {
        View::new("runtime", "Services.v1alpha1.talos.dev", None)
    }

    fn put(collection: &Collection, id: &str, yaml: &str, label: &str) {
        let spec = Spec {
            yaml: yaml.to_owned(),
            labels: [("l".to_owned(), label.to_owned())].into(),
            ..Spec::default()
        };
        collection.put(id, spec, SystemTime::UNIX_EPOCH);
    }

    async fn types(watch: &mut Watch) -> Vec<EventType> {
        let mut seen = Vec::new();
        while let Ok(next) = tokio::time::timeout(Duration::from_millis(20), watch.next()).await {
            let Some(responses) = next else { break };
            seen.extend(responses.iter().flat_map(|r| r.event.iter().map(cosi::Event::event_type)));
        }
        seen
    }

    fn by_kind(collection: &Arc<Collection>, options: &cosi::WatchOptions) -> Result<Watch, Status> {
        let query = Query::new(&options.label_query, None).unwrap();
        Watch::new(collection.clone(), WatchBy::Kind(query), options, view(), COOKIE, 13)
    }

    #[tokio::test]
    async fn one_resource() {
        let collection = collection();
        let by = || WatchBy::Id("a".to_owned());
        let mut watch =
            Watch::new(collection.clone(), by(), &cosi::WatchOptions::default(), view(), COOKIE, 13).unwrap();
        put(&collection, "a", "1", "");
        put(&collection, "b", "1", "");
        put(&collection, "a", "2", "");
        collection.remove("a");
        use EventType::{Created, Destroyed, Updated};
        assert_eq!(types(&mut watch).await, [Destroyed, Created, Updated, Destroyed]);
        let options = cosi::WatchOptions { bootstrap_contents: true, ..Default::default() };
        let refused = Watch::new(collection, by(), &options, view(), COOKIE, 13).err().unwrap();
        assert_eq!(refused.code(), tonic::Code::Unimplemented);
    }

    #[tokio::test]
    async fn contents_then_changes() {
        let collection = collection();
        put(&collection, "a", "1", "");
        let mut watch =
            by_kind(&collection, &cosi::WatchOptions { bootstrap_contents: true, ..Default::default() })
                .unwrap();
        put(&collection, "b", "1", "");
        use EventType::{Bootstrapped, Created};
        assert_eq!(types(&mut watch).await, [Created, Bootstrapped, Created]);
    }

    #[tokio::test]
    async fn a_label_that_starts_to_match_is_a_creation() {
        let collection = collection();
        put(&collection, "a", "1", "no");
        let term = cosi::LabelTerm { key: "l".into(), op: 1, value: vec!["yes".into()], invert: false };
        let options = cosi::WatchOptions {
            label_query: vec![cosi::LabelQuery { terms: vec![term] }],
            ..Default::default()
        };
        let mut watch = by_kind(&collection, &options).unwrap();
        put(&collection, "a", "1", "yes");
        put(&collection, "a", "1", "no");
        assert_eq!(types(&mut watch).await, [EventType::Created, EventType::Destroyed]);
    }

    #[tokio::test]
    async fn bookmarks_belong_to_a_boot() {
        let collection = collection();
        let options = cosi::WatchOptions { bootstrap_bookmark: true, ..Default::default() };
        let mut watch = by_kind(&collection, &options).unwrap();
        let mark = watch.next().await.unwrap()[0].event[0].bookmark.clone();
        put(&collection, "a", "1", "");
        let options = cosi::WatchOptions { start_from_bookmark: mark, ..Default::default() };
        assert_eq!(types(&mut by_kind(&collection, &options).unwrap()).await, [EventType::Created]);
        let query = WatchBy::Kind(Query::default());
        let stale = Watch::new(collection, query, &options, view(), *b"another0", 13).err().unwrap();
        assert_eq!(stale.code(), tonic::Code::FailedPrecondition);
    }

    #[tokio::test]
    async fn a_slow_watch_is_told_once() {
        let collection = collection();
        let mut watch = by_kind(&collection, &cosi::WatchOptions::default()).unwrap();
        for number in 0..2000 {
            put(&collection, "a", &number.to_string(), "");
        }
        assert_eq!(types(&mut watch).await, [EventType::Errored]);
    }
}
