//! Logs of services and containers, and of the kernel.

use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt};
use talos_client::{LogOptions, Node};
use talos_pki::Role;
use talos_proto::common::ContainerDriver::{Containerd, Cri};
use talos_proto::machine::{DmesgRequest, LogsRequest, ServiceRestartRequest};
use tonic::Code;

use crate::case::{Case, Target, case};
use crate::check::{collect, collect_bytes, ensure, refused, same, some, soon};
use crate::failure::Failure;

/// Logs come in pieces of this many bytes at most.
const PIECE: usize = 1024;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = services();
    cases.extend(kernel());
    cases
}

fn services() -> Vec<Case> {
    let method = "MachineService/Logs";
    let mut cases = vec![
        case("logs/whole", method, |env| async move {
            let text = read(&env.node()?, LogOptions::service("machined")).await?;
            ensure(text.ends_with('\n'), "lines", text)
        })
        .go("logs machined", Code::Ok, 1),
        case("logs/tail", method, |env| async move {
            let node = env.node()?;
            let whole = read(&node, LogOptions::service("machined")).await?;
            let tail = read(&node, LogOptions::service("machined").with_tail(1)).await?;
            same(tail.lines().count(), 1)?;
            ensure(whole.contains(&tail), "a part of the whole", tail)
        })
        .go("logs machined -tail 1", Code::Ok, 1),
        case("logs/tail-of-more-than-there-is", method, |env| async move {
            let node = env.node()?;
            let whole = read(&node, LogOptions::service("trustd")).await?;
            let tail = read(&node, LogOptions::service("trustd").with_tail(1_000_000)).await?;
            same(tail.len() >= whole.len(), true)
        }),
        case("logs/no-backlog", method, |env| async move {
            same(read(&env.node()?, LogOptions::service("machined").with_tail(0)).await?.as_str(), "")
        })
        .go("logs machined -tail 0", Code::Ok, 1),
        case("logs/default-of-the-wire-is-no-backlog", method, |env| async move {
            let request = LogsRequest {
                namespace: "system".to_owned(),
                id: "machined".to_owned(),
                driver: Containerd.into(),
                ..Default::default()
            };
            let mut machine = env.node()?.raw().machine();
            same(collect_bytes(machine.logs(request)).await?.len(), 0)
        }),
        case("logs/in-small-pieces", method, |env| async move {
            let request = LogsRequest {
                namespace: "system".to_owned(),
                id: "machined".to_owned(),
                driver: Containerd.into(),
                follow: false,
                tail_lines: -1,
            };
            let mut machine = env.node()?.raw().machine();
            let pieces = collect(machine.logs(request)).await?;
            let longest = pieces.iter().map(|piece| piece.bytes.len()).max().unwrap_or_default();
            ensure(longest <= PIECE, "pieces of a kibibyte at most", longest)
        }),
        case("logs/follow", "MachineService/Logs MachineService/ServiceRestart", |env| async move {
            let node = env.node()?;
            let mut follow = node.logs(LogOptions::service("kubelet").with_tail(0).with_follow());
            let restart = async {
                // The stream is there once the call is made, so something has to happen afterwards.
                tokio::time::sleep(Duration::from_millis(100)).await;
                let request = ServiceRestartRequest { id: "kubelet".to_owned() };
                node.raw().machine().service_restart(request).await
            };
            let (line, restarted) = tokio::join!(soon("a new line", follow.next()), restart);
            restarted?;
            ensure(!some(line?, "a line")??.is_empty(), "a line", "nothing")
        })
        .changes(),
        case("logs/follow-goes-on", method, |env| async move {
            let mut follow = env.node()?.logs(LogOptions::service("machined").with_tail(1).with_follow());
            some(soon("the last line", follow.next()).await?, "a line")??;
            // Nothing ends it: either more comes, or nothing does.
            let more = tokio::time::timeout(Duration::from_millis(200), follow.next()).await;
            ensure(!matches!(more, Ok(None)), "a stream that goes on", "its end")
        }),
        case("logs/of-a-worker", method, |env| async move {
            ensure(!read(&env.node()?, LogOptions::service("machined")).await?.is_empty(), "lines", "none")
        })
        .on(Target::Worker)
        .go("logs machined -tail 1", Code::Ok, 1),
        case("logs/as-reader", method, |env| async move {
            ensure(!read(&env.node()?, LogOptions::service("apid")).await?.is_empty(), "lines", "none")
        })
        .role_of(Role::Reader)
        .go("logs apid -tail 2", Code::Ok, 1),
        case("logs/unknown", method, |env| async move {
            refused(read(&env.node()?, LogOptions::service("nosuch")).await, Code::Unknown)
        })
        .go("logs nosuch", Code::Unknown, 0..),
        case("logs/unknown-container", method, |env| async move {
            refused(read(&env.node()?, LogOptions::container("a/b:c:d")).await, Code::Unknown)
        })
        .go("logs a/b:c:d -k8s", Code::Unknown, 0..),
        case("logs/of-a-container", "MachineService/Logs MachineService/Containers", |env| async move {
            let node = env.node()?;
            let request = talos_proto::machine::ContainersRequest {
                namespace: "k8s.io".to_owned(),
                driver: Cri.into(),
            };
            let reply = node.raw().machine().containers(request).await?.into_inner();
            let list = reply.messages.into_iter().flat_map(|reply| reply.containers);
            let container = list.into_iter().find(|container| container.name == "kube-apiserver");
            let id = some(container, "the container of the API server")?.id;
            ensure(!read(&node, LogOptions::container(id)).await?.is_empty(), "lines", "none")
        }),
    ];
    for id in ["apid", "etcd", "kubelet", "trustd"] {
        cases.push(case(format!("logs/of-{id}"), method, move |env| async move {
            ensure(!read(&env.node()?, LogOptions::service(id)).await?.is_empty(), "lines", "none")
        }));
    }
    cases
}

