//! etcd.

use std::io::Cursor;

use futures_util::TryStreamExt;
use serde_json::{Value, json};
use talos_client::{EtcdAlarmKind, EtcdMemberId, EtcdRecoverOptions, EtcdVersion};

use super::{Row, bytes, data, row};

const VERSION: EtcdVersion = EtcdVersion { major: 3, minor: 5 };
const RECOVER: &str = "machine.MachineService/EtcdRecover";
const SNAPSHOT: &str = "machine.MachineService/EtcdSnapshot";

pub(super) fn rows() -> Vec<Row> {
    let mut rows = members();
    rows.extend(alarms());
    rows.extend(downgrades());
    rows.extend(snapshots());
    rows
}

fn members() -> Vec<Row> {
    vec![
        row("etcd_members", "machine.MachineService/EtcdMemberList", |node| async move {
            let members = node.etcd_members().await?;
            let member = &members[0];
            assert_eq!((member.id, member.hostname.as_str()), (EtcdMemberId(u64::MAX), "cp-1"));
            assert_eq!((member.peer_urls.len(), member.client_urls.len(), member.is_learner), (2, 1, true));
            Ok(())
        })
        .asks(json!({"query_local": true}))
        .answers(json!({"legacy_members": ["cp-1"], "members": [{
            "id": u64::MAX.to_string(), "hostname": "cp-1", "peer_urls": ["https://10.0.0.2:2380", "https://[fd00::2]:2380"],
            "client_urls": ["https://10.0.0.2:2379"], "is_learner": true,
        }]})),
        row("etcd_status", "machine.MachineService/EtcdStatus", |node| async move {
            let status = node.etcd_status().await?;
            assert!(status.is_leader() && !status.is_learner, "{status:?}");
            assert_eq!((status.db_size, status.db_size_in_use), (1 << 33, 1 << 20));
            assert_eq!((status.raft_index, status.raft_term, status.raft_applied_index), (100, 3, 99));
            assert_eq!((status.protocol_version.as_str(), status.storage_version.as_deref()), ("3.6.4", Some("3.6.0")));
            assert_eq!(status.errors, ["e"]);
            Ok(())
        })
        .answers(json!({"member_status": {
            "member_id": "5", "leader": "5", "protocol_version": "3.6.4", "storage_version": "3.6.0",
            "db_size": (1_u64 << 33).to_string(), "db_size_in_use": (1_u64 << 20).to_string(), "raft_index": "100",
            "raft_term": "3", "raft_applied_index": "99", "errors": ["e"],
        }})),
        row("etcd_forfeit_leadership", "machine.MachineService/EtcdForfeitLeadership", |node| async move {
            assert_eq!(node.etcd_forfeit_leadership().await?.as_deref(), Some("cp-2"));
            Ok(())
        })
        .answers(json!({"member": "cp-2"})),
        row("etcd_leave", "machine.MachineService/EtcdLeaveCluster", |node| async move { node.etcd_leave().await })
            .answers(json!({}))
            .needs_a_name(),
        row("etcd_remove_member", "machine.MachineService/EtcdRemoveMemberByID", |node| async move {
            node.etcd_remove_member(EtcdMemberId(0xabc)).await
        })
        .asks(json!({"member_id": "2748"}))
        .answers(json!({}))
        .needs_a_name(),
        row("etcd_defragment", "machine.MachineService/EtcdDefragment", |node| async move {
            node.etcd_defragment().await
        })
        .answers(json!({})),
    ]
}

fn alarms() -> Vec<Row> {
    let alarms = json!({"member_alarms": [{"member_id": "5", "alarm": "NOSPACE"}, {"member_id": "6", "alarm": "CORRUPT"}]});
    vec![
        row("etcd_alarms", "machine.MachineService/EtcdAlarmList", |node| async move {
            let alarms = node.etcd_alarms().await?;
            assert_eq!((alarms[0].member, alarms[0].kind), (EtcdMemberId(5), EtcdAlarmKind::NoSpace));
            assert_eq!((alarms[1].member, alarms[1].kind), (EtcdMemberId(6), EtcdAlarmKind::Corrupt));
            Ok(())
        })
        .answers(alarms.clone()),
        row("etcd_disarm_alarms", "machine.MachineService/EtcdAlarmDisarm", |node| async move {
            assert_eq!(node.etcd_disarm_alarms().await?.len(), 2);
            Ok(())
        })
        .answers(alarms),
    ]
}

fn downgrades() -> Vec<Row> {
    let answer = json!({"cluster_downgrade": {"cluster_version": "3.6.0"}});
    vec![
        row("etcd_validate_downgrade", "machine.MachineService/EtcdDowngradeValidate", |node| async move {
            assert_eq!(node.etcd_validate_downgrade(VERSION).await?, "3.6.0");
            Ok(())
        })
        .asks(json!({"version": "3.5"}))
        .answers(answer.clone()),
        row("etcd_enable_downgrade", "machine.MachineService/EtcdDowngradeEnable", |node| async move {
            assert_eq!(node.etcd_enable_downgrade(VERSION).await?, "3.6.0");
            Ok(())
        })
        .asks(json!({"version": "3.5"}))
        .answers(answer.clone()),
        row("etcd_cancel_downgrade", "machine.MachineService/EtcdDowngradeCancel", |node| async move {
            assert_eq!(node.etcd_cancel_downgrade().await?, "3.6.0");
            Ok(())
        })
        .answers(answer),
    ]
}

/// A database of two pages, and its hash.
fn snapshot() -> Vec<u8> {
    let mut bytes = vec![7; 1024];
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &bytes);
    bytes.extend_from_slice(hash.as_ref());
    bytes
}

fn pieces() -> [Value; 2] {
    let whole = snapshot();
    [data(&whole[..500]), data(&whole[500..])]
}

fn snapshots() -> Vec<Row> {
    let bootstrap = json!({"messages": [{}]});
    let recovery = |row: Row| {
        row.asks(json!({"bytes": bytes(snapshot())}))
            .sends(json!([{"bytes": bytes(snapshot())}]))
            .answers(json!({}))
            .and_calls(["machine.MachineService/Bootstrap"])
            .and_answers("machine.MachineService/Bootstrap", [bootstrap.clone()])
            .needs_a_name()
    };
    vec![
        row("etcd_snapshot", SNAPSHOT, |node| async move {
            let mut stream = node.etcd_snapshot();
            let mut whole = Vec::new();
            while let Some(piece) = stream.try_next().await? {
                whole.extend_from_slice(&piece);
            }
            assert!(whole == snapshot() && stream.proven().unwrap().size == 1056);
            Ok(())
        })
        .streams(pieces()),
        row("etcd_snapshot_to", SNAPSHOT, |node| async move {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("db.snapshot");
            node.etcd_snapshot_to(&path).await?;
            assert!(std::fs::read(path).unwrap() == snapshot());
            Ok(())
        })
        .streams(pieces()),
        recovery(row("etcd_recover", RECOVER, |node| async move {
            node.etcd_recover(Cursor::new(snapshot()), EtcdRecoverOptions::default()).await
        })),
        recovery(row("etcd_recover_from", RECOVER, |node| async move {
            let file = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(file.path(), snapshot()).unwrap();
            node.etcd_recover_from(file.path(), EtcdRecoverOptions::default()).await
        })),
    ]
}
