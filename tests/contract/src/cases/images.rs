//! Container images: the service of 1.13 and later, and the calls before it.

use talos_pki::Role;
use talos_proto::common::{ContainerDriver, ContainerdInstance, ContainerdNamespace};
use talos_proto::machine::image_service_pull_response::Response as Pulled;
use talos_proto::machine::{
    ImageListRequest, ImagePullRequest, ImageServiceImportRequest, ImageServiceListRequest,
    ImageServicePullRequest, ImageServiceRemoveRequest, ImageServiceVerifyRequest,
};
use tonic::{Code, Status};

use crate::case::{Case, Target, case};
use crate::check::{collect, ensure, refused, same, some};
use crate::env::Env;
use crate::failure::Failure;

const IMAGE: &str = "docker.io/library/alpine:3.22";

pub(super) fn cases() -> Vec<Case> {
    let mut cases = service();
    cases.extend(refusals());
    cases.extend(early());
    cases
}

fn service() -> Vec<Case> {
    let (list_, pull_, remove_) = ("ImageService/List", "ImageService/Pull", "ImageService/Remove");
    let mut cases = vec![
        case("images/pull", "ImageService/Pull ImageService/List", |env| async move {
            let answers = pull(&env, system(), IMAGE).await??;
            let name = answers.iter().rev().find_map(|answer| match answer {
                Pulled::Name(name) => Some(name.clone()),
                Pulled::PullProgress(_) => None,
            });
            let name = some(name, "the name of the image")?;
            ensure(name.contains("@sha256:"), "a name with a digest", name)?;
            let listed = list(&env, system()).await??;
            ensure(listed.iter().any(|name| name == IMAGE), "the image", &listed)
        })
        .from(13)
        .changes(),
        case("images/pull-ends-with-the-name", pull_, |env| async move {
            let answers = pull(&env, system(), "docker.io/library/busybox:1").await??;
            ensure(matches!(answers.last(), Some(Pulled::Name(_))), "the name at the end", &answers)?;
            let progress = answers.iter().filter(|answer| matches!(answer, Pulled::PullProgress(_))).count();
            same(progress, answers.len() - 1)
        })
        .from(13)
        .changes(),
        case("images/pull-as-operator", pull_, |env| async move {
            pull(&env, system(), IMAGE).await??;
            Ok(())
        })
        .role_of(Role::Operator)
        .from(13)
        .changes(),
        case("images/pull-twice", pull_, |env| async move {
            pull(&env, system(), "docker.io/library/debian:13").await??;
            pull(&env, system(), "docker.io/library/debian:13").await??;
            Ok(())
        })
        .from(13)
        .changes(),
        case("images/remove", "ImageService/Pull ImageService/Remove ImageService/List", |env| async move {
            let name = "docker.io/library/fedora:43";
            pull(&env, system(), name).await??;
            let request = ImageServiceRemoveRequest { containerd: system(), image_ref: name.to_owned() };
            env.node()?.raw().images().remove(request).await?;
            let listed = list(&env, system()).await??;
            ensure(!listed.iter().any(|listed| listed == name), "the image to be gone", &listed)
        })
        .from(13)
        .changes(),
        case("images/remove-missing", remove_, |env| async move {
            let request =
                ImageServiceRemoveRequest { containerd: system(), image_ref: "nosuch:1".to_owned() };
            refused(env.node()?.raw().images().remove(request).await, Code::NotFound)
        })
        .go(
            "call machine.ImageService/Remove {\"containerd\":{\"driver\":\"CRI\",\"namespace\":\"NS_SYSTEM\"},\"imageRef\":\"nosuch:1\"}",
            Code::NotFound,
            0,
        )
        .from(13),
        case("images/remove-as-operator", remove_, |env| async move {
            let request =
                ImageServiceRemoveRequest { containerd: system(), image_ref: "nosuch:1".to_owned() };
            refused(env.node()?.raw().images().remove(request).await, Code::PermissionDenied)
        })
        .role_of(Role::Operator)
        .from(13),
        case("images/verify-without-rules", "ImageService/Verify", |env| async move {
            let request = ImageServiceVerifyRequest { image_ref: IMAGE.to_owned(), credentials: None };
            let reply = env.node()?.raw().images().verify(request).await?.into_inner();
            same(reply.verified, false)
        })
        .go("call machine.ImageService/Verify {\"imageRef\":\"docker.io/library/alpine:3.22\"}", Code::Ok, 1)
        .from(13),
        case("images/verify-as-verifier", "ImageService/Verify", |env| async move {
            let request = ImageServiceVerifyRequest { image_ref: IMAGE.to_owned(), credentials: None };
            env.node()?.raw().images().verify(request).await?;
            Ok(())
        })
        .role_of(Role::ImageVerifier)
        .from(13),
        case("images/import-begins-with-its-store", "ImageService/Import", |env| async move {
            let nothing = futures_util::stream::iter([ImageServiceImportRequest::default()]);
            refused(env.node()?.raw().images().import(nothing).await, Code::InvalidArgument)
        })
        .from(13),
        case("images/list-as-reader", list_, |env| async move {
            list(&env, system()).await?.map(drop).map_err(Into::into)
        })
        .role_of(Role::Reader)
        .from(13),
        case("images/list-of-a-worker", list_, |env| async move {
            list(&env, system()).await?.map(drop).map_err(Into::into)
        })
        .on(Target::Worker)
        .from(13),
    ];
    for (name, containerd, json) in [
        (
            "in-memory",
            instance(ContainerDriver::Containerd, ContainerdNamespace::NsSystem),
            "\"CONTAINERD\",\"namespace\":\"NS_SYSTEM\"",
        ),
        ("system", system(), "\"CRI\",\"namespace\":\"NS_SYSTEM\""),
        (
            "cri",
            instance(ContainerDriver::Cri, ContainerdNamespace::NsCri),
            "\"CRI\",\"namespace\":\"NS_CRI\"",
        ),
    ] {
        cases.push(
            case(format!("images/list-{name}"), list_, move |env| async move {
                list(&env, containerd).await?.map(drop).map_err(Into::into)
            })
            .from(13)
            .go(
                &format!("call machine.ImageService/List {{\"containerd\":{{\"driver\":{json}}}}}"),
                Code::Ok,
                0..,
            ),
        );
    }
    cases
}

