//! The first member of etcd.

use talos_client::ErrorKind;
use talos_pki::Role;
use tonic::Code;

use crate::case::{Case, Shape, Target, case};
use crate::check::{eventually, refused, same, soon};

pub(super) fn cases() -> Vec<Case> {
    let method = "MachineService/Bootstrap";
    vec![
        case("bootstrap/once", "MachineService/Bootstrap MachineService/EtcdMemberList", |env| async move {
            let node = env.node()?;
            eventually("a bootstrap", async || node.bootstrap().await.ok()).await?;
            let members = eventually("etcd", async || node.etcd_members().await.ok()).await?;
            same(members.len(), 1)
        })
        .alone(Shape::UNBORN),
        case("bootstrap/machine-becomes-ready", method, |env| async move {
            let node = env.node()?;
            eventually("a bootstrap", async || node.bootstrap().await.ok()).await?;
            soon("a ready machine", env.machine(env.node_name()?)?.wait_until_ready()).await
        })
        .alone(Shape::UNBORN),
        case("bootstrap/only-once", method, |env| async move {
            env.etcd_runs().await?;
            let answer = env.node()?.bootstrap().await;
            same(answer.as_ref().err().map(talos_client::Error::kind), Some(ErrorKind::AlreadyExists))?;
            refused(answer, Code::AlreadyExists)
        })
        .go("bootstrap", Code::AlreadyExists, 0),
        case("bootstrap/not-after-it-began", method, |env| async move {
            let node = env.node()?;
            eventually("a bootstrap", async || node.bootstrap().await.ok()).await?;
            refused(node.bootstrap().await, Code::AlreadyExists)
        })
        .alone(Shape::UNBORN),
        case("bootstrap/not-on-a-worker", method, |env| async move {
            refused(env.node()?.bootstrap().await, Code::Unimplemented)
        })
        .on(Target::Worker)
        .go("bootstrap", Code::Unimplemented, 0),
        case("bootstrap/not-as-operator", method, |env| async move {
            refused(env.node()?.bootstrap().await, Code::PermissionDenied)
        })
        .role_of(Role::Operator)
        .go("bootstrap", Code::PermissionDenied, 0),
        case("bootstrap/others-join", "MachineService/EtcdMemberList", |env| async move {
            let node = env.node()?;
            eventually("three members", async || (node.etcd_members().await.ok()?.len() == 3).then_some(()))
                .await
        })
        .alone(Shape::cluster(3, 0)),
        case("bootstrap/etcd-is-unknown-before", "MachineService/EtcdMemberList", |env| async move {
            refused(env.node()?.etcd_members().await, Code::Unknown)
        })
        .alone(Shape::UNBORN)
        .go("call machine.MachineService/EtcdMemberList {}", Code::Unknown, 0),
    ]
}
