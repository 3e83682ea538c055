//! Endpoints that come and go, servers that misbehave, and what the client makes of it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

mod dial;
mod failover;
mod failures;
mod handshake;
#[cfg(feature = "siderov1")]
mod siderov1;
mod support;
mod trust;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use prost::Message;
use support::{Answer, LOOPBACK, Pki, Server, ServerOptions, eventually, version};
use talos_client::resources::MachineStatus;
use talos_client::{
    Client, ClientOptions, Error, ErrorKind, EventOptions, LogOptions, Node, RebootOptions, TalosVersion,
};
use talos_proto::common::{Data, Metadata};
use talos_proto::cosi::resource as cosi;
use talos_proto::machine;
use talosconfig::{BasicAuth, Context, TalosConfig};
use tokio::net::TcpListener;

fn connect(context: &Context) -> Client {
    Client::from_context(context, ClientOptions::default()).unwrap()
}

fn client(pki: &Pki, servers: &[&Server]) -> Client {
    connect(&pki.context(servers.iter().map(|server| server.endpoint())))
}

async fn started(pki: &Pki, tag: &str) -> Server {
    let server = Server::start(pki).await;
    server.answer("Version", [version(tag)]);
    server
}

async fn tag(node: &Node) -> Result<String, Error> {
    node.version().await.map(|version| version.tag)
}

// Endpoints

#[tokio::test]
async fn calls_go_round_the_endpoints_over_one_connection_each() {
    let pki = Pki::new();
    let servers = [started(&pki, "a").await, started(&pki, "b").await, started(&pki, "c").await];
    let client = client(&pki, &servers.iter().collect::<Vec<_>>());
    assert_eq!(
        servers.iter().map(Server::connections).sum::<usize>(),
        0,
        "a client connects at its first call"
    );
    let node = client.node("10.0.0.2");
    eventually(async || {
        tag(&node).await.unwrap();
        servers.iter().all(|server| server.seen("Version").len() > 3)
    })
    .await;
    let other = client.clone().endpoint();
    let tags: BTreeSet<String> = futures_util::future::join_all((0..30).map(|_| tag(&other)))
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    assert_eq!(tags.len(), 3);
    assert!(servers.iter().all(|server| server.connections() == 1));
}

#[tokio::test]
async fn a_broken_endpoint_is_left_out_and_comes_back() {
    let pki = Pki::new();
    let mut servers = [started(&pki, "a").await, started(&pki, "b").await, started(&pki, "c").await];
    let node = client(&pki, &servers.iter().collect::<Vec<_>>()).node("10.0.0.2");
    let all = |servers: &[Server]| servers.iter().all(|server| !server.seen("Version").is_empty());
    eventually(async || tag(&node).await.is_ok() && all(&servers)).await;

    servers[1].stop().await;
    for _ in 0..30 {
        assert_ne!(tag(&node).await.unwrap(), "b");
    }
    servers[1].restart().await;
    eventually(async || tag(&node).await.unwrap() == "b").await;
    servers[0].stop().await;
    servers[2].stop().await;
    for _ in 0..10 {
        assert_eq!(tag(&node).await.unwrap(), "b");
    }
}

#[tokio::test]
async fn an_endpoint_that_never_answered_does_not_hold_calls_up() {
    let pki = Pki::new();
    let good = started(&pki, "good").await;
    // It takes connections and says nothing.
    let silent = TcpListener::bind((LOOPBACK, 0)).await.unwrap();
    let context = pki.context([silent.local_addr().unwrap().to_string(), good.endpoint()]);
    let node = connect(&context).endpoint().with_timeout(Duration::from_secs(5));
    for _ in 0..10 {
        assert_eq!(tag(&node).await.unwrap(), "good");
    }
}

#[tokio::test]
async fn one_endpoint_that_restarts_is_connected_again() {
    let pki = Pki::new();
    let mut server = started(&pki, "a").await;
    let node = client(&pki, &[&server]).endpoint();
    tag(&node).await.unwrap();
    server.stop().await;
    let down = tag(&node).await.unwrap_err();
    assert_eq!(down.kind(), ErrorKind::ConnectionRefused, "{down}");
    assert_eq!(down.endpoint(), Some(server.endpoint().as_str()));
    assert!(down.is_retryable());
    server.restart().await;
    assert_eq!(tag(&node).await.unwrap(), "a");
}

