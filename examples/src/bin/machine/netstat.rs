//! Sockets.

use std::collections::HashMap;
use std::net::SocketAddr;

use clap::Args;
use serde_json::{Value, json};
use talos_examples::arguments::Format;
use talos_examples::connection::Connection;
use talos_examples::failure::Outcome;
use talos_examples::row;
use talos_sdk::client::{
    ContainerNamespace, NetstatOptions, Socket, SocketFilter, SocketProtocol, SocketState, SocketTimer,
};

#[derive(Args)]
#[allow(clippy::struct_excessive_bools, reason = "these are the flags of talosctl")]
pub(crate) struct Netstat {
    /// All protocols
    #[arg(short, long)]
    verbose: bool,
    /// User and inode too
    #[arg(short = 'x', long)]
    extend: bool,
    /// The process of each socket too
    #[arg(short, long)]
    programs: bool,
    /// Timers too
    #[arg(short = 'o', long)]
    timers: bool,
    /// Listening sockets, not connected ones
    #[arg(short, long)]
    listening: bool,
    /// Listening and connected sockets
    #[arg(short, long)]
    all: bool,
    /// Sockets of pods too
    #[arg(short = 'k', long)]
    pods: bool,
    /// Only TCP
    #[arg(short, long)]
    tcp: bool,
    /// Only UDP
    #[arg(short, long)]
    udp: bool,
    /// Only UDP-Lite
    #[arg(short = 'U', long)]
    udplite: bool,
    /// Only raw sockets
    #[arg(short = 'w', long)]
    raw: bool,
    /// Only IPv4
    #[arg(short = '4', long)]
    ipv4: bool,
    /// Only IPv6
    #[arg(short = '6', long)]
    ipv6: bool,
    /// How to print
    #[arg(long = "output", value_name = "FORMAT", value_enum, default_value = "text")]
    format: Format,
}

/// Sockets of a machine, and the pods that their network namespaces belong to.
struct Found {
    sockets: Vec<Socket>,
    pods: HashMap<String, String>,
}

impl Netstat {
    fn options(&self) -> NetstatOptions {
        use SocketProtocol::{Raw, Raw6, Tcp, Tcp6, Udp, Udp6, UdpLite, UdpLite6};
        let filter = match (self.all, self.listening) {
            (true, _) => SocketFilter::All,
            (_, true) => SocketFilter::Listening,
            _ => SocketFilter::Connected,
        };
        let any = self.tcp || self.udp || self.udplite || self.raw;
        let kinds = [
            (self.tcp || !any, Tcp, Tcp6),
            (self.udp || !any, Udp, Udp6),
            (self.udplite || (self.verbose && !any), UdpLite, UdpLite6),
            (self.raw || (self.verbose && !any), Raw, Raw6),
        ];
        let protocols = kinds.into_iter().filter(|(wanted, ..)| *wanted).flat_map(|(_, four, six)| {
            let four = (self.ipv4 || !self.ipv6).then_some(four);
            four.into_iter().chain((self.ipv6 || !self.ipv4).then_some(six))
        });
        let mut options = NetstatOptions::default().with_filter(filter).with_protocols(protocols);
        if self.programs {
            options = options.with_processes();
        }
        if self.pods {
            options = options.with_pods();
        }
        options
    }

    pub(crate) async fn show(self, connection: &Connection) -> Outcome {
        let options = &self.options();
        let with_pods = self.pods;
        let answers = connection.ask(|node| async move {
            let sockets = node.sockets(options.clone()).await?;
            let mut pods = HashMap::new();
            if with_pods {
                let mut containers = node.containers(ContainerNamespace::Kubernetes).await?;
                // Pods in the network of the machine have no namespace of their own.
                containers.retain(|container| !container.network_namespace.is_empty());
                pods.extend(containers.into_iter().map(|c| (c.network_namespace, c.pod_id)));
            }
            Ok(Found { sockets, pods })
        });
        let mut header = vec!["Proto", "Recv-Q", "Send-Q", "Local Address", "Foreign Address", "State"];
        for (shown, names) in [
            (self.extend, &["Uid", "Inode"][..]),
            (self.programs, &["PID/Program name"]),
            (self.pods, &["Pod"]),
            (self.timers, &["Timer"]),
        ] {
            header.extend(names.iter().filter(|_| shown));
        }
        answers.await?.show(
            self.format,
            &header,
            |found| found.sockets.iter().map(|socket| self.row(socket, &found.pods)).collect(),
            |found| found.sockets.iter().map(|socket| object(socket, &found.pods)).collect(),
        )
    }

