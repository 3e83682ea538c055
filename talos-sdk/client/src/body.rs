//! The body of a reply.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use h2::RecvStream;
use http::HeaderMap;
use http_body::{Body, Frame};
use tokio::time::Sleep;
use tonic::Status;
use tracing::Span;

use crate::channel::{self, overdue};
use crate::connect::Connection;
use crate::http2::{self, Answer, Upload};
use crate::{Error, ErrorKind};

/// What comes back. It ends with a status, or with an error that says why there is none.
pub struct ResponseBody {
    reply: RecvStream,
    /// Whether all data has come, so that the trailers are next.
    data_ended: bool,
    _upload: Option<Upload>,
    _call: Arc<()>,
    deadline: Option<Pin<Box<Sleep>>>,
    connection: Arc<Connection>,
    /// Whether the status has come, in the headers or the trailers.
    complete: bool,
    span: Span,
}

impl ResponseBody {
    pub(crate) fn new(
        answer: Answer,
        deadline: Option<tokio::time::Instant>,
        connection: Arc<Connection>,
        span: Span,
    ) -> http::Response<Self> {
        let Answer { response, upload, call } = answer;
        let complete = note_status(response.headers(), &span);
        let deadline = deadline.map(|deadline| Box::pin(tokio::time::sleep_until(deadline)));
        response.map(|reply| Self {
            reply,
            data_ended: false,
            _upload: upload,
            _call: call,
            deadline,
            connection,
            complete,
            span,
        })
    }

    /// The next piece, or the trailers.
    fn poll_part(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, h2::Error>>> {
        if !self.data_ended {
            if let Some(data) = ready!(http2::poll_data(&mut self.reply, cx)) {
                return Poll::Ready(Some(data.map(Frame::data)));
            }
            self.data_ended = true;
        }
        http2::poll_trailers(&mut self.reply, cx)
            .map(|trailers| Some(trailers.transpose()?.map(Frame::trailers)))
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
        match self.poll_part(cx) {
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
        self.complete && self.reply.is_end_stream()
    }
}

impl std::fmt::Debug for ResponseBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ResponseBody").finish_non_exhaustive()
    }
}
