//! A machine as a whole: its name, its load, what its kernel counts.

use std::time::{Duration, SystemTime};

use talos_proto::machine::{CpuStat, MountStat, SoftIrqStat};

use crate::{Node, Result};

/// How many tasks were running or waiting to run, on average.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
#[non_exhaustive]
pub struct LoadAverage {
    /// Over the last minute.
    pub one: f64,
    /// Over the last five minutes.
    pub five: f64,
    /// Over the last fifteen minutes.
    pub fifteen: f64,
}

/// What the kernel counted since it started.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SystemStat {
    /// When it started.
    pub boot_time: SystemTime,
    /// Time of all processors together.
    pub cpu_total: CpuTime,
    /// Time of each processor.
    pub cpus: Vec<CpuTime>,
    /// Interrupts.
    pub interrupts: u64,
    /// Interrupts of each number.
    pub interrupts_by_number: Vec<u64>,
    /// Soft interrupts.
    pub soft_interrupts: u64,
    /// Soft interrupts of each kind.
    pub soft_interrupts_by_kind: SoftInterrupts,
    /// Switches from one task to another.
    pub context_switches: u64,
    /// Processes and threads that were created.
    pub processes_created: u64,
    /// Tasks that run or could run now.
    pub processes_running: u64,
    /// Tasks that wait for input or output now.
    pub processes_blocked: u64,
}

/// What processors spent their time with, since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CpuTime {
    /// Programs.
    pub user: Duration,
    /// Programs of low priority.
    pub nice: Duration,
    /// The kernel.
    pub system: Duration,
    /// Nothing.
    pub idle: Duration,
    /// Nothing, while something waited for input or output.
    pub io_wait: Duration,
    /// Interrupts.
    pub interrupts: Duration,
    /// Soft interrupts.
    pub soft_interrupts: Duration,
    /// Other virtual machines of the same host.
    pub steal: Duration,
    /// Virtual machines that run on this one.
    pub guest: Duration,
    /// The same, of low priority.
    pub guest_nice: Duration,
}

/// Soft interrupts by kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs, reason = "these are the kernel's names")]
pub struct SoftInterrupts {
    pub hi: u64,
    pub timer: u64,
    pub net_tx: u64,
    pub net_rx: u64,
    pub block: u64,
    pub block_io_poll: u64,
    pub tasklet: u64,
    pub sched: u64,
    pub hrtimer: u64,
    pub rcu: u64,
}

/// A mounted file system.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mount {
    /// What is mounted: a device, or a kind such as `tmpfs`.
    pub filesystem: String,
    /// Where.
    pub mounted_on: String,
    /// Its size in bytes; zero for file systems without a size, such as `proc`.
    pub size: u64,
    /// How many bytes of it are free to use.
    pub available: u64,
}

impl Mount {
    /// How many bytes of it are in use.
    #[must_use]
    pub fn used(&self) -> u64 {
        self.size.saturating_sub(self.available)
    }
}

impl Node {
    /// The host name of the machine (`machine.MachineService/Hostname`, any role).
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/example.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> { example(async |node| {
    /// println!("{} has been up since {:?}", node.hostname().await?, node.system_stat().await?.boot_time);
    /// assert!(node.load_average().await?.one >= 0.0);
    /// assert!(node.mounts().await?.iter().any(|mount| mount.mounted_on == "/var"));
    /// # Ok(()) }) }
    /// ```
    pub async fn hostname(&self) -> Result<String> {
        let reply =
            self.call((), |raw, request| async move { raw.machine().hostname(request).await }).await?;
        Ok(reply.single()?.hostname)
    }

    /// How busy the machine is (`machine.MachineService/LoadAvg`, any role).
    pub async fn load_average(&self) -> Result<LoadAverage> {
        let reply =
            self.call((), |raw, request| async move { raw.machine().load_avg(request).await }).await?;
        let load = reply.single()?;
        Ok(LoadAverage { one: load.load1, five: load.load5, fifteen: load.load15 })
    }

    /// What the kernel counted since it started (`machine.MachineService/SystemStat`, any role).
    pub async fn system_stat(&self) -> Result<SystemStat> {
        let reply =
            self.call((), |raw, request| async move { raw.machine().system_stat(request).await }).await?;
        let stat = reply.single()?;
        Ok(SystemStat {
            boot_time: SystemTime::UNIX_EPOCH
                .checked_add(Duration::from_secs(stat.boot_time))
                .unwrap_or(SystemTime::UNIX_EPOCH),
            cpu_total: stat.cpu_total.map(CpuTime::from).unwrap_or_default(),
            cpus: stat.cpu.into_iter().map(CpuTime::from).collect(),
            interrupts: stat.irq_total,
            interrupts_by_number: stat.irq,
            soft_interrupts: stat.soft_irq_total,
            soft_interrupts_by_kind: stat.soft_irq.map(SoftInterrupts::from).unwrap_or_default(),
            context_switches: stat.context_switches,
            processes_created: stat.process_created,
            processes_running: stat.process_running,
            processes_blocked: stat.process_blocked,
        })
    }

    /// The mounted file systems (`machine.MachineService/Mounts`, any role).
    pub async fn mounts(&self) -> Result<Vec<Mount>> {
        let reply = self.call((), |raw, request| async move { raw.machine().mounts(request).await }).await?;
        let mounts = reply.single()?.stats.into_iter();
        Ok(mounts
            .map(|MountStat { filesystem, size, available, mounted_on }| Mount {
                filesystem,
                mounted_on,
                size,
                available,
            })
            .collect())
    }
}

/// A time of the protocol in seconds; what is no time is none.
pub(crate) fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}

impl From<CpuStat> for CpuTime {
    fn from(stat: CpuStat) -> Self {
        Self {
            user: seconds(stat.user),
            nice: seconds(stat.nice),
            system: seconds(stat.system),
            idle: seconds(stat.idle),
            io_wait: seconds(stat.iowait),
            interrupts: seconds(stat.irq),
            soft_interrupts: seconds(stat.soft_irq),
            steal: seconds(stat.steal),
            guest: seconds(stat.guest),
            guest_nice: seconds(stat.guest_nice),
        }
    }
}

impl From<SoftIrqStat> for SoftInterrupts {
    fn from(stat: SoftIrqStat) -> Self {
        let SoftIrqStat { hi, timer, net_tx, net_rx, block, block_io_poll, tasklet, sched, hrtimer, rcu } =
            stat;
        Self { hi, timer, net_tx, net_rx, block, block_io_poll, tasklet, sched, hrtimer, rcu }
    }
}
