//! The client against a server of another hand: Go's gRPC, Go's TLS and the resource state of Talos itself.
//!
//! `TALOS_INTEROP` names the program that `tests/interop` builds; without it these tests say so and pass.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt};
use serde_json::{Value, json};
use talos_client::resources::types::{network::HostnameStatusSpec, runtime::BootIdSpec};
use talos_client::resources::{
    Change, ExpectedPhase, LabelQuery, MachineStatus, NodeAddress, Phase, Resource, ResourceDefinition,
    WatchEvent, WatchOptions,
};
use talos_client::{
    ApplyMode, ApplyOptions, Client, ClientOptions, DmesgOptions, Error, ErrorKind, EventOptions,
    EventPayload, EventTail, ExtractOptions, Facility, ImageStore, InstallerExit, ListOptions, LogOptions,
    MachineStage, Node, Priority, RebootMode, RebootOptions, ServiceState,
};
use talosconfig::TalosConfig;
use tokio::io::AsyncReadExt;

const HOSTNAMES: &str = "HostnameStatuses.net.talos.dev";

struct GoServer {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    address: String,
    fingerprint: String,
    config: TalosConfig,
}

impl GoServer {
    /// `None`, and a word about it, where the program is not there.
    fn start(arguments: &[&str]) -> Option<Self> {
        let Some(program) = std::env::var_os("TALOS_INTEROP") else {
            eprintln!("skipped: TALOS_INTEROP is not set");
            return None;
        };
        let mut child = Command::new(program)
            .arg("serve")
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the Go server starts");
        let stdin = child.stdin.take().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let hello = read(&mut stdout);
        let text = |key: &str| hello[key].as_str().unwrap().to_owned();
        Some(Self {
            child,
            stdin,
            stdout,
            address: text("address"),
            fingerprint: text("fingerprint"),
            config: TalosConfig::from_yaml(&text("talosconfig")).unwrap(),
        })
    }

    fn tell(&mut self, command: Value) -> Value {
        writeln!(self.stdin, "{command}").unwrap();
        let answer = read(&mut self.stdout);
        assert_eq!(answer["error"].as_str(), Some(""), "{command}");
        answer["answer"].clone()
    }

    fn put(&mut self, id: &str, spec: &str, labels: Value) {
        self.tell(json!({
            "cmd": "put", "type": HOSTNAMES, "namespace": "network", "id": id, "spec": spec, "labels": labels,
        }));
    }

    fn delete(&mut self, id: &str) {
        self.tell(json!({"cmd": "delete", "type": HOSTNAMES, "namespace": "network", "id": id}));
    }

    fn client(&self) -> Client {
        Client::connect(&self.config, ClientOptions::default()).unwrap()
    }

    fn node(&self) -> Node {
        self.client().node("10.0.0.2")
    }
}