#[tokio::test]
async fn every_endpoint_is_named_when_none_can_be_used() {
    let pki = Pki::new();
    let other = Pki::new();
    let foreign = started(&other, "a").await;
    let mut gone = started(&pki, "b").await;
    gone.stop().await;
    let error = tag(&client(&pki, &[&foreign, &gone]).endpoint()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    let text = error.to_string();
    assert!(text.contains(&foreign.endpoint()) && text.contains(&gone.endpoint()), "{text}");
}

#[tokio::test]
async fn ipv6_endpoints_work_in_every_form() {
    let pki = Pki::new();
    let options = ServerOptions {
        listen: "::1".parse().unwrap(),
        names: vec!["::1".parse().unwrap()],
        ..Default::default()
    };
    let server = Server::start_with(&pki, options).await;
    server.answer("Version", [version("six")]);
    let port = server.address.port();
    for endpoint in
        [format!("[::1]:{port}"), format!("https://[::1]:{port}"), format!("grpc://[::1]:{port}/")]
    {
        assert_eq!(tag(&connect(&pki.context([endpoint])).node("fd00::2")).await.unwrap(), "six");
    }
    assert_eq!(server.seen("Version")[0].headers["node"], "fd00::2");
}

// Second tries

#[tokio::test]
async fn a_call_that_reads_is_sent_again_when_its_connection_breaks() {
    let pki = Pki::new();
    let server = Server::start(&pki).await;
    server.answer("Version", [Answer::Drop, version("second")]);
    assert_eq!(tag(&client(&pki, &[&server]).endpoint()).await.unwrap(), "second");
    assert_eq!(server.seen("Version").len(), 2);
}

#[tokio::test]
async fn a_call_that_acts_is_never_sent_again_when_it_may_have_arrived() {
    let pki = Pki::new();
    let servers = [Server::start(&pki).await, Server::start(&pki).await];
    for server in &servers {
        server.answer("Bootstrap", [Answer::Drop]);
        server.answer("Reboot", [Answer::Drop]);
    }
    let node = client(&pki, &[&servers[0], &servers[1]]).node("10.0.0.2");
    let broken = node.bootstrap().await.unwrap_err();
    assert_eq!(broken.kind(), ErrorKind::Unavailable, "{broken}");
    node.reboot(RebootOptions::default()).await.unwrap_err();
    for method in ["Bootstrap", "Reboot"] {
        assert_eq!(servers.iter().map(|server| server.seen(method).len()).sum::<usize>(), 1, "{method}");
    }
}

#[tokio::test]
async fn a_call_that_was_refused_unread_is_sent_again_whatever_it_does() {
    let pki = Pki::new();
    let server = Server::start(&pki).await;
    let done = machine::BootstrapResponse { messages: vec![machine::Bootstrap::default()] }.encode_to_vec();
    server.answer("Bootstrap", [Answer::Refuse, Answer::Message(done)]);
    client(&pki, &[&server]).endpoint().bootstrap().await.unwrap();
    assert_eq!(server.seen("Bootstrap").len(), 2);
}

#[tokio::test]
async fn trying_again_has_an_end() {
    let pki = Pki::new();
    let server = Server::start(&pki).await;
    server.answer("Version", [Answer::Drop]);
    let error = tag(&client(&pki, &[&server]).endpoint()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    assert_eq!(server.seen("Version").len(), 3);
}

#[tokio::test]
async fn a_status_is_an_answer_and_not_asked_for_again() {
    let pki = Pki::new();
    let server = Server::start(&pki).await;
    server
        .answer("Version", [Answer::Status(tonic::Code::Unavailable, "no route to host"), version("second")]);
    let node = client(&pki, &[&server]).node("10.0.0.9");
    let error = tag(&node).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::NodeUnreachable, Some(tonic::Code::Unavailable)));
    assert_eq!((error.node(), error.method()), (Some("10.0.0.9"), Some("Version")));
    assert_eq!(server.seen("Version").len(), 1);
}

#[tokio::test]
async fn a_goaway_means_another_connection() {
    let pki = Pki::new();
    let server = started(&pki, "a").await;
    let node = client(&pki, &[&server]).endpoint();
    for round in 1..=5 {
        tag(&node).await.unwrap();
        assert_eq!(server.connections(), round);
        server.send_goaway();
        // The server says goodbye once it is polled again; calls meanwhile must not fail either.
        eventually(async || {
            tag(&node).await.unwrap();
            server.connections() > round
        })
        .await;
    }
}

