//! Installation and upgrades: the service of 1.13 and later, and the call before it.

use talos_pki::Role;
use talos_proto::common::{ContainerDriver, ContainerdInstance, ContainerdNamespace};
use talos_proto::machine::lifecycle_service_install_progress::Response as Progress;
use talos_proto::machine::{
    ImageServicePullRequest, InstallArtifactsSource, InstallDestination, LifecycleServiceInstallRequest,
    LifecycleServiceUpgradeRequest, RollbackRequest, UpgradeRequest,
};
use tonic::{Code, Status};

use crate::case::{Case, Shape, Target, case};
use crate::check::{collect, ensure, eventually, first, refused, refused_with_one_of, same, soon};
use crate::env::Env;
use crate::failure::Failure;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = service();
    cases.extend(early());
    cases
}

fn service() -> Vec<Case> {
    let method = "LifecycleService/Upgrade";
    vec![
        case("lifecycle/upgrade", "ImageService/Pull LifecycleService/Upgrade", |env| async move {
            let image = installer(env.world().tag());
            pull(&env, &image).await?;
            same(exit_code(&upgrade(&env, &image).await??), Some(0))
        })
        .from(13)
        .alone(Shape::cluster(1, 0)),
        case("lifecycle/upgrade-does-not-reboot", "ImageService/Pull LifecycleService/Upgrade", |env| async move {
            let image = installer(env.world().tag());
            pull(&env, &image).await?;
            upgrade(&env, &image).await??;
            same(env.machine(env.node_name()?)?.boots(), 1)
        })
        .from(13)
        .alone(Shape::cluster(1, 0)),
        case("lifecycle/upgrade-ends-with-its-exit-code", "ImageService/Pull LifecycleService/Upgrade", |env| async move {
            let image = installer(env.world().tag());
            pull(&env, &image).await?;
            let progress = upgrade(&env, &image).await??;
            ensure(matches!(progress.last(), Some(Progress::ExitCode(_))), "the exit code at the end", &progress)
        })
        .from(13)
        .alone(Shape::cluster(1, 0)),
        case("lifecycle/upgrade-fails-with-status-ok", "ImageService/Pull LifecycleService/Upgrade", |env| async move {
            // Far older than what runs.
            let image = installer("v1.5.0");
            pull(&env, &image).await?;
            let code = exit_code(&upgrade(&env, &image).await??);
            ensure(code.is_some_and(|code| code != 0), "an exit code that says no", code)
        })
        .from(13)
        .alone(Shape::cluster(1, 0)),
        case("lifecycle/upgrade-without-the-image", method, |env| async move {
            let answer = upgrade(&env, &installer("v1.99.0")).await?;
            ensure(answer.is_err(), "a refusal, as the image is not there", &answer)?;
            absent(answer)
        })
        .from(13)
        .alone(Shape::cluster(1, 0)),
        case("lifecycle/upgrade-without-a-name", method, |env| async move {
            refused(upgrade(&env, "").await?, Code::InvalidArgument)
        })
        .from(13),
        case("lifecycle/upgrade-as-operator", method, |env| async move {
            refused(upgrade(&env, "x").await?, Code::PermissionDenied)
        })
        .role_of(Role::Operator)
        .from(13)
        .go(
            "call machine.LifecycleService/Upgrade {\"containerd\":{\"driver\":\"CRI\",\"namespace\":\"NS_SYSTEM\"},\"source\":{\"imageName\":\"x\"}}",
            Code::PermissionDenied,
            0,
        ),
        case("lifecycle/install-what-is-installed", "LifecycleService/Install", |env| async move {
            let request = LifecycleServiceInstallRequest {
                containerd: system(),
                source: Some(InstallArtifactsSource { image_name: installer(env.world().tag()) }),
                destination: Some(InstallDestination { disk: "/dev/vda".to_owned() }),
            };
            let mut lifecycle = env.node()?.raw().lifecycle();
            refused(collect(lifecycle.install(request)).await, Code::AlreadyExists)
        })
        .go(
            "call machine.LifecycleService/Install {\"destination\":{\"disk\":\"/dev/vda\"}}",
            Code::AlreadyExists,
            0,
        )
        .from(13)
        .alone(Shape::cluster(1, 0)),
        case("lifecycle/upgrade-in-maintenance", method, |env| async move {
            refused(upgrade(&env, "x").await?, Code::PermissionDenied)
        })
        .on(Target::Maintenance)
        .from(13),
        case("lifecycle/rollback", "ImageService/Pull LifecycleService/Upgrade MachineService/Rollback", |env| async move {
            let image = installer(env.world().tag());
            pull(&env, &image).await?;
            upgrade(&env, &image).await??;
            env.node()?.raw().machine().rollback(RollbackRequest {}).await?;
            let machine = env.machine(env.node_name()?)?;
            eventually("another boot", async || (machine.boots() > 1).then_some(())).await?;
            soon("a ready machine", machine.wait_until_ready()).await
        })
        .from(13)
        .alone(Shape::cluster(1, 0)),
    ]
}

