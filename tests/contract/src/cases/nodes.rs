//! Several nodes in one call, by the header `nodes`: one reply with a message of each, which says who it is from.

use std::collections::BTreeSet;

use bytes::Bytes;
use prost::Message;
use talos_pki::Role;
use talos_proto::common::{ContainerDriver, Data, Metadata};
use talos_proto::cosi::resource as cosi;
use talos_proto::machine;
use tonic::Code;

use crate::case::{Case, Shape, case};
use crate::check::{eventually, refused, same, some, soon};
use crate::env::Env;
use crate::facts;
use crate::failure::{Failure, Verdict};
use crate::many::{Many, Part, Parts, read};
use crate::world::NOWHERE;

/// Nodes for Go's client.
const EACH: &str = "{first} {second} {worker}";
const CONTROL_PLANE_NODES: &str = "{first} {second}";
const AND_NOWHERE: &str = "{first} {nowhere} {worker}";

/// Methods that any machine answers, without a question.
const ANY_MACHINE: [&str; 14] = [
    "MachineService/CPUFreqStats",
    "MachineService/CPUInfo",
    "MachineService/DiskStats",
    "MachineService/Hostname",
    "MachineService/LoadAvg",
    "MachineService/LogsContainers",
    "MachineService/Memory",
    "MachineService/Mounts",
    "MachineService/NetworkDeviceStats",
    "MachineService/Processes",
    "MachineService/ServiceList",
    "MachineService/SystemStat",
    "StorageService/Disks",
    "TimeService/Time",
];

/// The same, of control plane nodes alone.
const CONTROL_PLANES: [&str; 3] =
    ["MachineService/EtcdAlarmList", "MachineService/EtcdMemberList", "MachineService/EtcdStatus"];

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (method, nodes) in ANY_MACHINE
        .map(|method| (method, EACH))
        .into_iter()
        .chain(CONTROL_PLANES.map(|method| (method, CONTROL_PLANE_NODES)))
    {
        let control_planes = CONTROL_PLANES.contains(&method);
        let command =
            facts::find(method).map(|method| format!("call {}", method.path.trim_start_matches('/')));
        let case = case(named(method), method, move |env| async move {
            let nodes = if control_planes { env.world().control_planes.clone() } else { several(&env) };
            each_answers(&env, method, &(), nodes).await
        });
        cases.push(case.go_of(nodes, &command.unwrap_or_default(), Code::Ok, 1));
    }
    cases.extend(unary());
    cases.extend(streams());
    cases.extend(streams_that_go_on());
    cases.extend(refusals());
    cases.extend(workers());
    cases
}

/// A case of one method.
fn named(method: &str) -> String {
    format!("nodes/{}", method.replace('/', "."))
}

/// The machines there are: two control plane nodes and a worker, or fewer.
fn several(env: &Env) -> Vec<String> {
    let world = env.world();
    world.control_planes.iter().take(2).chain(world.workers.first()).cloned().collect()
}

/// The same, and an address that none has.
fn with_nowhere(env: &Env) -> Result<Vec<String>, Failure> {
    env.forwards()?;
    Ok(several(env).into_iter().chain([NOWHERE.to_owned()]).collect())
}

/// Through the endpoint of all cases.
async fn client(env: &Env) -> Result<Many, Failure> {
    Many::connect(env, &env.world().endpoint).await
}

/// Who a message is from.
fn from(metadata: Option<&Metadata>) -> Result<&Metadata, Failure> {
    some(metadata, "metadata that says who the message is from")
}

/// A node, and the code in its part.
type Refusing = (String, Code);

/// The nodes that all is well with, and the codes of the others, in the order of their names.
fn judged<'a>(
    parts: impl IntoIterator<Item = Option<&'a Metadata>>,
) -> Result<(Vec<String>, Vec<Refusing>), Failure> {
    let (mut well, mut others) = (Vec::new(), Vec::new());
    for part in parts {
        let metadata = from(part)?;
        match (&metadata.status, metadata.error.is_empty()) {
            (None, true) => well.push(metadata.hostname.clone()),
            (Some(status), false) => others.push((metadata.hostname.clone(), Code::from(status.code))),
            (status, _) => {
                return Err(Failure::wrong("an error with its status, or neither", format!("{status:?}")));
            }
        }
    }
    others.sort_by(|(one, _), (other, _)| one.cmp(other));
    Ok((sorted(well), others))
}

