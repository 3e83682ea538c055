//! Watches: every change of the objects of one kind, one JSON text a line.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream;
use http::{Response, StatusCode, header};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use serde_json::{Value, json};

use super::registry::{Kind, Shown};
use super::reply::{Body, Failure, alone, row, table};
use super::request::Selection;
use crate::clock::Clock;
use crate::cluster::Cluster;

/// What a watch is for.
pub(super) struct Watch {
    pub(super) cluster: Arc<Cluster>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) kind: Kind,
    pub(super) namespace: Option<String>,
    pub(super) selection: Selection,
    /// Whether objects are wanted as rows of tables.
    pub(super) table: bool,
    /// The revision after which changes are told; 0 begins with all that is there.
    pub(super) after: u64,
}

impl Watch {
    pub(super) fn response(self) -> Response<Body> {
        let changes = self.cluster.kubernetes.revisions();
        let lines = stream::unfold(Some((self, changes)), |watch| async move {
            let (mut watch, mut changes) = watch?;
            loop {
                changes.borrow_and_update();
                match watch.next() {
                    // A client that was told this lists again, and watches from there.
                    Err(lost) => return Some((Ok(Frame::data(lost)), None)),
                    Ok(text) if !text.is_empty() => {
                        return Some((Ok(Frame::data(text.into())), Some((watch, changes))));
                    }
                    Ok(_) => changes.changed().await.ok()?,
                }
            }
        });
        let mut response = Response::new(StreamBody::new(lines).boxed_unsync());
        *response.status_mut() = StatusCode::OK;
        let json = header::HeaderValue::from_static("application/json");
        response.headers_mut().insert(header::CONTENT_TYPE, json);
        response
    }

    /// The changes since it was asked last, in their order.
    fn next(&mut self) -> Result<String, Bytes> {
        let after = self.after;
        let state = self.cluster.kubernetes.state();
        let Some(deleted) = state.deleted(self.kind, after) else {
            return Err(
                format!("{}\n", json!({"type": "ERROR", "object": Failure::expired().status()})).into()
            );
        };
        let mut events: Vec<(&str, Shown)> = Vec::new();
        // Who begins with what is there has not seen what is gone.
        events.extend(deleted.filter(|gone| gone.added <= after).map(|gone| ("DELETED", gone.clone())));
        let changed = state.show(self.kind, self.clock.now());
        let changed = changed.into_iter().filter(|shown| shown.revision > after);
        events.extend(changed.map(|shown| (if shown.added > after { "ADDED" } else { "MODIFIED" }, shown)));
        self.after = state.revision;
        drop(state);
        events.retain(|(_, shown)| self.wants(&shown.value));
        events.sort_by_key(|(_, shown)| shown.revision);
        Ok(events.into_iter().map(|(event, shown)| self.line(event, shown)).collect())
    }

    fn wants(&self, object: &Value) -> bool {
        let namespace = self.namespace.as_ref();
        namespace.is_none_or(|namespace| object["metadata"]["namespace"] == *namespace)
            && self.selection.has(object)
    }

    fn line(&self, event: &str, shown: Shown) -> String {
        let object = match self.table {
            true => table(self.kind.columns(), shown.revision, vec![row(&shown.cells, &shown.value)]),
            false => alone(shown.value, "v1", self.kind.name()),
        };
        format!("{}\n", json!({"type": event, "object": object}))
    }
}