fn early() -> Vec<Case> {
    let method = "MachineService/Upgrade";
    vec![
        case("lifecycle/early-upgrade", "MachineService/Upgrade MachineService/Version", |env| async move {
            let image = installer(env.world().tag());
            let request = UpgradeRequest { image, preserve: true, force: true, ..Default::default() };
            let reply = env.node()?.raw().machine().upgrade(request).await?.into_inner();
            ensure(!first(reply.messages)?.actor_id.is_empty(), "the id of the actor", "none")?;
            let machine = env.machine(env.node_name()?)?;
            eventually("another boot", async || (machine.boots() > 1).then_some(())).await?;
            soon("a ready machine", machine.wait_until_ready()).await?;
            let node = env.node()?;
            let version = eventually("the version", async || node.version().await.ok()).await?;
            same(version.tag.as_str(), env.world().tag())
        })
        .alone(Shape::cluster(1, 0)),
        case(
            "lifecycle/early-upgrade-changes-the-version",
            "MachineService/Upgrade MachineService/Version",
            |env| async move {
                let next = format!("v1.{}.0", env.minor() + 1);
                let request = UpgradeRequest { image: installer(&next), force: true, ..Default::default() };
                env.node()?.raw().machine().upgrade(request).await?;
                let node = env.node()?;
                eventually("the new version", async || {
                    node.version().await.ok().filter(|version| version.tag == next)
                })
                .await
                .map(drop)
            },
        )
        .alone(Shape::cluster(1, 0)),
        case("lifecycle/early-upgrade-to-nothing", method, |env| async move {
            let request = UpgradeRequest { image: String::new(), force: true, ..Default::default() };
            let answer = env.node()?.raw().machine().upgrade(request).await;
            refused_with_one_of(answer, &[Code::Unknown, Code::InvalidArgument, Code::NotFound])
        })
        .alone(Shape::cluster(1, 0)),
        case("lifecycle/early-upgrade-as-operator", method, |env| async move {
            let request = UpgradeRequest { image: "x".to_owned(), ..Default::default() };
            refused(env.node()?.raw().machine().upgrade(request).await, Code::PermissionDenied)
        })
        .role_of(Role::Operator)
        .go("upgrade x", Code::PermissionDenied, 0),
        case("lifecycle/early-upgrade-in-maintenance", method, |env| async move {
            let request = UpgradeRequest { image: "x".to_owned(), ..Default::default() };
            refused(env.node()?.raw().machine().upgrade(request).await, Code::PermissionDenied)
        })
        .on(Target::Maintenance)
        .go("upgrade x", Code::PermissionDenied, 0),
    ]
}

fn installer(tag: &str) -> String {
    format!("ghcr.io/siderolabs/installer:{tag}")
}

fn system() -> Option<ContainerdInstance> {
    Some(ContainerdInstance {
        driver: ContainerDriver::Cri.into(),
        namespace: ContainerdNamespace::NsSystem.into(),
    })
}

async fn pull(env: &Env, image: &str) -> Result<(), Failure> {
    let mut images = env.node()?.raw().images();
    collect(images.pull(ImageServicePullRequest { containerd: system(), image_ref: image.to_owned() }))
        .await?;
    Ok(())
}

async fn upgrade(env: &Env, image: &str) -> Result<Result<Vec<Progress>, Status>, Failure> {
    let request = LifecycleServiceUpgradeRequest {
        containerd: system(),
        source: Some(InstallArtifactsSource { image_name: image.to_owned() }),
    };
    let mut lifecycle = env.node()?.raw().lifecycle();
    let answers = collect(lifecycle.upgrade(request)).await;
    Ok(answers.map(|answers| answers.into_iter().filter_map(|answer| answer.progress?.response).collect()))
}

fn exit_code(progress: &[Progress]) -> Option<i32> {
    progress.iter().find_map(|step| match step {
        Progress::ExitCode(code) => Some(*code),
        Progress::Message(_) => None,
    })
}

/// A refusal counts, but for that of a version that has no such call.
fn absent<T>(answer: Result<T, Status>) -> Result<(), Failure> {
    match answer {
        Err(status) if status.code() == Code::Unimplemented => Err(status.into()),
        _ => Ok(()),
    }
}