fn refusals() -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, containerd, json) in [
        (
            "containerd-and-cri",
            instance(ContainerDriver::Containerd, ContainerdNamespace::NsCri),
            "{\"driver\":\"CONTAINERD\",\"namespace\":\"NS_CRI\"}",
        ),
        (
            "unknown-namespace",
            instance(ContainerDriver::Cri, ContainerdNamespace::NsUnknown),
            "{\"driver\":\"CRI\"}",
        ),
        ("no-store", None, "{}"),
    ] {
        cases.push(
            case(format!("images/list-{name}"), "ImageService/List", move |env| async move {
                refused(list(&env, containerd).await?, Code::InvalidArgument)
            })
            .from(13)
            .go(
                &format!("call machine.ImageService/List {{\"containerd\":{json}}}"),
                Code::InvalidArgument,
                0,
            ),
        );
        cases.push(
            case(format!("images/pull-{name}"), "ImageService/Pull", move |env| async move {
                refused(pull(&env, containerd, IMAGE).await?, Code::InvalidArgument)
            })
            .from(13)
            .go(
                &format!("call machine.ImageService/Pull {{\"imageRef\":\"alpine\",\"containerd\":{json}}}"),
                Code::InvalidArgument,
                0,
            ),
        );
    }
    for (name, reference) in [("empty", ""), ("capitals", "Alpine"), ("broken-digest", "alpine@sha256:1")] {
        cases.push(
            case(format!("images/pull-{name}-name"), "ImageService/Pull", move |env| async move {
                let answer = pull(&env, system(), reference).await?;
                ensure(answer.is_err(), "a refusal", &answer)?;
                answer.map(drop).or_else(|status| {
                    if status.code() == Code::Unimplemented { Err(status.into()) } else { Ok(()) }
                })
            })
            .from(13),
        );
    }
    cases
}

