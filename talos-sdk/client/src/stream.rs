//! Streams of bytes.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use futures_core::Stream;
use talos_proto::common::Data;
use tokio::io::{AsyncRead, ReadBuf};
use tonic::{Response, Status, Streaming};

use crate::node::{Node, Origin, Reply};
use crate::raw::Raw;
use crate::{Result, reply};

type Opening = Pin<Box<dyn Future<Output = Result<Reply<Streaming<Data>>>> + Send>>;

/// Bytes that a machine sends, piece by piece as they come: a [`Stream`] of [`Bytes`], or an [`AsyncRead`].
///
/// The call is made when the stream is first polled, so an error of the call is its first item. It ends after an
/// error. Pieces have no meaning of their own; a line may be cut anywhere. Dropping the stream ends the call.
///
/// Memory stays bounded however long the stream is: what is not read yet stays on the machine.
#[must_use = "nothing is sent before the stream is polled"]
pub struct ByteStream {
    state: State,
    /// What an [`AsyncRead`] has not taken yet of a piece.
    rest: Bytes,
}

enum State {
    Opening(Opening),
    Open { messages: Box<Streaming<Data>>, origin: Origin },
    Ended,
}

impl ByteStream {
    /// A stream that makes this call when it is polled.
    pub(crate) fn new<Q, F, Fut>(node: &Node, message: Q, call: F) -> Self
    where
        Q: Send + 'static,
        F: FnOnce(Raw, tonic::Request<Q>) -> Fut + Send + 'static,
        Fut: Future<Output = Result<Response<Streaming<Data>>, Status>> + Send + 'static,
    {
        let node = node.clone();
        Self {
            state: State::Opening(Box::pin(async move { node.call(message, call).await })),
            rest: Bytes::new(),
        }
    }
}

impl Stream for ByteStream {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes>>> {
        loop {
            if self.rest.has_remaining() {
                return Poll::Ready(Some(Ok(std::mem::take(&mut self.rest))));
            }
            let failed = match &mut self.state {
                State::Ended => return Poll::Ready(None),
                State::Opening(opening) => match ready!(opening.as_mut().poll(cx)) {
                    Ok(Reply { message, origin }) => {
                        self.state = State::Open { messages: Box::new(message), origin };
                        continue;
                    }
                    Err(error) => error,
                },
                State::Open { messages, origin } => match ready!(Pin::new(&mut **messages).poll_next(cx)) {
                    None => {
                        self.state = State::Ended;
                        return Poll::Ready(None);
                    }
                    Some(Ok(data)) => match reply::check(&data, origin) {
                        Ok(()) if data.bytes.is_empty() => continue,
                        Ok(()) => return Poll::Ready(Some(Ok(data.bytes))),
                        Err(error) => error,
                    },
                    Some(Err(status)) => origin.error(status),
                },
            };
            self.state = State::Ended;
            return Poll::Ready(Some(Err(failed)));
        }
    }
}

impl AsyncRead for ByteStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.rest.is_empty() {
            match ready!(self.as_mut().poll_next(cx)) {
                None => return Poll::Ready(Ok(())),
                Some(Ok(bytes)) => self.rest = bytes,
                Some(Err(error)) => return Poll::Ready(Err(io::Error::other(error))),
            }
        }
        let length = self.rest.len().min(buffer.remaining());
        buffer.put_slice(&self.rest.split_to(length));
        Poll::Ready(Ok(()))
    }
}

impl std::fmt::Debug for ByteStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ByteStream").finish_non_exhaustive()
    }
}