/// Who does not have the method says so in its part.
fn implemented(others: &[Refusing]) -> Verdict {
    match others.iter().find(|(_, code)| *code == Code::Unimplemented) {
        Some((node, _)) => Err(tonic::Status::unimplemented(node.as_str()).into()),
        None => Ok(()),
    }
}

/// Each of these with the same code.
fn each(nodes: Vec<String>, code: Code) -> Vec<Refusing> {
    sorted(nodes).into_iter().map(|node| (node, code)).collect()
}

fn sorted(mut names: Vec<String>) -> Vec<String> {
    names.sort();
    names
}

/// Every node answers in the one reply, under the name it was asked by.
async fn each_answers(env: &Env, method: &str, request: &impl Message, nodes: Vec<String>) -> Verdict {
    let reply: Parts = client(env).await?.of(nodes.clone()).ask(method, request).await?;
    let (well, others) = judged(reply.messages.iter().map(|part| part.metadata.as_ref()))?;
    implemented(&others)?;
    same(others, Vec::new())?;
    same(well, sorted(nodes))
}

fn unary() -> Vec<Case> {
    let hostname = "MachineService/Hostname";
    let version = "MachineService/Version";
    vec![
        case("nodes/each-answers-for-itself", hostname, move |env| async move {
            let nodes = several(&env);
            let reply: machine::HostnameResponse =
                client(&env).await?.of(nodes.clone()).ask(hostname, &()).await?;
            for message in reply.messages {
                let target = &from(message.metadata.as_ref())?.hostname;
                let one = env.admin()?.node(target).raw().machine().hostname(()).await?.into_inner();
                same(
                    Some(message.hostname),
                    one.messages.into_iter().next().map(|message| message.hostname),
                )?;
            }
            Ok(())
        }),
        case("nodes/by-hostname", hostname, move |env| async move {
            let many = client(&env).await?.of(several(&env));
            let reply: machine::HostnameResponse = many.ask(hostname, &()).await?;
            let names: BTreeSet<String> =
                reply.messages.into_iter().map(|message| message.hostname).collect();
            let names: Vec<String> = names.into_iter().collect();
            // The answers are named as the nodes were, not as they name themselves.
            each_answers(&env, hostname, &(), names).await
        }),
        case("nodes/one", version, move |env| async move {
            each_answers(&env, version, &(), vec![env.node_name()?.to_owned()]).await
        }),
        case("nodes/the-same-twice", version, move |env| async move {
            let node = env.node_name()?.to_owned();
            each_answers(&env, version, &(), vec![node.clone(), node]).await
        }),
        case("nodes/with-a-question", "MachineService/Containers", |env| async move {
            let request = machine::ContainersRequest {
                namespace: "system".to_owned(),
                driver: ContainerDriver::Containerd.into(),
            };
            each_answers(&env, "MachineService/Containers", &request, several(&env)).await
        }),
        case("nodes/unreachable-among-them", version, move |env| async move {
            let reply: machine::VersionResponse =
                client(&env).await?.of(with_nowhere(&env)?).ask(version, &()).await?;
            let (well, others) = judged(reply.messages.iter().map(|message| message.metadata.as_ref()))?;
            same(well, sorted(several(&env)))?;
            same(others, vec![(NOWHERE.to_owned(), Code::Unavailable)])?;
            let empty = reply.messages.iter().filter(|message| message.version.is_none()).count();
            same(empty, 1)
        })
        .go_of(AND_NOWHERE, "version", Code::Unavailable, 1),
        case("nodes/unreachable-alone", "", move |env| async move {
            env.forwards()?;
            let reply: Parts = client(&env).await?.of([NOWHERE]).ask(version, &()).await?;
            let (_, others) = judged(reply.messages.iter().map(|part| part.metadata.as_ref()))?;
            same(others, vec![(NOWHERE.to_owned(), Code::Unavailable)])
        }),
        case("nodes/unknown-name-among-them", version, move |env| async move {
            env.forwards()?;
            let unknown = "no-such-host.invalid";
            let nodes = several(&env).into_iter().chain([unknown.to_owned()]);
            let reply: Parts = client(&env).await?.of(nodes).ask(version, &()).await?;
            let (well, others) = judged(reply.messages.iter().map(|part| part.metadata.as_ref()))?;
            same(well, sorted(several(&env)))?;
            same(others.first().map(|(name, _)| name.as_str()), Some(unknown))
        }),
        case("nodes/refused-inside", "MachineService/GenerateClientConfiguration", |env| async move {
            let many = client(&env).await?.of(several(&env));
            let reply: Parts = many.ask("MachineService/GenerateClientConfiguration", &()).await?;
            let (well, others) = judged(reply.messages.iter().map(|part| part.metadata.as_ref()))?;
            same(well, Vec::<String>::new())?;
            same(others, each(several(&env), Code::PermissionDenied))
        })
        .role_of(Role::Reader),
        case("nodes/one-of-them-refuses", "MachineService/EtcdMemberList", |env| async move {
            let (node, worker) = (env.node_name()?.to_owned(), env.worker()?.to_owned());
            let many = client(&env).await?.of([node.clone(), worker.clone()]);
            let reply: Parts = many.ask("MachineService/EtcdMemberList", &()).await?;
            let (well, others) = judged(reply.messages.iter().map(|part| part.metadata.as_ref()))?;
            same(well, vec![node])?;
            same(others, vec![(worker, Code::Unimplemented)])
        }),
        case("nodes/before-node", version, move |env| async move {
            let node = env.node_name()?.to_owned();
            let many = client(&env).await?.with("node", node.clone()).of([node.clone(), node]);
            let reply: Parts = many.ask(version, &()).await?;
            same(reply.messages.len(), 2)
        }),
        case("nodes/not-once-forwarded", version, move |env| async move {
            env.forwards()?;
            // Who forwarded it wants the answer of this machine, and puts the metadata in itself.
            let many = client(&env).await?.of(with_nowhere(&env)?).with("proxyfrom", NOWHERE);
            let reply: Parts = many.ask(version, &()).await?;
            same(reply.messages, vec![Part::default()])
        }),
    ]
}