fn early() -> Vec<Case> {
    let (list_, pull_) = ("MachineService/ImageList", "MachineService/ImagePull");
    let mut cases = vec![
        case("images/early-pull", "MachineService/ImagePull MachineService/ImageList", |env| async move {
            let request = ImagePullRequest {
                namespace: ContainerdNamespace::NsCri.into(),
                reference: "docker.io/library/nginx:1".to_owned(),
            };
            let reply = env.node()?.raw().machine().image_pull(request).await?.into_inner();
            same(reply.messages.len(), 1)?;
            let listed = list_early(&env, ContainerdNamespace::NsCri).await??;
            ensure(listed.iter().any(|name| name == "docker.io/library/nginx:1"), "the image", &listed)
        })
        .changes()
        .go("call machine.MachineService/ImagePull {\"namespace\":\"NS_CRI\",\"reference\":\"docker.io/library/nginx:1\"}", Code::Ok, 1),
        case("images/early-pull-as-operator", pull_, |env| async move {
            let request = ImagePullRequest {
                namespace: ContainerdNamespace::NsSystem.into(),
                reference: "docker.io/library/nginx:1".to_owned(),
            };
            env.node()?.raw().machine().image_pull(request).await?;
            Ok(())
        })
        .role_of(Role::Operator)
        .changes(),
        case("images/early-pull-as-reader", pull_, |env| async move {
            let request = ImagePullRequest { reference: "nginx".to_owned(), ..Default::default() };
            refused(env.node()?.raw().machine().image_pull(request).await, Code::PermissionDenied)
        })
        .role_of(Role::Reader)
        .go("call machine.MachineService/ImagePull {\"reference\":\"nginx\"}", Code::PermissionDenied, 0),
        case("images/early-list-unknown-namespace", list_, |env| async move {
            let answer = list_early(&env, ContainerdNamespace::NsUnknown).await?;
            ensure(answer.is_err(), "a refusal", &answer)
        }),
    ];
    for (name, namespace) in [("system", ContainerdNamespace::NsSystem), ("cri", ContainerdNamespace::NsCri)]
    {
        cases.push(
            case(format!("images/early-list-{name}"), list_, move |env| async move {
                ensure(!list_early(&env, namespace).await??.is_empty(), "images", "none")
            })
            .go(
                &format!(
                    "call machine.MachineService/ImageList {{\"namespace\":\"{}\"}}",
                    namespace.as_str_name()
                ),
                Code::Ok,
                1..,
            ),
        );
    }
    cases
}

fn instance(driver: ContainerDriver, namespace: ContainerdNamespace) -> Option<ContainerdInstance> {
    Some(ContainerdInstance { driver: driver.into(), namespace: namespace.into() })
}

/// Where the kubelet, etcd and installers are kept.
fn system() -> Option<ContainerdInstance> {
    instance(ContainerDriver::Cri, ContainerdNamespace::NsSystem)
}

async fn list(
    env: &Env,
    containerd: Option<ContainerdInstance>,
) -> Result<Result<Vec<String>, Status>, Failure> {
    let mut images = env.node()?.raw().images();
    let listed = collect(images.list(ImageServiceListRequest { containerd })).await;
    Ok(listed.map(|listed| listed.into_iter().map(|image| image.name).collect()))
}

async fn list_early(
    env: &Env,
    namespace: ContainerdNamespace,
) -> Result<Result<Vec<String>, Status>, Failure> {
    let mut machine = env.node()?.raw().machine();
    let listed = collect(machine.image_list(ImageListRequest { namespace: namespace.into() })).await;
    Ok(listed.map(|listed| listed.into_iter().map(|image| image.name).collect()))
}

async fn pull(
    env: &Env,
    containerd: Option<ContainerdInstance>,
    image: &str,
) -> Result<Result<Vec<Pulled>, Status>, Failure> {
    let mut images = env.node()?.raw().images();
    let answers =
        collect(images.pull(ImageServicePullRequest { containerd, image_ref: image.to_owned() })).await;
    Ok(answers.map(|answers| answers.into_iter().filter_map(|answer| answer.response).collect()))
}
