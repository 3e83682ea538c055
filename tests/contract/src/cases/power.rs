//! Reboot, shutdown, reset and rollback.

use futures_util::StreamExt;
use talos_client::{EventOptions, EventPayload, MachineStage, Node};
use talos_pki::Role;
use talos_proto::machine::reboot_request::Mode;
use talos_proto::machine::reset_request::WipeMode;
use talos_proto::machine::{
    RebootRequest, ResetPartitionSpec, ResetRequest, RollbackRequest, ShutdownRequest,
};
use talos_sim::{SimNode, Stage};
use tonic::Code;

use crate::case::{Case, Shape, Target, case};
use crate::check::{ask, collect_bytes, ensure, eventually, refused, same, soon};
use crate::env::Env;
use crate::failure::Failure;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = reboots();
    cases.extend(ends());
    cases.extend(resets());
    cases
}

fn reboots() -> Vec<Case> {
    let method = "MachineService/Reboot";
    let mut cases = vec![
        case(
            "power/reboot-changes-the-boot-id",
            "MachineService/Reboot MachineService/Read",
            |env| async move {
                let node = env.node()?;
                let before = boot_id(&node).await?;
                node.raw().machine().reboot(RebootRequest::default()).await?;
                eventually("another boot id", async || {
                    boot_id(&node).await.ok().filter(|id| !id.is_empty() && *id != before)
                })
                .await
                .map(drop)
            },
        )
        .alone(Shape::cluster(1, 0)),
        case("power/reboot-comes-back-ready", method, |env| async move {
            env.node()?.raw().machine().reboot(RebootRequest::default()).await?;
            back(&machine(&env)?).await
        })
        .alone(Shape::cluster(1, 0))
        .go("reboot", Code::Ok, 1),
        case("power/reboot-of-a-worker", method, |env| async move {
            env.node()?.raw().machine().reboot(RebootRequest::default()).await?;
            back(&env.machine(env.worker()?)?).await
        })
        .on(Target::Worker)
        .alone(Shape::cluster(1, 1))
        .go("reboot", Code::Ok, 1),
        case("power/reboot-as-operator", method, |env| async move {
            let actor = ask!(env, machine.reboot(RebootRequest::default())).actor_id;
            ensure(!actor.is_empty(), "the id of the actor", actor)
        })
        .role_of(Role::Operator)
        .alone(Shape::cluster(1, 0))
        .go("reboot", Code::Ok, 1),
        case("power/reboot-as-reader", method, |env| async move {
            refused(
                env.node()?.raw().machine().reboot(RebootRequest::default()).await,
                Code::PermissionDenied,
            )
        })
        .role_of(Role::Reader)
        .go("reboot", Code::PermissionDenied, 0),
        case(
            "power/reboot-is-told-in-events",
            "MachineService/Reboot MachineService/Events",
            |env| async move {
                let node = env.node()?;
                let mut events = node.events(EventOptions::default()).await?;
                node.raw().machine().reboot(RebootRequest::default()).await?;
                let mut stages = Vec::new();
                soon("the end of the events", async {
                    while let Some(Ok(event)) = events.next().await {
                        if let EventPayload::MachineStatus { stage, .. } = event.payload {
                            stages.push(stage);
                        }
                    }
                })
                .await?;
                ensure(stages.contains(&MachineStage::Rebooting), "the stage of rebooting", stages)
            },
        )
        .alone(Shape::cluster(1, 0)),
        case(
            "power/etcd-outlives-a-reboot",
            "MachineService/Reboot MachineService/EtcdMemberList",
            |env| async move {
                let node = env.node()?;
                let mut before = node.etcd_members().await?;
                node.raw().machine().reboot(RebootRequest::default()).await?;
                back(&machine(&env)?).await?;
                let mut after = eventually("etcd", async || node.etcd_members().await.ok()).await?;
                before.sort_by_key(|member| member.id);
                after.sort_by_key(|member| member.id);
                same(after, before)
            },
        )
        .alone(Shape::cluster(1, 0)),
    ];
    for (mode, name) in [(Mode::Powercycle, "powercycle"), (Mode::Force, "force")] {
        cases.push(
            case(format!("power/reboot-{name}"), method, move |env| async move {
                env.node()?.raw().machine().reboot(RebootRequest { mode: mode.into() }).await?;
                back(&machine(&env)?).await
            })
            .alone(Shape::cluster(1, 0))
            .go(&format!("reboot -mode {name}"), Code::Ok, 1),
        );
    }
    cases
}

