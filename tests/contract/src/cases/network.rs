//! Sockets and packets.

use std::time::Duration;

use futures_util::StreamExt;
use talos_pki::Role;
use talos_proto::machine::netstat_request::{Feature, Filter, L4proto, NetNs};
use talos_proto::machine::{BpfInstruction, ConnectRecord, NetstatRequest, PacketCaptureRequest};
use tonic::Code;

use crate::case::{Case, Target, case};
use crate::check::{ask, ensure, refused, same, some, soon};
use crate::env::Env;
use crate::failure::Failure;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = sockets();
    cases.extend(packets());
    cases
}

fn sockets() -> Vec<Case> {
    let method = "MachineService/Netstat";
    vec![
        case("network/listening", method, |env| async move {
            let sockets = netstat(&env, Filter::Listening, all(), true).await?;
            let apid = sockets.iter().find(|socket| socket.localport == 50_000);
            some(apid, "the socket of apid").map(drop)
        })
        .go(
            "call machine.MachineService/Netstat {\"filter\":\"LISTENING\",\"l4proto\":{\"tcp\":true,\"tcp6\":true},\"netns\":{\"hostnetwork\":true}}",
            Code::Ok,
            1,
        ),
        case("network/connected", method, |env| async move {
            let sockets = netstat(&env, Filter::Connected, all(), true).await?;
            let open: Vec<_> = sockets.iter().filter(|socket| socket.remoteport == 0).collect();
            ensure(open.is_empty(), "only sockets that are connected", open)
        }),
        case("network/all-is-the-sum", method, |env| async move {
            let all_of = netstat(&env, Filter::All, all(), true).await?.len();
            let connected = netstat(&env, Filter::Connected, all(), true).await?.len();
            ensure(all_of > connected, "more than those that are connected", (all_of, connected))
        }),
        case("network/nothing-unless-asked-for", method, |env| async move {
            let sockets = netstat(&env, Filter::All, L4proto::default(), true).await?;
            same(sockets.len(), 0)
        }),
        case("network/not-the-host-unless-asked-for", method, |env| async move {
            let sockets = netstat(&env, Filter::All, all(), false).await?;
            let host: Vec<_> = sockets.iter().filter(|socket| socket.netns.is_empty()).collect();
            ensure(host.is_empty(), "no sockets of the host", host)
        }),
        case("network/only-one-protocol", method, |env| async move {
            let sockets =
                netstat(&env, Filter::All, L4proto { tcp6: true, ..Default::default() }, true).await?;
            let others: Vec<_> = sockets.iter().filter(|socket| socket.l4proto != "tcp6").collect();
            ensure(!sockets.is_empty() && others.is_empty(), "TCP over IPv6", others)
        }),
        case("network/processes", method, |env| async move {
            let request = NetstatRequest {
                filter: Filter::Listening.into(),
                feature: Some(Feature { pid: true }),
                l4proto: Some(all()),
                netns: Some(NetNs { hostnetwork: true, ..Default::default() }),
            };
            let sockets = ask!(env, machine.netstat(request)).connectrecord;
            let named = sockets.iter().filter_map(|socket| socket.process.as_ref()).any(|process| process.pid > 0);
            ensure(named, "processes", &sockets)
        }),
        case("network/sockets-as-reader", method, |env| async move {
            netstat(&env, Filter::All, all(), true).await.map(drop)
        })
        .role_of(Role::Reader)
        .go("call machine.MachineService/Netstat {}", Code::Ok, 1),
        case("network/sockets-of-a-worker", method, |env| async move {
            let sockets = netstat(&env, Filter::Listening, all(), true).await?;
            let etcd: Vec<_> = sockets.iter().filter(|socket| socket.localport == 2379).collect();
            ensure(etcd.is_empty(), "nothing of etcd", etcd)
        })
        .on(Target::Worker)
        .go("call machine.MachineService/Netstat {}", Code::Ok, 1),
    ]
}

fn packets() -> Vec<Case> {
    let method = "MachineService/PacketCapture";
    vec![
        case("network/capture-begins-with-a-header", method, |env| async move {
            let request = PacketCaptureRequest { interface: "lo".to_owned(), ..Default::default() };
            let mut stream = env.node()?.raw().machine().packet_capture(request).await?.into_inner();
            let first = some(soon("the header", stream.message()).await??, "a header")?.bytes;
            let magic: [u8; 4] = some(first.get(..4).and_then(|magic| magic.try_into().ok()), "four bytes")?;
            let known = [0xa1b2_c3d4_u32, 0xa1b2_3c4d];
            let fits =
                known.contains(&u32::from_le_bytes(magic)) || known.contains(&u32::from_be_bytes(magic));
            ensure(fits && first.len() >= 24, "the header of a pcap file", &first)
        }),
        case("network/capture-goes-on", method, |env| async move {
            let request = PacketCaptureRequest { interface: "lo".to_owned(), ..Default::default() };
            let mut stream = env.node()?.raw().machine().packet_capture(request).await?.into_inner();
            some(soon("the header", stream.next()).await?, "a header")??;
            let end = tokio::time::timeout(Duration::from_millis(200), async {
                while let Some(Ok(_)) = stream.next().await {}
            });
            ensure(end.await.is_err(), "no end", "an end")
        }),
        case("network/capture-of-unknown-interface", method, |env| async move {
            let request = PacketCaptureRequest { interface: "nosuch".to_owned(), ..Default::default() };
            refused(started(&env, request).await?, Code::NotFound)
        })
        .go(
            "call machine.MachineService/PacketCapture {\"interface\":\"nosuch\"}",
            Code::NotFound,
            0,
        ),
        case("network/capture-with-a-broken-filter", method, |env| async move {
            let request = PacketCaptureRequest {
                interface: "lo".to_owned(),
                // A jump to nowhere.
                bpf_filter: vec![BpfInstruction { op: 0x15, jt: 9, jf: 9, k: 1 }],
                ..Default::default()
            };
            let answer = started(&env, request).await?;
            ensure(answer.is_err(), "a refusal", &answer)
        }),
        case("network/capture-as-reader", method, |env| async move {
            let request = PacketCaptureRequest { interface: "lo".to_owned(), ..Default::default() };
            refused(started(&env, request).await?, Code::PermissionDenied)
        })
        .role_of(Role::Reader)
        .go(
            "call machine.MachineService/PacketCapture {\"interface\":\"lo\"}",
            Code::PermissionDenied,
            0,
        ),
    ]
}

fn all() -> L4proto {
    L4proto { tcp: true, tcp6: true, udp: true, udp6: true, ..Default::default() }
}

async fn netstat(
    env: &Env,
    filter: Filter,
    l4proto: L4proto,
    host: bool,
) -> Result<Vec<ConnectRecord>, Failure> {
    let request = NetstatRequest {
        filter: filter.into(),
        feature: None,
        l4proto: Some(l4proto),
        netns: Some(NetNs { hostnetwork: host, ..Default::default() }),
    };
    Ok(ask!(env, machine.netstat(request)).connectrecord)
}

type Started = Result<Option<talos_proto::common::Data>, tonic::Status>;

async fn started(env: &Env, request: PacketCaptureRequest) -> Result<Started, Failure> {
    let mut machine = env.node()?.raw().machine();
    Ok(async { machine.packet_capture(request).await?.into_inner().message().await }.await)
}
