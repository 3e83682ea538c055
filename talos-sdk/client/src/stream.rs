//! Streams of bytes.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use futures_core::Stream;
use futures_util::StreamExt;
use talos_proto::common::Data;
use tokio::io::{AsyncRead, ReadBuf};
use tonic::{Response, Status, Streaming};

use crate::node::{Node, Origin, Reply};
use crate::raw::Raw;
use crate::reply::HasMetadata;
use crate::{ErrorKind, Result, reply};

type Opening<M> = Pin<Box<dyn Future<Output = Result<Begun<M>>> + Send>>;

/// A stream of messages whose call was made.
struct Begun<M> {
    messages: Box<Streaming<M>>,
    origin: Origin,
    /// A message that was taken already, to see how the call went.
    first: Option<M>,
}

/// The messages of a call, each looked at for the error of its node. The call is made on the first poll; the stream
/// ends after an error.
pub(crate) struct Messages<M> {
    state: State<M>,
}

enum State<M> {
    Opening(Opening<M>),
    Open(Begun<M>),
    Ended,
}

impl<M: HasMetadata + Send + Unpin + 'static> Messages<M> {
    /// Makes this call when it is polled.
    pub(crate) fn new<Q, F, Fut>(node: &Node, message: Q, call: F) -> Self
    where
        Q: Send + 'static,
        F: FnOnce(Raw, tonic::Request<Q>) -> Fut + Send + 'static,
        Fut: Future<Output = Result<Response<Streaming<M>>, Status>> + Send + 'static,
    {
        let node = node.clone();
        let opening = Box::pin(async move {
            let Reply { message, origin } = node.call(message, call).await?;
            Ok(Begun { messages: Box::new(message), origin, first: None })
        });
        Self { state: State::Opening(opening) }
    }

    /// Makes no call where it is refused.
    pub(crate) fn unless(self, refused: Result<()>) -> Self {
        match refused {
            Ok(()) => self,
            Err(error) => Self { state: State::Opening(Box::pin(async { Err(error) })) },
        }
    }

    /// Makes this call now, and waits for its first message: only then is it known whether the machine serves it.
    pub(crate) async fn begin<Q, F, Fut>(node: &Node, message: Q, call: F) -> Result<Self>
    where
        F: FnOnce(Raw, tonic::Request<Q>) -> Fut,
        Fut: Future<Output = Result<Response<Streaming<M>>, Status>>,
    {
        let Reply { message, origin } = node.call(message, call).await?;
        let mut messages = Box::new(message);
        let first = messages.message().await.map_err(|status| origin.error(status))?;
        Ok(Self {
            state: if first.is_some() {
                State::Open(Begun { messages, origin, first })
            } else {
                State::Ended
            },
        })
    }

    /// Turns each message into an item.
    pub(crate) fn items<T: 'static>(
        self,
        mut decode: impl FnMut(M) -> Result<T> + Send + 'static,
    ) -> ItemStream<T> {
        ItemStream::new(self.map(move |message| decode(message?)))
    }

    pub(crate) fn poll_message(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<M>>> {
        loop {
            let failed = match &mut self.state {
                State::Ended => return Poll::Ready(None),
                State::Opening(opening) => match ready!(opening.as_mut().poll(cx)) {
                    Ok(begun) => {
                        self.state = State::Open(begun);
                        continue;
                    }
                    Err(error) => error,
                },
                State::Open(Begun { messages, origin, first }) => {
                    let message = match first.take() {
                        Some(first) => Some(Ok(first)),
                        None => ready!(Pin::new(&mut **messages).poll_next(cx)),
                    };
                    match message {
                        None => {
                            self.state = State::Ended;
                            return Poll::Ready(None);
                        }
                        Some(Ok(message)) => match reply::check(&message, origin) {
                            Ok(()) => return Poll::Ready(Some(Ok(message))),
                            Err(error) => error,
                        },
                        Some(Err(status)) => origin.error(status),
                    }
                }
            };
            self.state = State::Ended;
            return Poll::Ready(Some(Err(failed)));
        }
    }
}

impl<M: HasMetadata + Send + Unpin + 'static> Stream for Messages<M> {
    type Item = Result<M>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<M>>> {
        self.poll_message(cx)
    }
}