impl Drop for GoServer {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

fn read(stdout: &mut BufReader<ChildStdout>) -> Value {
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
}

#[tokio::test]
async fn replies_are_read_and_metadata_is_set() {
    let Some(mut server) = GoServer::start(&[]) else { return };
    let node = server.node();
    let version = node.version().await.unwrap();
    assert_eq!((version.tag.as_str(), version.mode.as_str(), version.rbac), ("v1.13.9", "metal", true));
    let services = node.services().await.unwrap();
    let kubelet = services.iter().find(|service| service.id == "kubelet").unwrap();
    assert!(kubelet.is_running());
    assert_eq!(kubelet.events[0].state, ServiceState::Running);

    node.bootstrap().await.unwrap();
    assert!(node.bootstrap().await.unwrap_err().is_already_exists());
    let missing = node.etcd_members().await.unwrap_err();
    assert!(missing.is_unimplemented() && missing.to_string().contains("EtcdMemberList"), "{missing}");
    let bad = node
        .apply_configuration("nonsense: true\n", ApplyOptions::default().with_dry_run())
        .await
        .unwrap_err();
    assert_eq!(bad.kind(), ErrorKind::InvalidArgument);
    assert_eq!(node.raw().machine().hostname(()).await.unwrap().into_inner().messages[0].hostname, "interop");
    server.client().endpoint().version().await.unwrap();

    let calls = server.tell(json!({"cmd": "calls"}));
    let calls = calls.as_array().unwrap();
    let methods: Vec<&str> =
        calls.iter().map(|call| call["method"].as_str().unwrap().rsplit('/').next().unwrap()).collect();
    // The Get is the dry run's, which looks whether a try is pending.
    assert_eq!(
        methods,
        [
            "Version",
            "ServiceList",
            "Bootstrap",
            "Bootstrap",
            "EtcdMemberList",
            "Get",
            "ApplyConfiguration",
            "Hostname",
            "Version"
        ]
    );
    for (index, call) in calls.iter().enumerate() {
        let metadata = &call["metadata"];
        let last = index == methods.len() - 1;
        assert_eq!(metadata["runtime"], json!(["Talos"]));
        assert_eq!(metadata["node"], if last { Value::Null } else { json!(["10.0.0.2"]) });
        assert_eq!(metadata["nodes"], Value::Null);
    }
    let apply = &calls[6];
    assert_eq!((&apply["request"]["mode"], &apply["request"]["dry_run"]), (&json!("AUTO"), &json!(true)));
}

#[tokio::test]
async fn several_nodes_each_have_their_result() {
    let Some(server) = GoServer::start(&[]) else { return };
    let names = ["10.0.0.4", "fd00::2", "cp-1"];
    let versions = server.client().nodes(names).each(|node| async move { node.version().await }).await;
    let nodes: Vec<String> = versions.into_result().unwrap().into_iter().map(|(node, _)| node).collect();
    assert_eq!(nodes, names);
}

#[tokio::test]
async fn every_apply_mode_arrives_as_itself() {
    let Some(mut server) = GoServer::start(&[]) else { return };
    let node = server.node();
    for (mode, name) in [
        (ApplyMode::Auto, "AUTO"),
        (ApplyMode::NoReboot, "NO_REBOOT"),
        (ApplyMode::Reboot, "REBOOT"),
        (ApplyMode::Staged, "STAGED"),
        (ApplyMode::Try, "TRY"),
    ] {
        server.tell(json!({"cmd": "clear"}));
        _ = node.apply_configuration("a: b", ApplyOptions::default().with_mode(mode)).await;
        let calls = server.tell(json!({"cmd": "calls"}));
        // The JSON form of protobuf leaves out the zero value.
        let sent = calls[0]["request"]["mode"].as_str().unwrap_or("REBOOT");
        assert_eq!(sent, name);
    }
}

#[tokio::test]
async fn a_kubeconfig_comes_out_of_its_archive() {
    let Some(server) = GoServer::start(&["-chunk", "7"]) else { return };
    assert!(server.node().kubeconfig().await.unwrap().expose().starts_with("apiVersion: v1\nkind: Config\n"));
}

#[tokio::test]
async fn logs_are_whole_unless_a_tail_is_asked_for() {
    let Some(server) = GoServer::start(&[]) else { return };
    let node = server.node();
    let mut whole = String::new();
    node.logs(LogOptions::service("kubelet")).read_to_string(&mut whole).await.unwrap();
    assert_eq!(whole.lines().count(), 100);
    let pieces: Vec<_> = node.logs(LogOptions::service("kubelet").with_tail(2)).try_collect().await.unwrap();
    assert_eq!(pieces.concat(), b"kubelet: line 98\nkubelet: line 99\n");
    let empty: Vec<_> = node.logs(LogOptions::service("kubelet").with_tail(0)).try_collect().await.unwrap();
    assert!(empty.is_empty());

    let mut follow = node.logs(LogOptions::service("kubelet").with_tail(0).with_follow());
    assert_eq!(follow.next().await.unwrap().unwrap(), "kubelet: line 100\n");
    drop(follow);
    let missing = node.logs(LogOptions::service("nope")).next().await.unwrap().unwrap_err();
    assert!(missing.is_not_found(), "{missing}");
    assert_eq!((missing.node(), missing.method()), (Some("10.0.0.2"), Some("Logs")));
}

#[tokio::test]
async fn messages_up_to_32_mib_pass() {
    for (size, passes) in [(31 << 20, true), (33 << 20, false)] {
        let Some(server) = GoServer::start(&["-chunk", &size.to_string()]) else { return };
        let read: Result<Vec<_>, _> =
            server.node().logs(LogOptions::service(format!("/bench/{size}"))).try_collect().await;
        match read {
            Ok(pieces) => assert!(passes && pieces.iter().map(|piece| piece.len()).sum::<usize>() == size),
            Err(error) => assert!(!passes && error.kind() == ErrorKind::MessageTooLarge, "{error}"),
        }
    }
}

#[tokio::test]
async fn a_long_stream_arrives_byte_for_byte() {
    let Some(server) = GoServer::start(&["-chunk", "32768", "-record=false"]) else { return };
    let size: usize = 64 << 20;
    let mut stream = server.node().logs(LogOptions::service(format!("/bench/{size}")));
    let mut count = 0;
    while let Some(piece) = stream.try_next().await.unwrap() {
        assert!(piece.starts_with(b"0123456789abcdef"));
        count += piece.len();
    }
    assert_eq!(count, size);
}

#[tokio::test]
async fn files_are_listed_and_unpacked_as_go_packed_them() {
    let Some(server) = GoServer::start(&[]) else { return };
    let node = server.node();
    let entries: Vec<_> = node.list(ListOptions::new("/etc")).try_collect().await.unwrap();
    let names: Vec<_> = entries.iter().map(|entry| entry.path.as_str()).collect();
    assert_eq!(names, ["/etc/hostname", "/etc/os-release"]);
    assert_eq!(entries[0].info.as_ref().unwrap().mode.to_string(), "-rw-r--r--");

    let folder = tempfile::tempdir().unwrap();
    let extracted = node.copy("/").extract(folder.path(), ExtractOptions::default()).await.unwrap();
    assert!(extracted.is_complete(), "{extracted:?}");
    for (name, length) in [("etc/hostname", 1), ("big", 1 << 20)] {
        let mut text = String::new();
        node.read(format!("/{name}")).read_to_string(&mut text).await.unwrap();
        assert!(text.len() >= length, "{name}: {}", text.len());
        assert!(std::fs::read_to_string(folder.path().join(name)).unwrap() == text);
    }
    let error = node.copy("etc").extract(folder.path(), ExtractOptions::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
}

#[tokio::test]
async fn an_installer_that_fails_is_an_error_under_status_ok() {
    let Some(server) = GoServer::start(&[]) else { return };
    let node = server.node();
    let image = node.pull_image(ImageStore::System, "installer:v1").finish().await.unwrap();
    assert!(image.contains("@sha256:"));
    let lines: Vec<_> = node.run_upgrade(ImageStore::System, &image).try_collect().await.unwrap();
    assert_eq!(lines, [format!("installing {image}")]);
    let error = node.run_upgrade(ImageStore::System, "bad").finish().await.unwrap_err();
    assert_eq!(error.installer_exit(), Some(InstallerExit::Install));
    let error = node.run_install(ImageStore::System, &image, "/dev/sda").finish().await.unwrap_err();
    assert!(error.is_already_exists());
}

#[tokio::test]
async fn messages_of_the_kernel_are_told_apart() {
    let Some(server) = GoServer::start(&[]) else { return };
    let messages: Vec<_> = server.node().dmesg(DmesgOptions::default()).try_collect().await.unwrap();
    assert_eq!(messages.len(), 10);
    for (number, message) in messages.iter().enumerate() {
        assert_eq!((&message.facility, &message.priority), (&Facility::Kern, &Priority::Info));
        assert_eq!(message.text, format!("message {number}"));
        let time = std::time::SystemTime::UNIX_EPOCH + Duration::new(1_767_323_045, number as u32);
        assert_eq!(message.time, Some(time));
    }
}

#[tokio::test]
async fn events_begin_after_the_greeting() {
    let Some(mut server) = GoServer::start(&[]) else { return };
    let node = server.node();
    let mut events = node.events(EventOptions::default()).await.unwrap();
    let options = RebootOptions::default().with_mode(RebootMode::PowerCycle);
    let actor = node.reboot(options).await.unwrap().actor_id().unwrap().to_owned();
    let mut stages = Vec::new();
    while stages.len() < 2 {
        let event = events.try_next().await.unwrap().unwrap();
        assert_eq!(event.actor_id, actor);
        if let EventPayload::MachineStatus { stage, ready, .. } = event.payload {
            stages.push((stage, ready));
        }
    }
    assert_eq!(stages, [(MachineStage::Booting, false), (MachineStage::Running, true)]);
    let calls = server.tell(json!({"cmd": "calls"}));
    let reboot =
        calls.as_array().unwrap().iter().find(|call| call["method"].as_str().unwrap().ends_with("Reboot"));
    assert_eq!(reboot.unwrap()["request"]["mode"], "POWERCYCLE");

    let payloads = [
        ("machine.SequenceEvent", json!({"sequence": "boot", "action": "STOP", "error": {"message": "why"}})),
        ("machine.PhaseEvent", json!({"phase": "p"})),
        ("machine.TaskEvent", json!({"task": "t", "action": "STOP"})),
        (
            "machine.ServiceStateEvent",
            json!({"service": "etcd", "action": "RUNNING", "health": {"healthy": true}}),
        ),
        ("machine.RestartEvent", json!({"cmd": 5})),
        ("machine.ConfigLoadErrorEvent", json!({"error": "e"})),
        ("machine.ConfigValidationErrorEvent", json!({"error": "e"})),
        ("machine.AddressEvent", json!({"hostname": "h", "addresses": ["10.0.0.2"]})),
        (
            "machine.MachineStatusEvent",
            json!({"stage": "UPGRADING", "status": {"unmetConditions": [{"name": "n"}]}}),
        ),
        ("machine.Version", json!({})),
    ];
    for (kind, payload) in &payloads {
        server.tell(json!({"cmd": "event", "type": kind, "payload": payload, "actor": "all"}));
    }
    let options = EventOptions::default().with_tail(EventTail::All).with_actor_id("all");
    let seen: Vec<_> = node.events(options).await.unwrap().take(payloads.len()).try_collect().await.unwrap();
    let seen: Vec<_> = seen.into_iter().map(|event| event.payload).collect();
    assert!(matches!(&seen[0], EventPayload::Sequence { error: Some(error), .. } if error == "why"));
    assert!(matches!(&seen[1], EventPayload::Phase { phase, .. } if phase == "p"));
    assert!(matches!(&seen[2], EventPayload::Task { task, .. } if task == "t"));
    assert!(matches!(&seen[3], EventPayload::ServiceState { service, .. } if service == "etcd"));
    assert!(matches!(&seen[4], EventPayload::Restart { command: 5 }));
    assert!(matches!(&seen[5], EventPayload::ConfigLoadError { .. }));
    assert!(matches!(&seen[6], EventPayload::ConfigValidationError { .. }));
    assert!(matches!(&seen[7], EventPayload::Address { addresses, .. } if addresses == &["10.0.0.2"]));
    assert!(
        matches!(&seen[8], EventPayload::MachineStatus { stage: MachineStage::Upgrading, ready: false, unmet_conditions, .. } if unmet_conditions.len() == 1)
    );
    assert!(
        matches!(&seen[9], EventPayload::Unknown { type_url, .. } if type_url == "talos/runtime/machine.Version")
    );
}

#[tokio::test]
async fn resources_are_got_and_listed() {
    let Some(mut server) = GoServer::start(&["-resources", "1000"]) else { return };
    let node = server.node();
    let status = node.resources::<MachineStatus>().get(MachineStatus::ID).await.unwrap();
    assert_eq!((status.spec.stage, status.spec.ready), (MachineStage::Running, true));
    assert_eq!((status.metadata.version, status.metadata.id.as_str()), (Some(1), "machine"));
    assert!(status.metadata.created.is_some());

    let addresses = node.resources_untyped("network", "AddressStatuses.net.talos.dev").list().await.unwrap();
    assert_eq!(addresses.len(), 1000);
    assert!(addresses.is_sorted_by_key(|address| &address.metadata.id));
    assert!(addresses[7].spec.yaml.contains("address: 10.0.0.7/24"), "{}", addresses[7].spec.yaml);
    assert!(!addresses[7].spec.proto.is_empty() && !format!("{:?}", addresses[7]).contains("10.0.0.7"));

    assert!(node.resources::<MachineStatus>().get("other").await.unwrap_err().is_not_found());
    assert!(node.resources::<NodeAddress>().list().await.unwrap().is_empty());
    let unknown = node.resources_untyped("network", "Nothings.net.talos.dev").list().await.unwrap_err();
    assert_eq!(unknown.kind(), ErrorKind::Unimplemented, "{unknown}");

    server.put("a", "hostname: a\n", json!({"app": "web", "size": "9"}));
    server.put("b", "hostname: b\n", json!({"app": "db", "size": "10"}));
    for (query, want) in [
        (LabelQuery::new().exists("app"), &["a", "b"] as &[&str]),
        (LabelQuery::new().not_exists("app"), &["hostname"]),
        (LabelQuery::new().equal("app", "web"), &["a"]),
        (LabelQuery::new().exists("app").not_equal("app", "web"), &["b"]),
        (LabelQuery::new().one_of("app", ["web", "db"]), &["a", "b"]),
        (LabelQuery::new().not_one_of("app", ["web", "x"]), &["b", "hostname"]),
        (LabelQuery::new().exists("app").less_number("size", 10).negated(), &["b"]),
        (LabelQuery::new().less("size", "2"), &["b"]),
        (LabelQuery::new().less_or_equal("size", "9"), &["a", "b"]),
        (LabelQuery::new().less_number("size", 10), &["a"]),
        (LabelQuery::new().less_or_equal_number("size", 10), &["a", "b"]),
    ] {
        let found =
            node.resources_untyped("network", HOSTNAMES).with_labels(query.clone()).list().await.unwrap();
        let ids: Vec<&str> = found.iter().map(|resource| resource.metadata.id.as_str()).collect();
        assert_eq!(ids, want, "{query:?}");
    }
    let either = node
        .resources_untyped("network", HOSTNAMES)
        .with_labels(LabelQuery::new().equal("app", "web"))
        .with_labels(LabelQuery::new().equal("app", "db"))
        .with_ids("^[b-z]");
    assert_eq!(either.list().await.unwrap().len(), 1);
}

#[tokio::test]
async fn types_are_found_by_short_names() {
    let Some(server) = GoServer::start(&[]) else { return };
    let node = server.node();
    for name in ["machinestatus", "MachineStatuses", "machinestatuses.runtime.talos.dev"] {
        let definition = node.resource_definition(name).await.unwrap();
        assert_eq!(
            (definition.kind.as_str(), definition.default_namespace.as_str()),
            ("MachineStatuses.runtime.talos.dev", "runtime")
        );
        assert_eq!(definition.on(&node).list().await.unwrap().len(), 1);
    }
    assert!(node.resource_definition("nothing").await.unwrap_err().is_not_found());
    let config = node.resource_definition("mc").await.unwrap();
    assert!(config.sensitive, "{config:?}");
    let all = node.resources::<ResourceDefinition>().list().await.unwrap();
    assert!(all.iter().all(|definition| definition.metadata.id == definition.spec.kind.to_lowercase()));
}

#[tokio::test]
async fn a_watch_tells_contents_and_changes() {
    let Some(mut server) = GoServer::start(&[]) else { return };
    let node = server.node();
    let hostnames = node.resources_untyped("network", HOSTNAMES);
    let mut watch = hostnames.watch().await.unwrap();
    assert!(
        matches!(watch.try_next().await.unwrap(), Some(WatchEvent::Created(r)) if r.metadata.id == "hostname")
    );
    assert!(matches!(watch.try_next().await.unwrap(), Some(WatchEvent::Bootstrapped)));
    let bookmark = watch.bookmark().cloned().unwrap();

    server.put("x", "hostname: one\n", json!({}));
    server.put("x", "hostname: two\n", json!({}));
    server.delete("x");
    for resumed in [false, true] {
        if resumed {
            watch = hostnames.watch_with(WatchOptions::From(bookmark.clone())).await.unwrap();
        }
        assert!(
            matches!(watch.try_next().await.unwrap(), Some(WatchEvent::Created(r)) if r.spec.yaml.contains("one"))
        );
        match watch.try_next().await.unwrap() {
            Some(WatchEvent::Updated { resource, old: Some(old) }) => {
                assert!(resource.spec.yaml.contains("two") && old.spec.yaml.contains("one"));
                assert_eq!((resource.metadata.version, old.metadata.version), (Some(2), Some(1)));
            }
            other => panic!("{other:?}"),
        }
        assert!(matches!(watch.try_next().await.unwrap(), Some(WatchEvent::Destroyed(m)) if m.id == "x"));
        assert!(watch.bookmark().is_some_and(|now| *now != bookmark));
    }

    let mut tail = hostnames.watch_with(WatchOptions::Tail(1)).await.unwrap();
    assert!(matches!(tail.try_next().await.unwrap(), Some(WatchEvent::Destroyed(_))));
    let mut changes = hostnames.watch_with(WatchOptions::Changes).await.unwrap();
    assert!(matches!(changes.try_next().await.unwrap(), Some(WatchEvent::Noop)));
    assert!(changes.bookmark().is_some());
}

#[tokio::test]
async fn a_watch_of_one_id_begins_with_what_is_there() {
    let Some(mut server) = GoServer::start(&[]) else { return };
    let hostnames = server.node().resources_untyped("network", HOSTNAMES);
    let mut watch = hostnames.watch_one("x").await.unwrap();
    assert!(matches!(watch.try_next().await.unwrap(), Some(WatchEvent::Destroyed(m)) if m.id == "x"));
    server.put("x", "hostname: one\n", json!({}));
    assert!(matches!(watch.try_next().await.unwrap(), Some(WatchEvent::Created(_))));
    let mut again = hostnames.watch_one("x").await.unwrap();
    assert!(matches!(again.try_next().await.unwrap(), Some(WatchEvent::Created(_))));
}

#[tokio::test]
async fn a_selecting_watch_turns_changes_into_coming_and_going() {
    let Some(mut server) = GoServer::start(&[]) else { return };
    let selected = server
        .node()
        .resources_untyped("network", HOSTNAMES)
        .with_labels(LabelQuery::new().equal("app", "web"));
    let mut watch = selected.watch().await.unwrap();
    assert!(matches!(watch.try_next().await.unwrap(), Some(WatchEvent::Bootstrapped)));
    server.put("x", "hostname: x\n", json!({}));
    server.put("x", "hostname: x\n", json!({"app": "web"}));
    server.put("x", "hostname: x\n", json!({"app": "db"}));
    assert!(matches!(watch.try_next().await.unwrap(), Some(WatchEvent::Created(_))));
    assert!(matches!(watch.try_next().await.unwrap(), Some(WatchEvent::Destroyed(_))));
}

#[tokio::test]
async fn a_bookmark_of_another_run_is_lost() {
    let Some(first) = GoServer::start(&[]) else { return };
    let mut watch = first.node().resources::<MachineStatus>().watch().await.unwrap();
    while !matches!(watch.try_next().await.unwrap(), Some(WatchEvent::Bootstrapped)) {}
    let bookmark = watch.bookmark().cloned().unwrap();
    let Some(second) = GoServer::start(&[]) else { return };
    let lost = second
        .node()
        .resources::<MachineStatus>()
        .watch_with(WatchOptions::From(bookmark))
        .await
        .unwrap_err();
    assert_eq!(lost.kind(), ErrorKind::WatchLost, "{lost}");
}

#[tokio::test]
async fn refusals_name_the_roles() {
    let Some(server) = GoServer::start(&["-roles", "os:reader"]) else { return };
    server.node().version().await.unwrap();
    let refused = server.node().reboot(RebootOptions::default()).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::PermissionDenied);
    let text = refused.to_string();
    assert!(text.contains("os:reader") && text.contains("os:operator"), "{text}");
}

#[tokio::test]
async fn maintenance_mode_is_pinned_to_a_key() {
    let Some(server) = GoServer::start(&["-maintenance"]) else { return };
    let options = ClientOptions::default();
    let right = server.fingerprint.parse().unwrap();
    let client = Client::maintenance(&server.address, &[right], options.clone()).unwrap();
    client.endpoint().version().await.unwrap();
    let bootstrap = client.endpoint().bootstrap().await.unwrap_err();
    assert_eq!(bootstrap.kind(), ErrorKind::PermissionDenied);
    assert_eq!(client.node("10.0.0.2").version().await.unwrap_err().kind(), ErrorKind::InvalidTarget);

    let wrong = talos_pki::Fingerprint::of_spki(b"another key");
    let client = Client::maintenance(&server.address, &[wrong], options.clone()).unwrap();
    let refused = client.endpoint().version().await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::FingerprintMismatch);
    assert_eq!(refused.presented_fingerprint(), Some(right));
    assert!(refused.to_string().contains(&server.fingerprint), "{refused}");
    assert!(Client::maintenance(&server.address, &[], options.clone()).is_err());