    fn row(&self, socket: &Socket, pods: &HashMap<String, String>) -> Vec<String> {
        let mut row = row![
            protocol(&socket.protocol),
            socket.receive_queue,
            socket.send_queue,
            address(socket.local),
            address(socket.remote),
            // That is what sockets without connections have.
            if socket.state == SocketState::Close { "" } else { state(socket.state) },
        ];
        if self.extend {
            row.extend([socket.uid.to_string(), socket.inode.to_string()]);
        }
        if self.programs {
            let process = socket.process.as_ref();
            row.push(process.map_or("-".to_owned(), |process| format!("{}/{}", process.pid, process.name)));
        }
        if self.pods {
            row.push(pods.get(&socket.network_namespace).cloned().unwrap_or_else(|| "-".to_owned()));
        }
        if self.timers {
            #[allow(clippy::cast_precision_loss, reason = "two digits are shown")]
            let when = socket.timer_ticks as f64 / 100.0;
            row.push(format!(
                "{} ({when:.2}/{}/{})",
                timer(socket.timer),
                socket.retransmits,
                socket.timeout
            ));
        }
        row
    }
}

fn object(socket: &Socket, pods: &HashMap<String, String>) -> Value {
    json!({
        "protocol": protocol(&socket.protocol), "receive_queue": socket.receive_queue,
        "send_queue": socket.send_queue, "local": socket.local.to_string(), "remote": socket.remote.to_string(),
        "state": state(socket.state), "uid": socket.uid, "inode": socket.inode,
        "process": socket.process.as_ref().map(|process| json!({ "pid": process.pid, "name": process.name })),
        "pod": pods.get(&socket.network_namespace), "timer": timer(socket.timer),
    })
}

/// An address with its port; `*` for none.
fn address(address: SocketAddr) -> String {
    match address.port() {
        0 => format!("{}:*", address.ip()),
        port => format!("{}:{port}", address.ip()),
    }
}

fn protocol(protocol: &SocketProtocol) -> &str {
    match protocol {
        SocketProtocol::Tcp => "tcp",
        SocketProtocol::Tcp6 => "tcp6",
        SocketProtocol::Udp => "udp",
        SocketProtocol::Udp6 => "udp6",
        SocketProtocol::UdpLite => "udplite",
        SocketProtocol::UdpLite6 => "udplite6",
        SocketProtocol::Raw => "raw",
        SocketProtocol::Raw6 => "raw6",
        SocketProtocol::Other(word) => word,
        _ => "",
    }
}

fn state(state: SocketState) -> &'static str {
    match state {
        SocketState::Established => "ESTABLISHED",
        SocketState::SynSent => "SYN_SENT",
        SocketState::SynReceived => "SYN_RECV",
        SocketState::FinWait1 => "FIN_WAIT1",
        SocketState::FinWait2 => "FIN_WAIT2",
        SocketState::TimeWait => "TIME_WAIT",
        SocketState::Close => "CLOSE",
        SocketState::CloseWait => "CLOSEWAIT",
        SocketState::LastAck => "LASTACK",
        SocketState::Listen => "LISTEN",
        SocketState::Closing => "CLOSING",
        _ => "RESERVED",
    }
}

fn timer(timer: SocketTimer) -> &'static str {
    match timer {
        SocketTimer::Off => "off",
        SocketTimer::Retransmit => "on",
        SocketTimer::KeepAlive => "keepalive",
        SocketTimer::TimeWait => "timewait",
        SocketTimer::Probe => "probe",
        _ => "unknown",
    }
}
