//! Shows what machines are and do.

mod containers;
mod copy;
mod disks;
mod events;
mod files;
mod hardware;
mod images;
mod logs;
mod memory;
mod mounts;
mod netstat;
mod pcap;
mod processes;
mod services;
mod time;
mod version;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use talos_examples::connection::Connection;
use talos_examples::failure::run_async;

/// Show what machines are and do
///
/// Flags and tables are those of `talosctl`. Each machine named with -n answers for itself.
#[derive(Parser)]
#[command(version)]
struct Machine {
    #[command(flatten)]
    connection: Connection,
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Which version of Talos runs
    Version(version::Version),
    /// The services and how they do; one of them, or start, stop, restart it
    #[command(visible_alias = "services")]
    Service(services::Services),
    /// The log of a service or container
    Logs(logs::Logs),
    /// The log of the kernel
    Dmesg(logs::Dmesg),
    /// What happens, until Ctrl-C
    Events(events::Events),
    /// Files in a folder
    #[command(visible_alias = "ls")]
    List(files::List),
    /// Print a file
    #[command(visible_alias = "cat")]
    Read(copy::Read),
    /// Copy a file or a folder here
    #[command(visible_alias = "cp")]
    Copy(copy::Copy),
    /// What folders use on disk
    #[command(visible_alias = "du")]
    Usage(files::Usage),
    /// Memory
    #[command(visible_alias = "free")]
    Memory(memory::Memory),
    /// Processes
    #[command(visible_alias = "ps")]
    Processes(processes::Processes),
    /// File systems
    #[command(visible_alias = "mount")]
    Mounts(mounts::Mounts),
    /// What containers use
    Stats(containers::Stats),
    /// Containers of the system, or of Kubernetes
    Containers(containers::Containers),
    /// Sockets
    #[command(visible_alias = "ss")]
    Netstat(netstat::Netstat),
    /// Capture packets, until Ctrl-C
    #[command(visible_alias = "tcpdump")]
    Pcap(pcap::Pcap),
    /// The clock, against a time server
    Time(time::Time),
    /// Container images: list, pull, remove
    #[command(visible_alias = "image")]
    Images(images::Images),
    /// Disks
    Disks(disks::Disks),
    /// Processors
    Cpu(hardware::Cpu),
    /// How busy machines are
    Load(hardware::Load),
}

fn main() -> ExitCode {
    run_async(|arguments: Machine| async move {
        let connection = &arguments.connection;
        match arguments.what {
            What::Version(version) => version.show(connection).await,
            What::Service(services) => services.run(connection).await,
            What::Logs(logs) => logs.show(connection).await,
            What::Dmesg(dmesg) => dmesg.show(connection).await,
            What::Events(events) => events.show(connection).await,
            What::List(list) => list.show(connection).await,
            What::Read(read) => read.print(connection).await,
            What::Copy(copy) => copy.run(connection).await,
            What::Usage(usage) => usage.show(connection).await,
            What::Memory(memory) => memory.show(connection).await,
            What::Processes(processes) => processes.show(connection).await,
            What::Mounts(mounts) => mounts.show(connection).await,
            What::Stats(stats) => stats.show(connection).await,
            What::Containers(containers) => containers.show(connection).await,
            What::Netstat(netstat) => netstat.show(connection).await,
            What::Pcap(pcap) => pcap.run(connection).await,
            What::Time(time) => time.show(connection).await,
            What::Images(images) => images.run(connection).await,
            What::Disks(disks) => disks.show(connection).await,
            What::Cpu(cpu) => cpu.show(connection).await,
            What::Load(load) => load.show(connection).await,
        }
    })
}