    let anyone =
        talos_client::danger::maintenance_accepting_any_server(&server.address, options.clone()).unwrap();
    anyone.endpoint().version().await.unwrap();

    // The talosconfig of the cluster does not fit a machine that has no configuration yet.
    assert_eq!(server.node().version().await.unwrap_err().kind(), ErrorKind::UnknownAuthority);
}

#[tokio::test]
async fn a_configured_machine_wants_our_certificate() {
    let Some(server) = GoServer::start(&[]) else { return };
    let client =
        talos_client::danger::maintenance_accepting_any_server(&server.address, ClientOptions::default())
            .unwrap();
    let refused = client.endpoint().version().await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ClientCertificateRefused, "{refused}");

    let Some(other) = GoServer::start(&[]) else { return };
    let mut context = server.config.current(None).unwrap().clone();
    context.crt = other.config.current(None).unwrap().crt.clone();
    context.key = other.config.current(None).unwrap().key.clone();
    let client = Client::from_context(&context, ClientOptions::default()).unwrap();
    let refused = client.node("a").version().await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ClientCertificateRefused, "{refused}");

    let mut both = server.config.current(None).unwrap().clone();
    let bundle = [&other, &server]
        .map(|server| server.config.current(None).unwrap().ca.clone().unwrap().as_str().to_owned());
    both.ca = Some(bundle.concat().into());
    Client::from_context(&both, ClientOptions::default()).unwrap().endpoint().version().await.unwrap();
}