fn ends() -> Vec<Case> {
    let mut cases = Vec::new();
    for force in [false, true] {
        let name = if force { "-force" } else { "" };
        cases.push(
            case(format!("power/shutdown{name}"), "MachineService/Shutdown", move |env| async move {
                let actor = ask!(env, machine.shutdown(ShutdownRequest { force })).actor_id;
                ensure(!actor.is_empty(), "the id of the actor", actor)?;
                let machine = machine(&env)?;
                eventually("a machine that is off", async || {
                    (machine.stage() == Stage::Unknown).then_some(())
                })
                .await
            })
            .alone(Shape::cluster(1, 0))
            .go(&format!("shutdown {name}"), Code::Ok, 1),
        );
    }
    cases.extend([
        case("power/shutdown-as-reader", "MachineService/Shutdown", |env| async move {
            refused(
                env.node()?.raw().machine().shutdown(ShutdownRequest::default()).await,
                Code::PermissionDenied,
            )
        })
        .role_of(Role::Reader)
        .go("shutdown", Code::PermissionDenied, 0),
        case("power/rollback-as-operator", "MachineService/Rollback", |env| async move {
            refused(env.node()?.raw().machine().rollback(RollbackRequest {}).await, Code::PermissionDenied)
        })
        .role_of(Role::Operator)
        .go("rollback", Code::PermissionDenied, 0),
        case("power/rollback-to-nothing", "MachineService/Rollback", |env| async move {
            let answer = env.node()?.raw().machine().rollback(RollbackRequest {}).await;
            ensure(answer.is_err(), "a refusal, as there is no other version", &answer)
        })
        .alone(Shape::cluster(1, 0)),
    ]);
    cases
}

fn resets() -> Vec<Case> {
    let method = "MachineService/Reset";
    let mut cases = vec![
        case(
            "power/reset-leaves-etcd",
            "MachineService/Reset MachineService/EtcdMemberList",
            |env| async move {
                let nodes = env.control_planes()?;
                let request = ResetRequest { graceful: true, reboot: false, ..Default::default() };
                env.admin()?.node(&nodes[2]).raw().machine().reset(request).await?;
                let staying = env.admin()?.node(&nodes[0]);
                eventually("two members", async || {
                    (staying.etcd_members().await.ok()?.len() == 2).then_some(())
                })
                .await
            },
        )
        .alone(Shape::cluster(3, 0)),
        case("power/reset-halts-by-itself", method, |env| async move {
            // The zero value of the wire does not reboot.
            env.node()?.raw().machine().reset(ResetRequest::default()).await?;
            let machine = machine(&env)?;
            eventually("a machine that is off", async || (machine.stage() == Stage::Unknown).then_some(()))
                .await
        })
        .alone(Shape::cluster(1, 0)),
        case("power/reset-and-reboot", method, |env| async move {
            let request = ResetRequest { reboot: true, ..Default::default() };
            env.node()?.raw().machine().reset(request).await?;
            let machine = machine(&env)?;
            eventually("another boot", async || (machine.boots() > 1).then_some(())).await
        })
        .alone(Shape::cluster(1, 0))
        .go("reset", Code::Ok, 1),
        case("power/reset-as-operator", method, |env| async move {
            refused(env.node()?.raw().machine().reset(ResetRequest::default()).await, Code::PermissionDenied)
        })
        .role_of(Role::Operator)
        .go("call machine.MachineService/Reset {}", Code::PermissionDenied, 0),
    ];
    let partition = || vec![ResetPartitionSpec { label: "EPHEMERAL".to_owned(), wipe: true }];
    let disks = || vec!["/dev/vdb".to_owned()];
    for (name, request) in [
        (
            "system-disk-and-user-disks",
            ResetRequest {
                mode: WipeMode::SystemDisk.into(),
                user_disks_to_wipe: disks(),
                ..Default::default()
            },
        ),
        (
            "user-disks-and-partitions",
            ResetRequest {
                mode: WipeMode::UserDisks.into(),
                user_disks_to_wipe: disks(),
                system_partitions_to_wipe: partition(),
                ..Default::default()
            },
        ),
        (
            "missing-disk",
            ResetRequest {
                mode: WipeMode::UserDisks.into(),
                user_disks_to_wipe: vec!["/dev/nosuch".to_owned()],
                ..Default::default()
            },
        ),
        (
            "missing-partition",
            ResetRequest {
                mode: WipeMode::SystemDisk.into(),
                system_partitions_to_wipe: vec![ResetPartitionSpec {
                    label: "NOSUCH".to_owned(),
                    wipe: true,
                }],
                ..Default::default()
            },
        ),
    ] {
        cases.push(
            case(format!("power/reset-{name}"), method, move |env| {
                let request = request.clone();
                async move {
                    let answer = env.node()?.raw().machine().reset(request).await;
                    ensure(answer.is_err(), "a refusal", &answer)?;
                    same(machine(&env)?.stage(), Stage::Running)
                }
            })
            .alone(Shape::cluster(1, 0)),
        );
    }
    cases
}

fn machine(env: &Env) -> Result<SimNode, Failure> {
    env.machine(env.node_name()?)
}

/// Another boot, and ready again.
async fn back(machine: &SimNode) -> Result<(), Failure> {
    eventually("another boot", async || (machine.boots() > 1).then_some(())).await?;
    soon("a ready machine", machine.wait_until_ready()).await
}

async fn boot_id(node: &Node) -> Result<Vec<u8>, Failure> {
    let path = "/proc/sys/kernel/random/boot_id".to_owned();
    let mut machine = node.raw().machine();
    Ok(collect_bytes(machine.read(talos_proto::machine::ReadRequest { path })).await?)
}
