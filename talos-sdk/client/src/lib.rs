//! A client of the Talos machine API.
//!
//! | to | use |
//! |---|---|
//! | connect to a cluster with its talosconfig | [`Client::connect`] |
//! | connect to a machine that has no configuration yet | [`Client::maintenance`] |
//! | call one machine | [`Client::node`], [`Node`] |
//! | call several and see how each did | [`Client::nodes`], [`PerNode`] |
//! | read or watch resources | [`Node::resources`], [`resources`] |
//! | follow logs, events, the kernel | [`Node::logs`], [`Node::events`], [`Node::dmesg`] |
//! | see what a machine is and does | [`Node::services`], [`Node::processes`], [`Node::memory`], [`Node::disks`] |
//! | look at files, or take them home | [`Node::list`], [`Node::read`], [`Node::copy`] |
//! | see what goes over the network | [`Node::sockets`], [`Node::capture_packets`] |
//! | bring images to a machine | [`Node::pull_image`], [`Node::import_image`] |
//! | run a program there | [`Node::debug_container`] |
//! | change a machine's configuration | [`Node::apply_configuration`], [`Node::patch_configuration`] |
//! | reboot, reset or upgrade a machine and know how it ends | [`Node::reboot`], [`Node::upgrade`], [`Action`] |
//! | look after etcd, save it and bring it back | [`Node::etcd_status`], [`Node::etcd_snapshot_to`], [`Node::etcd_recover_from`] |
//! | merge a kubeconfig into that of a user | [`KubeconfigFile::merge`] |
//! | have a cluster's health checked | [`Node::cluster_health`] |
//! | make a call that has no method here | [`Node::raw`] |
//! | choose by the version of Talos | [`Node::server_version`], [`Node::has_method`] |
//! | follow several nodes at once | [`Nodes::merge`] |
//! | renew the client certificate in time | [`Client::keep_certificate`] |
//! | know what went wrong | [`Error::kind`] |
//!
//! ```no_run
//! use talos_client::{Client, ClientOptions};
//! use talosconfig::TalosConfig;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::connect(&TalosConfig::find()?, ClientOptions::default())?;
//! println!("{}", client.node("10.0.0.2").version().await?.tag);
//!
//! let versions = client.nodes(["10.0.0.2", "10.0.0.3"]).each(|node| async move { node.version().await }).await;
//! for (node, version) in &versions.into_result()? {
//!     println!("{node}: {}", version.tag);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! A machine without a configuration is trusted by the fingerprint on its console. Here it is a simulated one:
//!
//! ```
//! use talos_client::resources::MachineStatus;
//! use talos_client::{Client, ClientOptions, MachineStage};
//! use talos_sim::{NodeOptions, Simulation, SimulationOptions, Stage};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let simulation = Simulation::start(SimulationOptions::default())?;
//! let machine = simulation.add_node(NodeOptions::default().with_name("cp-1"))?;
//! machine.wait_for(Stage::Maintenance).await;
//! let fingerprint = machine.fingerprint().ok_or("it listens")?;
//!
//! let client = Client::maintenance(&machine.address().to_string(), &[fingerprint], ClientOptions::default())?;
//! let node = client.endpoint();
//! assert!(node.version().await?.tag.starts_with("v1."));
//! let status = node.resources::<MachineStatus>().get(MachineStatus::ID).await?;
//! assert_eq!(status.spec.stage, MachineStage::Maintenance);
//!
//! let error = node.bootstrap().await.expect_err("it needs a configuration first");
//! assert!(error.is_permission_denied() || error.is_unimplemented(), "{error}");
//! # Ok(())
//! # }
//! ```
//!
//! # Endpoints and failures
//!
//! An endpoint is a machine that takes calls and forwards them to the node they are for; control plane nodes do that.
//! A client has one connection to each of its endpoints, made when it is first needed. Calls go round those that are
//! connected; a broken one is left out until it can be connected again, which is tried in the background with growing
//! pauses.
//!
//! A call that certainly was not carried out, because no connection could be made or the server turned it away
//! unread, is sent again through another endpoint. When a connection breaks under a call, that can't be known: then
//! only calls that read are sent again. Statuses that a machine answers with are never retried here.
//!
//! Endpoints are reached directly, through the proxy that the context or the environment names, through a Unix socket, or
//! through a [`Dialer`]. A connection that no call has used for half an hour is closed.
//!
//! Every future can be dropped; that ends the call on the machine too. Calls have a time limit,
//! [`ClientOptions::call_timeout`]; streams, once they began, have none unless [`Node::with_timeout`] gives one.
//!
//! # What is logged
//!
//! Each call is a `tracing` span `talos_call` at level debug, with the fields `method`, `node`, `endpoint`, `attempt`
//! and `code`. Requests, replies and credentials are in no span, log or error.

