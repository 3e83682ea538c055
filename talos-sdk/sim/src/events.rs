//! The events of one boot.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use prost::{Message, Name};
use talos_proto::machine;
use tokio::sync::watch;

/// So many events are kept.
const CAPACITY: usize = 1000;
/// A reader that is this close to the end of the ring has lost its place.
const GAP: u64 = 10;

/// A ring of events that readers follow at their own speed.
#[derive(Debug)]
pub(crate) struct Events {
    ids: Ids,
    ring: Mutex<Ring>,
    head: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Ring {
    /// Position of the first event in `items`.
    first: u64,
    items: VecDeque<(SystemTime, Arc<machine::Event>)>,
}

impl Events {
    pub(crate) fn new(ids: Ids) -> Self {
        Self { ids, ring: Mutex::default(), head: watch::Sender::new(0) }
    }

    /// Publishes an event.
    pub(crate) fn publish<M: Message + Name>(&self, now: SystemTime, actor: &str, payload: &M) {
        let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        let position = ring.first + ring.items.len() as u64;
        let event = machine::Event {
            metadata: None,
            data: Some(prost_types::Any {
                type_url: format!("talos/runtime/{}", M::full_name()),
                value: payload.encode_to_vec(),
            }),
            id: self.ids.id(now, position),
            actor_id: actor.to_owned(),
        };
        ring.items.push_back((now, Arc::new(event)));
        if ring.items.len() > CAPACITY {
            ring.items.pop_front();
            ring.first += 1;
        }
        drop(ring);
        self.head.send_replace(position + 1);
    }

    /// Where a reader with these options begins.
    pub(crate) fn start(&self, request: &machine::EventsRequest, now: SystemTime) -> Reader {
        let ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        let length = ring.items.len() as u64;
        let tail = match request {
            machine::EventsRequest { tail_events: ..=-1, .. } => length,
            machine::EventsRequest { tail_events: count @ 1.., .. } => {
                length.min(count.unsigned_abs().into())
            }
            machine::EventsRequest { tail_id, .. } if !tail_id.is_empty() => {
                ring.items.iter().rev().take_while(|(_, event)| event.id > *tail_id).count() as u64
            }
            machine::EventsRequest { tail_seconds: seconds @ 1.., .. } => {
                let since = now - Duration::from_secs(seconds.unsigned_abs().into());
                ring.items.iter().rev().take_while(|(at, _)| *at >= since).count() as u64
            }
            _ => 0,
        };
        Reader {
            position: ring.first + length - tail,
            actor: request.with_actor_id.clone(),
            head: self.head.subscribe(),
        }
    }

    /// The events at and after the reader's position, or nothing if it fell behind the ring.
    fn after(&self, position: u64) -> Option<Vec<Arc<machine::Event>>> {
        let ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        let full = ring.items.len() == CAPACITY;
        if position < ring.first + if full && ring.first > 0 { GAP } else { 0 } && position != ring.first {
            return None;
        }
        let skip = usize::try_from(position.saturating_sub(ring.first)).unwrap_or(usize::MAX);
        Some(ring.items.iter().skip(skip).map(|(_, event)| event.clone()).collect())
    }
}

/// A place in the ring.
#[derive(Debug)]
pub(crate) struct Reader {
    position: u64,
    actor: String,
    head: watch::Receiver<u64>,
}

impl Reader {
    /// Waits for more events. Nothing means that the reader was too slow and must begin again.
    pub(crate) async fn next(&mut self, events: &Events) -> Option<Vec<Arc<machine::Event>>> {
        loop {
            self.head.borrow_and_update();
            let mut batch = events.after(self.position)?;
            self.position += batch.len() as u64;
            if !self.actor.is_empty() {
                batch.retain(|event| event.actor_id == self.actor);
            }
            if !batch.is_empty() {
                return Some(batch);
            }
            self.head.changed().await.ok()?;
        }
    }
}

/// Makes ids in the form of xid: 20 characters that sort by time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ids([u8; 5]);

impl Ids {
    pub(crate) fn new(rng: &mut fastrand::Rng) -> Self {
        Self(std::array::from_fn(|_| rng.u8(..)))
    }

