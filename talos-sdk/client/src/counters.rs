//! What disks and network interfaces counted.

use std::time::Duration;

use talos_proto::machine::{DiskStat, NetDev};

use crate::{Node, Result};

/// A sector in the kernel's counters, whatever the disk has.
const SECTOR: u64 = 512;

/// What was counted, for each device and in sum.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counters<T> {
    /// All devices together. It counts twice what went through a device on top of another, such as a partition.
    pub total: T,
    /// Each device.
    pub devices: Vec<T>,
}

/// What the kernel counted for a block device since it started.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DiskCounters {
    /// The name of the device, such as `sda`; empty for the sum.
    pub name: String,
    /// Reads.
    pub read: IoCounters,
    /// Writes.
    pub write: IoCounters,
    /// Discards.
    pub discard: IoCounters,
    /// Operations that go on now.
    pub in_progress: u64,
    /// How long there was an operation at all.
    pub busy: Duration,
    /// The sum of how long each operation took.
    pub weighted: Duration,
}

/// Operations of one kind on a block device.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct IoCounters {
    /// How many were done.
    pub completed: u64,
    /// How many became part of another.
    pub merged: u64,
    /// How many bytes.
    pub bytes: u64,
    /// How long they took.
    pub time: Duration,
}

/// What the kernel counted for a network interface since it started.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct NetworkCounters {
    /// The name of the interface, such as `eth0`; empty for the sum.
    pub name: String,
    /// Bytes that came in.
    pub rx_bytes: u64,
    /// Packets that came in.
    pub rx_packets: u64,
    /// Packets that were broken.
    pub rx_errors: u64,
    /// Packets that were thrown away.
    pub rx_dropped: u64,
    /// Overruns of the buffers for what comes in.
    pub rx_fifo: u64,
    /// Packets with wrong framing.
    pub rx_frame: u64,
    /// Compressed packets that came in.
    pub rx_compressed: u64,
    /// Multicast packets that came in.
    pub rx_multicast: u64,
    /// Bytes that went out.
    pub tx_bytes: u64,
    /// Packets that went out.
    pub tx_packets: u64,
    /// Packets that could not be sent.
    pub tx_errors: u64,
    /// Packets that were thrown away instead.
    pub tx_dropped: u64,
    /// Overruns of the buffers for what goes out.
    pub tx_fifo: u64,
    /// Collisions.
    pub tx_collisions: u64,
    /// Losses of the carrier.
    pub tx_carrier: u64,
    /// Compressed packets that went out.
    pub tx_compressed: u64,
}

impl Node {
    /// What was read from and written to block devices (`machine.MachineService/DiskStats`, any role).
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/example.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> { example(async |node| {
    /// for disk in node.disk_counters().await?.devices {
    ///     println!("{}: {} bytes read, {} written", disk.name, disk.read.bytes, disk.write.bytes);
    /// }
    /// assert!(node.network_counters().await?.devices.iter().any(|device| device.name == "lo"));
    /// # Ok(()) }) }
    /// ```
    pub async fn disk_counters(&self) -> Result<Counters<DiskCounters>> {
        let reply =
            self.call((), |raw, request| async move { raw.machine().disk_stats(request).await }).await?;
        let stats = reply.single()?;
        Ok(Counters {
            total: stats.total.map(DiskCounters::from).unwrap_or_default(),
            devices: stats.devices.into_iter().map(DiskCounters::from).collect(),
        })
    }

    /// What went through network interfaces (`machine.MachineService/NetworkDeviceStats`, any role).
    pub async fn network_counters(&self) -> Result<Counters<NetworkCounters>> {
        let reply = self
            .call((), |raw, request| async move { raw.machine().network_device_stats(request).await })
            .await?;
        let stats = reply.single()?;
        Ok(Counters {
            total: stats.total.map(NetworkCounters::from).unwrap_or_default(),
            devices: stats.devices.into_iter().map(NetworkCounters::from).collect(),
        })
    }
}

impl From<DiskStat> for DiskCounters {
    fn from(stat: DiskStat) -> Self {
        let counters = |completed, merged, sectors: u64, millis| IoCounters {
            completed,
            merged,
            bytes: sectors.saturating_mul(SECTOR),
            time: Duration::from_millis(millis),
        };
        Self {
            name: stat.name,
            read: counters(stat.read_completed, stat.read_merged, stat.read_sectors, stat.read_time_ms),
            write: counters(stat.write_completed, stat.write_merged, stat.write_sectors, stat.write_time_ms),
            discard: counters(
                stat.discard_completed,
                stat.discard_merged,
                stat.discard_sectors,
                stat.discard_time_ms,
            ),
            in_progress: stat.io_in_progress,
            busy: Duration::from_millis(stat.io_time_ms),
            weighted: Duration::from_millis(stat.io_time_weighted_ms),
        }
    }
}

impl From<NetDev> for NetworkCounters {
    fn from(device: NetDev) -> Self {
        Self {
            name: device.name,
            rx_bytes: device.rx_bytes,
            rx_packets: device.rx_packets,
            rx_errors: device.rx_errors,
            rx_dropped: device.rx_dropped,
            rx_fifo: device.rx_fifo,
            rx_frame: device.rx_frame,
            rx_compressed: device.rx_compressed,
            rx_multicast: device.rx_multicast,
            tx_bytes: device.tx_bytes,
            tx_packets: device.tx_packets,
            tx_errors: device.tx_errors,
            tx_dropped: device.tx_dropped,
            tx_fifo: device.tx_fifo,
            tx_collisions: device.tx_collisions,
            tx_carrier: device.tx_carrier,
            tx_compressed: device.tx_compressed,
        }
    }
}