mod access;
mod action;
mod apply;
mod archive;
mod balance;
mod body;
mod bootstrap;
mod bpf;
mod capture;
mod channel;
mod client;
mod clock;
mod configuration;
mod connect;
mod containers;
mod counters;
mod cpu;
pub mod danger;
mod debug;
mod dial;
mod disks;
mod dmesg;
mod endpoint;
mod error;
mod etcd;
mod events;
mod file;
mod file_mode;
mod files;
mod generate;
mod health;
mod image_store;
mod images;
mod inspect;
mod instant;
mod kubeconfig;
mod lifecycle;
mod logs;
mod lvm;
mod md;
mod memory;
mod meta;
mod method;
mod netstat;
mod no_proxy;
mod node;
mod options;
mod pcap;
mod per_node;
mod pin;
mod power;
mod processes;
mod proxy;
mod raw;
mod renewal;
mod reply;
pub mod resources;
mod services;
mod siderov1;
mod stage;
mod status;
mod stream;
mod system;
mod talos_version;
mod tar;
mod target;
mod tls;
mod upgrade;
mod upload;
mod usage;
mod version;

pub use action::{Action, ActionProgress, Milestone, Outcome, Progress};
pub use apply::{Applied, ApplyMode, ApplyOptions, ApplyWarning};
pub use archive::{Archive, ExtractOptions, Extracted, SkippedFile};
pub use body::ResponseBody;
pub use bpf::{BpfFilter, BpfInstruction};
pub use capture::{PacketCapture, PcapOptions};
pub use channel::Channel;
pub use client::Client;
pub use clock::ClockComparison;
pub use configuration::Configuration;
pub use containers::{Container, ContainerNamespace, ContainerUsage};
pub use counters::{Counters, DiskCounters, IoCounters, NetworkCounters};
pub use cpu::{Cpu, CpuFrequency};
pub use debug::{DebugContainer, DebugInput, DebugOutput, DebugProfile, DebugSession};
pub use dial::Dialer;
pub use disks::{BlockDeviceWipe, Disk, DiskKind, WipeMethod};
pub use dmesg::{DmesgOptions, Facility, KernelMessage, Priority};
pub use endpoint::{DEFAULT_PORT, Endpoint};
pub use error::{Error, ErrorKind, Result};
pub use etcd::{
    EtcdAlarm, EtcdAlarmKind, EtcdMember, EtcdMemberId, EtcdRecoverOptions, EtcdSnapshot, EtcdStatus,
    EtcdVersion, SavedSnapshot,
};
pub use events::{Event, EventAction, EventOptions, EventPayload, EventStream, EventTail, ServiceAction};
pub use file_mode::{FileKind, FileMode};
pub use files::{FileDetails, FileEntry, ListOptions, Xattr};
pub use generate::{GenerateConfigurationOptions, GeneratedConfiguration};
pub use health::{HealthOptions, HealthProgress, HealthState};
pub use image_store::ImageStore;
pub use images::{
    Image, ImagePull, ImageVerification, LayerProgress, LayerState, PullProgress, RegistryCredentials,
};
pub use inspect::{ControllerDependency, DependencyKind};
pub use kubeconfig::{KubeconfigFile, KubeconfigMerge, KubeconfigRename, MergedKubeconfig, OnConflict};
pub use lifecycle::{InstallerExit, InstallerRun};
pub use logs::LogOptions;
pub use memory::Memory;
pub use meta::MetaKey;
pub use netstat::{
    NetstatOptions, PodNetworks, Socket, SocketFilter, SocketProcess, SocketProtocol, SocketState,
    SocketTimer,
};
pub use node::Node;
pub use options::ClientOptions;
pub use pcap::{Packet, PcapHeader, PcapReader};
pub use per_node::{Merged, Nodes, PerNode};
pub use power::{
    AfterReset, RebootMode, RebootOptions, ResetOptions, ShutdownOptions, SystemPartition, Wipe,
};
pub use processes::{Process, ProcessState};
pub use raw::Raw;
pub use renewal::RenewalOptions;
pub use resources::{Resource, Resources};
pub use services::{HealthStatus, Service, ServiceEvent, ServiceHealth, ServiceState};
pub use siderov1::SideroV1Signer;
pub use stage::{MachineStage, UnmetCondition};
pub use stream::{ByteStream, ItemStream};
pub use system::{CpuTime, LoadAverage, Mount, SoftInterrupts, SystemStat};
pub use talos_version::TalosVersion;
pub use upgrade::{UpgradeOptions, UpgradeWay};
pub use usage::{Usage, UsageOptions, UsageThreshold};
pub use version::Version;
// Their types are in the signatures here.
pub use {talos_pki, talosconfig};

/// What reads bytes that a machine sends, for those who test it with any bytes. Nothing here is stable.
#[doc(hidden)]
pub mod parse {
    pub use crate::archive::unpack;
    pub use crate::tar::{TarEntry, TarKind, TarReader, inside, link_inside};
}