#[tokio::test]
async fn callers_who_stream_are_tried_again_only_before_they_began() {
    let pki = Pki::new();
    let mut server = Server::start(&pki).await;
    let done =
        machine::EtcdRecoverResponse { messages: vec![machine::EtcdRecover::default()] }.encode_to_vec();
    server.answer("EtcdRecover", [Answer::Message(done)]);
    server.answer("Version", [version("a")]);
    let node = client(&pki, &[&server]).endpoint();
    tag(&node).await.unwrap();
    server.stop().await;
    server.restart().await;
    let chunks: Vec<Data> =
        (0..100).map(|_| Data { bytes: vec![7; 1000].into(), ..Data::default() }).collect();
    node.raw().machine().etcd_recover(futures_util::stream::iter(chunks)).await.unwrap();
    let seen = server.seen("EtcdRecover");
    assert_eq!(seen.len(), 1);
    assert!(seen[0].body.len() > 100_000);
}

// Time

#[tokio::test]
async fn a_server_that_never_answers_costs_only_the_time_given() {
    let pki = Pki::new();
    let server = Server::start(&pki).await;
    server.answer("Version", [Answer::Never, Answer::Never, version("late")]);
    let options = ClientOptions::default().with_call_timeout(Duration::from_millis(300));
    let node = Client::from_context(&pki.context([server.endpoint()]), options).unwrap().endpoint();
    let error = tag(&node).await.unwrap_err();
    assert!(error.is_timeout() && error.is_retryable() && error.endpoint().is_some(), "{error}");
    assert_eq!(server.seen("Version")[0].headers["grpc-timeout"], "300m");

    let patient = node.with_timeout(Duration::from_secs(5000));
    let first = patient.clone().with_timeout(Duration::from_millis(100));
    assert!(tag(&first).await.unwrap_err().is_timeout());
    assert_eq!(tag(&patient).await.unwrap(), "late");
    assert_eq!(server.seen("Version")[2].headers["grpc-timeout"], "5000000m");
    eventually(async || server.abandoned() == 2).await;
}

#[tokio::test]
async fn an_answer_that_stops_half_way_is_overdue_too() {
    let pki = Pki::new();
    let server = Server::start(&pki).await;
    let Answer::Message(message) = version("half") else { unreachable!() };
    server.answer("Version", [Answer::Hang(message)]);
    let node = client(&pki, &[&server]).endpoint().with_timeout(Duration::from_millis(300));
    assert_eq!(tag(&node).await.unwrap_err().kind(), ErrorKind::DeadlineExceeded);
}

#[tokio::test]
async fn a_machine_that_went_silent_is_not_asked_twice() {
    let pki = Pki::new();
    let servers = [started(&pki, "a").await, started(&pki, "b").await];
    let node = client(&pki, &[&servers[0], &servers[1]]).endpoint();
    eventually(async || {
        tag(&node).await.is_ok() && servers.iter().all(|server| !server.seen("Version").is_empty())
    })
    .await;
    servers[0].answer("Version", [Answer::Never]);
    let hasty = node.with_timeout(Duration::from_millis(300));
    let mut failures = 0;
    for _ in 0..4 {
        failures += usize::from(tag(&hasty).await.is_err());
    }
    assert!(failures >= 1);
    let before = servers[0].connections();
    eventually(async || {
        _ = tag(&hasty).await;
        servers[0].connections() > before
    })
    .await;
}

#[tokio::test]
async fn a_dropped_call_ends_on_the_server() {
    let pki = Pki::new();
    let server = Server::start(&pki).await;
    server.answer("Version", [Answer::Never]);
    server.answer("Logs", [Answer::Hang(Data { bytes: "line\n".into(), ..Data::default() }.encode_to_vec())]);
    let node = client(&pki, &[&server]).endpoint();
    let call = tokio::spawn({
        let node = node.clone();
        async move { node.version().await }
    });
    eventually(async || server.seen("Version").len() == 1).await;
    call.abort();
    eventually(async || server.abandoned() == 1).await;

    let mut logs = node.logs(LogOptions::service("etcd"));
    assert_eq!(logs.next().await.unwrap().unwrap(), "line\n");
    drop(logs);
    eventually(async || server.abandoned() == 2).await;
    assert_eq!(server.connections(), 1, "the connection stays");
}