fn kernel() -> Vec<Case> {
    let method = "MachineService/Dmesg";
    vec![
        case("dmesg/whole", method, |env| async move {
            let mut machine = env.node()?.raw().machine();
            let lines = collect(machine.dmesg(DmesgRequest::default())).await?;
            ensure(!lines.is_empty(), "messages", &lines)
        })
        .go("dmesg", Code::Ok, 1),
        case("dmesg/one-message-each", method, |env| async move {
            let mut machine = env.node()?.raw().machine();
            for piece in collect(machine.dmesg(DmesgRequest::default())).await? {
                let text = String::from_utf8_lossy(&piece.bytes).into_owned();
                // facility: priority: [time]: message
                let (facility, rest) = some(text.split_once(": "), "a facility")?;
                let (priority, rest) = some(rest.split_once(": ["), "a priority")?;
                ensure(!facility.is_empty() && priority.len() >= 7, "a priority of seven columns", &text)?;
                let (time, _) = some(rest.split_once("]: "), "a time and a message")?;
                ensure(time.contains('T') && time.ends_with('Z'), "a time", &text)?;
                ensure(text.ends_with('\n'), "the end of the line", &text)?;
            }
            Ok(())
        }),
        case("dmesg/only-what-is-new", method, |env| async move {
            let mut machine = env.node()?.raw().machine();
            let request = DmesgRequest { follow: false, tail: true };
            same(collect(machine.dmesg(request)).await?.len(), 0)
        }),
        case("dmesg/follow-goes-on", method, |env| async move {
            let mut machine = env.node()?.raw().machine();
            let mut stream = machine.dmesg(DmesgRequest { follow: true, tail: false }).await?.into_inner();
            some(soon("a message", stream.message()).await??, "a message")?;
            drop(stream);
            Ok(())
        }),
        case("dmesg/of-a-worker", method, |env| async move {
            let mut machine = env.node()?.raw().machine();
            ensure(!collect(machine.dmesg(DmesgRequest::default())).await?.is_empty(), "messages", "none")
        })
        .on(Target::Worker)
        .go("dmesg", Code::Ok, 1),
        case("dmesg/in-maintenance", method, |env| async move {
            let mut machine = env.node()?.raw().machine();
            let lines = collect(machine.dmesg(DmesgRequest::default())).await;
            if env.minor() < 13 {
                refused(lines, Code::Unimplemented)
            } else {
                ensure(!lines?.is_empty(), "messages", "none")
            }
        })
        .on(Target::Maintenance),
    ]
}

async fn read(node: &Node, options: LogOptions) -> Result<String, Failure> {
    let pieces: Vec<_> = node.logs(options).try_collect().await?;
    Ok(String::from_utf8_lossy(&pieces.concat()).into_owned())
}
