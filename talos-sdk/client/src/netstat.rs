//! The sockets of a machine.

use std::net::{IpAddr, SocketAddr};

use talos_proto::machine::connect_record::{State, TimerActive};
use talos_proto::machine::netstat_request::{Feature, Filter, L4proto, NetNs};
use talos_proto::machine::{ConnectRecord, NetstatRequest};

use crate::reply::malformed;
use crate::{Node, Result};

/// Which sockets, for [`Node::sockets`]. By default all of TCP and UDP of the machine itself, without processes.
///
/// ```
/// # use talos_client::{NetstatOptions, SocketFilter};
/// let listening = NetstatOptions::default().with_filter(SocketFilter::Listening).with_processes().with_pods();
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NetstatOptions {
    /// Connected or listening ones.
    pub filter: SocketFilter,
    /// Of which protocols.
    pub protocols: Vec<SocketProtocol>,
    /// Whether to find out which process has them.
    pub processes: bool,
    /// Whether to look at the machine itself.
    pub host: bool,
    /// Which pods to look at.
    pub pods: PodNetworks,
}

/// Connected or listening.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SocketFilter {
    /// All.
    #[default]
    All,
    /// Those that have a peer.
    Connected,
    /// Those that wait for one.
    Listening,
}

/// A protocol over IP, and which IP.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SocketProtocol {
    /// TCP over IPv4.
    Tcp,
    /// TCP over IPv6.
    Tcp6,
    /// UDP over IPv4.
    Udp,
    /// UDP over IPv6.
    Udp6,
    /// UDP-Lite over IPv4.
    UdpLite,
    /// UDP-Lite over IPv6.
    UdpLite6,
    /// IPv4 itself.
    Raw,
    /// IPv6 itself.
    Raw6,
    /// A word that this version of the library does not know.
    Other(String),
}

/// Which network namespaces of pods.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum PodNetworks {
    /// None.
    #[default]
    None,
    /// All.
    All,
    /// Those of these names, as [`Container::network_namespace`](crate::Container::network_namespace) has them.
    Named(Vec<String>),
}

impl Default for NetstatOptions {
    fn default() -> Self {
        use SocketProtocol::{Tcp, Tcp6, Udp, Udp6};
        Self {
            filter: SocketFilter::All,
            protocols: vec![Tcp, Tcp6, Udp, Udp6],
            processes: false,
            host: true,
            pods: PodNetworks::None,
        }
    }
}

impl NetstatOptions {
    /// Connected or listening ones only.
    #[must_use]
    pub fn with_filter(mut self, filter: SocketFilter) -> Self {
        self.filter = filter;
        self
    }

    /// Of these protocols only.
    #[must_use]
    pub fn with_protocols(mut self, protocols: impl IntoIterator<Item = SocketProtocol>) -> Self {
        self.protocols = protocols.into_iter().collect();
        self
    }

    /// Finds out which process has each.
    #[must_use]
    pub fn with_processes(mut self) -> Self {
        self.processes = true;
        self
    }

    /// Those of all pods too.
    #[must_use]
    pub fn with_pods(mut self) -> Self {
        self.pods = PodNetworks::All;
        self
    }

    /// Those in these network namespaces, and not those of the machine itself.
    #[must_use]
    pub fn with_namespaces<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.pods = PodNetworks::Named(names.into_iter().map(Into::into).collect());
        self.host = false;
        self
    }
}

/// A socket of a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Socket {
    /// Its protocol.
    pub protocol: SocketProtocol,
    /// Its address and port.
    pub local: SocketAddr,
    /// Those of its peer; unspecified and 0 if it has none.
    pub remote: SocketAddr,
    /// Its state; for UDP `Close` or `Established`.
    pub state: SocketState,
    /// How many bytes wait to be sent, or to be acknowledged.
    pub send_queue: u64,
    /// How many bytes wait to be read; for listening sockets, how many connections wait to be accepted.
    pub receive_queue: u64,
    /// Which timer runs.
    pub timer: SocketTimer,
    /// When that timer ends, in ticks of the kernel.
    pub timer_ticks: u64,
    /// How often something was sent again.
    pub retransmits: u64,
    /// The id of the user that has it.
    pub uid: u32,
    /// The time limit that the kernel counts for it.
    pub timeout: u64,
    /// Its inode.
    pub inode: u64,
    /// How many references the kernel has to it.
    pub references: u64,
    /// Its address in the kernel.
    pub pointer: u64,
    /// The process that has it, if it was asked for and found.
    pub process: Option<SocketProcess>,
    /// The network namespace it is in; empty for that of the machine.
    pub network_namespace: String,
}

/// A process that has a socket.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct SocketProcess {
    /// Its id.
    pub pid: u32,
    /// Its name.
    pub name: String,
}

/// The state of a socket, as TCP has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[allow(missing_docs, reason = "these are the states of TCP")]
pub enum SocketState {
    /// None of the others.
    Unknown,
    Established,
    SynSent,
    SynReceived,
    FinWait1,
    FinWait2,
    TimeWait,
    Close,
    CloseWait,
    LastAck,
    Listen,
    Closing,
}