#[tokio::test]
async fn streams_have_to_begin_and_lists_to_end_in_time() {
    let pki = Pki::new();
    let server = Server::start(&pki).await;
    for method in ["Events", "Watch", "List", "Kubeconfig"] {
        server.answer(method, [Answer::Never]);
    }
    let options = ClientOptions::default().with_call_timeout(Duration::from_millis(300));
    let node = Client::from_context(&pki.context([server.endpoint()]), options).unwrap().node("10.0.0.2");
    let statuses = node.resources::<MachineStatus>();
    let list = statuses.list().await.unwrap_err();
    let watch = statuses.watch().await.unwrap_err();
    let events = node.events(EventOptions::default()).await.unwrap_err();
    let kubeconfig = node.kubeconfig().await.unwrap_err();
    for error in [list, watch, events, kubeconfig] {
        assert!(error.is_timeout(), "{error}");
        assert_eq!(error.node(), Some("10.0.0.2"));
    }

    server.answer(
        "List",
        [Answer::Hang(cosi::ListResponse { resource: Some(cosi::Resource::default()) }.encode_to_vec())],
    );
    assert_eq!(statuses.list().await.unwrap_err().kind(), ErrorKind::DeadlineExceeded);
    // A watch that began may be quiet for as long as it likes.
    server.answer("Watch", [Answer::Hang(cosi::WatchResponse::default().encode_to_vec())]);
    let mut quiet = statuses.watch().await.unwrap();
    assert!(tokio::time::timeout(Duration::from_millis(600), quiet.next()).await.is_err());
}

#[tokio::test]
async fn connecting_has_its_own_limit() {
    let pki = Pki::new();
    let silent = TcpListener::bind((LOOPBACK, 0)).await.unwrap();
    let options = ClientOptions::default().with_connect_timeout(Duration::from_millis(300));
    let context = pki.context([silent.local_addr().unwrap().to_string()]);
    let error = tag(&Client::from_context(&context, options).unwrap().endpoint()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::DeadlineExceeded);
    assert!(error.to_string().contains("TLS"), "{error}");
}

// Replies

#[tokio::test]
async fn an_error_inside_of_a_reply_is_the_nodes_error() {
    let pki = Pki::new();
    let server = Server::start(&pki).await;
    let node = client(&pki, &[&server]).node("10.0.0.2");
    let failed = Metadata { hostname: "10.0.0.2".into(), error: "no such luck".into(), status: None };
    let message = machine::Reboot { metadata: Some(failed.clone()), ..Default::default() };
    server.answer(
        "Reboot",
        [Answer::Message(machine::RebootResponse { messages: vec![message] }.encode_to_vec())],
    );
    let error = node.reboot(RebootOptions::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Status);
    assert!(error.to_string().contains("no such luck"), "{error}");

    server.answer(
        "Logs",
        [Answer::Message(Data { metadata: Some(failed), ..Default::default() }.encode_to_vec())],
    );
    let mut logs = node.logs(LogOptions::service("etcd"));
    logs.next().await.unwrap().unwrap_err();
    assert!(logs.next().await.is_none());
}

#[tokio::test]
async fn a_reply_without_or_with_too_many_messages_is_no_reply() {
    let pki = Pki::new();
    let server = Server::start(&pki).await;
    let node = client(&pki, &[&server]).endpoint();
    for messages in [vec![], vec![machine::Version::default(); 2]] {
        server.answer("Version", [Answer::Message(machine::VersionResponse { messages }.encode_to_vec())]);
        assert_eq!(tag(&node).await.unwrap_err().kind(), ErrorKind::InvalidReply);
    }
}

#[tokio::test]
async fn a_stream_that_is_cut_off_is_not_a_stream_that_ended() {
    let pki = Pki::new();
    let server = Server::start(&pki).await;
    let node = client(&pki, &[&server]).endpoint();
    server.answer("Logs", [Answer::Cut(Data { bytes: "half".into(), ..Data::default() }.encode_to_vec())]);
    let mut logs = node.logs(LogOptions::service("etcd"));
    assert_eq!(logs.next().await.unwrap().unwrap(), "half");
    let cut = logs.next().await.unwrap().unwrap_err();
    assert_eq!(cut.kind(), ErrorKind::Unavailable, "{cut}");
    assert!(logs.next().await.is_none());

    server.answer(
        "Kubeconfig",
        [Answer::Cut(Data { bytes: vec![0x1f, 0x8b].into(), ..Data::default() }.encode_to_vec())],
    );
    assert_eq!(node.kubeconfig().await.unwrap_err().kind(), ErrorKind::Unavailable);
    server.answer("Events", [Answer::Cut(machine::Event::default().encode_to_vec())]);
    let mut events = node.events(EventOptions::default()).await.unwrap();
    events.next().await.unwrap().unwrap_err();
}

