//! Applying machine configurations.

use std::time::Duration;

use bytes::Bytes;
use talos_client::resources::MachineStatus;
use talos_client::{ApplyMode, ApplyOptions, Node};
use talos_pki::Role;
use talos_proto::machine::ApplyConfigurationRequest;
use talos_proto::machine::apply_configuration_request::Mode;
use tonic::Code;

use crate::case::{Case, Shape, Target, case};
use crate::check::{ensure, eventually, first, refused, same, some, soon};
use crate::env::Env;
use crate::failure::Failure;

const METHOD: &str = "MachineService/ApplyConfiguration";

pub(super) fn cases() -> Vec<Case> {
    let mut cases = modes();
    cases.extend(refusals());
    cases.extend(effects());
    cases
}

fn modes() -> Vec<Case> {
    let mut cases = vec![
        case("apply/auto-takes-effect-at-once", METHOD, |env| async move {
            let applied = apply(&env, ApplyOptions::default()).await?;
            same(applied.mode, ApplyMode::NoReboot)
        })
        .changes()
        .go("apply {folder}/controlplane.yaml", Code::Ok, 1),
        case("apply/reboot-by-mode", METHOD, |env| async move {
            let answer = env
                .node()?
                .apply_configuration(config(&env)?, ApplyOptions::default().with_mode(ApplyMode::Reboot))
                .await;
            // Talos 1.14 leaves reboots to the caller.
            if env.minor() >= 14 {
                return refused(answer, Code::Unimplemented);
            }
            same(answer?.mode, ApplyMode::Reboot)?;
            let machine = env.machine(env.node_name()?)?;
            eventually("another boot", async || (machine.boots() > 1).then_some(())).await?;
            soon("a ready machine", machine.wait_until_ready()).await
        })
        .alone(Shape::cluster(1, 0)),
        case("apply/zero-of-the-wire-is-reboot", METHOD, |env| async move {
            let request = ApplyConfigurationRequest {
                data: Bytes::from(config(&env)?),
                dry_run: true,
                ..Default::default()
            };
            let answer = env.node()?.raw().machine().apply_configuration(request).await;
            if env.minor() >= 14 {
                return refused(answer, Code::Unimplemented);
            }
            same(first(answer?.into_inner().messages)?.mode, i32::from(Mode::Reboot))
        }),
        case("apply/unknown-mode", METHOD, |env| async move {
            let request = ApplyConfigurationRequest {
                data: Bytes::from(config(&env)?),
                dry_run: true,
                mode: 99,
                ..Default::default()
            };
            let answer = env.node()?.raw().machine().apply_configuration(request).await;
            ensure(answer.is_err(), "a refusal", &answer)
        }),
    ];
    for (mode, name) in
        [(ApplyMode::NoReboot, "no-reboot"), (ApplyMode::Staged, "staged"), (ApplyMode::Try, "try")]
    {
        cases.push(
            case(format!("apply/{name}"), METHOD, move |env| async move {
                same(apply(&env, ApplyOptions::default().with_mode(mode)).await?.mode, mode)
            })
            .changes()
            .go(&format!("apply {{folder}}/controlplane.yaml -mode {name}"), Code::Ok, 1),
        );
    }
    for (mode, name) in [
        (ApplyMode::Auto, "auto"),
        (ApplyMode::NoReboot, "no-reboot"),
        (ApplyMode::Staged, "staged"),
        (ApplyMode::Try, "try"),
    ] {
        cases.push(
            case(format!("apply/dry-run-{name}"), METHOD, move |env| async move {
                let applied = apply(&env, ApplyOptions::default().with_mode(mode).with_dry_run()).await?;
                ensure(applied.details.starts_with("Dry run summary:"), "a summary", applied.details)
            })
            .go(
                &format!("apply {{folder}}/controlplane.yaml -dry-run -mode {name}"),
                Code::Ok,
                1,
            ),
        );
    }
    cases
}

fn refusals() -> Vec<Case> {
    let mut cases = vec![
        case("apply/as-reader", METHOD, |env| async move {
            let options = ApplyOptions::default().with_dry_run();
            refused(env.node()?.apply_configuration(config(&env)?, options).await, Code::PermissionDenied)
        })
        .role_of(Role::Reader)
        .go("apply {folder}/controlplane.yaml -dry-run", Code::PermissionDenied, 0),
        case("apply/as-operator", METHOD, |env| async move {
            let options = ApplyOptions::default().with_dry_run();
            refused(env.node()?.apply_configuration(config(&env)?, options).await, Code::PermissionDenied)
        })
        .role_of(Role::Operator)
        .go("apply {folder}/controlplane.yaml -dry-run", Code::PermissionDenied, 0),
    ];
    for (name, text) in [
        ("empty", ""),
        ("no-yaml", "{"),
        ("unknown-key", "nonsense: true\n"),
        ("no-machine-type", "version: v1alpha1\nmachine: {}\ncluster: {}\n"),
        ("unknown-kind", "apiVersion: v1alpha1\nkind: Nosuch\n"),
        ("only-another-document", "apiVersion: v1alpha1\nkind: HostnameConfig\nhostname: a\n"),
    ] {
        cases.push(case(format!("apply/{name}"), METHOD, move |env| async move {
            let answer = env.node()?.apply_configuration(text, ApplyOptions::default()).await;
            refused(answer, Code::InvalidArgument)
        }));
    }
    cases
}

