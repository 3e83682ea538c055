//! Which machine answers.

use talos_client::resources::MachineStatus;
use talos_client::{ErrorKind, EventOptions, LogOptions};
use talos_pki::Role;
use tonic::Code;

use futures_util::TryStreamExt;

use crate::case::{Case, Shape, Target, case};
use crate::check::{ensure, refused, refused_with_one_of, same};
use crate::failure::Failure;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = vec![
        case("routing/every-control-plane-node-is-reached", "MachineService/Hostname", |env| async move {
            let mut names = Vec::new();
            for node in env.control_planes()? {
                let reply = env.admin()?.node(node).raw().machine().hostname(()).await?.into_inner();
                names.push(reply.messages.into_iter().next().unwrap_or_default().hostname);
            }
            names.sort();
            let all = names.len();
            names.dedup();
            same(names.len(), all)
        }),
        case("routing/through-any-control-plane-node", "MachineService/Hostname", |env| async move {
            let target = env.worker()?;
            let mut names = Vec::new();
            for endpoint in env.control_planes()? {
                let client = env.client_at(Some(Role::Admin), endpoint)?;
                let reply = client.node(target).raw().machine().hostname(()).await?.into_inner();
                names.push(reply.messages.into_iter().next().unwrap_or_default().hostname);
            }
            names.dedup();
            ensure(names.len() == 1, "the same machine through each endpoint", names)
        }),
        case("routing/by-hostname", "MachineService/Hostname", |env| async move {
            let by_address = hostname(&env.node()?).await?;
            let by_name = hostname(&env.admin()?.node(&by_address)).await?;
            same(by_name, by_address)
        }),
        case("routing/no-header-is-the-endpoint", "MachineService/Hostname", |env| async move {
            let endpoint = env.node_of(Target::Endpoint, Some(Role::Admin))?;
            let named = env.admin()?.node(&env.world().control_planes[0]);
            same(hostname(&endpoint).await?, hostname(&named).await?)
        }),
        case("routing/worker-serves-itself", "MachineService/Version", |env| async move {
            env.node()?.version().await?;
            Ok(())
        })
        .on(Target::WorkerEndpoint)
        .go("version", Code::Ok, 1),
        case("routing/worker-named-to-itself", "MachineService/Version", |env| async move {
            let worker = env.worker()?;
            env.client_at(Some(Role::Admin), worker)?.node(worker).version().await?;
            Ok(())
        }),
        case("routing/worker-does-not-forward", "", |env| async move {
            let client = env.client_at(Some(Role::Admin), env.worker()?)?;
            let error = client.node(env.node_name()?).version().await;
            ensure(
                error.as_ref().is_err_and(|error| error.kind() == ErrorKind::ForwardingRefused),
                "the client to tell that a worker forwards nothing",
                &error,
            )?;
            refused(error, Code::PermissionDenied)
        }),
        case("routing/worker-does-not-forward-streams", "", |env| async move {
            let client = env.client_at(Some(Role::Admin), env.worker()?)?;
            let logs =
                client.node(env.node_name()?).logs(LogOptions::service("apid")).try_collect::<Vec<_>>();
            refused(logs.await, Code::PermissionDenied)
        }),
        case("routing/unreachable-node", "", |env| async move {
            let node = env.unreachable()?;
            refused(node.version().await, Code::Unavailable)
        }),
        case("routing/unreachable-node-ends-a-stream", "", |env| async move {
            let node = env.unreachable()?;
            refused(node.events(EventOptions::default()).await.map(|_| "a stream"), Code::Unavailable)
        }),
        case("routing/unreachable-node-ends-a-list", "", |env| async move {
            let node = env.unreachable()?;
            refused(node.resources::<MachineStatus>().list().await, Code::Unavailable)
        }),
        case("routing/unknown-name", "", |env| async move {
            env.forwards()?;
            let node = env.admin()?.node("no-such-host.invalid");
            refused_with_one_of(node.version().await, &[Code::Unavailable, Code::Unknown, Code::Internal])
        }),
        case("routing/roles-travel", "MachineService/Read", |env| async move {
            // The forwarder shows a certificate of its own, so the caller's roles must come along.
            let read = env.node()?.raw().machine();
            let request = talos_proto::machine::ReadRequest { path: "/etc/hostname".to_owned() };
            let mut read = read;
            let answer = async { read.read(request).await?.into_inner().message().await };
            refused(answer.await, Code::PermissionDenied)
        })
        .role_of(Role::Reader)
        .go("read /etc/hostname", Code::PermissionDenied, 0..),
        case("routing/node-that-went-down", "MachineService/Version", |env| async move {
            let node = &env.control_planes()?[1];
            env.admin()?.node(node).version().await?;
            env.machine(node)?.power_off();
            refused(env.admin()?.node(node).version().await, Code::Unavailable)?;
            let other = &env.control_planes()?[0];
            env.admin()?.node(other).version().await?;
            Ok(())
        })
        .alone(Shape::cluster(2, 0)),
        case("routing/node-that-came-back", "MachineService/Version", |env| async move {
            let node = &env.control_planes()?[1];
            env.admin()?.node(node).version().await?;
            let machine = env.machine(node)?;
            machine.restart();
            machine.wait_until_ready().await;
            // The forwarder's connection broke with the machine; it has to make another.
            crate::check::eventually("an answer after the restart", async || {
                env.admin().ok()?.node(node).version().await.ok()
            })
            .await?;
            Ok(())
        })
        .alone(Shape::cluster(2, 0)),
    ];
    for (name, target) in [("with-port", "127.0.0.1:50000"), ("empty", ""), ("with-path", "a/b")] {
        cases.push(case(format!("routing/target-{name}-is-not-sent"), "", move |env| async move {
            let error = env.admin()?.node(target).version().await;
            let kind = error.as_ref().err().map(talos_client::Error::kind);
            same(kind, Some(ErrorKind::InvalidTarget))
        }));
    }
    cases
}

async fn hostname(node: &talos_client::Node) -> Result<String, Failure> {
    let reply = node.raw().machine().hostname(()).await?.into_inner();
    Ok(crate::check::first(reply.messages)?.hostname)
}
