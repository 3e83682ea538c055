//! Credentials that a control plane node hands out.

use std::time::{Duration, SystemTime};

use talos_client::GenerateConfigurationOptions;
use talos_pki::{Role, RoleSet};
use talos_proto::machine::GenerateClientConfigurationRequest;
use talosconfig::TalosConfig;
use tonic::Code;

use crate::case::{Case, Target, case};
use crate::check::{collect_bytes, ensure, first, refused, same, some};
use crate::failure::Failure;

const HOUR: Duration = Duration::from_secs(3600);

pub(super) fn cases() -> Vec<Case> {
    let method = "MachineService/GenerateClientConfiguration";
    let mut cases = vec![
        case("access/no-endpoints", method, |env| async move {
            let mut machine = env.node()?.raw().machine();
            let request = request(&["os:reader"], 60);
            let reply = first(machine.generate_client_configuration(request).await?.into_inner().messages)?;
            let config = TalosConfig::from_yaml(&String::from_utf8_lossy(&reply.talosconfig));
            let config = config.map_err(|error| Failure::wrong("a talosconfig", error.to_string()))?;
            let context = some(config.contexts.values().next(), "a context")?;
            same(context.endpoints.len(), 0)
        })
        .go(
            "call machine.MachineService/GenerateClientConfiguration {\"roles\":[\"os:reader\"],\"crtTtl\":\"3600s\"}",
            Code::Ok,
            1,
        ),
        case("access/context-of-one-role", method, |env| async move {
            let config = env.node()?.client_configuration(&RoleSet::from([Role::Reader]), HOUR).await?;
            ensure(config.context.starts_with("reader@"), "role and cluster", config.context)
        }),
        case("access/context-of-two-roles", method, |env| async move {
            let roles = RoleSet::from([Role::Reader, Role::Operator]);
            let config = env.node()?.client_configuration(&roles, HOUR).await?;
            ensure(!config.context.is_empty() && !config.context.contains('@'), "the cluster alone", config.context)
        }),
        case("access/certificate-of-its-own", method, |env| async move {
            let mut serials = Vec::new();
            for _ in 0..2 {
                let request = request(&["os:reader"], 60);
                let mut machine = env.node()?.raw().machine();
                let reply = first(machine.generate_client_configuration(request).await?.into_inner().messages)?;
                ensure(!reply.ca.is_empty() && !reply.key.is_empty() && !reply.talosconfig.is_empty(), "all four parts", "less")?;
                serials.push(reply.crt);
            }
            ensure(serials[0] != serials[1], "another certificate each time", "the same")
        }),
        case("access/lifetime", method, |env| async move {
            let config = env.node()?.client_configuration(&RoleSet::from([Role::Admin]), HOUR).await?;
            let certificate = config.current(None).ok().and_then(|context| context.certificate().ok().flatten());
            let certificate = some(certificate, "a certificate")?;
            let left = certificate.not_after().duration_since(SystemTime::now()).unwrap_or_default();
            ensure(left <= HOUR && left > HOUR / 2, "an hour", left)
        }),
        case("access/unknown-role-is-left-out", method, |env| async move {
            let mut machine = env.node()?.raw().machine();
            let reply = first(machine.generate_client_configuration(request(&["nosuch"], 60)).await?.into_inner().messages)?;
            ensure(!reply.crt.is_empty(), "a certificate", "none")
        })
        .go(
            "call machine.MachineService/GenerateClientConfiguration {\"roles\":[\"nosuch\"],\"crtTtl\":\"3600s\"}",
            Code::Ok,
            1,
        ),
        case("access/no-lifetime", method, |env| async move {
            let mut machine = env.node()?.raw().machine();
            let request = GenerateClientConfigurationRequest { roles: vec!["os:reader".to_owned()], crt_ttl: None };
            refused(machine.generate_client_configuration(request).await, Code::InvalidArgument)
        })
        .go(
            "call machine.MachineService/GenerateClientConfiguration {\"roles\":[\"os:reader\"]}",
            Code::InvalidArgument,
            0,
        ),
        case("access/negative-lifetime", method, |env| async move {
            let mut machine = env.node()?.raw().machine();
            refused(
                machine.generate_client_configuration(request(&["os:reader"], -60)).await,
                Code::InvalidArgument,
            )
        }),
        case("access/configuration-made-by-a-machine", "MachineService/GenerateConfiguration", |env| async move {
            let options = GenerateConfigurationOptions::control_plane("another", "https://192.0.2.1:6443");
            let answer = env.node()?.generate_configuration(options).await;
            // Machines have made none since 1.13.
            if env.minor() >= 13 {
                return refused(answer.map(drop), Code::Unimplemented);
            }
            let made = answer?.machine_config;
            let fits = made.expose().contains("type: controlplane");
            ensure(fits, "the configuration of a control plane node", "another")
        }),
        case("access/kubeconfig", "MachineService/Kubeconfig", |env| async move {
            let text = env.node()?.kubeconfig().await?;
            let text = text.expose();
            for wanted in ["kind: Config", "clusters:", "users:", "contexts:", "current-context: admin@", "client-key-data:"] {
                ensure(text.contains(wanted), wanted, "a kubeconfig without it")?;
            }
            Ok(())
        })
        .go("kubeconfig", Code::Ok, 1),
        case("access/kubeconfig-archive", "MachineService/Kubeconfig", |env| async move {
            let mut machine = env.node()?.raw().machine();
            let archive = collect_bytes(machine.kubeconfig(())).await?;
            same(archive.get(..2), Some(&[0x1f, 0x8b][..]))
        }),
        case("access/kubeconfig-is-new-each-time", "MachineService/Kubeconfig", |env| async move {
            let node = env.node()?;
            let (one, two) = (node.kubeconfig().await?, node.kubeconfig().await?);
            ensure(one.expose() != two.expose(), "another certificate each time", "the same")
        }),
        case("access/kubeconfig-of-a-worker", "MachineService/Kubeconfig", |env| async move {
            refused(env.node()?.kubeconfig().await.map(|_| "a kubeconfig"), Code::Unimplemented)
        })
        .on(Target::Worker)
        .go("kubeconfig", Code::Unimplemented, 0),
        case("access/kubeconfig-as-reader", "MachineService/Kubeconfig", |env| async move {
            refused(env.node()?.kubeconfig().await.map(|_| "a kubeconfig"), Code::PermissionDenied)
        })
        .role_of(Role::Reader)
        .go("kubeconfig", Code::PermissionDenied, 0),
    ];
    for role in [Role::Reader, Role::Operator, Role::Admin, Role::EtcdBackup] {
        cases.push(case(
            format!("access/new-{}-gets-in", role.as_str().replace(':', "-")),
            "MachineService/GenerateClientConfiguration MachineService/EtcdMemberList",
            move |env| async move {
                let config = env.node()?.client_configuration(&RoleSet::from([role]), HOUR).await?;
                let options =
                    talos_client::ClientOptions::default().with_endpoints([env.world().endpoint.clone()]);
                let client = talos_client::Client::connect(&config, options)?;
                client.node(env.node_name()?).etcd_members().await?;
                Ok(())
            },
        ));
    }
    cases
}

fn request(roles: &[&str], seconds: i64) -> GenerateClientConfigurationRequest {
    GenerateClientConfigurationRequest {
        roles: roles.iter().map(|role| (*role).to_owned()).collect(),
        crt_ttl: Some(prost_types::Duration { seconds, nanos: 0 }),
    }
}
