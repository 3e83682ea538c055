//! Debug containers.

use bytes::Bytes;
use futures_util::stream;
use talos_pki::Role;
use talos_proto::common::{ContainerDriver, ContainerdInstance, ContainerdNamespace};
use talos_proto::machine::debug_container_run_request::Request;
use talos_proto::machine::debug_container_run_request_spec::Profile;
use talos_proto::machine::debug_container_run_response::Resp;
use talos_proto::machine::{
    DebugContainerRunRequest, DebugContainerRunRequestSpec, DebugContainerTerminalResize,
    ImageServicePullRequest,
};
use tonic::{Code, Status};

use crate::case::{Case, case};
use crate::check::{collect, ensure, refused, same};
use crate::env::Env;
use crate::failure::Failure;

const IMAGE: &str = "docker.io/library/alpine:3.22";
const METHODS: &str = "ImageService/Pull DebugService/ContainerRun";

pub(super) fn cases() -> Vec<Case> {
    let run_ = "DebugService/ContainerRun";
    let mut cases = vec![
        case("debug/exit-code", METHODS, |env| async move {
            let answers = run(&env, vec![spec(Profile::Privileged), input("exit 3\n")]).await??;
            same(exit_code(&answers), Some(3))
        })
        .from(13)
        .changes(),
        case("debug/exit-code-comes-last", METHODS, |env| async move {
            let answers = run(&env, vec![spec(Profile::Privileged), input("exit 0\n")]).await??;
            ensure(matches!(answers.last(), Some(Resp::ExitCode(0))), "an exit code at the end", &answers)
        })
        .from(13)
        .changes(),
        case("debug/output", METHODS, |env| async move {
            let answers =
                run(&env, vec![spec(Profile::Privileged), input("echo hello\n"), input("exit 0\n")])
                    .await??;
            let output: Vec<u8> = answers
                .iter()
                .filter_map(|answer| match answer {
                    Resp::StdoutData(data) => Some(data.to_vec()),
                    Resp::ExitCode(_) => None,
                })
                .flatten()
                .collect();
            let output = String::from_utf8_lossy(&output).into_owned();
            ensure(output.contains("hello"), "what it prints", output)
        })
        .from(13)
        .changes(),
        case("debug/in-the-namespaces-of-the-host", METHODS, |env| async move {
            let answers = run(&env, vec![spec(Profile::HostNs), input("exit 0\n")]).await??;
            same(exit_code(&answers), Some(0))
        })
        .from(13)
        .changes(),
        case("debug/ends-with-its-input", METHODS, |env| async move {
            let answers = run(&env, vec![spec(Profile::Privileged)]).await??;
            ensure(exit_code(&answers).is_some(), "an exit code", &answers)
        })
        .from(13)
        .changes(),
        case("debug/signal", METHODS, |env| async move {
            let kill = DebugContainerRunRequest { request: Some(Request::Signal(9)) };
            let answers = run(&env, vec![spec(Profile::Privileged), kill]).await??;
            same(exit_code(&answers), Some(128 + 9))
        })
        .from(13)
        .changes(),
        case("debug/terminal-size", METHODS, |env| async move {
            let size = DebugContainerTerminalResize { width: 100, height: 30 };
            let size = DebugContainerRunRequest { request: Some(Request::TermResize(size)) };
            let answers = run(&env, vec![spec(Profile::Privileged), size, input("exit 0\n")]).await??;
            same(exit_code(&answers), Some(0))
        })
        .from(13)
        .changes(),
        case("debug/begins-with-its-specification", run_, |env| async move {
            let mut debug = env.node()?.raw().debug();
            let answer =
                async { debug.container_run(stream::iter([input("x")])).await?.into_inner().message().await };
            refused(answer.await, Code::InvalidArgument)
        })
        .from(13),
        case("debug/needs-a-profile", run_, |env| async move {
            let mut debug = env.node()?.raw().debug();
            let request = stream::iter([spec(Profile::Unspecified)]);
            let answer = async { debug.container_run(request).await?.into_inner().message().await };
            refused(answer.await, Code::InvalidArgument)
        })
        .from(13),
    ];
    for role in [Role::Reader, Role::Operator] {
        cases.push(
            case(format!("debug/not-for-{}", role.as_str().replace(':', "-")), run_, |env| async move {
                let mut debug = env.node()?.raw().debug();
                let request = stream::iter([spec(Profile::Privileged)]);
                let answer = async { debug.container_run(request).await?.into_inner().message().await };
                refused(answer.await, Code::PermissionDenied)
            })
            .role_of(role)
            .from(13)
            .go("call machine.DebugService/ContainerRun {}", Code::PermissionDenied, 0),
        );
    }
    cases
}

fn system() -> Option<ContainerdInstance> {
    Some(ContainerdInstance {
        driver: ContainerDriver::Cri.into(),
        namespace: ContainerdNamespace::NsSystem.into(),
    })
}

fn spec(profile: Profile) -> DebugContainerRunRequest {
    let spec = DebugContainerRunRequestSpec {
        containerd: system(),
        image_name: IMAGE.to_owned(),
        args: vec!["sh".to_owned()],
        profile: profile.into(),
        ..Default::default()
    };
    DebugContainerRunRequest { request: Some(Request::Spec(spec)) }
}

fn input(text: &'static str) -> DebugContainerRunRequest {
    DebugContainerRunRequest { request: Some(Request::StdinData(Bytes::from_static(text.as_bytes()))) }
}

/// Pulls the image, runs a container and says all of this to it.
async fn run(
    env: &Env,
    requests: Vec<DebugContainerRunRequest>,
) -> Result<Result<Vec<Resp>, Status>, Failure> {
    let node = env.node()?;
    let mut images = node.raw().images();
    collect(images.pull(ImageServicePullRequest { containerd: system(), image_ref: IMAGE.to_owned() }))
        .await?;
    let mut debug = node.raw().debug();
    let answers = collect(debug.container_run(stream::iter(requests))).await;
    Ok(answers.map(|answers| answers.into_iter().filter_map(|answer| answer.resp).collect()))
}

fn exit_code(answers: &[Resp]) -> Option<i32> {
    answers.iter().find_map(|answer| match answer {
        Resp::ExitCode(code) => Some(*code),
        Resp::StdoutData(_) => None,
    })
}