/// A timer of a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SocketTimer {
    /// None.
    Off,
    /// Until something is sent again.
    Retransmit,
    /// Until the peer is asked whether it is there.
    KeepAlive,
    /// Until the socket is gone.
    TimeWait,
    /// Until the peer is asked for a larger window.
    Probe,
    /// A number that this version of the library does not know.
    Unknown(i32),
}

impl Node {
    /// The sockets of the machine and of its pods (`machine.MachineService/Netstat`, any role).
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/example.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> { example(async |node| {
    /// use talos_client::{NetstatOptions, SocketFilter};
    ///
    /// let options = NetstatOptions::default().with_filter(SocketFilter::Listening).with_processes();
    /// for socket in node.sockets(options).await? {
    ///     println!("{} {:?}", socket.local, socket.process);
    /// }
    /// # Ok(()) }) }
    /// ```
    pub async fn sockets(&self, options: NetstatOptions) -> Result<Vec<Socket>> {
        let has = |protocol| options.protocols.contains(&protocol);
        let protocols = L4proto {
            tcp: has(SocketProtocol::Tcp),
            tcp6: has(SocketProtocol::Tcp6),
            udp: has(SocketProtocol::Udp),
            udp6: has(SocketProtocol::Udp6),
            udplite: has(SocketProtocol::UdpLite),
            udplite6: has(SocketProtocol::UdpLite6),
            raw: has(SocketProtocol::Raw),
            raw6: has(SocketProtocol::Raw6),
        };
        let (allnetns, netns) = match options.pods {
            PodNetworks::None => (false, Vec::new()),
            PodNetworks::All => (true, Vec::new()),
            PodNetworks::Named(names) => (false, names),
        };
        let request = NetstatRequest {
            filter: match options.filter {
                SocketFilter::All => Filter::All,
                SocketFilter::Connected => Filter::Connected,
                SocketFilter::Listening => Filter::Listening,
            }
            .into(),
            feature: Some(Feature { pid: options.processes }),
            l4proto: Some(protocols),
            netns: Some(NetNs { hostnetwork: options.host, netns, allnetns }),
        };
        let reply =
            self.call(request, |raw, request| async move { raw.machine().netstat(request).await }).await?;
        reply.single()?.connectrecord.into_iter().map(socket).collect()
    }
}

fn socket(record: ConnectRecord) -> Result<Socket> {
    let address = |ip: &str, port: u32| -> Result<SocketAddr> {
        match (ip.parse::<IpAddr>(), u16::try_from(port)) {
            (Ok(ip), Ok(port)) => Ok(SocketAddr::new(ip, port)),
            _ => Err(malformed(format!("{ip:?} with port {port} is no address of a socket"))),
        }
    };
    Ok(Socket {
        protocol: match record.l4proto.as_str() {
            "tcp" => SocketProtocol::Tcp,
            "tcp6" => SocketProtocol::Tcp6,
            "udp" => SocketProtocol::Udp,
            "udp6" => SocketProtocol::Udp6,
            "udplite" => SocketProtocol::UdpLite,
            "udplite6" => SocketProtocol::UdpLite6,
            "raw" => SocketProtocol::Raw,
            "raw6" => SocketProtocol::Raw6,
            other => SocketProtocol::Other(other.to_owned()),
        },
        local: address(&record.localip, record.localport)?,
        remote: address(&record.remoteip, record.remoteport)?,
        state: match State::try_from(record.state) {
            Ok(State::Established) => SocketState::Established,
            Ok(State::SynSent) => SocketState::SynSent,
            Ok(State::SynRecv) => SocketState::SynReceived,
            Ok(State::FinWait1) => SocketState::FinWait1,
            Ok(State::FinWait2) => SocketState::FinWait2,
            Ok(State::TimeWait) => SocketState::TimeWait,
            Ok(State::Close) => SocketState::Close,
            Ok(State::Closewait) => SocketState::CloseWait,
            Ok(State::Lastack) => SocketState::LastAck,
            Ok(State::Listen) => SocketState::Listen,
            Ok(State::Closing) => SocketState::Closing,
            Ok(State::Reserved) | Err(_) => SocketState::Unknown,
        },
        send_queue: record.txqueue,
        receive_queue: record.rxqueue,
        timer: match TimerActive::try_from(record.tr) {
            Ok(TimerActive::Off) => SocketTimer::Off,
            Ok(TimerActive::On) => SocketTimer::Retransmit,
            Ok(TimerActive::Keepalive) => SocketTimer::KeepAlive,
            Ok(TimerActive::Timewait) => SocketTimer::TimeWait,
            Ok(TimerActive::Probe) => SocketTimer::Probe,
            Err(_) => SocketTimer::Unknown(record.tr),
        },
        timer_ticks: record.timerwhen,
        retransmits: record.retrnsmt,
        uid: record.uid,
        timeout: record.timeout,
        inode: record.inode,
        references: record.r#ref,
        pointer: record.pointer,
        process: record
            .process
            .filter(|process| process.pid != 0)
            .map(|process| SocketProcess { pid: process.pid, name: process.name }),
        network_namespace: record.netns,
    })
}