#[tokio::test]
async fn a_server_that_is_gone_is_found_again() {
    let Some(mut server) = GoServer::start(&[]) else { return };
    let node = server.node();
    node.version().await.unwrap();
    server.child.kill().unwrap();
    server.child.wait().unwrap();
    let gone = node.clone().with_timeout(Duration::from_secs(10)).version().await.unwrap_err();
    assert_eq!(gone.kind(), ErrorKind::ConnectionRefused, "{gone}");
    assert!(gone.is_retryable());
}

#[tokio::test]
async fn resources_are_written_where_the_server_lets_it() {
    let Some(server) = GoServer::start(&["-cosi-writes"]) else { return };
    let hostnames = server.node().resources::<HostnameStatusSpec>();
    let spec = |name: &str| HostnameStatusSpec { hostname: name.to_owned(), ..Default::default() };
    let made = hostnames.create(&Resource::new("w", spec("one"))).await.unwrap();
    assert_eq!((made.metadata.version, made.metadata.kind.as_str()), (Some(1), HOSTNAMES));
    assert_eq!(hostnames.get("w").await.unwrap(), made);
    assert!(hostnames.create(&Resource::new("w", spec("two"))).await.unwrap_err().is_already_exists());

    let mut newer = made.clone();
    newer.spec.hostname = "two".to_owned();
    newer.metadata.labels.insert("app".to_owned(), "web".to_owned());
    let newer = hostnames.update(&newer, ExpectedPhase::Running).await.unwrap();
    assert_eq!((newer.metadata.version, newer.spec.hostname.as_str()), (Some(2), "two"));
    assert_eq!(newer.metadata.labels["app"], "web");
    let kind = |error: Error| error.kind();
    let stale = hostnames.update(&made, ExpectedPhase::Any).await;
    assert_eq!(stale.map_err(kind).unwrap_err(), ErrorKind::Conflict);
    let phase = hostnames.update(&newer, ExpectedPhase::TearingDown).await;
    assert_eq!(phase.map_err(kind).unwrap_err(), ErrorKind::WrongPhase);
    assert!(
        hostnames
            .update(&Resource::new("none", spec("")), ExpectedPhase::Any)
            .await
            .unwrap_err()
            .is_not_found()
    );

    // Writers that get in each other's way all get through.
    let writers = (0..4)
        .map(|_| hostnames.modify("w", ExpectedPhase::Running, |resource| resource.spec.hostname.push('!')));
    futures_util::future::try_join_all(writers).await.unwrap();
    assert_eq!(hostnames.get("w").await.unwrap().spec.hostname, "two!!!!");

    hostnames.add_finalizers("w", ["a", "b", "a"]).await.unwrap();
    assert_eq!(hostnames.destroy("w").await.map_err(kind).unwrap_err(), ErrorKind::FinalizersPending);
    assert!(!hostnames.teardown("w").await.unwrap());
    assert!(!hostnames.teardown("w").await.unwrap(), "it is no error twice");
    let torn = hostnames.get("w").await.unwrap();
    assert_eq!((torn.metadata.phase, torn.metadata.finalizers.len()), (Phase::TearingDown, 2));
    assert_eq!(torn.spec.hostname, "two!!!!");
    let late = hostnames.teardown_and_destroy("w", Duration::from_millis(200)).await;
    assert_eq!(late.map_err(kind).unwrap_err(), ErrorKind::DeadlineExceeded);
    let (destroyed, freed) = tokio::join!(
        hostnames.teardown_and_destroy("w", Duration::from_secs(60)),
        hostnames.remove_finalizers("w", ["b", "a"]),
    );
    destroyed.unwrap();
    freed.unwrap();
    assert!(hostnames.get("w").await.unwrap_err().is_not_found());
    assert!(hostnames.destroy("w").await.unwrap_err().is_not_found());

    let theirs = hostnames.clone().with_owner("they");
    theirs.create(&Resource::new("theirs", spec("x"))).await.unwrap();
    assert_eq!(hostnames.destroy("theirs").await.map_err(kind).unwrap_err(), ErrorKind::WrongOwner);
    hostnames.add_finalizers("theirs", ["a"]).await.unwrap();
    hostnames.remove_finalizers("theirs", ["a"]).await.unwrap();
    theirs.teardown_and_destroy("theirs", Duration::from_secs(60)).await.unwrap();
}

