//! Calls whose answers the server has by itself.

use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt};
use serde_json::{Value, json};
use talos_client::{
    ApplyMode, ApplyOptions, DmesgOptions, ErrorKind, EventOptions, EventPayload, EventTail, ExtractOptions,
    Facility, ImageStore, InstallerExit, ListOptions, LogOptions, MachineStage, Priority, RebootMode,
    RebootOptions, ServiceState,
};
use tokio::io::AsyncReadExt;

use crate::server::GoServer;

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
    assert_eq!(missing.code(), Some(tonic::Code::Unknown), "{missing}");
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
    assert_eq!(names, ["/etc", "/etc/hostname", "/etc/os-release", "/etc/ssl"]);
    let modes: Vec<_> = entries.iter().map(|entry| entry.info.as_ref().unwrap().mode.to_string()).collect();
    assert_eq!(modes, ["drwxr-xr-x", "-rw-r--r--", "-rw-r--r--", "drwxr-xr-x"]);

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
    assert_eq!(error.code(), Some(tonic::Code::Unknown));
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
