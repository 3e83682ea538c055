//! Captured packets as a file: classic pcap.

use std::time::{Duration, SystemTime};

use bytes::{Buf, Bytes, BytesMut};

use crate::Result;
use crate::reply::malformed;

const FILE_HEADER: usize = 24;
const PACKET_HEADER: usize = 16;
/// The largest packet that is believed; captures are cut at 256 KiB at most.
const MAX_PACKET: usize = 1 << 20;

/// What is said at the beginning of a capture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct PcapHeader {
    /// What packets begin with: 1 for Ethernet, 101 for IP. The numbers are those of tcpdump.org's list of link types.
    pub link_type: u32,
    /// How many bytes of a packet are kept at most.
    pub snap_len: u32,
}

/// A captured packet.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Packet {
    /// When it was seen.
    pub time: SystemTime,
    /// How long it was; more than there is of `data` if it was cut.
    pub length: u32,
    /// Its bytes, from the link layer on.
    pub data: Bytes,
}

/// Reads a capture piece by piece, however it is cut, in constant memory.
///
/// ```
/// # use talos_client::PcapReader;
/// let mut reader = PcapReader::new();
/// reader.push(&[0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0]);
/// assert_eq!(reader.next_packet()?, None);
/// assert_eq!(reader.header().map(|header| header.link_type), Some(1));
/// reader.push(&[1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 60, 0, 0, 0, 0xab, 0xcd]);
/// let packet = reader.next_packet()?.ok_or("a packet")?;
/// assert_eq!((packet.data.as_ref(), packet.length), ([0xab, 0xcd].as_slice(), 60));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Default)]
pub struct PcapReader {
    format: Option<Format>,
    bytes: BytesMut,
}

#[derive(Debug, Clone, Copy)]
struct Format {
    header: PcapHeader,
    big_endian: bool,
    nanoseconds: bool,
}

impl PcapReader {
    /// A reader at the beginning of a capture.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next piece. Take out what [`next_packet`](Self::next_packet) gives before the next one.
    pub fn push(&mut self, piece: &[u8]) {
        self.bytes.extend_from_slice(piece);
    }

    /// What was said at the beginning, once a packet was asked for after it came.
    #[must_use]
    pub fn header(&self) -> Option<PcapHeader> {
        self.format.map(|format| format.header)
    }

    /// The next packet; `None` if more pieces are needed.
    ///
    /// [`ErrorKind::InvalidReply`](crate::ErrorKind::InvalidReply): this is no capture.
    pub fn next_packet(&mut self) -> Result<Option<Packet>> {
        let Some(format) = self.format()? else { return Ok(None) };
        let number = |at: usize| -> Option<u32> {
            let field: [u8; 4] = self.bytes.get(at..at + 4)?.try_into().ok()?;
            Some(if format.big_endian { u32::from_be_bytes(field) } else { u32::from_le_bytes(field) })
        };
        let fields = (number(0), number(4), number(8), number(12));
        let (Some(seconds), Some(fraction), Some(captured), Some(length)) = fields else { return Ok(None) };
        let captured = captured as usize;
        if captured > MAX_PACKET {
            return Err(malformed(format!("the capture has a packet of {captured} bytes, so it is damaged")));
        }
        if self.bytes.len() < PACKET_HEADER + captured {
            return Ok(None);
        }
        self.bytes.advance(PACKET_HEADER);
        let data = self.bytes.split_to(captured).freeze();
        let unit = if format.nanoseconds { 1 } else { 1000 };
        let since = Duration::from_secs(seconds.into()) + Duration::from_nanos(u64::from(fraction) * unit);
        let time = SystemTime::UNIX_EPOCH.checked_add(since).unwrap_or(SystemTime::UNIX_EPOCH);
        Ok(Some(Packet { time, length, data }))
    }

    /// Whether what came so far ends between two packets.
    #[must_use]
    pub fn is_at_end_of_packet(&self) -> bool {
        self.bytes.is_empty()
    }

    fn format(&mut self) -> Result<Option<Format>> {
        if self.format.is_some() || self.bytes.len() < FILE_HEADER {
            return Ok(self.format);
        }
        let magic: &[u8] = &self.bytes[..4];
        let (big_endian, nanoseconds) = match magic {
            [0xd4, 0xc3, 0xb2, 0xa1] => (false, false),
            [0xa1, 0xb2, 0xc3, 0xd4] => (true, false),
            [0x4d, 0x3c, 0xb2, 0xa1] => (false, true),
            [0xa1, 0xb2, 0x3c, 0x4d] => (true, true),
            _ => return Err(malformed("this is no capture of packets in the format pcap")),
        };
        self.bytes.advance(16);
        let mut number = || if big_endian { self.bytes.get_u32() } else { self.bytes.get_u32_le() };
        let (snap_len, link_type) = (number(), number());
        let header = PcapHeader { link_type, snap_len };
        self.format = Some(Format { header, big_endian, nanoseconds });
        Ok(self.format)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn capture(magic: u32, packets: &[(u32, u32, &[u8])]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for field in [magic, 0x0004_0002, 0, 0, 4096, 101] {
            bytes.extend_from_slice(&field.to_le_bytes());
        }
        for (seconds, fraction, data) in packets {
            let length = u32::try_from(data.len()).unwrap();
            for field in [*seconds, *fraction, length, length] {
                bytes.extend_from_slice(&field.to_le_bytes());
            }
            bytes.extend_from_slice(data);
        }
        bytes
    }

    fn read(bytes: &[u8], piece: usize) -> Vec<Packet> {
        let mut reader = PcapReader::new();
        let mut packets = Vec::new();
        for piece in bytes.chunks(piece) {
            reader.push(piece);
            while let Some(packet) = reader.next_packet().unwrap() {
                packets.push(packet);
            }
        }
        assert!(reader.is_at_end_of_packet());
        assert_eq!(reader.header(), Some(PcapHeader { link_type: 101, snap_len: 4096 }));
        packets
    }

    #[test]
    fn packets_are_the_same_however_they_are_cut() {
        let bytes = capture(0xa1b2_c3d4, &[(1, 500_000, b"one"), (2, 0, b""), (3, 1, &[7; 4096])]);
        let whole = read(&bytes, bytes.len());
        assert_eq!(whole.len(), 3);
        assert_eq!(whole[0].time, SystemTime::UNIX_EPOCH + Duration::from_millis(1500));
        for piece in 1..100 {
            assert_eq!(read(&bytes, piece), whole);
        }
        let nanoseconds = read(&capture(0xa1b2_3c4d, &[(1, 500, b"")]), 7);
        assert_eq!(nanoseconds[0].time, SystemTime::UNIX_EPOCH + Duration::new(1, 500));
    }

    #[test]
    fn what_is_no_capture_is_an_error() {
        let mut reader = PcapReader::new();
        reader.push(&[0; 24]);
        assert!(reader.next_packet().is_err());
        let mut bytes = capture(0xa1b2_c3d4, &[(1, 0, b"x")]);
        bytes[32..36].copy_from_slice(&u32::MAX.to_le_bytes());
        let mut reader = PcapReader::new();
        reader.push(&bytes);
        assert!(reader.next_packet().is_err());
    }
}
