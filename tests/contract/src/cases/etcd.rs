//! etcd.

use std::collections::BTreeSet;
use std::io::Cursor;

use bytes::Bytes;
use futures_util::TryStreamExt;
use talos_client::{EtcdMemberId, EtcdRecoverOptions, EtcdVersion, Node};
use talos_pki::Role;
use talos_proto::machine::{
    EtcdDowngradeValidateRequest, EtcdMemberListRequest, EtcdSnapshotRequest, ResetRequest,
};
use tonic::Code;

use crate::any;
use crate::case::{Case, Shape, Target, case};
use crate::check::{ensure, eventually, first, refused, refused_with_one_of, same, some};
use crate::env::Env;
use crate::facts;
use crate::failure::Failure;

/// What only control plane nodes serve.
const CONTROL_PLANE_ONLY: [&str; 17] = [
    "ClusterService/HealthCheck",
    "MachineService/Bootstrap",
    "MachineService/EtcdAlarmDisarm",
    "MachineService/EtcdAlarmList",
    "MachineService/EtcdDefragment",
    "MachineService/EtcdDowngradeCancel",
    "MachineService/EtcdDowngradeEnable",
    "MachineService/EtcdDowngradeValidate",
    "MachineService/EtcdForfeitLeadership",
    "MachineService/EtcdLeaveCluster",
    "MachineService/EtcdMemberList",
    "MachineService/EtcdRecover",
    "MachineService/EtcdRemoveMemberByID",
    "MachineService/EtcdSnapshot",
    "MachineService/EtcdStatus",
    "MachineService/GenerateClientConfiguration",
    "MachineService/Kubeconfig",
];

pub(super) fn cases() -> Vec<Case> {
    let mut cases = members();
    cases.extend(health());
    cases.extend(membership());
    cases.extend(snapshots());
    cases.extend(downgrades());
    cases.extend(CONTROL_PLANE_ONLY.into_iter().map(on_a_worker));
    cases
}

fn members() -> Vec<Case> {
    vec![
        case("etcd/members", "MachineService/EtcdMemberList", |env| async move {
            let members = env.node()?.etcd_members().await?;
            if env.simulation().is_ok() {
                same(members.len(), env.world().control_planes.len())?;
            }
            let ids: BTreeSet<_> = members.iter().map(|member| member.id).collect();
            same(ids.len(), members.len())?;
            ensure(members.iter().all(|member| !member.hostname.is_empty()), "names", &members)?;
            ensure(members.iter().all(|member| !member.is_learner), "no learner", &members)
        })
        .go("call machine.MachineService/EtcdMemberList {\"queryLocal\":true}", Code::Ok, 1),
        case("etcd/member-urls", "MachineService/EtcdMemberList", |env| async move {
            for member in env.node()?.etcd_members().await? {
                let peer = first(&member.peer_urls)?;
                ensure(peer.starts_with("https://") && peer.ends_with(":2380"), "https and port 2380", peer)?;
                let client = first(&member.client_urls)?;
                let fits = client.starts_with("https://") && client.ends_with(":2379");
                ensure(fits, "https and port 2379", client)?;
            }
            Ok(())
        }),
        case("etcd/members-agree", "MachineService/EtcdMemberList", |env| async move {
            let mut seen = Vec::new();
            for node in env.control_planes()? {
                let mut members = env.admin()?.node(node).etcd_members().await?;
                members.sort_by_key(|member| member.id);
                seen.push(members);
            }
            seen.dedup();
            same(seen.len(), 1)
        }),
        case("etcd/members-not-only-local", "MachineService/EtcdMemberList", |env| async move {
            let request = EtcdMemberListRequest { query_local: false };
            let reply = env.node()?.raw().machine().etcd_member_list(request).await?.into_inner();
            same(first(reply.messages)?.members.len(), env.node()?.etcd_members().await?.len())
        })
        .go("call machine.MachineService/EtcdMemberList {}", Code::Ok, 1),
        case("etcd/members-for-a-backup", "MachineService/EtcdMemberList", |env| async move {
            env.node()?.etcd_members().await?;
            Ok(())
        })
        .role_of(Role::EtcdBackup)
        .go("call machine.MachineService/EtcdMemberList {}", Code::Ok, 1),
    ]
}

