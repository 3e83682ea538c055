//! Packets.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use futures_util::TryStreamExt;
use talos_examples::activity::Activity;
use talos_examples::arguments::duration;
use talos_examples::connection::Connection;
use talos_examples::failure::{Failure, Outcome};
use talos_examples::instant::precise;
use talos_sdk::client::{BpfFilter, Packet, PcapOptions};
use tokio::io::AsyncWriteExt as _;

#[derive(Args)]
pub(crate) struct Pcap {
    /// The interface
    #[arg(short, long, default_value = "eth0")]
    interface: String,
    /// See what is not for the machine too
    #[arg(long)]
    promiscuous: bool,
    /// Only packets that this filter takes, as `tcpdump -dd` prints it
    #[arg(long, value_name = "FILTER")]
    bpf_filter: Option<BpfFilter>,
    /// For so long, such as 10s; until Ctrl-C without it
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    duration: Option<Duration>,
    /// A file for Wireshark and tcpdump, - for standard output; a line a packet is printed without it
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl Pcap {
    pub(crate) async fn run(self, connection: &Connection) -> Outcome {
        let (name, node) = connection.machine()?;
        let mut options = PcapOptions::new(self.interface);
        if self.promiscuous {
            options = options.with_promiscuous();
        }
        if let Some(filter) = self.bpf_filter {
            options = options.with_filter(filter);
        }
        if let Some(duration) = self.duration {
            options = options.with_duration(duration);
        }
        let capture = node.capture_packets(options);
        let Some(path) = self.output else {
            let mut packets = capture.packets();
            while let Some(packet) = packets.try_next().await? {
                writeln!(io::stdout().lock(), "{}", line(&packet))?;
            }
            return Ok(());
        };
        let mut bytes = capture.into_bytes();
        if path == Path::new("-") {
            let mut out = tokio::io::stdout();
            while let Some(piece) = bytes.try_next().await? {
                out.write_all(&piece).await?;
                out.flush().await?;
            }
            return Ok(());
        }
        let failed = |error| Failure::of(format!("could not write {}", path.display()), error);
        let mut file = tokio::fs::File::create(&path).await.map_err(failed)?;
        let activity = Activity::new(false).line(&name);
        let mut size = 0;
        while let Some(piece) = bytes.try_next().await? {
            // Each piece reaches the file, as Ctrl-C is how a capture usually ends.
            file.write_all(&piece).await.map_err(failed)?;
            file.flush().await.map_err(failed)?;
            size += piece.len() as u64;
            activity.bytes(size);
        }
        Ok(())
    }
}

/// A packet in a line: when, how long, how it begins.
fn line(packet: &Packet) -> String {
    const SHOWN: usize = 32;
    let mut text = format!("{} {} bytes:", precise(packet.time), packet.length);
    for byte in packet.data.iter().take(SHOWN) {
        _ = write!(text, " {byte:02x}");
    }
    if packet.data.len() > SHOWN {
        text.push_str(" …");
    }
    text
}
