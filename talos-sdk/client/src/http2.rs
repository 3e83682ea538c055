//! One call on an HTTP/2 connection.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use h2::client::SendRequest;
use h2::{Reason, RecvStream, SendStream};
use http::HeaderMap;
use http_body::Body;
use tokio::task::AbortHandle;
use tonic::Status;

use crate::connect::Connection;

/// What is sent: a whole message, which can be sent again, or the messages of a caller who streams, until they are
/// taken.
pub(crate) enum RequestBody {
    Whole(Bytes),
    Stream(Option<tonic::body::Body>),
}

impl RequestBody {
    /// Reads a body that is known to hold one message.
    pub(crate) async fn whole(mut body: tonic::body::Body) -> Result<Self, Status> {
        let mut parts: Vec<Bytes> = Vec::new();
        while let Some(frame) = next(&mut body).await {
            if let Ok(data) = frame?.into_data() {
                parts.push(data);
            }
        }
        Ok(Self::Whole(match parts.len() {
            0 => Bytes::new(),
            1 => parts.swap_remove(0),
            _ => parts.concat().into(),
        }))
    }

    pub(crate) fn can_be_sent(&self) -> bool {
        !matches!(self, Self::Stream(None))
    }
}

async fn next(body: &mut tonic::body::Body) -> Option<Result<http_body::Frame<Bytes>, Status>> {
    poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await
}

/// Messages that are still being sent. Dropped, it ends the call.
#[derive(Debug)]
pub(crate) struct Upload(AbortHandle);

impl Drop for Upload {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Why a request has no answer.
pub(crate) struct Failed {
    pub(crate) error: h2::Error,
    /// Nothing of the body was sent, so nothing can have been done.
    pub(crate) unsent: bool,
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) response: http::Response<RecvStream>,
    pub(crate) upload: Option<Upload>,
    /// Counts this call among those under way.
    pub(crate) call: Arc<()>,
}

/// Whether a connection takes no calls any more.
pub(crate) fn is_closed(sender: &SendRequest<Bytes>) -> bool {
    let mut cx = Context::from_waker(std::task::Waker::noop());
    matches!(sender.clone().poll_ready(&mut cx), Poll::Ready(Err(_)))
}

/// Sends a request and waits for the headers of its answer.
pub(crate) async fn send(
    connection: &Connection,
    request: http::Request<()>,
    body: &mut RequestBody,
) -> Result<Answer, Failed> {
    let unsent = |error| Failed { error, unsent: true };
    let sent = |error| Failed { error, unsent: false };
    let call = Arc::clone(&connection.calls);
    let mut sender = connection.sender.clone();
    let (response, mut stream) = sender.send_request(request, false).map_err(unsent)?;
    // Waits where the server allows no more calls at once.
    poll_fn(|cx| sender.poll_ready(cx)).await.map_err(unsent)?;
    let upload = match body {
        RequestBody::Whole(message) => {
            // Fails where the server has refused the call by its headers alone: the answer says why.
            _ = stream.send_data(message.clone(), true);
            None
        }
        RequestBody::Stream(body) => {
            let body = body.take().unwrap_or_default();
            Some(Upload(tokio::spawn(upload(body, stream)).abort_handle()))
        }
    };
    let response = response.await.map_err(sent)?;
    Ok(Answer { response, upload, call })
}

/// Sends messages as the server takes them, until there are no more or it wants no more.
async fn upload(mut body: tonic::body::Body, mut stream: SendStream<Bytes>) {
    loop {
        let frame = tokio::select! {
            frame = next(&mut body) => frame,
            _ = poll_fn(|cx| stream.poll_reset(cx)) => return,
        };
        let sent = match frame {
            None => {
                _ = stream.send_data(Bytes::new(), true);
                return;
            }
            Some(Err(_)) => return stream.send_reset(Reason::INTERNAL_ERROR),
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) => send_data(&mut stream, data).await,
                Err(_) => Some(()),
            },
        };
        if sent.is_none() {
            return;
        }
    }
}

/// Sends a piece within the window of the server; `None` if the call is over.
async fn send_data(stream: &mut SendStream<Bytes>, mut data: Bytes) -> Option<()> {
    while !data.is_empty() {
        stream.reserve_capacity(data.len());
        while stream.capacity() == 0 {
            poll_fn(|cx| stream.poll_capacity(cx)).await?.ok()?;
        }
        let part = data.split_to(data.len().min(stream.capacity()));
        stream.send_data(part, false).ok()?;
    }
    Some(())
}

/// The next piece of a reply. A server that resets a stream which it has answered ends it.
pub(crate) fn poll_data(
    reply: &mut RecvStream,
    cx: &mut Context<'_>,
) -> Poll<Option<Result<Bytes, h2::Error>>> {
    Poll::Ready(match ready!(reply.poll_data(cx)) {
        Some(Ok(data)) => {
            // Fails only for a stream that is over.
            _ = reply.flow_control().release_capacity(data.len());
            Some(Ok(data))
        }
        Some(Err(error)) if is_end(&error) => None,
        other => other,
    })
}

/// The end of a reply, once its data has come.
pub(crate) fn poll_trailers(
    reply: &mut RecvStream,
    cx: &mut Context<'_>,
) -> Poll<Result<Option<HeaderMap>, h2::Error>> {
    Poll::Ready(match ready!(reply.poll_trailers(cx)) {
        Err(error) if is_end(&error) => Ok(None),
        other => other,
    })
}

fn is_end(error: &h2::Error) -> bool {
    matches!(error.reason(), Some(Reason::NO_ERROR | Reason::CANCEL)) && error.is_reset()
}
