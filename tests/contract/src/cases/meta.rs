//! META: values that outlive reboots.

use bytes::Bytes;
use talos_pki::Role;
use talos_proto::machine::{MetaDeleteRequest, MetaWriteRequest};
use tonic::Code;

use crate::case::{Case, Shape, case};
use crate::check::{refused, same, soon};
use crate::env::Env;

pub(super) fn cases() -> Vec<Case> {
    let (write, delete) = ("MachineService/MetaWrite", "MachineService/MetaDelete");
    vec![
        case("meta/write", "MachineService/MetaWrite State/Get", |env| async move {
            env.node()?.raw().machine().meta_write(value(12, "hello")).await?;
            let keys = env.node()?.resources_untyped("runtime", "MetaKeys.runtime.talos.dev");
            keys.get("0x0c").await?;
            Ok(())
        })
        .changes()
        .go("call machine.MachineService/MetaWrite {\"key\":13,\"value\":\"aGk=\"}", Code::Ok, 1),
        case(
            "meta/delete",
            "MachineService/MetaWrite MachineService/MetaDelete State/Get",
            |env| async move {
                env.node()?.raw().machine().meta_write(value(14, "hello")).await?;
                env.node()?.raw().machine().meta_delete(MetaDeleteRequest { key: 14 }).await?;
                let keys = env.node()?.resources_untyped("runtime", "MetaKeys.runtime.talos.dev");
                refused(keys.get("0x0e").await, Code::NotFound)
            },
        )
        .changes(),
        case("meta/outlives-a-reboot", "MachineService/MetaWrite State/Get", |env| async move {
            env.node()?.raw().machine().meta_write(value(12, "hello")).await?;
            let machine = env.machine(env.node_name()?)?;
            machine.restart();
            soon("a ready machine", machine.wait_until_ready()).await?;
            let keys = env.node()?.resources_untyped("runtime", "MetaKeys.runtime.talos.dev");
            crate::check::eventually("the value", async || keys.get("0x0c").await.ok()).await.map(drop)
        })
        .alone(Shape::cluster(1, 0)),
        case("meta/delete-missing", delete, |env| async move {
            refused(
                env.node()?.raw().machine().meta_delete(MetaDeleteRequest { key: 200 }).await,
                Code::NotFound,
            )
        })
        .changes()
        .go("call machine.MachineService/MetaDelete {\"key\":200}", Code::NotFound, 0),
        case("meta/key-of-nine-bits", write, |env| async move {
            refused(env.node()?.raw().machine().meta_write(value(256, "x")).await, Code::InvalidArgument)
        })
        .changes()
        .go(
            "call machine.MachineService/MetaWrite {\"key\":256,\"value\":\"aGk=\"}",
            Code::InvalidArgument,
            0,
        ),
        case("meta/delete-key-of-nine-bits", delete, |env| async move {
            refused(
                env.node()?.raw().machine().meta_delete(MetaDeleteRequest { key: 256 }).await,
                Code::InvalidArgument,
            )
        })
        .changes(),
        case("meta/more-than-there-is-room", write, |env| async move {
            let big = MetaWriteRequest { key: 12, value: Bytes::from(vec![b'x'; 2 << 20]) };
            refused(env.node()?.raw().machine().meta_write(big).await, Code::ResourceExhausted)
        })
        .changes(),
        case("meta/as-operator", write, |env| async move {
            refused(env.node()?.raw().machine().meta_write(value(12, "x")).await, Code::PermissionDenied)
        })
        .role_of(Role::Operator)
        .go(
            "call machine.MachineService/MetaWrite {\"key\":12,\"value\":\"aGk=\"}",
            Code::PermissionDenied,
            0,
        ),
        case("meta/as-writer", write, |env| async move {
            let answer = as_writer(&env).await?;
            // The role is new in 1.13.
            if env.minor() < 13 {
                refused(answer, Code::PermissionDenied)
            } else {
                same(answer?.into_inner().messages.len(), 1)
            }
        })
        .changes(),
    ]
}

fn value(key: u32, text: &'static str) -> MetaWriteRequest {
    MetaWriteRequest { key, value: Bytes::from_static(text.as_bytes()) }
}

type Answer = Result<tonic::Response<talos_proto::machine::MetaWriteResponse>, tonic::Status>;

async fn as_writer(env: &Env) -> Result<Answer, crate::Failure> {
    let node = env.as_role(Role::MetaWriter)?;
    Ok(node.raw().machine().meta_write(value(12, "x")).await)
}