/// Every node has messages in the stream, each under the name it was asked by.
async fn each_streams(env: &Env, method: &str, request: &impl Message, nodes: Vec<String>) -> Verdict {
    let parts: Vec<Part> = client(env).await?.of(nodes.clone()).stream(method, request).await?;
    let (well, others) = judged(parts.iter().map(|part| part.metadata.as_ref()))?;
    implemented(&others)?;
    same(others, Vec::new())?;
    let well: BTreeSet<String> = well.into_iter().collect();
    same(well, nodes.into_iter().collect::<BTreeSet<_>>())
}

/// A case of a method that streams.
fn streamed<R>(method: &'static str, request: R) -> Case
where
    R: Message + Clone + 'static,
{
    case(named(method), method, move |env| {
        let request = request.clone();
        async move { each_streams(&env, method, &request, several(&env)).await }
    })
}

fn machined() -> machine::LogsRequest {
    machine::LogsRequest {
        namespace: "system".to_owned(),
        id: "machined".to_owned(),
        tail_lines: -1,
        ..Default::default()
    }
}

fn streams() -> Vec<Case> {
    let (logs, read_file) = ("MachineService/Logs", "MachineService/Read");
    let etc = || "/etc".to_owned();
    vec![
        streamed(logs, machined()),
        streamed("MachineService/Dmesg", machine::DmesgRequest::default()).go_of(
            EACH,
            "dmesg",
            Code::Ok,
            1..,
        ),
        streamed("MachineService/Copy", machine::CopyRequest { root_path: etc() }),
        streamed("MachineService/List", machine::ListRequest { root: etc(), ..Default::default() }).go_of(
            EACH,
            "list /etc",
            Code::Ok,
            3..,
        ),
        streamed(
            "MachineService/DiskUsage",
            machine::DiskUsageRequest { paths: vec![etc()], ..Default::default() },
        ),
        case("nodes/each-streams-its-own", read_file, move |env| async move {
            let nodes = several(&env);
            let request = machine::ReadRequest { path: "/etc/hostname".to_owned() };
            let pieces: Vec<Data> = client(&env).await?.of(nodes.clone()).stream(read_file, &request).await?;
            for node in nodes {
                let of_node =
                    |piece: &&Data| piece.metadata.as_ref().is_some_and(|from| from.hostname == node);
                let text: Vec<u8> =
                    pieces.iter().filter(of_node).flat_map(|piece| piece.bytes.clone()).collect();
                let mut machine = env.admin()?.node(&node).raw().machine();
                let one = crate::check::collect_bytes(machine.read(request.clone())).await?;
                same(text, one)?;
            }
            Ok(())
        })
        .go_of(EACH, "read /etc/hostname", Code::Ok, 1..),
        case("nodes/unreachable-in-a-stream", logs, move |env| async move {
            let pieces: Vec<Data> =
                client(&env).await?.of(with_nowhere(&env)?).stream(logs, &machined()).await?;
            let (well, others) = judged(pieces.iter().map(|piece| piece.metadata.as_ref()))?;
            // The others go on to their ends, and the end of the whole is a good one.
            same(
                well.into_iter().collect::<BTreeSet<_>>(),
                several(&env).into_iter().collect::<BTreeSet<_>>(),
            )?;
            same(others, vec![(NOWHERE.to_owned(), Code::Unavailable)])
        })
        .go_of(AND_NOWHERE, "logs machined", Code::Unavailable, 0..),
        case("nodes/refused-in-a-stream", read_file, move |env| async move {
            let many = client(&env).await?.of(several(&env));
            let request = machine::ReadRequest { path: "/etc/hostname".to_owned() };
            let parts: Vec<Part> = many.stream(read_file, &request).await?;
            let (well, others) = judged(parts.iter().map(|part| part.metadata.as_ref()))?;
            same(well, Vec::<String>::new())?;
            same(others, each(several(&env), Code::PermissionDenied))
        })
        .role_of(Role::Reader)
        .go_of(EACH, "read /etc/hostname", Code::PermissionDenied, 0..),
        case("nodes/each-refuses-as-alone", logs, move |env| async move {
            let request = machine::LogsRequest { id: "nosuch".to_owned(), ..machined() };
            let alone = crate::check::collect(env.node()?.raw().machine().logs(request.clone())).await;
            let code = alone.err().map_or(Code::Ok, |status| status.code());
            let parts: Vec<Part> = client(&env).await?.of(several(&env)).stream(logs, &request).await?;
            let (_, others) = judged(parts.iter().map(|part| part.metadata.as_ref()))?;
            same(others, each(several(&env), code))
        }),
    ]
}

/// Reads on until the stream said something of this kind.
async fn until<R: Message + Default>(
    stream: &mut tonic::Streaming<Bytes>,
    what: &str,
    mut wanted: impl FnMut(R) -> bool,
) -> Verdict {
    let reading = async {
        while let Some(message) = stream.message().await? {
            if wanted(read(&message)?) {
                return Ok(());
            }
        }
        Err(Failure::wrong(what, "the end of the stream"))
    };
    soon(what, reading).await?
}

fn streams_that_go_on() -> Vec<Case> {
    let events = "MachineService/Events";
    let all = || machine::EventsRequest { tail_events: -1, ..Default::default() };
    vec![
        case("nodes/events-of-each", events, move |env| async move {
            let mut waiting: BTreeSet<String> = several(&env).into_iter().collect();
            let mut stream = client(&env).await?.of(several(&env)).open(events, &all()).await?;
            until(&mut stream, "events of each node", |event: machine::Event| {
                waiting.remove(&event.metadata.unwrap_or_default().hostname);
                waiting.is_empty()
            })
            .await
        })
        .go_of(EACH, "events -tail 1 -count 3", Code::Ok, 3),
        case(
            "nodes/one-goes-down",
            "MachineService/Events MachineService/ServiceRestart",
            move |env| async move {
                let nodes = env.control_planes()?.to_vec();
                let (first, second) = (nodes[0].clone(), nodes[1].clone());
                let machine = env.machine(&second)?;
                let mut stream = client(&env).await?.of(nodes).open(events, &all()).await?;
                until(&mut stream, "an event of the second node", |event: machine::Event| {
                    event.metadata.is_some_and(|from| from.hostname == second)
                })
                .await?;
                machine.power_off();
                until(&mut stream, "the end of the second node", |event: machine::Event| {
                    event.metadata.is_some_and(|from| from.hostname == second && !from.error.is_empty())
                })
                .await?;
                env.admin()?.node(&first).restart_service("kubelet").await?;
                until(&mut stream, "an event of the first node", |event: machine::Event| {
                    event.metadata.is_some_and(|from| from.hostname == first && from.error.is_empty())
                })
                .await
            },
        )
        .alone(Shape::cluster(2, 0)),
        case("nodes/one-comes-back", "MachineService/Version", |env| async move {
            let nodes = env.control_planes()?.to_vec();
            let machine = env.machine(&nodes[1])?;
            each_answers(&env, "MachineService/Version", &(), nodes.clone()).await?;
            machine.restart();
            machine.wait_until_ready().await;
            eventually("both nodes again", async || {
                each_answers(&env, "MachineService/Version", &(), nodes.clone()).await.ok()
            })
            .await
        })
        .alone(Shape::cluster(2, 0)),
    ]
}

fn refusals() -> Vec<Case> {
    let status = || cosi::GetRequest {
        namespace: "runtime".to_owned(),
        r#type: "MachineStatuses.runtime.talos.dev".to_owned(),
        id: "machine".to_owned(),
        options: None,
    };
    let get = status();
    let list =
        cosi::ListRequest { namespace: get.namespace.clone(), r#type: get.r#type.clone(), options: None };
    let watch = cosi::WatchRequest {
        namespace: get.namespace.clone(),
        r#type: get.r#type.clone(),
        id: Some(get.id.clone()),
        ..Default::default()
    };
    // Resources have no place for metadata, so they were never merged; the newer services neither.
    let mut cases = vec![
        for_one_node("State/Get", get).go_of(
            EACH,
            "cosi-get runtime MachineStatuses.runtime.talos.dev machine",
            Code::InvalidArgument,
            0,
        ),
        for_one_node("State/List", list),
        for_one_node("State/Watch", watch),
        for_one_node("ImageService/List", machine::ImageServiceListRequest::default()).from(13),
        for_one_node("ImageService/Pull", machine::ImageServicePullRequest::default()).from(13),
        for_one_node("LifecycleService/Upgrade", machine::LifecycleServiceUpgradeRequest::default()).from(13),
    ];
    for (name, target) in [("empty", ""), ("with-port", "127.0.0.1:50000")] {
        cases.push(case(format!("nodes/target-{name}"), "", move |env| async move {
            env.forwards()?;
            // One that can't be understood spoils the call for all.
            let many = client(&env).await?.of(several(&env)).of([target]);
            refused(many.ask::<Parts>("MachineService/Version", &()).await, Code::Internal)
        }));
    }
    cases.push(case("nodes/two-in-the-header-of-one", "", |env| async move {
        let many = client(&env).await?.with("node", env.node_name()?).with("node", NOWHERE);
        refused(many.ask::<Parts>("MachineService/Version", &()).await, Code::InvalidArgument)
    }));
    cases
}

/// A method that takes one node only.
fn for_one_node<R: Message + Clone + 'static>(method: &'static str, request: R) -> Case {
    case(named(method), "", move |env| {
        let request = request.clone();
        async move {
            let answer = client(&env).await?.of(several(&env)).ask::<Parts>(method, &request).await;
            if let Ok(parts) = &answer {
                // A server that knows no such method passes it on, and hears that the machines do not either.
                let (_, others) = judged(parts.messages.iter().map(|part| part.metadata.as_ref()))?;
                implemented(&others)?;
            }
            refused(answer, Code::InvalidArgument)
        }
    })
}

fn workers() -> Vec<Case> {
    let version = "MachineService/Version";
    let at_worker = |env: Env| async move { Many::connect(&env, env.worker()?).await };
    vec![
        case("nodes/a-worker-forwards-nothing", "", move |env| async move {
            let many = at_worker(env.clone()).await?.of([env.node_name()?]);
            refused(many.ask::<Parts>(version, &()).await, Code::PermissionDenied)
        }),
        case("nodes/a-worker-forwards-nothing-beside-itself", "", move |env| async move {
            let many = at_worker(env.clone()).await?.of([env.worker()?, env.node_name()?]);
            refused(many.ask::<Parts>(version, &()).await, Code::PermissionDenied)
        }),
        case("nodes/a-worker-forwards-no-stream", "", move |env| async move {
            let many = at_worker(env.clone()).await?.of([env.node_name()?]);
            refused(many.stream::<Part>("MachineService/Logs", &machined()).await, Code::PermissionDenied)
        }),
        case("nodes/a-worker-answers-for-itself", version, move |env| async move {
            let many = at_worker(env.clone()).await?.of([env.worker()?]);
            let reply: Parts = many.ask(version, &()).await?;
            // Nobody forwarded this, so nobody says who it is from.
            same(reply.messages, vec![Part::default()])
        }),
    ]
}