#[tokio::test]
async fn talos_lets_nobody_write() {
    let Some(server) = GoServer::start(&[]) else { return };
    let hostnames = server.node().resources::<HostnameStatusSpec>();
    let refused = hostnames.create(&Resource::new("w", HostnameStatusSpec::default())).await.unwrap_err();
    assert!(refused.is_permission_denied() && refused.to_string().contains("lets nobody write"), "{refused}");
    let refused = hostnames.destroy("hostname").await.unwrap_err();
    assert!(refused.is_permission_denied() && refused.to_string().contains("lets nobody write"), "{refused}");
}

#[tokio::test]
async fn changes_are_told_and_waited_for() {
    let Some(mut server) = GoServer::start(&[]) else { return };
    let hostnames = server.node().resources::<HostnameStatusSpec>();
    let cache = hostnames.cache();
    cache.ready().await.unwrap();
    let mut changes = hostnames.clone().with_labels(LabelQuery::new().equal("app", "web")).changes();
    assert!(matches!(changes.try_next().await.unwrap(), Some(Change::Synced)));

    server.put("x.y+z", "hostname: one\n", json!({"app": "web"}));
    server.put("x.y+z", "hostname: two\n", json!({"app": "web"}));
    server.put("x.y+z", "hostname: two\n", json!({}));
    let two =
        |found: Option<&Resource<HostnameStatusSpec>>| found.is_some_and(|it| it.spec.hostname == "two");
    let found = hostnames.wait_for("x.y+z", two, Duration::from_secs(60)).await.unwrap().unwrap();
    assert_eq!(found.metadata.version, Some(3));
    assert!(
        matches!(changes.try_next().await.unwrap(), Some(Change::Created(new)) if new.spec.hostname == "one")
    );
    match changes.try_next().await.unwrap() {
        Some(Change::Updated { old, new }) => {
            assert_eq!((old.metadata.version, new.metadata.version), (Some(1), Some(2)));
        }
        other => panic!("{other:?}"),
    }
    assert!(
        matches!(changes.try_next().await.unwrap(), Some(Change::Destroyed(old)) if old.metadata.version == Some(2))
    );
    let all = cache.wait_until(|all| two(all.get("x.y+z").map(|it| &**it)), Duration::from_secs(60)).await;
    assert_eq!(all.unwrap().len(), 2);
    server.delete("x.y+z");
    let gone = hostnames.wait_until(|all| all.get("x.y+z").is_none(), Duration::from_secs(60)).await.unwrap();
    assert_eq!(gone.len(), 1);
    let late = hostnames.wait_for("x.y+z", two, Duration::from_millis(200)).await.unwrap_err();
    assert_eq!(late.kind(), ErrorKind::DeadlineExceeded, "{late}");

    let unknown = server.node().resources_untyped("network", "Nothings.net.talos.dev");
    let unknown = unknown.wait_until(|_| true, Duration::from_secs(60)).await.unwrap_err();
    assert_eq!(unknown.kind(), ErrorKind::Unimplemented, "{unknown}");
    let newer = server.node().resources::<BootIdSpec>().get_single().await.unwrap_err();
    assert!(newer.to_string().contains("needs Talos 1.14 or later"), "{newer}");
}