#[tokio::test]
async fn an_archive_over_a_mebibyte_is_no_kubeconfig() {
    let pki = Pki::new();
    let server = Server::start(&pki).await;
    server.answer(
        "Kubeconfig",
        [Answer::Message(Data { bytes: vec![0; 2 << 20].into(), ..Data::default() }.encode_to_vec())],
    );
    let error = client(&pki, &[&server]).endpoint().kubeconfig().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::MessageTooLarge, "{error}");
}

#[tokio::test]
async fn a_worker_that_does_not_forward_is_named_as_the_cause() {
    let pki = Pki::new();
    let server = Server::start(&pki).await;
    server.answer("Version", [Answer::Status(tonic::Code::PermissionDenied, "no request forwarding")]);
    let error = tag(&client(&pki, &[&server]).node("10.0.0.2")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ForwardingRefused);
}

// Targets and metadata

#[tokio::test]
async fn names_that_cannot_be_nodes_are_never_sent() {
    let pki = Pki::new();
    let server = started(&pki, "a").await;
    let client = client(&pki, &[&server]);
    for name in ["", "10.0.0.2:50000", "[fd00::2]", "a,b", "https://cp-1"] {
        assert_eq!(tag(&client.node(name)).await.unwrap_err().kind(), ErrorKind::InvalidTarget, "{name}");
        let raw = client.node(name).raw().machine().version(()).await.unwrap_err();
        assert_eq!(Error::from(raw).kind(), ErrorKind::InvalidTarget);
    }
    let lists: [&[&str]; 4] = [&[], &["10.0.0.2", "10.0.0.2"], &["fd00::2", "fd00:0::2"], &["10.0.0.2", ""]];
    for names in lists {
        let asked = client.nodes(names).each(|node| async move { node.version().await }).await;
        assert_eq!(asked.failures().count(), names.len());
        assert_eq!(asked.into_result().unwrap_err().kind(), ErrorKind::InvalidTarget, "{names:?}");
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn every_call_has_the_metadata_of_its_target() {
    let pki = Pki::new();
    let server = started(&pki, "a").await;
    let mut context = pki.context([server.endpoint()]).with_cluster("prod");
    context.auth.basic = Some(BasicAuth { username: "u".into(), password: "p".into() });
    let node = connect(&context).node("10.0.0.2");
    tag(&node).await.unwrap();
    let mut request = tonic::Request::new(());
    request.metadata_mut().insert("nodes", "10.0.0.3,10.0.0.4".parse().unwrap());
    request.metadata_mut().insert("node", "10.0.0.5".parse().unwrap());
    node.raw().machine().version(request).await.unwrap();
    for seen in server.seen("Version") {
        let headers = seen.headers;
        assert_eq!(
            (&headers["node"], &headers["runtime"], &headers["context"]),
            (&"10.0.0.2".parse().unwrap(), &"Talos".parse().unwrap(), &"prod".parse().unwrap())
        );
        assert_eq!(headers["authorization"], "Basic dTpw");
        assert!(headers.get("nodes").is_none());
    }
}

#[tokio::test]
async fn each_node_has_its_own_result_in_the_order_asked() {
    let pki = Pki::new();
    let server = started(&pki, "a").await;
    let options = ClientOptions::default().with_concurrency(3);
    let client = Client::from_context(&pki.context([server.endpoint()]), options).unwrap();
    let names: Vec<String> = (0..20).rev().map(|number| format!("10.0.0.{number}")).collect();
    let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let results = client
        .nodes(&names)
        .each(async |node| {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            let result = match node.name() {
                Some("10.0.0.7" | "10.0.0.9") => node.bootstrap().await.map(|()| String::new()),
                _ => tag(&node).await,
            };
            now.fetch_sub(1, Ordering::SeqCst);
            result
        })
        .await;
    assert_eq!(most.load(Ordering::SeqCst), 3);
    let order: Vec<&str> = results.iter().map(|(node, _)| node).collect();
    assert_eq!(order, names);
    assert_eq!(results.failures().map(|(node, _)| node).collect::<Vec<_>>(), ["10.0.0.9", "10.0.0.7"]);
    assert_eq!(results.get("10.0.0.3").unwrap().as_ref().unwrap(), "a");
    let error = results.into_result().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unimplemented);
    assert_eq!(error.nodes().map(|(node, _)| node).collect::<Vec<_>>(), ["10.0.0.9", "10.0.0.7"]);
    let text = error.to_string();
    assert!(text.contains("2 of 20") && text.contains("10.0.0.7") && text.contains("10.0.0.9"), "{text}");
}

#[tokio::test]
async fn streams_of_several_nodes_are_one_and_end_one_by_one() {
    let pki = Pki::new();
    let server = started(&pki, "a").await;
    let client = client(&pki, &[&server]);
    let line = |text: &str| Data { bytes: text.to_owned().into(), ..Data::default() }.encode_to_vec();
    server.answer(
        "Logs",
        [
            Answer::Hang(line("goes on")),
            Answer::Status(tonic::Code::Unavailable, "error while dialing"),
            Answer::Cut(line("half")),
            Answer::Message(line("whole")),
        ],
    );
    // One after the other, so that each node has its own of these.
    let names = ["10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5"];
    let nodes = client.nodes(names);
    let turn = Arc::new(tokio::sync::Mutex::new(()));
    let opening = |node: Node| {
        let turn = Arc::clone(&turn);
        async move {
            let _turn = turn.lock().await;
            let mut logs = node.logs(LogOptions::service("etcd"));
            let first = logs.next().await;
            Ok(futures_util::stream::iter(first).chain(logs))
        }
    };
    let mut merged = nodes.merge(opening).unwrap();
    let mut seen: Vec<(String, Result<String, ErrorKind>)> = Vec::new();
    while seen.len() < 5 {
        let (node, item) = merged.next().await.unwrap();
        let item = item.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        seen.push((node.to_string(), item.map_err(|error| error.kind())));
    }
    let of = |name: &str| -> Vec<_> {
        seen.iter().filter(|(node, _)| node == name).map(|(_, item)| item.clone()).collect()
    };
    assert_eq!(of(names[0]), [Ok("goes on".to_owned())]);
    assert_eq!(of(names[1]), [Err(ErrorKind::NodeUnreachable)]);
    assert_eq!(of(names[2]), [Ok("half".to_owned()), Err(ErrorKind::Unavailable)]);
    assert_eq!(of(names[3]), [Ok("whole".to_owned())]);
    // The first node is quiet and still there; with the stream its call ends.
    assert!(tokio::time::timeout(Duration::from_millis(100), merged.next()).await.is_err());
    let abandoned = server.abandoned();
    drop(merged);
    eventually(async || server.abandoned() == abandoned + 1).await;

    for names in [&["10.0.0.2", "10.0.0.2"] as &[&str], &["10.0.0.2:50000"], &[]] {
        let merged =
            client.nodes(names).merge(|node| async move { Ok(node.logs(LogOptions::service("etcd"))) });
        assert_eq!(merged.unwrap_err().kind(), ErrorKind::InvalidTarget);
    }
    // A node that can't even begin is one item, and the end of its part.
    let refuse =
        |_: Node| async { Err::<talos_client::ByteStream, _>(Error::from(tonic::Status::not_found("x"))) };
    let items: Vec<_> = client.nodes(["10.0.0.2", "10.0.0.3"]).merge(refuse).unwrap().collect().await;
    assert!(items.len() == 2 && items.iter().all(|(_, item)| item.is_err()));
}

// Versions

#[tokio::test]
async fn a_node_is_asked_for_its_version_once() {
    let pki = Pki::new();
    let server = Server::start(&pki).await;
    server.answer("Version", [version("v1.12.11"), version("v1.13.9")]);
    let client = client(&pki, &[&server]);
    let node = client.node("10.0.0.2");
    let pull = "/machine.ImageService/Pull";
    let asked = futures_util::future::join_all((0..20).map(|_| node.has_method(pull))).await;
    assert!(asked.into_iter().all(|has| !has.unwrap()));
    assert_eq!(client.clone().node("10.0.0.2").server_version().await.unwrap(), TalosVersion::new(1, 12, 11));
    assert_eq!(server.seen("Version").len(), 1);

    node.forget_server_version();
    assert!(node.has_method(pull).await.unwrap());
    assert_eq!(server.seen("Version").len(), 2);
    // Each node is asked on its own, and asking anew is remembered too.
    server.answer("Version", [version("v1.9.6"), version("v1.10.9")]);
    let other = client.node("10.0.0.3");
    assert_eq!(other.server_version().await.unwrap().to_string(), "v1.9.6");
    other.version().await.unwrap();
    assert_eq!(other.server_version().await.unwrap().to_string(), "v1.10.9");
    assert_eq!(node.server_version().await.unwrap().to_string(), "v1.13.9");
}

#[tokio::test]
async fn a_missing_method_names_the_version_that_has_it() {
    let pki = Pki::new();
    let server = Server::start(&pki).await;
    server.answer("Version", [version("v1.10.9"), version("v1.11.6")]);
    let node = client(&pki, &[&server]).node("10.0.0.2");
    node.server_version().await.unwrap();
    let error = node.bootstrap().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unimplemented);
    assert!(error.to_string().contains("v1.10.9 has it"), "{error}");
    // The machine contradicts what is remembered of it, so that is asked for again.
    assert_eq!(node.server_version().await.unwrap().minor(), 11);
}

