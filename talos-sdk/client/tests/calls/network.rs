//! Sockets and packets.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt};
use prost::Message;
use talos_client::{
    BpfFilter, ErrorKind, NetstatOptions, Node, PcapOptions, SocketFilter, SocketProtocol, SocketState,
    SocketTimer,
};
use talos_proto::common::Data;
use talos_proto::machine;
use talos_proto::machine::connect_record::{Process, State};
use tokio::io::AsyncReadExt;

use crate::host::server;
use crate::lab::{Lab, soon};
use crate::support::{Answer, many, one};

#[tokio::test(flavor = "multi_thread")]
async fn a_simulated_machine_listens_for_its_api() {
    let lab = Lab::of_version("v1.13.9", 1).await;
    let options = NetstatOptions::default().with_filter(SocketFilter::Listening).with_processes();
    let sockets = lab.node(0).sockets(options).await.unwrap();
    let apid = sockets.iter().find(|socket| socket.local.port() == 50000).unwrap();
    assert_eq!(apid.state, SocketState::Listen);
    assert!(apid.process.as_ref().is_some_and(|process| process.pid > 1), "{apid:?}");
    assert!(apid.remote.ip().is_unspecified() && apid.remote.port() == 0);

    let none = NetstatOptions::default().with_protocols([SocketProtocol::UdpLite]);
    assert!(lab.node(0).sockets(none).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn packets_of_a_simulated_machine_are_captured() {
    let lab = Lab::of_version("v1.13.9", 1).await;
    let node: Node = lab.node(0);
    let mut packets = node.capture_packets(PcapOptions::new("lo")).packets();
    let packet = soon(packets.next()).await.unwrap().unwrap();
    assert!(!packet.data.is_empty() && packet.length as usize >= packet.data.len());
    drop(packets);

    // It ends after its time, and is a file that starts as one.
    let mut capture =
        node.capture_packets(PcapOptions::new("lo").with_duration(Duration::from_millis(500))).into_bytes();
    let mut bytes = Vec::new();
    soon(capture.read_to_end(&mut bytes)).await.unwrap();
    assert_eq!(bytes[..4], [0xd4, 0xc3, 0xb2, 0xa1]);

    let error = node.capture_packets(PcapOptions::new("none0")).packets().try_next().await.unwrap_err();
    assert!(error.is_not_found(), "{error}");
}

#[tokio::test]
async fn by_default_the_sockets_of_the_machine_are_asked_for() {
    let (server, node) = server().await;
    let record = machine::ConnectRecord {
        l4proto: "tcp6".into(),
        localip: "::".into(),
        localport: 50000,
        remoteip: "10.0.0.1".into(),
        remoteport: 65535,
        state: State::Closewait.into(),
        tr: 9,
        process: Some(Process::default()),
        ..Default::default()
    };
    let broken = machine::ConnectRecord { localip: "nowhere".into(), ..record.clone() };
    let reply = |record| one(&machine::Netstat { connectrecord: vec![record], ..Default::default() });
    server.answer("Netstat", [reply(record), reply(broken)]);

    let socket = node.sockets(NetstatOptions::default()).await.unwrap().remove(0);
    assert_eq!(socket.protocol, SocketProtocol::Tcp6);
    assert_eq!((socket.local.to_string().as_str(), socket.remote.port()), ("[::]:50000", 65535));
    assert_eq!((socket.state, socket.timer), (SocketState::CloseWait, SocketTimer::Unknown(9)));
    assert_eq!(socket.process, None);
    let request: machine::NetstatRequest = server.seen("Netstat")[0].request();
    let (protocols, namespaces) = (request.l4proto.unwrap(), request.netns.unwrap());
    assert!(protocols.tcp && protocols.tcp6 && protocols.udp && protocols.udp6 && !protocols.raw);
    assert!(namespaces.hostnetwork && !namespaces.allnetns && namespaces.netns.is_empty());

    let error = node.sockets(NetstatOptions::default().with_namespaces(["cni-1"])).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidReply);
    let request: machine::NetstatRequest = server.seen("Netstat")[1].request();
    let namespaces = request.netns.unwrap();
    assert!(!namespaces.hostnetwork && namespaces.netns == ["cni-1"]);
}

fn header() -> Vec<u8> {
    let fields = [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 4096, 1];
    fields.iter().flat_map(|field| field.to_le_bytes()).collect()
}

fn data(bytes: &[u8]) -> Data {
    Data { metadata: None, bytes: Bytes::copy_from_slice(bytes) }
}

#[tokio::test]
async fn a_capture_that_breaks_off_is_an_error() {
    let (server, node) = server().await;
    let packet: Vec<u8> =
        [1_u32, 0, 3, 3].iter().flat_map(|field| field.to_le_bytes()).chain(*b"abc").collect();
    let whole = [header(), packet.clone(), packet].concat();
    for (length, packets, kind) in [
        (whole.len(), 2, None),
        (whole.len() - 1, 1, Some(ErrorKind::InvalidReply)),
        (24, 0, None),
        (23, 0, Some(ErrorKind::InvalidReply)),
    ] {
        server.answer("PacketCapture", [many(whole[..length].chunks(5).map(data))]);
        let items: Vec<_> = node.capture_packets(PcapOptions::new("eth0")).packets().collect().await;
        assert_eq!(items.iter().filter(|item| item.is_ok()).count(), packets);
        assert_eq!(items.into_iter().find_map(Result::err).map(|error| error.kind()), kind);
    }

    let filter: BpfFilter = "{ 0x28, 0, 1, 0x0000000c },".parse().unwrap();
    server.answer("PacketCapture", [many([data(&header())])]);
    let options = PcapOptions::new("eth0").with_filter(filter).with_snap_len(64).with_promiscuous();
    assert!(node.capture_packets(options).packets().next().await.is_none());
    let request: machine::PacketCaptureRequest = server.seen("PacketCapture").last().unwrap().request();
    assert_eq!((request.snap_len, request.promiscuous), (64, true));
    assert_eq!(request.bpf_filter, [machine::BpfInstruction { op: 0x28, jt: 0, jf: 1, k: 12 }]);
}

#[tokio::test]
async fn only_a_capture_that_began_ends_well_at_its_time() {
    let (server, node) = server().await;
    let options = || PcapOptions::new("eth0").with_duration(Duration::from_millis(300));
    server.answer("PacketCapture", [Answer::Hang(data(&header()).encode_to_vec())]);
    assert!(node.capture_packets(options()).packets().next().await.is_none());
    server.answer("PacketCapture", [Answer::Never]);
    let error = node.capture_packets(options()).packets().next().await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unresponsive);
}
