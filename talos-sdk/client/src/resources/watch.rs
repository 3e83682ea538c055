//! Changes of resources.

use std::collections::VecDeque;
use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;
use futures_util::{StreamExt, TryStreamExt, stream};
use talos_proto::cosi::resource::{self as proto, EventType, WatchRequest, WatchResponse};
use tonic::{Code, Streaming};

use super::follow::{Follower, Messages, Opening};
use super::{Metadata, Resource, Resources, SpecData, decode};
use crate::node::{Opened, Origin};
use crate::reply::malformed;
use crate::{Error, ErrorKind, Result};

/// How a watch begins.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum WatchOptions {
    /// With all that is there as [`WatchEvent::Created`], then [`WatchEvent::Bootstrapped`], then the changes.
    Contents,
    /// With the changes from now on, after a [`WatchEvent::Noop`] that has a bookmark (1.10 and later).
    Changes,
    /// With this many of the last changes.
    Tail(u32),
    /// Where an earlier watch of the same resources on the same machine was.
    /// [`ErrorKind::WatchLost`] if the machine has restarted since or has forgotten that far back.
    From(Bookmark),
}

/// A place in the changes of a machine. It is good on the same machine, until that restarts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Bookmark(Bytes);

/// A change.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum WatchEvent<S> {
    /// It came to be, was there when the watch began, or began to match the selection.
    Created(Resource<S>),
    /// It changed.
    Updated {
        /// As it is now.
        resource: Resource<S>,
        /// As it was, if the machine says.
        old: Option<Box<Resource<S>>>,
    },
    /// It is gone, does not match the selection any more, or was not there when a watch of one id began.
    Destroyed(Metadata),
    /// All that was there has been told.
    Bootstrapped,
    /// Nothing happened; there is a new bookmark.
    Noop,
}

impl<S: SpecData + fmt::Debug> fmt::Debug for WatchEvent<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Created(resource) => f.debug_tuple("Created").field(resource).finish(),
            Self::Updated { resource, old } => {
                f.debug_struct("Updated").field("resource", resource).field("old", old).finish()
            }
            Self::Destroyed(metadata) => f.debug_tuple("Destroyed").field(metadata).finish(),
            Self::Bootstrapped => f.write_str("Bootstrapped"),
            Self::Noop => f.write_str("Noop"),
        }
    }
}

/// Changes as they come, from [`Resources::watch`]. Dropping it ends the call.
///
/// An error is its last item. [`ErrorKind::WatchLost`] means that changes were missed: list and watch again.
#[derive(Debug)]
#[must_use = "changes come when the stream is polled"]
pub struct WatchStream<S> {
    messages: Streaming<WatchResponse>,
    origin: Origin,
    pending: VecDeque<proto::Event>,
    bookmark: Option<Bookmark>,
    ended: bool,
    spec: PhantomData<fn() -> S>,
}

impl<S> WatchStream<S> {
    /// The place after the last item, to go on from in another watch.
    #[must_use]
    pub fn bookmark(&self) -> Option<&Bookmark> {
        self.bookmark.as_ref()
    }
}

impl<S: SpecData> Resources<S> {
    /// All that is there, then the changes (`cosi.resource.State/Watch`).
    ///
    /// When this returns the watch is established.
    pub async fn watch(&self) -> Result<WatchStream<S>> {
        self.watch_with(WatchOptions::Contents).await
    }

    /// The changes, from where the options say.
    pub async fn watch_with(&self, options: WatchOptions) -> Result<WatchStream<S>> {
        self.establish(None, self.watch_options(options)).await
    }

    fn watch_options(&self, options: WatchOptions) -> proto::WatchOptions {
        let mut message = proto::WatchOptions {
            label_query: self.label_queries(),
            id_query: self.id_query(),
            aggregated: true,
            ..Default::default()
        };
        match options {
            WatchOptions::Contents => message.bootstrap_contents = true,
            WatchOptions::Changes => message.bootstrap_bookmark = true,
            WatchOptions::Tail(events) => message.tail_events = i32::try_from(events).unwrap_or(i32::MAX),
            WatchOptions::From(Bookmark(bookmark)) => message.start_from_bookmark = Some(bookmark),
        }
        message
    }

    /// The resource of one id: first as it is, as [`WatchEvent::Created`], or [`WatchEvent::Destroyed`] if it is not
    /// there, then its changes. The selection of labels and ids does not apply.
    pub async fn watch_one(&self, id: &str) -> Result<WatchStream<S>> {
        self.establish(Some(id.to_owned()), proto::WatchOptions::default()).await
    }

