//! Calls of any method by its path, with messages as bytes.

use bytes::{Buf, BufMut, Bytes};
use talos_client::Node;
use tonic::body::Body;
use tonic::client::GrpcService;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::codegen::{Body as HttpBody, StdError};
use tonic::{Request, Status, Streaming};

/// Calls the method at `path` with one message and gives the first one of the answer, if there is any.
pub(crate) async fn call(node: &Node, path: &str, message: Bytes) -> Result<Option<Bytes>, Status> {
    open(node.raw().channel(), path, Request::new(message)).await?.message().await
}

/// Calls the method at `path` with one message.
pub(crate) async fn open<C>(
    channel: C,
    path: &str,
    request: Request<Bytes>,
) -> Result<Streaming<Bytes>, Status>
where
    C: GrpcService<Body, ResponseBody: HttpBody<Data = Bytes, Error: Into<StdError>> + Send + 'static>,
{
    let path = path.parse().map_err(|_| Status::internal(format!("{path:?} is no path")))?;
    let mut grpc = tonic::client::Grpc::new(channel);
    grpc.ready().await.map_err(|error| Status::unavailable(error.into().to_string()))?;
    let request = request.map(|message| futures_util::stream::iter([message]));
    Ok(grpc.streaming(request, path, Raw).await?.into_inner())
}

/// Messages as they are on the wire.
#[derive(Clone, Copy, Debug)]
struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        *self
    }

    fn decoder(&mut self) -> Self {
        *self
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, to: &mut EncodeBuf<'_>) -> Result<(), Status> {
        to.put(item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(from.copy_to_bytes(from.remaining())))
    }
}
