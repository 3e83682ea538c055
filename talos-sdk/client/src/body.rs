//! Bodies of requests and replies.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::Sleep;
use tonic::Status;
use tracing::Span;

use crate::channel::{self, overdue};
use crate::connect::Connection;
use crate::{Error, ErrorKind};

/// What is sent: a whole message, which can be sent again, or the messages of a caller who streams.
pub(crate) enum RequestBody {
    Whole(Option<Bytes>),
    Stream(tonic::body::Body),
}

impl RequestBody {
    /// Reads a body that is known to hold one message.
    pub(crate) async fn whole(body: tonic::body::Body) -> Result<Bytes, Status> {
        let mut body = body;
        let mut parts: Vec<Bytes> = Vec::new();
        while let Some(frame) = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
            if let Ok(data) = frame?.into_data() {
                parts.push(data);
            }
        }
        Ok(match parts.len() {
            0 => Bytes::new(),
            1 => parts.swap_remove(0),
            _ => parts.concat().into(),
        })
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        match &mut *self {
            Self::Whole(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::Stream(body) => Pin::new(body).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(bytes) => bytes.is_none(),
            Self::Stream(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            Self::Stream(body) => body.size_hint(),
        }
    }
}

/// What comes back. It ends with a status, or with an error that says why there is none.
pub struct ResponseBody {
    incoming: Incoming,
    deadline: Option<Pin<Box<Sleep>>>,
    connection: Arc<Connection>,
    /// Whether the status has come, in the headers or the trailers.
    complete: bool,
    span: Span,
}

impl ResponseBody {
    pub(crate) fn new(
        response: http::Response<Incoming>,
        deadline: Option<tokio::time::Instant>,
        connection: Arc<Connection>,
        span: Span,
    ) -> http::Response<Self> {
        let complete = note_status(response.headers(), &span);
        let deadline = deadline.map(|deadline| Box::pin(tokio::time::sleep_until(deadline)));
        response.map(|incoming| Self { incoming, deadline, connection, complete, span })
    }
}

/// Whether the headers hold the status of the call.
fn note_status(headers: &HeaderMap, span: &Span) -> bool {
    let Some(code) = headers.get("grpc-status") else { return false };
    let code = code.to_str().unwrap_or("?");
    span.record("code", code);
    span.in_scope(|| tracing::debug!(code, "answered"));
    true
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        match Pin::new(&mut self.incoming).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                if let Some(trailers) = frame.trailers_ref() {
                    self.complete |= note_status(trailers, &self.span);
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => {
                Poll::Ready(Some(Err(channel::explain(error, &self.connection.monitor).into_status())))
            }
            Poll::Ready(None) if !self.complete => {
                self.complete = true;
                let error =
                    Error::new(ErrorKind::Unavailable, "the reply was cut off: it ended without a status");
                Poll::Ready(Some(Err(error.into_status())))
            }
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Pending => match self.deadline.as_mut().map(|deadline| deadline.as_mut().poll(cx)) {
                Some(Poll::Ready(())) => {
                    self.deadline = None;
                    self.complete = true;
                    Poll::Ready(Some(Err(overdue("the reply was not complete").into_status())))
                }
                _ => Poll::Pending,
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        self.complete && self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}

impl std::fmt::Debug for ResponseBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ResponseBody").finish_non_exhaustive()
    }
}