fn effects() -> Vec<Case> {
    vec![
        case(
            "apply/dry-run-changes-nothing",
            "MachineService/ApplyConfiguration State/Get",
            |env| async move {
                let before = stored(&env, "v1alpha1").await?;
                let changed = config(&env)?.replace("clusterName: contract", "clusterName: another");
                let options = ApplyOptions::default().with_dry_run();
                env.node()?.apply_configuration(changed, options).await?;
                same(stored(&env, "v1alpha1").await?, before)
            },
        )
        .of_a_whole_machine(),
        case("apply/is-what-runs", "MachineService/ApplyConfiguration State/Get", |env| async move {
            let text = marked(&env)?;
            env.node()?.apply_configuration(text.clone(), ApplyOptions::default()).await?;
            same(stored(&env, "v1alpha1").await? == text.as_bytes(), true)?;
            same(stored(&env, "persistent").await? == text.as_bytes(), true)
        })
        .changes(),
        case(
            "apply/staged-waits-for-a-boot",
            "MachineService/ApplyConfiguration State/Get",
            |env| async move {
                let node = env.node()?;
                let text = marked(&env)?;
                let before = stored(&env, "v1alpha1").await?;
                let options = ApplyOptions::default().with_mode(ApplyMode::Staged);
                node.apply_configuration(text.clone(), options).await?;
                same(stored(&env, "v1alpha1").await? == before, true)?;
                same(stored(&env, "persistent").await? == text.as_bytes(), true)?;
                let machine = env.machine(env.node_name()?)?;
                machine.restart();
                soon("a ready machine", machine.wait_until_ready()).await?;
                eventually("the staged configuration", async || {
                    (stored(&env, "v1alpha1").await.ok()? == text.as_bytes()).then_some(())
                })
                .await
            },
        )
        .alone(Shape::cluster(1, 0)),
        case("apply/try-is-taken-back", "MachineService/ApplyConfiguration State/Get", |env| async move {
            let node = env.node()?;
            let text = marked(&env)?;
            let before = stored(&env, "v1alpha1").await?;
            let options = ApplyOptions::default().with_try(Duration::from_secs(1));
            node.apply_configuration(text.clone(), options).await?;
            same(stored(&env, "v1alpha1").await? == text.as_bytes(), true)?;
            same(stored(&env, "persistent").await? == before, true)?;
            eventually("what was there before", async || {
                (stored(&env, "v1alpha1").await.ok()? == before).then_some(())
            })
            .await
        })
        .alone(Shape::cluster(1, 0)),
        case(
            "apply/try-is-confirmed-by-another",
            "MachineService/ApplyConfiguration State/Get",
            |env| async move {
                let node = env.node()?;
                let text = marked(&env)?;
                let options = ApplyOptions::default().with_try(Duration::from_secs(1));
                node.apply_configuration(text.clone(), options).await?;
                node.apply_configuration(text.clone(), ApplyOptions::default()).await?;
                tokio::time::sleep(Duration::from_millis(1500)).await;
                same(stored(&env, "v1alpha1").await? == text.as_bytes(), true)
            },
        )
        .alone(Shape::cluster(1, 0)),
        case("apply/of-a-worker", METHOD, |env| async move {
            let text = env.cluster()?.worker_config().expose().to_owned();
            let applied = env.node()?.apply_configuration(text, ApplyOptions::default()).await?;
            same(applied.mode, ApplyMode::NoReboot)
        })
        .on(Target::Worker)
        .changes()
        .go("apply {folder}/worker.yaml", Code::Ok, 1),
        case("apply/machine-stays-up", "MachineService/ApplyConfiguration State/Get", |env| async move {
            let node = env.node()?;
            apply(&env, ApplyOptions::default()).await?;
            let status = node.resources::<MachineStatus>().get(MachineStatus::ID).await?;
            same(status.spec.stage, talos_client::MachineStage::Running)
        })
        .changes(),
    ]
}

async fn apply(env: &Env, options: ApplyOptions) -> Result<talos_client::Applied, Failure> {
    Ok(env.node()?.apply_configuration(config(env)?, options).await?)
}

/// The configuration of the control plane nodes, as it is.
fn config(env: &Env) -> Result<String, Failure> {
    Ok(env.cluster()?.control_plane_config().expose().to_owned())
}

/// The same with a comment that tells it from others.
fn marked(env: &Env) -> Result<String, Failure> {
    Ok(format!("# applied by a case\n{}", config(env)?))
}

/// The configuration that a machine keeps under an id, as bytes.
async fn stored(env: &Env, id: &str) -> Result<Bytes, Failure> {
    let node: Node = env.node()?;
    let request = talos_proto::cosi::resource::GetRequest {
        namespace: "config".to_owned(),
        r#type: "MachineConfigs.config.talos.dev".to_owned(),
        id: id.to_owned(),
        options: None,
    };
    let reply = node.raw().state().get(request).await?.into_inner();
    let spec = some(reply.resource.and_then(|resource| resource.spec), "a specification")?;
    let spec: talos_proto::resource::config::MachineConfigSpec = prost::Message::decode(spec.proto_spec)
        .map_err(|error| Failure::wrong("the specification of a configuration", format!("{error}")))?;
    Ok(spec.yaml_marshalled)
}
