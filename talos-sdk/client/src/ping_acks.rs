//! Answers to the pings of a server, off the way of calls.
//!
//! A gRPC server in Go measures its connections: with a request it sends a PING, and no other before the answer. Answered
//! at once, each call costs both sides a second exchange. An answer that waits makes that one every few milliseconds.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

/// So long an answer waits: nothing beside the seconds after which a server gives up.
const DELAY: Duration = Duration::from_millis(10);
/// The answers go before a write of this size: the server sizes the window of an upload by them.
const LARGE: usize = 4 << 10;
/// What a client says before its first frame.
const PREFACE: usize = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".len();

const FRAME_HEADER: usize = 9;
const HEADERS: u8 = 1;
const CONTINUATION: u8 = 9;
const END_HEADERS: u8 = 4;
const PING: usize = FRAME_HEADER + 8;
/// Eight bytes, of the type PING, with the flag ACK, on no stream.
const PING_ACK: [u8; FRAME_HEADER] = [0, 0, 8, 6, 1, 0, 0, 0, 0];

/// What HTTP/2 writes, with the answers to pings held back for a moment.
pub(crate) struct PingAcks<S> {
    stream: S,
    frames: Frames,
    held: Vec<u8>,
    /// Whether what is held goes out before anything else does.
    due: bool,
    timer: Pin<Box<Sleep>>,
    timed: bool,
}

