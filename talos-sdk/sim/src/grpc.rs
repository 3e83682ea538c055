//! gRPC over HTTP/2 without generated servers: a forwarder must pass on messages that it does not know.

use std::convert::Infallible;
use std::time::Duration;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use futures_util::stream::{BoxStream, StreamExt};
use http::{HeaderMap, HeaderValue, Response, header};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Body, Frame, Incoming};
use prost::Message;
use tonic::Status;

/// The largest message that a server takes.
pub(crate) const MESSAGE_LIMIT: usize = 32 << 20;

/// The body of every response.
pub(crate) type ResponseBody = UnsyncBoxBody<Bytes, hyper::Error>;

/// Encoded messages, ending with the status.
pub(crate) type MessageStream = BoxStream<'static, Result<Bytes, Status>>;

/// What a handler answers.
pub(crate) enum Answer {
    /// One encoded message.
    One(Bytes),
    /// Any number of them.
    Many(MessageStream),
}

impl Answer {
    /// One message.
    pub(crate) fn one(message: &impl Message) -> Self {
        Self::One(message.encode_to_vec().into())
    }

    /// Messages as they come.
    pub(crate) fn many<M: Message + 'static>(
        stream: impl futures_core::Stream<Item = Result<M, Status>> + Send + 'static,
    ) -> Self {
        Self::Many(stream.map(|item| item.map(|message| message.encode_to_vec().into())).boxed())
    }

    /// The HTTP response that carries this answer.
    pub(crate) fn into_response(self) -> Response<ResponseBody> {
        let stream = match self {
            Self::One(message) => futures_util::stream::once(async { Ok(message) }).boxed(),
            Self::Many(stream) => stream,
        };
        let frames = futures_util::stream::unfold(Some(stream), |state| async {
            let mut stream = state?;
            Some(match stream.next().await {
                Some(Ok(message)) => (Ok(Frame::data(frame(&message))), Some(stream)),
                Some(Err(status)) => (Ok(Frame::trailers(trailers(&status))), None),
                None => (Ok(Frame::trailers(trailers(&Status::ok("")))), None),
            })
        });
        respond(StreamBody::new(frames).boxed_unsync())
    }
}

/// A response with gRPC's headers around `body`.
pub(crate) fn respond(body: ResponseBody) -> Response<ResponseBody> {
    let mut response = Response::new(body);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    response
}

/// A response that is only a status.
pub(crate) fn refuse(status: &Status) -> Response<ResponseBody> {
    let mut response =
        respond(http_body_util::Empty::new().map_err(|never: Infallible| match never {}).boxed_unsync());
    response.headers_mut().extend(trailers(status));
    response
}

fn trailers(status: &Status) -> HeaderMap {
    let mut map = HeaderMap::new();
    if status.add_header(&mut map).is_err() {
        map.insert("grpc-status", HeaderValue::from_static("13"));
    }
    map
}

/// A message with the five bytes that announce it.
pub(crate) fn frame(message: &[u8]) -> Bytes {
    let mut framed = BytesMut::with_capacity(message.len() + 5);
    framed.put_u8(0);
    framed.put_u32(u32::try_from(message.len()).unwrap_or(u32::MAX));
    framed.put_slice(message);
    framed.freeze()
}

/// Takes messages out of a body.
pub(crate) struct Messages<B> {
    body: B,
    buffer: BytesMut,
    trailers: Option<HeaderMap>,
}

impl<B> Messages<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: std::fmt::Display,
{
    pub(crate) fn new(body: B) -> Self {
        Self { body, buffer: BytesMut::new(), trailers: None }
    }

    /// The next message, or nothing at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Status> {
        loop {
            if let [compressed, a, b, c, d, ..] = self.buffer[..] {
                let length = u32::from_be_bytes([a, b, c, d]) as usize;
                if compressed != 0 {
                    return Err(Status::unimplemented("compressed messages are not served"));
                }
                if length > MESSAGE_LIMIT {
                    return Err(Status::resource_exhausted("the message is larger than 32 MiB"));
                }
                if self.buffer.len() >= length + 5 {
                    self.buffer.advance(5);
                    return Ok(Some(self.buffer.split_to(length).freeze()));
                }
            }
            match self.body.frame().await {
                None if self.buffer.is_empty() => return Ok(None),
                None => return Err(Status::internal("the body ends inside a message")),
                Some(Err(error)) => return Err(Status::unavailable(format!("connection lost: {error}"))),
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => self.buffer.extend_from_slice(&data),
                    Err(frame) => self.trailers = frame.into_trailers().ok(),
                },
            }
        }
    }

    /// The status that ended the body, or that stands in `headers` of a response without one.
    pub(crate) fn status(&self, headers: &HeaderMap) -> Status {
        self.trailers
            .as_ref()
            .and_then(Status::from_header_map)
            .or_else(|| Status::from_header_map(headers))
            .unwrap_or_else(|| Status::unavailable("the connection ended before a status came"))
    }
}

impl Messages<Incoming> {
    /// The next message of a caller that streams, decoded.
    pub(crate) async fn request<M: Message + Default>(&mut self) -> Result<Option<M>, Status> {
        self.next().await?.map(decode).transpose()
    }
}

/// The only message of a request.
pub(crate) async fn read_one<B>(body: B) -> Result<Bytes, Status>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: std::fmt::Display,
{
    let missing = || Status::internal("the request has no message");
    Messages::new(body).next().await?.ok_or_else(missing)
}

/// Decodes a request.
pub(crate) fn decode<M: Message + Default>(message: Bytes) -> Result<M, Status> {
    M::decode(message).map_err(|error| Status::internal(format!("cannot decode the request: {error}")))
}

/// The time that the caller gives a call.
pub(crate) fn timeout(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get("grpc-timeout")?.to_str().ok()?;
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let number: u64 = number.parse().ok()?;
    Some(match unit {
        "H" => Duration::from_secs(number.saturating_mul(3600)),
        "M" => Duration::from_secs(number.saturating_mul(60)),
        "S" => Duration::from_secs(number),
        "m" => Duration::from_millis(number),
        "u" => Duration::from_micros(number),
        "n" => Duration::from_nanos(number),
        _ => return None,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use http_body_util::Full;

    use super::*;

    #[tokio::test]
    async fn messages_come_out_whole() {
        let mut body = frame(b"one").to_vec();
        body.extend(frame(b""));
        body.extend(frame(b"three"));
        let mut messages = Messages::new(Full::new(Bytes::from(body)));
        let mut seen = Vec::new();
        while let Some(message) = messages.next().await.unwrap() {
            seen.push(message);
        }
        assert_eq!(seen, ["one", "", "three"]);
    }

    #[tokio::test]
    async fn a_cut_message_is_an_error() {
        let body = frame(b"three").slice(..7);
        assert!(read_one(Full::new(body)).await.is_err());
        assert!(read_one(Full::new(Bytes::new())).await.is_err());
    }

    #[test]
    fn timeouts() {
        let mut headers = HeaderMap::new();
        assert_eq!(timeout(&headers), None);
        for (text, wanted) in [
            ("5S", Some(Duration::from_secs(5))),
            ("100m", Some(Duration::from_millis(100))),
            ("x", None),
            ("", None),
        ] {
            headers.insert("grpc-timeout", HeaderValue::from_static(text));
            assert_eq!(timeout(&headers), wanted, "{text}");
        }
    }
}
