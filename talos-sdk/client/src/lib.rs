//! A client of the Talos machine API.
//!
//! | to | use | |
//! |---|---|---|
//! | connect to a cluster with its talosconfig | [`Client::connect`] | [example](guide#connect-to-a-cluster) |
//! | call one machine | [`Client::node`], [`Node`] | [example](guide#call-one-machine) |
//! | call several and see how each did | [`Client::nodes`], [`PerNode`] | [example](guide#call-several-machines) |
//! | reach a machine that has no configuration yet | [`Client::maintenance`] | [example](guide#reach-a-machine-that-has-no-configuration-yet) |
//! | give a machine its configuration | [`Node::apply_configuration`] | [example](guide#give-a-machine-its-configuration) |
//! | see what that would change, or try it out | [`ApplyOptions`] | [example](guide#see-what-a-configuration-would-change-or-try-it-out) |
//! | patch a configuration | [`Node::patch_configuration`] | [example](guide#patch-a-configuration) |
//! | bootstrap etcd | [`Node::bootstrap`] | [example](guide#bootstrap-etcd) |
//! | merge a kubeconfig into that of a user | [`Node::kubeconfig`], [`KubeconfigFile::merge`] | [example](guide#get-access-to-kubernetes) |
//! | reboot, shut down or reset a machine and know how it ends | [`Node::reboot`], [`Node::reset`], [`Action`] | [example](guide#reboot-a-machine-and-know-how-it-ends) |
//! | upgrade Talos | [`Node::upgrade`] | [example](guide#upgrade-talos) |
//! | save etcd, and bring it back | [`Node::etcd_snapshot_to`], [`Node::etcd_recover_from`] | [example](guide#save-etcd) |
//! | look after the members of etcd | [`Node::etcd_status`], [`Node::etcd_remove_member`] | [example](guide#take-a-member-out-of-etcd) |
//! | follow logs and the kernel | [`Node::logs`], [`Node::dmesg`] | [example](guide#follow-logs) |
//! | follow events, of several machines at once | [`Node::events`], [`Nodes::merge`] | [example](guide#follow-events) |
//! | look at files, or take them home | [`Node::list`], [`Node::read`], [`Node::copy`] | [example](guide#look-at-files-and-take-them-home) |
//! | read resources | [`Node::resources`], [`resources`] | [example](guide#read-resources) |
//! | wait for resources, or hear of every change | [`Resources::wait_until`], [`Resources::changes`] | [example](guide#wait-for-resources-or-hear-of-every-change) |
//! | keep resources in memory | [`Resources::cache`] | [example](guide#keep-resources-in-memory) |
//! | have a cluster's health checked | [`Node::cluster_health`] | [example](guide#check-the-health-of-a-cluster) |
//! | see what goes over the network | [`Node::sockets`], [`Node::capture_packets`] | [example](guide#capture-packets) |
//! | renew the client certificate in time | [`Client::keep_certificate`] | [example](guide#renew-the-certificate) |
//! | know what went wrong, and try again | [`Error::kind`], [`Error::is_retryable`] | [example](guide#act-on-errors) |
//! | set time limits, and cancel | [`ClientOptions`], [`Node::with_timeout`] | [example](guide#set-time-limits-and-cancel) |
//! | make a call that has no method here | [`Node::raw`] | [example](guide#make-a-call-that-has-no-method-here) |
//! | see what a machine is and does | [`Node::services`], [`Node::processes`], [`Node::memory`], [`Node::disks`] | |
//! | bring images to a machine | [`Node::pull_image`], [`Node::import_image`] | |
//! | run a program there | [`Node::debug_container`] | |
//! | choose by the version of Talos | [`Node::server_version`], [`Node::has_method`] | |
//!
//! ```
//! # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/guide.rs"));
//! # fn main() -> Result<(), Box<dyn std::error::Error>> { guide(1, async |_, lab| {
//! # let talosconfig = talos_client::talosconfig::TalosConfig::from_yaml(&lab.talosconfig)?;
//! # let (first, second) = (lab.control_plane, lab.worker);
//! use talos_client::{Client, ClientOptions};
//!
//! // For the file that talosctl uses: `TalosConfig::find()?`.
//! let client = Client::connect(&talosconfig, ClientOptions::default())?;
//! println!("{}", client.node(&first).version().await?.tag);
//!
//! let versions = client.nodes([first, second]).each(async |node| node.version().await).await;
//! for (node, version) in &versions.into_result()? {
//!     println!("{node}: {}", version.tag);
//! }
//! # Ok(()) }) }
//! ```
//!
//! The [guide] has an example for each task, run against simulated machines. Servers of Talos 1.9 to 1.14 are served by
//! one build: where versions differ, the call is chosen by what the machine has.
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
pub mod guide;
mod health;
mod http2;
mod image_store;
mod images;
mod inspect;
mod instant;
mod keep_alive;
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
#[cfg(feature = "siderov1")]
mod openpgp;
mod options;
#[doc(hidden)]
pub mod parse;
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
#[cfg(feature = "siderov1")]
mod siderov1_keys;
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
#[cfg(feature = "siderov1")]
pub use siderov1_keys::SideroV1Keys;
pub use stage::{MachineStage, UnmetCondition};
pub use stream::{ByteStream, ItemStream};
pub use system::{CpuTime, LoadAverage, Mount, SoftInterrupts, SystemStat};
pub use talos_version::TalosVersion;
pub use upgrade::{UpgradeOptions, UpgradeWay};
pub use usage::{Usage, UsageOptions, UsageThreshold};
pub use version::Version;
// Their types are in the signatures here.
pub use {talos_pki, talosconfig};