    pub(crate) fn id(&self, now: SystemTime, counter: u64) -> String {
        const ALPHABET: &[u8; 32] = b"0123456789abcdefghijklmnopqrstuv";
        let seconds = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        let mut raw = [0u8; 12];
        raw[..4].copy_from_slice(&seconds.to_be_bytes()[4..]);
        raw[4..9].copy_from_slice(&self.0);
        raw[9..].copy_from_slice(&counter.to_be_bytes()[5..]);
        let bit = |index: usize| raw.get(index / 8).is_some_and(|byte| byte & (0x80 >> (index % 8)) != 0);
        (0..20)
            .map(|digit| {
                let value = (0..5).fold(0, |value, offset| value * 2 + usize::from(bit(digit * 5 + offset)));
                char::from(ALPHABET[value])
            })
            .collect()
    }
}

/// Whether a caller may name an event so. No id is fine too.
pub(crate) fn is_id(text: &str) -> bool {
    let digits = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'v'));
    text.is_empty() || text.len() == 20 && digits
}

/// The empty event that opens every stream.
pub(crate) fn hello() -> machine::Event {
    machine::Event {
        data: Some(prost_types::Any { type_url: String::new(), value: Bytes::new().to_vec() }),
        ..machine::Event::default()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn ring(count: i64) -> Events {
        let events = Events::new(Ids::new(&mut fastrand::Rng::with_seed(1)));
        for cmd in 0..count {
            let actor = if cmd % 2 == 0 { "even" } else { "" };
            events.publish(SystemTime::UNIX_EPOCH, actor, &machine::RestartEvent { cmd });
        }
        events
    }

    async fn read(events: &Events, request: machine::EventsRequest) -> usize {
        let mut reader = events.start(&request, SystemTime::UNIX_EPOCH);
        let next = tokio::time::timeout(Duration::from_millis(20), reader.next(events)).await;
        next.map_or(0, |batch| batch.unwrap().len())
    }

    #[tokio::test]
    async fn tails() {
        let events = ring(8);
        let all = machine::EventsRequest { tail_events: -1, ..Default::default() };
        assert_eq!(read(&events, all.clone()).await, 8);
        assert_eq!(read(&events, machine::EventsRequest { tail_events: 3, ..Default::default() }).await, 3);
        assert_eq!(read(&events, machine::EventsRequest::default()).await, 0);
        assert_eq!(
            read(&events, machine::EventsRequest { with_actor_id: "even".into(), ..all.clone() }).await,
            4
        );
        let third = events.after(2).unwrap()[0].id.clone();
        assert_eq!(read(&events, machine::EventsRequest { tail_id: third, ..Default::default() }).await, 5);
        assert_eq!(read(&events, machine::EventsRequest { tail_seconds: 5, ..Default::default() }).await, 8);
    }

    #[tokio::test]
    async fn a_slow_reader_is_cut_off() {
        let events = ring(5);
        let mut reader = events.start(&machine::EventsRequest::default(), SystemTime::UNIX_EPOCH);
        for cmd in 0..2000 {
            events.publish(SystemTime::UNIX_EPOCH, "", &machine::RestartEvent { cmd });
        }
        assert!(reader.next(&events).await.is_none());
    }

    #[test]
    fn ids_sort_by_time() {
        let ids = Ids::new(&mut fastrand::Rng::with_seed(1));
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let made = [ids.id(at(1), 9), ids.id(at(2), 1), ids.id(at(2), 2), ids.id(at(1 << 31), 0)];
        assert!(made.is_sorted());
        assert!(made.iter().all(|id| id.len() == 20));
    }
}