fn health() -> Vec<Case> {
    vec![
        case("etcd/status", "MachineService/EtcdStatus MachineService/EtcdMemberList", |env| async move {
            let status = env.node()?.etcd_status().await?;
            let members = env.node()?.etcd_members().await?;
            for (what, id) in [("a member", Some(status.member)), ("a leader", status.leader)] {
                ensure(members.iter().any(|member| Some(member.id) == id), what, id)?;
            }
            let sizes = status.db_size >= status.db_size_in_use && status.db_size_in_use > 0;
            ensure(sizes, "sizes of the database", &status)?;
            let raft = status.raft_applied_index <= status.raft_index && status.raft_term > 0;
            ensure(raft, "indexes of raft", &status)?;
            ensure(!status.is_learner && status.errors.is_empty(), "a member in good health", &status)
        })
        .go("call machine.MachineService/EtcdStatus {}", Code::Ok, 1),
        case("etcd/status-storage-version", "MachineService/EtcdStatus", |env| async move {
            // Servers before 1.11 do not have the field.
            same(env.node()?.etcd_status().await?.storage_version.is_some(), env.minor() >= 11)
        }),
        case("etcd/one-leader", "MachineService/EtcdStatus", |env| async move {
            let (mut leaders, mut members) = (BTreeSet::new(), BTreeSet::new());
            for node in env.control_planes()? {
                let status = env.admin()?.node(node).etcd_status().await?;
                leaders.insert(some(status.leader, "a leader")?);
                members.insert(status.member);
            }
            same(leaders.len(), 1)?;
            same(members.len(), env.control_planes()?.len())?;
            ensure(leaders.is_subset(&members), "a leader that is a member", (&leaders, &members))
        }),
        case("etcd/no-alarms", "MachineService/EtcdAlarmList", |env| async move {
            same(env.node()?.etcd_alarms().await?, Vec::new())
        })
        .go("call machine.MachineService/EtcdAlarmList {}", Code::Ok, 1),
        case("etcd/disarm-nothing", "MachineService/EtcdAlarmDisarm", |env| async move {
            same(env.node()?.etcd_disarm_alarms().await?, Vec::new())
        })
        .changes()
        .role_of(Role::Operator)
        .go("call machine.MachineService/EtcdAlarmDisarm {}", Code::Ok, 1),
        case("etcd/defragment", "MachineService/EtcdDefragment", |env| async move {
            Ok(env.node()?.etcd_defragment().await?)
        })
        .changes()
        .role_of(Role::Operator)
        .go("call machine.MachineService/EtcdDefragment {}", Code::Ok, 1),
    ]
}

fn membership() -> Vec<Case> {
    let removal = "MachineService/EtcdRemoveMemberByID";
    let forfeit = "MachineService/EtcdForfeitLeadership";
    vec![
        case("etcd/remove-unknown-member", removal, |env| async move {
            refused(env.node()?.etcd_remove_member(EtcdMemberId(1)).await, Code::NotFound)
        })
        .go(
            "call machine.MachineService/EtcdRemoveMemberByID {\"memberId\":\"1\"}",
            Code::NotFound,
            0,
        ),
        case("etcd/remove-member", removal, |env| async move {
            let nodes = env.control_planes()?;
            let leaving = env.admin()?.node(&nodes[1]).etcd_status().await?.member;
            let staying = env.admin()?.node(&nodes[0]);
            staying.etcd_remove_member(leaving).await?;
            let members = staying.etcd_members().await?;
            ensure(members.iter().all(|member| member.id != leaving), "the member to be gone", &members)?;
            same(members.len(), nodes.len() - 1)
        })
        .alone(Shape::cluster(3, 0)),
        case("etcd/leave", "MachineService/EtcdLeaveCluster", |env| async move {
            let nodes = env.control_planes()?;
            env.admin()?.node(&nodes[2]).etcd_leave().await?;
            let staying = env.admin()?.node(&nodes[0]);
            eventually("two members", async || (staying.etcd_members().await.ok()?.len() == 2).then_some(()))
                .await
        })
        .alone(Shape::cluster(3, 0))
        .go("call machine.MachineService/EtcdLeaveCluster {}", Code::Ok, 1),
        case("etcd/forfeit-leadership", forfeit, |env| async move {
            let leader = member(&env, true).await?;
            let before = leader.etcd_status().await?.leader;
            some(leader.etcd_forfeit_leadership().await?, "the name of the new leader")?;
            eventually("another leader", async || {
                (leader.etcd_status().await.ok()?.leader != before).then_some(())
            })
            .await
        })
        .alone(Shape::cluster(3, 0)),
        case("etcd/forfeit-by-a-follower", forfeit, |env| async move {
            same(member(&env, false).await?.etcd_forfeit_leadership().await?, None)
        })
        .changes(),
        case("etcd/forfeit-with-one-member", forfeit, |env| async move {
            refused(env.node()?.etcd_forfeit_leadership().await, Code::Unknown)
        })
        .alone(Shape::cluster(1, 0))
        .go("call machine.MachineService/EtcdForfeitLeadership {}", Code::Unknown, 0),
    ]
}