/// What a machine lists or reports, item by item as it comes: a [`Stream`].
///
/// The call is made when the stream is first polled, so an error of the call is its first item. It ends after an
/// error, and without one only when the machine has said everything. Dropping the stream ends the call.
///
/// Memory stays bounded however long the stream is: what is not read yet stays on the machine.
#[must_use = "nothing is sent before the stream is polled"]
pub struct ItemStream<T> {
    items: Pin<Box<dyn Stream<Item = Result<T>> + Send>>,
}

impl<T> ItemStream<T> {
    pub(crate) fn new(items: impl Stream<Item = Result<T>> + Send + 'static) -> Self {
        Self { items: Box::pin(items) }
    }
}

impl<T> Stream for ItemStream<T> {
    type Item = Result<T>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<T>>> {
        self.items.as_mut().poll_next(cx)
    }
}

impl<T> std::fmt::Debug for ItemStream<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ItemStream").finish_non_exhaustive()
    }
}

/// Bytes that a machine sends, piece by piece as they come: a [`Stream`] of [`Bytes`], or an [`AsyncRead`].
///
/// The call is made when the stream is first polled, so an error of the call is its first item. It ends after an
/// error. Pieces have no meaning of their own; a line may be cut anywhere. Dropping the stream ends the call.
///
/// Memory stays bounded however long the stream is: what is not read yet stays on the machine.
#[must_use = "nothing is sent before the stream is polled"]
pub struct ByteStream {
    messages: Messages<Data>,
    /// What an [`AsyncRead`] has not taken yet of a piece.
    rest: Bytes,
    /// Whether the deadline is how it is to end, once it began.
    ends_at_deadline: bool,
    began: bool,
}

impl ByteStream {
    /// A stream that makes this call when it is polled.
    pub(crate) fn new<Q, F, Fut>(node: &Node, message: Q, call: F) -> Self
    where
        Q: Send + 'static,
        F: FnOnce(Raw, tonic::Request<Q>) -> Fut + Send + 'static,
        Fut: Future<Output = Result<Response<Streaming<Data>>, Status>> + Send + 'static,
    {
        Self {
            messages: Messages::new(node, message, call),
            rest: Bytes::new(),
            ends_at_deadline: false,
            began: false,
        }
    }

    /// The same stream, which takes the deadline for its end once something came.
    pub(crate) fn ending_at_deadline(mut self) -> Self {
        self.ends_at_deadline = true;
        self
    }
}

impl Stream for ByteStream {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes>>> {
        if self.rest.has_remaining() {
            return Poll::Ready(Some(Ok(std::mem::take(&mut self.rest))));
        }
        loop {
            match ready!(self.messages.poll_message(cx)) {
                Some(Ok(data)) if data.bytes.is_empty() => {}
                Some(Ok(data)) => {
                    self.began = true;
                    return Poll::Ready(Some(Ok(data.bytes)));
                }
                Some(Err(error))
                    if self.began && self.ends_at_deadline && error.kind() == ErrorKind::DeadlineExceeded =>
                {
                    return Poll::Ready(None);
                }
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
    }
}

/// A stream of bytes that is a reader too.
pub(crate) trait Pieces: Stream<Item = Result<Bytes>> + Unpin {
    /// What the reader has not taken yet of a piece.
    fn rest(&mut self) -> &mut Bytes;

    /// Reads as [`AsyncRead`] does.
    fn poll_pieces(&mut self, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.rest().is_empty() {
            match ready!(Pin::new(&mut *self).poll_next(cx)) {
                None => return Poll::Ready(Ok(())),
                Some(Ok(bytes)) => *self.rest() = bytes,
                Some(Err(error)) => return Poll::Ready(Err(io::Error::other(error))),
            }
        }
        let length = self.rest().len().min(buffer.remaining());
        buffer.put_slice(&self.rest().split_to(length));
        Poll::Ready(Ok(()))
    }
}

impl Pieces for ByteStream {
    fn rest(&mut self) -> &mut Bytes {
        &mut self.rest
    }
}

impl AsyncRead for ByteStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.poll_pieces(cx, buffer)
    }
}

impl std::fmt::Debug for ByteStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ByteStream").finish_non_exhaustive()
    }
}