impl<S: AsyncRead + AsyncWrite + Unpin> PingAcks<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self {
            stream,
            frames: Frames { payload: PREFACE, ..Frames::default() },
            held: Vec::new(),
            due: false,
            timer: Box::pin(tokio::time::sleep(DELAY)),
            timed: false,
        }
    }

    /// Holds back the answer that `bytes` begins with, if it does: its length.
    fn hold(&mut self, bytes: &[u8], cx: &mut Context<'_>) -> Option<usize> {
        let ack = bytes.get(..PING).filter(|ping| ping.starts_with(&PING_ACK))?;
        // A server that does not wait for the answer to its last ping has another reason to ask.
        self.due |= !self.held.is_empty();
        self.held.extend_from_slice(ack);
        if !self.timed {
            self.timed = true;
            self.timer.as_mut().reset(Instant::now() + DELAY);
            self.poll_timer(cx);
        }
        Some(PING)
    }

    fn poll_timer(&mut self, cx: &mut Context<'_>) {
        if self.timed && self.timer.as_mut().poll(cx).is_ready() {
            self.timed = false;
            self.due |= !self.held.is_empty();
        }
    }

    /// Sends what is due, which must not be inside of a frame.
    fn poll_due(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.due {
            if self.held.is_empty() {
                ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
                self.due = false;
            } else {
                let written = ready!(Pin::new(&mut self.stream).poll_write(cx, &self.held))?;
                if written == 0 {
                    return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
                }
                self.held.drain(..written);
            }
        }
        Poll::Ready(Ok(()))
    }

    /// What comes before a write of so many bytes that begins with `first`: the length of that which was held back of it.
    fn poll_before(
        &mut self,
        cx: &mut Context<'_>,
        first: &[u8],
        length: usize,
    ) -> Poll<io::Result<Option<usize>>> {
        if !self.frames.at_start() {
            return Poll::Ready(Ok(None));
        }
        self.due |= length >= LARGE && !self.held.is_empty();
        ready!(self.poll_due(cx))?;
        Poll::Ready(Ok(self.hold(first, cx)))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for PingAcks<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.poll_timer(cx);
        if self.frames.at_start()
            && let Poll::Ready(Err(error)) = self.poll_due(cx)
        {
            return Poll::Ready(Err(error));
        }
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for PingAcks<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if let Some(held) = ready!(self.poll_before(cx, bytes, bytes.len()))? {
            return Poll::Ready(Ok(held));
        }
        let written = ready!(Pin::new(&mut self.stream).poll_write(cx, bytes))?;
        self.frames.pass(bytes, written);
        Poll::Ready(Ok(written))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let length = slices.iter().map(|slice| slice.len()).sum();
        let first = slices.first().map_or(&[][..], |slice| slice);
        if let Some(held) = ready!(self.poll_before(cx, first, length))? {
            return Poll::Ready(Ok(held));
        }
        let written = ready!(Pin::new(&mut self.stream).poll_write_vectored(cx, slices))?;
        let mut left = written;
        for slice in slices {
            left -= self.frames.pass(slice, left);
        }
        Poll::Ready(Ok(written))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.frames.at_start() {
            ready!(self.poll_due(cx))?;
        }
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// Where frames begin in what is written.
#[derive(Default)]
struct Frames {
    /// What was written of the header of a frame, until it is whole.
    header: Vec<u8>,
    /// How much is still to come before the next header.
    payload: usize,
    /// Whether that must be one that goes on with the headers of this request.
    continued: bool,
}

impl Frames {
    /// Whether another frame may come here.
    fn at_start(&self) -> bool {
        self.header.is_empty() && self.payload == 0 && !self.continued
    }

    /// Goes on by what was written of these bytes: at most `most`.
    fn pass(&mut self, bytes: &[u8], most: usize) -> usize {
        let length = bytes.len().min(most);
        let mut rest = &bytes[..length];
        while !rest.is_empty() {
            let part = match self.payload {
                0 => FRAME_HEADER - self.header.len(),
                payload => payload,
            };
            let (part, behind) = rest.split_at(part.min(rest.len()));
            rest = behind;
            if self.payload > 0 {
                self.payload -= part.len();
                continue;
            }
            self.header.extend_from_slice(part);
            if let &[high, middle, low, kind, flags, _, _, _, _] = self.header.as_slice() {
                self.payload = u32::from_be_bytes([0, high, middle, low]) as usize;
                self.continued = matches!(kind, HEADERS | CONTINUATION) && flags & END_HEADERS == 0;
                self.header.clear();
            }
        }
        length
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

    use super::*;

    const DATA: u8 = 0;
    const SETTINGS: u8 = 4;
    const PING_TYPE: u8 = 6;

    fn frame(kind: u8, payload: &[u8]) -> Vec<u8> {
        let mut frame = u32::try_from(payload.len()).unwrap().to_be_bytes()[1..].to_vec();
        let flags = match kind {
            PING_TYPE => 1,
            CONTINUATION => END_HEADERS,
            _ => 0,
        };
        frame.extend_from_slice(&[kind, flags, 0, 0, 0, 0]);
        frame.extend_from_slice(payload);
        frame
    }

    fn ack(number: u64) -> Vec<u8> {
        frame(PING_TYPE, &number.to_be_bytes())
    }

    /// A connection that has begun, and its other end, which takes so many bytes at a time.
    async fn connection(most: usize) -> (PingAcks<DuplexStream>, DuplexStream) {
        let (ours, mut theirs) = tokio::io::duplex(most);
        let mut ours = PingAcks::new(ours);
        let mut preface = [0; PREFACE];
        tokio::try_join!(ours.write_all(&[b'P'; PREFACE]), theirs.read_exact(&mut preface)).unwrap();
        (ours, theirs)
    }

    /// The next frame: its type and payload.
    async fn next(theirs: &mut DuplexStream) -> (u8, Vec<u8>) {
        let mut header = [0; FRAME_HEADER];
        theirs.read_exact(&mut header).await.unwrap();
        let mut payload = vec![0; u32::from_be_bytes([0, header[0], header[1], header[2]]) as usize];
        theirs.read_exact(&mut payload).await.unwrap();
        (header[3], payload)
    }

    #[tokio::test]
    async fn a_request_does_not_wait_for_the_answer_and_the_answer_for_no_request() {
        let (mut ours, mut theirs) = connection(1 << 10).await;
        ours.write_all(&[ack(1), frame(SETTINGS, b"a")].concat()).await.unwrap();
        ours.write_all(&frame(SETTINGS, b"")).await.unwrap();
        assert_eq!(next(&mut theirs).await, (SETTINGS, b"a".to_vec()));
        assert_eq!(next(&mut theirs).await, (SETTINGS, Vec::new()));
        // As the connection does, which always reads.
        tokio::select! {
            _ = ours.read_u8() => unreachable!("nothing is written there"),
            answer = next(&mut theirs) => assert_eq!(answer, (PING_TYPE, 1_u64.to_be_bytes().to_vec())),
        }
        // And then the next.
        ours.write_all(&ack(2)).await.unwrap();
        tokio::select! {
            _ = ours.read_u8() => unreachable!("nothing is written there"),
            answer = next(&mut theirs) => assert_eq!(answer, (PING_TYPE, 2_u64.to_be_bytes().to_vec())),
        }
    }

    #[tokio::test]
    async fn answers_go_before_much_data_and_before_the_flush_if_there_are_two() {
        let (mut ours, mut theirs) = connection(1 << 16).await;
        ours.write_all(&ack(1)).await.unwrap();
        ours.write_all(&frame(DATA, &[1; LARGE])).await.unwrap();
        assert_eq!(next(&mut theirs).await, (PING_TYPE, 1_u64.to_be_bytes().to_vec()));
        assert_eq!(next(&mut theirs).await, (DATA, vec![1; LARGE]));
        // Headers in parts come in one piece, however much they are.
        ours.write_all(&[ack(4), frame(HEADERS, b"")].concat()).await.unwrap();
        ours.write_all(&frame(CONTINUATION, &[1; LARGE])).await.unwrap();
        ours.write_all(&frame(DATA, &[1; LARGE])).await.unwrap();
        assert_eq!(next(&mut theirs).await, (HEADERS, Vec::new()));
        assert_eq!(next(&mut theirs).await, (CONTINUATION, vec![1; LARGE]));
        assert_eq!(next(&mut theirs).await, (PING_TYPE, 4_u64.to_be_bytes().to_vec()));
        assert_eq!(next(&mut theirs).await.0, DATA);
        ours.write_all(&[ack(2), ack(3)].concat()).await.unwrap();
        ours.flush().await.unwrap();
        assert_eq!(next(&mut theirs).await, (PING_TYPE, 2_u64.to_be_bytes().to_vec()));
        assert_eq!(next(&mut theirs).await, (PING_TYPE, 3_u64.to_be_bytes().to_vec()));
    }

    #[tokio::test]
    async fn however_it_is_cut_nothing_is_lost_and_frames_stay_whole() {
        // Data that looks like an answer is data.
        let frames = [
            frame(SETTINGS, b"settings"),
            ack(1),
            frame(DATA, &ack(7)),
            frame(DATA, &vec![2; LARGE * 3]),
            ack(2),
            ack(3),
            frame(DATA, b""),
            ack(4),
            frame(DATA, b"end"),
        ];
        let written = frames.concat();
        for (most, piece, vectored) in
            [(7, 5, false), (7, 17, true), (100, 26, false), (1 << 16, 1 << 16, true), (1 << 16, 30, true)]
        {
            let (mut ours, mut theirs) = connection(most).await;
            let write = async {
                let mut rest = written.as_slice();
                while !rest.is_empty() {
                    let (head, tail) = rest[..piece.min(rest.len())].split_at(piece.min(rest.len()) / 2);
                    let slices = [IoSlice::new(head), IoSlice::new(tail)];
                    let count = match vectored {
                        true => ours.write_vectored(&slices).await.unwrap(),
                        false => ours.write(&rest[..piece.min(rest.len())]).await.unwrap(),
                    };
                    rest = &rest[count..];
                }
                // The end is the other's to say: nothing comes.
                _ = ours.read_u8().await;
            };
            let read = async {
                let mut seen = Vec::new();
                while seen.len() < frames.len() {
                    seen.push(next(&mut theirs).await);
                }
                drop(theirs);
                seen
            };
            let ((), seen) = tokio::join!(write, read);
            let of = |answers: bool| {
                let kept = seen.iter().filter(move |(kind, _)| (*kind == PING_TYPE) == answers);
                kept.flat_map(|(kind, payload)| frame(*kind, payload)).collect::<Vec<u8>>()
            };
            let expected = |answers: bool| {
                let kept = frames.iter().filter(move |frame| (frame[3] == PING_TYPE) == answers);
                kept.flatten().copied().collect::<Vec<u8>>()
            };
            assert_eq!(of(true), expected(true), "answers, {most} {piece}");
            assert_eq!(of(false), expected(false), "the rest, {most} {piece}");
        }
    }
}
