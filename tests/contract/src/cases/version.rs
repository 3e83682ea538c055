//! The version, and the name of a machine.

use tonic::Code;

use crate::case::{Case, Target, case};
use crate::check::{ensure, first, same};

pub(super) fn cases() -> Vec<Case> {
    vec![
        case("version/tag", "MachineService/Version", |env| async move {
            same(env.node()?.version().await?.tag.as_str(), env.world().tag())
        })
        .go("version", Code::Ok, 1),
        case("version/platform", "MachineService/Version", |env| async move {
            let version = env.node()?.version().await?;
            ensure(
                !version.platform.is_empty() && !version.mode.is_empty(),
                "a platform and its mode",
                &version,
            )?;
            ensure(!version.os.is_empty() && !version.arch.is_empty(), "an operating system", &version)
        }),
        case("version/rbac", "MachineService/Version", |env| async move {
            ensure(env.node()?.version().await?.rbac, "roles to be enforced", "that they are not")
        }),
        case("version/of-the-endpoint", "MachineService/Version", |env| async move {
            same(env.node()?.version().await?.tag.as_str(), env.world().tag())
        })
        .on(Target::Endpoint)
        .go("version", Code::Ok, 1),
        case("version/of-a-worker", "MachineService/Version", |env| async move {
            same(env.node()?.version().await?.tag.as_str(), env.world().tag())
        })
        .on(Target::Worker)
        .go("version", Code::Ok, 1),
        case("version/names-no-node-when-one-is-asked", "MachineService/Version", |env| async move {
            let reply = env.node()?.raw().machine().version(()).await?.into_inner();
            same(reply.messages.len(), 1)?;
            // Only the `nodes` header makes a forwarder write down where replies come from.
            let metadata = first(reply.messages)?.metadata.unwrap_or_default();
            same((metadata.hostname.as_str(), metadata.error.as_str()), ("", ""))
        }),
        case("version/hostname", "MachineService/Hostname", |env| async move {
            let reply = env.node()?.raw().machine().hostname(()).await?.into_inner();
            let name = first(reply.messages)?.hostname;
            ensure(!name.is_empty() && !name.contains(':'), "a host name", name)
        })
        .go("call machine.MachineService/Hostname {}", Code::Ok, 1),
    ]
}