fn snapshots() -> Vec<Case> {
    vec![
        case("etcd/snapshot", "MachineService/EtcdSnapshot", |env| async move {
            let snapshot = snapshot(&env.node()?).await?;
            ensure(snapshot.len() % 512 == 32, "whole pages and a digest", snapshot.len())?;
            // The meta page of bolt: number, flags, sizes, and then the magic number.
            let magic = snapshot.get(16..20).map(<[u8]>::to_vec);
            same(magic, Some(0xED0C_DAED_u32.to_le_bytes().to_vec()))
        })
        .go("snapshot", Code::Ok, 1),
        case("etcd/snapshot-for-a-backup", "MachineService/EtcdSnapshot", |env| async move {
            let mut snapshot = env.node()?.etcd_snapshot();
            while snapshot.try_next().await?.is_some() {}
            some(snapshot.proven(), "a digest that fits").map(drop)
        })
        .role_of(Role::EtcdBackup)
        .go("snapshot", Code::Ok, 1),
        case("etcd/snapshot-not-for-readers", "MachineService/EtcdSnapshot", |env| async move {
            refused(snapshot(&env.node()?).await.map(|bytes| bytes.len()), Code::PermissionDenied)
        })
        .role_of(Role::Reader)
        .go("snapshot", Code::PermissionDenied, 0..),
        case(
            "etcd/recover-and-bootstrap",
            "MachineService/EtcdRecover MachineService/Bootstrap MachineService/EtcdSnapshot",
            |env| async move {
                let node = env.node()?;
                let saved = snapshot(&node).await?;
                // The disk loses everything, and the configuration comes from the user data again.
                let reset = ResetRequest { reboot: true, ..Default::default() };
                node.raw().machine().reset(reset).await?;
                eventually("a machine without etcd", async || {
                    let answer = node.etcd_members().await;
                    answer.is_err_and(|error| error.code() == Some(Code::Unknown)).then_some(())
                })
                .await?;
                eventually("etcd out of the snapshot", async || {
                    let options = EtcdRecoverOptions::default();
                    node.etcd_recover(Cursor::new(saved.clone()), options).await.ok()
                })
                .await?;
                eventually("etcd", async || node.etcd_members().await.ok()).await.map(drop)
            },
        )
        .alone(Shape::cluster(1, 0)),
    ]
}

fn downgrades() -> Vec<Case> {
    let earlier = EtcdVersion { major: 3, minor: 5 };
    let mut cases = vec![
        case("etcd/downgrade-validate", "MachineService/EtcdDowngradeValidate", move |env| async move {
            let version = env.node()?.etcd_validate_downgrade(earlier).await?;
            ensure(version.starts_with("3."), "the version of the cluster", version)
        })
        .from(11)
        .go("call machine.MachineService/EtcdDowngradeValidate {\"version\":\"3.5\"}", Code::Ok, 1),
        case(
            "etcd/downgrade-and-cancel",
            "MachineService/EtcdDowngradeEnable MachineService/EtcdDowngradeCancel",
            move |env| async move {
                env.node()?.etcd_enable_downgrade(earlier).await?;
                env.node()?.etcd_cancel_downgrade().await?;
                Ok(())
            },
        )
        .from(11)
        .changes(),
    ];
    for (name, version) in [("empty", ""), ("word", "latest"), ("patch", "3.5.1"), ("too-old", "3.3")] {
        cases.push(
            case(
                format!("etcd/downgrade-to-{name}"),
                "MachineService/EtcdDowngradeValidate",
                move |env| async move {
                    let request = EtcdDowngradeValidateRequest { version: version.to_owned() };
                    let answer = env.node()?.raw().machine().etcd_downgrade_validate(request).await;
                    refused_with_one_of(answer, &[Code::InvalidArgument, Code::Unknown])
                },
            )
            .from(11),
        );
    }
    cases
}

/// Workers have no etcd, no authorities and no Kubernetes API.
fn on_a_worker(short: &'static str) -> Case {
    let name = format!("etcd/not-on-a-worker/{}", short.replace('/', "."));
    let case = case(name, short, move |env| async move {
        let method = some(facts::find(short), "a method of the table")?;
        refused(any::call(&env.node()?, &method.path, Bytes::new()).await, Code::Unimplemented)
    })
    .on(Target::Worker);
    let path = facts::find(short).map(|method| method.path.trim_start_matches('/')).unwrap_or_default();
    case.go(&format!("call {path} {{}}"), Code::Unimplemented, 0)
}

async fn snapshot(node: &Node) -> Result<Vec<u8>, Failure> {
    let stream = node.raw().machine().etcd_snapshot(EtcdSnapshotRequest {}).await?.into_inner();
    let pieces: Vec<talos_proto::common::Data> = stream.try_collect().await?;
    Ok(pieces.into_iter().flat_map(|piece| piece.bytes).collect())
}

/// The leader, or somebody else.
async fn member(env: &Env, leader: bool) -> Result<Node, Failure> {
    for name in env.control_planes()? {
        let node = env.admin()?.node(name);
        if node.etcd_status().await?.is_leader() == leader {
            return Ok(node);
        }
    }
    Err(Failure::wrong(if leader { "a leader" } else { "a follower" }, "none"))
}
