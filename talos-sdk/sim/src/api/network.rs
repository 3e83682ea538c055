//! Sockets and packets.

use std::net::Ipv4Addr;
use std::time::{Duration, UNIX_EPOCH};

use bytes::{BufMut, Bytes, BytesMut};
use futures_util::{StreamExt, stream};
use talos_proto::machine;
use talos_proto::machine::connect_record::State;
use talos_proto::machine::netstat_request::Filter;
use tonic::Status;

use super::Context;
use super::streams::data;
use crate::grpc::Answer;
use crate::hardware::INTERFACES;
use crate::workload;

/// A socket of a service.
struct Socket {
    service: &'static str,
    protocol: &'static str,
    local: (Ipv4Addr, u32),
    remote: (Ipv4Addr, u32),
}

const ANY: Ipv4Addr = Ipv4Addr::UNSPECIFIED;
const LOCAL: Ipv4Addr = Ipv4Addr::LOCALHOST;

fn sockets(cx: &Context<'_>) -> Vec<Socket> {
    let own = cx.run.address();
    let listen = |service, protocol, local| Socket { service, protocol, local, remote: (ANY, 0) };
    let mut sockets = vec![
        listen("apid", "tcp6", (ANY, 50_000)),
        listen("trustd", "tcp6", (ANY, 50_001)),
        listen("etcd", "tcp", (own, 2379)),
        listen("etcd", "tcp", (own, 2380)),
        listen("kubelet", "tcp", (LOCAL, 10_248)),
        listen("kubelet", "tcp6", (ANY, 10_250)),
        listen("kube-apiserver", "tcp6", (ANY, 6443)),
        listen("kube-controller-manager", "tcp", (LOCAL, 10_257)),
        listen("kube-scheduler", "tcp", (LOCAL, 10_259)),
        listen("init", "udp", (Ipv4Addr::new(127, 0, 0, 53), 53)),
    ];
    sockets.push(Socket { remote: (own, 6443), ..listen("kubelet", "tcp", (own, 40_000)) });
    sockets.push(Socket { remote: (own, 2379), ..listen("kube-apiserver", "tcp", (own, 40_002)) });
    sockets
}

pub(super) fn netstat(cx: &Context<'_>, request: &machine::NetstatRequest) -> Result<Answer, Status> {
    let filter = Filter::try_from(request.filter)
        .map_err(|_| Status::invalid_argument(format!("there is no filter number {}", request.filter)))?;
    let processes = workload::processes(cx.run);
    let protocols = request.l4proto.unwrap_or_default();
    let wanted = |protocol: &str| match protocol {
        "tcp" => protocols.tcp,
        "tcp6" => protocols.tcp6,
        _ => protocols.udp,
    };
    let host = request.netns.as_ref().is_some_and(|netns| netns.hostnetwork);
    let with_process = request.feature.is_some_and(|feature| feature.pid);
    let mut records = Vec::new();
    for (index, socket) in sockets(cx).into_iter().enumerate() {
        let connected = socket.remote.1 != 0;
        let matches = match filter {
            Filter::All => true,
            Filter::Connected => connected,
            Filter::Listening => !connected,
        };
        // A socket is there as long as its process is.
        let process = processes.iter().find(|process| {
            process.name == socket.service || process.args.ends_with(&format!("init {}", socket.service))
        });
        let Some(process) = process.filter(|_| matches && host && wanted(socket.protocol)) else { continue };
        let text = |address: Ipv4Addr| match (socket.protocol, address) {
            ("tcp6", ANY) => "::".to_owned(),
            (_, address) => address.to_string(),
        };
        let state = match (socket.protocol, connected) {
            ("udp", _) => State::Close,
            (_, true) => State::Established,
            (_, false) => State::Listen,
        };
        let shown = machine::connect_record::Process { pid: process.pid, name: process.name.clone() };
        records.push(machine::ConnectRecord {
            l4proto: socket.protocol.to_owned(),
            localip: text(socket.local.0),
            localport: socket.local.1,
            remoteip: text(socket.remote.0),
            remoteport: socket.remote.1,
            state: state.into(),
            inode: 20_000 + index as u64,
            process: Some(if with_process { shown } else { Default::default() }),
            ..machine::ConnectRecord::default()
        });
    }
    let reply = machine::Netstat { metadata: None, connectrecord: records };
    Ok(Answer::one(&machine::NetstatResponse { messages: vec![reply] }))
}

/// Bytes of a packet that are kept unless the caller says how many.
const SNAP_LENGTH: u32 = 4096;
/// The class of an instruction, and the one that ends a filter.
const BPF_CLASS: u32 = 7;
const BPF_RETURN: u32 = 6;

/// A file of captured packets that grows until the caller goes away.
pub(super) fn capture(cx: &Context<'_>, request: &machine::PacketCaptureRequest) -> Result<Answer, Status> {
    if !INTERFACES.contains(&request.interface.as_str()) {
        return Err(Status::not_found(format!("there is no interface {:?}", request.interface)));
    }
    let filter = request.bpf_filter.last();
    if filter.is_some_and(|last| last.op & BPF_CLASS != BPF_RETURN) {
        return Err(Status::unknown("the filter does not end with a return"));
    }
    let snap = if request.snap_len == 0 { SNAP_LENGTH } else { request.snap_len };
    let run = cx.run.clone();
    let packets = stream::unfold((run, 0_u32), move |(run, number)| async move {
        // The first packets are there at once; then one comes every second.
        if number >= 3 {
            run.sleep(Duration::from_secs(1)).await;
            // Without this, a clock that stands still would make a loop without an end.
            tokio::task::yield_now().await;
        }
        let at = run.now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let packet = record(&frame(run.address(), number), at, snap);
        Some((Ok(data(packet)), (run, number.wrapping_add(1))))
    });
    Ok(Answer::many(stream::iter([Ok(data(header(snap)))]).chain(packets)))
}

/// The head of a capture file: Ethernet, microseconds.
fn header(snap: u32) -> Bytes {
    let mut header = BytesMut::new();
    header.put_u32_le(0xa1b2_c3d4);
    header.put_u16_le(2);
    header.put_u16_le(4);
    header.put_u64_le(0);
    header.put_u32_le(snap);
    header.put_u32_le(1);
    header.freeze()
}

fn record(frame: &[u8], at: Duration, snap: u32) -> Bytes {
    let length = u32::try_from(frame.len()).unwrap_or(u32::MAX);
    let kept = length.min(snap);
    let mut record = BytesMut::new();
    record.put_u32_le(u32::try_from(at.as_secs()).unwrap_or(u32::MAX));
    record.put_u32_le(at.subsec_micros());
    record.put_u32_le(kept);
    record.put_u32_le(length);
    record.put_slice(&frame[..kept as usize]);
    record.freeze()
}

/// An Ethernet frame: the machine asks who has an address of its network.
fn frame(own: Ipv4Addr, number: u32) -> Vec<u8> {
    let [a, b, c, d] = own.octets();
    let mac = [0x52, 0x54, a, b, c, d];
    let mut frame = vec![0xff; 6];
    frame.extend(mac);
    frame.extend([0x08, 0x06, 0, 1, 0x08, 0, 6, 4, 0, 1]);
    frame.extend(mac);
    frame.extend(own.octets());
    frame.extend([0; 6]);
    frame.extend([a, b, c, u8::try_from(number % 250 + 1).unwrap_or(1)]);
    frame.resize(60, 0);
    frame
}