    async fn establish(&self, id: Option<String>, options: proto::WatchOptions) -> Result<WatchStream<S>> {
        let Opened { messages, origin, first } = self.open_watch(id, options).await?;
        let ended = first.is_none();
        let pending = first.map(|first| first.event.into()).unwrap_or_default();
        Ok(WatchStream { messages, origin, pending, bookmark: None, ended, spec: PhantomData })
    }

    async fn open_watch(
        &self,
        id: Option<String>,
        options: proto::WatchOptions,
    ) -> Result<Opened<WatchResponse>> {
        let from_bookmark = options.start_from_bookmark.is_some();
        let message = WatchRequest {
            namespace: self.namespace.clone(),
            r#type: self.kind.clone(),
            id,
            options: Some(options),
            // Older versions leave out errors and the end of the contents.
            api_version: 1,
        };
        // The first message has no event and says that the watch is there; errors come instead of it.
        let opening = self.node.open(message, |raw, request| async move { raw.state().watch(request).await });
        opening.await.map_err(|error| not_established(self.explain(error), from_bookmark))
    }

    /// A watch that goes on after failures.
    pub(super) fn follow(&self, options: super::ChangesOptions) -> Follower<S> {
        let resources = self.clone();
        let open = move |bookmark: Option<Bytes>| -> Opening {
            let resources = resources.clone();
            Box::pin(async move {
                let options = match bookmark {
                    Some(bookmark) => WatchOptions::From(Bookmark(bookmark)),
                    None => WatchOptions::Contents,
                };
                let Opened { messages, origin, first } =
                    resources.open_watch(None, resources.watch_options(options)).await?;
                let rest = messages.map_err(move |status| origin.error(status));
                let all = stream::iter(first.map(Ok)).chain(rest);
                Ok(Box::pin(all) as Messages)
            })
        };
        Follower::new(Box::new(open), options)
    }
}

/// What a watch that was not established means to its caller.
pub(super) fn not_established(error: Error, from_bookmark: bool) -> Error {
    match error.code() {
        Some(Code::FailedPrecondition) if from_bookmark => lost(Some(error.message())).with_source(error),
        _ => error,
    }
}

pub(super) fn lost(why: Option<&str>) -> Error {
    let why = why.unwrap_or("the machine does not say why");
    Error::new(ErrorKind::WatchLost, format!("changes were missed ({why}): list and watch again"))
}

impl<S: SpecData> Stream for WatchStream<S> {
    type Item = Result<WatchEvent<S>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        let item = loop {
            if let Some(event) = this.pending.pop_front() {
                let bookmark = event.bookmark.clone();
                let event = read(event).map_err(|error| this.origin.place(error));
                if let (Ok(_), Some(bookmark)) = (&event, bookmark) {
                    this.bookmark = Some(Bookmark(bookmark));
                }
                break Some(event);
            }
            if this.ended {
                break None;
            }
            match ready!(Pin::new(&mut this.messages).poll_next(cx)) {
                Some(Ok(message)) => this.pending.extend(message.event),
                Some(Err(status)) => break Some(Err(this.origin.error(status))),
                None => break None,
            }
        };
        if !matches!(item, Some(Ok(_))) {
            this.ended = true;
            this.pending.clear();
        }
        Poll::Ready(item)
    }
}

fn read<S: SpecData>(event: proto::Event) -> Result<WatchEvent<S>> {
    let resource = |resource: Option<proto::Resource>| {
        resource.ok_or_else(|| malformed("a change names no resource")).and_then(decode)
    };
    Ok(match EventType::try_from(event.event_type) {
        Ok(EventType::Created) => WatchEvent::Created(resource(event.resource)?),
        Ok(EventType::Updated) => WatchEvent::Updated {
            resource: resource(event.resource)?,
            old: event.old.map(decode).transpose()?.map(Box::new),
        },
        // What is left of it is a tombstone without specification.
        Ok(EventType::Destroyed) => WatchEvent::Destroyed(Metadata::from_proto(
            event.resource.and_then(|resource| resource.metadata).unwrap_or_default(),
        )),
        Ok(EventType::Bootstrapped) => WatchEvent::Bootstrapped,
        Ok(EventType::Noop) => WatchEvent::Noop,
        Ok(EventType::Errored) => {
            return Err(lost(event.error.as_deref()));
        }
        Err(_) => return Err(malformed(format!("a change has the unknown kind {}", event.event_type))),
    })
}