#[tokio::test]
async fn endpoints_that_take_turns_have_no_version_of_their_own() {
    let pki = Pki::new();
    let servers = [started(&pki, "v1.12.11").await, started(&pki, "v1.13.9").await];
    let node = client(&pki, &[&servers[0], &servers[1]]).endpoint();
    let seen = || servers.iter().map(|server| server.seen("Version").len()).sum::<usize>();
    for round in 1..=4 {
        node.server_version().await.unwrap();
        assert_eq!(seen(), round);
    }
    servers[0].answer("Version", [version("nonsense")]);
    servers[1].answer("Version", [version("nonsense")]);
    assert_eq!(node.server_version().await.unwrap_err().kind(), ErrorKind::InvalidReply);
}

// Configuration

#[test]
fn what_a_context_lacks_is_said_at_once() {
    let pki = Pki::new();
    let kind =
        |context: &Context| Client::from_context(context, ClientOptions::default()).unwrap_err().kind();
    assert_eq!(kind(&pki.context([""; 0])), ErrorKind::NoEndpoints);
    assert_eq!(kind(&pki.context(["10.0.0.1:port"])), ErrorKind::InvalidEndpoint);
    let mut context = pki.context(["10.0.0.1"]);
    context.key = Pki::new().context(["x"]).key;
    assert_eq!(kind(&context), ErrorKind::InvalidConfiguration);
    context.key = None;
    assert_eq!(kind(&context), ErrorKind::InvalidConfiguration);
    for url in ["ftp://proxy", "proxy:1080", "http://user:secret@"] {
        let context = pki.context(["10.0.0.1"]).with_proxy_url(url);
        let error = Client::from_context(&context, ClientOptions::default()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfiguration);
        assert!(!error.to_string().contains("secret"), "{error}");
    }

    let config = TalosConfig::new("here", pki.context(["10.0.0.1"]));
    let options = ClientOptions::default().with_context("elsewhere");
    assert_eq!(Client::connect(&config, options).unwrap_err().kind(), ErrorKind::InvalidConfiguration);
    let client = Client::connect(&config, ClientOptions::default().with_endpoints(["fd00::1"])).unwrap();
    assert_eq!(client.endpoints().map(ToString::to_string).collect::<Vec<_>>(), ["[fd00::1]:50000"]);
}

#[tokio::test]
async fn system_authorities_are_used_without_a_ca() {
    let pki = Pki::new();
    let server = started(&pki, "a").await;
    let mut context = pki.context([server.endpoint()]);
    context.ca = None;
    match Client::from_context(&context, ClientOptions::default()) {
        Ok(client) => {
            assert_eq!(tag(&client.endpoint()).await.unwrap_err().kind(), ErrorKind::UnknownAuthority)
        }
        // A machine without any.
        Err(error) => assert_eq!(error.kind(), ErrorKind::InvalidConfiguration, "{error}"),
    }
}
