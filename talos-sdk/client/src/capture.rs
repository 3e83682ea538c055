//! Packets captured on a machine.

use std::time::Duration;

use futures_util::{StreamExt, stream};
use talos_proto::machine::{BpfInstruction as ProtoInstruction, PacketCaptureRequest};

use crate::Node;
use crate::bpf::BpfFilter;
use crate::pcap::{Packet, PcapReader};
use crate::reply::malformed;
use crate::stream::{ByteStream, ItemStream};

/// What to capture, for [`Node::capture_packets`].
///
/// ```
/// # use std::time::Duration;
/// # use talos_client::PcapOptions;
/// let options = PcapOptions::new("eth0").with_promiscuous().with_snap_len(128).with_duration(Duration::from_secs(10));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PcapOptions {
    /// The interface, such as `eth0`.
    pub interface: String,
    /// Whether to see what is not for the machine too.
    pub promiscuous: bool,
    /// How many bytes of a packet to keep; 4096 if `None`.
    pub snap_len: Option<u32>,
    /// Which packets to keep; all if `None`.
    pub filter: Option<BpfFilter>,
    /// How long to capture; until the stream is dropped if `None`.
    pub duration: Option<Duration>,
}

impl PcapOptions {
    /// All packets of an interface.
    #[must_use]
    pub fn new(interface: impl Into<String>) -> Self {
        Self { interface: interface.into(), promiscuous: false, snap_len: None, filter: None, duration: None }
    }

    /// Sees what is not for the machine too.
    #[must_use]
    pub fn with_promiscuous(mut self) -> Self {
        self.promiscuous = true;
        self
    }

    /// Keeps so many bytes of a packet.
    #[must_use]
    pub fn with_snap_len(mut self, bytes: u32) -> Self {
        self.snap_len = Some(bytes);
        self
    }

    /// Keeps only packets that the filter takes.
    #[must_use]
    pub fn with_filter(mut self, filter: BpfFilter) -> Self {
        self.filter = Some(filter);
        self
    }

    /// Captures for so long; the stream then ends without an error.
    #[must_use]
    pub fn with_duration(mut self, duration: Duration) -> Self {
        self.duration = Some(duration);
        self
    }
}

/// A capture that goes on, from [`Node::capture_packets`]. Dropping it ends it.
#[derive(Debug)]
#[must_use = "nothing is captured before the stream is polled"]
pub struct PacketCapture {
    bytes: ByteStream,
    /// Whether it ends after a time, and then perhaps within a packet.
    timed: bool,
}

impl PacketCapture {
    /// The capture as a pcap file, which Wireshark and tcpdump read.
    pub fn into_bytes(self) -> ByteStream {
        self.bytes
    }

    /// The capture packet by packet.
    pub fn packets(self) -> ItemStream<Packet> {
        let timed = self.timed;
        let start = Some((self.bytes, PcapReader::new()));
        ItemStream::new(stream::unfold(start, move |state| async move {
            let (mut bytes, mut reader) = state?;
            loop {
                match reader.next_packet() {
                    Ok(Some(packet)) => return Some((Ok(packet), Some((bytes, reader)))),
                    Ok(None) => {}
                    Err(error) => return Some((Err(error), None)),
                }
                match bytes.next().await {
                    Some(Ok(piece)) => reader.push(&piece),
                    Some(Err(error)) => return Some((Err(error), None)),
                    None if timed || reader.is_at_end_of_packet() => return None,
                    None => return Some((Err(malformed("the capture ends within a packet")), None)),
                }
            }
        }))
    }
}

impl Node {
    /// Captures packets of an interface of the machine (`machine.MachineService/PacketCapture`, os:admin or
    /// os:operator).
    ///
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound): there is no such interface.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/example.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> { example(async |node| {
    /// use std::time::Duration;
    ///
    /// use futures_util::TryStreamExt;
    /// use talos_client::PcapOptions;
    ///
    /// let options = PcapOptions::new("lo").with_duration(Duration::from_millis(500));
    /// let mut packets = node.capture_packets(options.clone()).packets();
    /// while let Some(packet) = packets.try_next().await? {
    ///     println!("{:?} {} bytes", packet.time, packet.length);
    /// }
    /// // The same for Wireshark.
    /// let mut file = Vec::new();
    /// tokio::io::copy(&mut node.capture_packets(options).into_bytes(), &mut file).await?;
    /// # Ok(()) }) }
    /// ```
    pub fn capture_packets(&self, options: PcapOptions) -> PacketCapture {
        let filter = options.filter.unwrap_or_default();
        let instructions = filter.instructions().iter().map(|instruction| ProtoInstruction {
            op: instruction.code.into(),
            jt: instruction.jump_true.into(),
            jf: instruction.jump_false.into(),
            k: instruction.k,
        });
        let request = PacketCaptureRequest {
            interface: options.interface,
            promiscuous: options.promiscuous,
            snap_len: options.snap_len.unwrap_or(0),
            bpf_filter: instructions.collect(),
        };
        let node = match options.duration {
            Some(duration) => self.clone().with_timeout(duration),
            None => self.clone(),
        };
        let bytes = ByteStream::new(&node, request, |raw, request| async move {
            raw.machine().packet_capture(request).await
        });
        match options.duration {
            Some(_) => PacketCapture { bytes: bytes.ending_at_deadline(), timed: true },
            None => PacketCapture { bytes, timed: false },
        }
    }
}
