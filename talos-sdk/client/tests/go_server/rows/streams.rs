//! Logs, messages, events, files and packets.

use std::time::Duration;

use futures_util::TryStreamExt;
use serde_json::json;
use talos_client::{
    DmesgOptions, EventOptions, EventTail, ExtractOptions, HealthOptions, HealthState, ListOptions,
    LogOptions, PcapOptions, UsageOptions,
};

use super::{Row, data, row};

pub(super) fn rows() -> Vec<Row> {
    let mut rows = texts();
    rows.extend(files());
    rows
}

fn texts() -> Vec<Row> {
    // The head of a capture file, and a packet of two bytes.
    let capture = [
        &[0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 1, 0, 0, 0][..],
        &[5, 0, 0, 0, 6, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 0xab, 0xcd][..],
    ]
    .concat();
    vec![
        row("logs", "machine.MachineService/Logs", |node| async move {
            let options = LogOptions::container("kube-system/pod:app:1").with_tail(7).with_follow();
            let pieces: Vec<_> = node.logs(options).try_collect().await?;
            assert_eq!(pieces, ["a line\n", "another\n"]);
            Ok(())
        })
        .asks(json!({
            "namespace": "k8s.io", "id": "kube-system/pod:app:1", "driver": "CRI", "follow": true, "tail_lines": 7,
        }))
        .streams([data("a line\n"), data("another\n")]),
        row("log_ids", "machine.MachineService/LogsContainers", |node| async move {
            assert_eq!(node.log_ids().await?, ["apid", "machined"]);
            Ok(())
        })
        .answers(json!({"ids": ["apid", "machined"]})),
        row("dmesg", "machine.MachineService/Dmesg", |node| async move {
            let messages: Vec<_> = node.dmesg(DmesgOptions::default()).try_collect().await?;
            assert_eq!(messages[9].text, "message 9");
            Ok(())
        }),
        row("events", "machine.MachineService/Events", |node| async move {
            let options = EventOptions::default().with_tail(EventTail::Last(3)).with_actor_id("actor");
            let events: Vec<_> = node.events(options).await?.try_collect().await?;
            assert_eq!((events.len(), events[0].id.as_str(), events[0].actor_id.as_str()), (1, "01", "actor"));
            Ok(())
        })
        .asks(json!({"tail_events": 3, "with_actor_id": "actor"}))
        .streams([
            json!({"data": {}}),
            json!({
                "data": {"@type": "talos/runtime/machine.PhaseEvent", "phase": "p"}, "id": "01", "actor_id": "actor",
            }),
        ]),
        row("cluster_health", "cluster.ClusterService/HealthCheck", |node| async move {
            let options = HealthOptions::new(Duration::from_secs(90)).with_nodes(["10.0.0.2"], ["10.0.0.5"]);
            let lines: Vec<_> = node.cluster_health(options).try_collect().await?;
            assert_eq!(lines[0].check.as_deref(), Some("etcd to be healthy"));
            assert_eq!((&lines[1].state, &lines[2].state), (&HealthState::Passed, &HealthState::Note));
            Ok(())
        })
        .asks(json!({
            "wait_timeout": "90s",
            "cluster_info": {"control_plane_nodes": ["10.0.0.2"], "worker_nodes": ["10.0.0.5"]},
        }))
        .streams([
            json!({"message": "waiting for etcd to be healthy: ..."}),
            json!({"message": "waiting for etcd to be healthy: OK"}),
            json!({"message": "done"}),
        ]),
        row("capture_packets", "machine.MachineService/PacketCapture", |node| async move {
            let options = PcapOptions::new("eth0").with_promiscuous().with_snap_len(96);
            let packets: Vec<_> = node.capture_packets(options).packets().try_collect().await?;
            assert_eq!((packets.len(), &packets[0].data[..]), (1, &[0xab, 0xcd][..]));
            Ok(())
        })
        .asks(json!({"interface": "eth0", "promiscuous": true, "snap_len": 96}))
        .streams([data(&capture[..30]), data(&capture[30..])]),
    ]
}

fn files() -> Vec<Row> {
    vec![
        row("list", "machine.MachineService/List", |node| async move {
            let options = ListOptions::new("/var").with_depth(2).with_xattrs();
            let entries: Vec<_> = node.list(options).try_collect().await?;
            assert_eq!((entries.len(), entries[0].path.as_str()), (2, "/var/log"));
            assert_eq!(entries[0].info.as_ref().unwrap().mode.to_string(), "drwxr-xr-x");
            assert!(entries[1].info.is_err(), "{entries:?}");
            Ok(())
        })
        .asks_at_least(json!({"root": "/var", "recurse": true, "recursion_depth": 2, "report_xattrs": true}))
        .streams([
            json!({
                "name": "/var/log", "relative_name": "log", "mode": 0x8000_01ed_u32, "is_dir": true, "size": "4096",
                "modified": "1700000000", "uid": 1, "gid": 2,
                "xattrs": [{"name": "security.selinux", "data": super::bytes("x")}],
            }),
            json!({"name": "/var/x", "relative_name": "x", "error": "may not be read"}),
        ]),
        row("read", "machine.MachineService/Read", |node| async move {
            let pieces: Vec<_> = node.read("/etc/hostname").try_collect().await?;
            assert_eq!(pieces.concat(), b"interop\n");
            Ok(())
        })
        .asks(json!({"path": "/etc/hostname"})),
        row("copy", "machine.MachineService/Copy", |node| async move {
            let folder = tempfile::tempdir().unwrap();
            let extracted = node.copy("/etc").extract(folder.path(), ExtractOptions::default()).await?;
            assert!(extracted.is_complete(), "{extracted:?}");
            assert_eq!(std::fs::read(folder.path().join("etc/hostname")).unwrap(), b"interop\n");
            Ok(())
        })
        .asks(json!({"root_path": "/etc"})),
        row("disk_usage", "machine.MachineService/DiskUsage", |node| async move {
            let options = UsageOptions::new("/var").with_depth(3).with_files().with_at_most(1 << 20);
            let all: Vec<_> = node.disk_usage(options).try_collect().await?;
            assert_eq!((all[0].path.as_str(), &all[0].size), ("/var/a", &Ok(1 << 33)));
            assert_eq!(all[1].size, Err("gone".to_owned()));
            Ok(())
        })
        .asks(json!({"recursion_depth": 3, "all": true, "threshold": "-1048576", "paths": ["/var"]}))
        .streams([
            json!({"name": "/var/a", "relative_name": "a", "size": (1_u64 << 33).to_string()}),
            json!({"name": "/var/b", "relative_name": "b", "error": "gone"}),
        ]),
    ]
}
