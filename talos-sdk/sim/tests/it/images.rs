//! Images, and containers made from them.

use bytes::Bytes;
use futures_util::stream;
use talos_pki::Role;
use talos_proto::common::{ContainerDriver, ContainerdInstance, ContainerdNamespace, Data};
use talos_proto::machine::debug_container_run_request::Request as Run;
use talos_proto::machine::debug_container_run_request_spec::Profile;
use talos_proto::machine::debug_container_run_response::Resp;
use talos_proto::machine::debug_service_client::DebugServiceClient;
use talos_proto::machine::image_service_client::ImageServiceClient;
use talos_proto::machine::image_service_import_request::Request as Import;
use talos_proto::machine::image_service_pull_response::Response as Pulled;
use talos_proto::machine::*;
use tonic::Code;
use tonic::transport::Channel;

use crate::harness::{TestCluster, all, authenticated};

pub(crate) fn system() -> Option<ContainerdInstance> {
    instance(ContainerDriver::Cri, ContainerdNamespace::NsSystem)
}

fn instance(driver: ContainerDriver, namespace: ContainerdNamespace) -> Option<ContainerdInstance> {
    Some(ContainerdInstance { driver: driver.into(), namespace: namespace.into() })
}

/// Pulls an image and says under which name it is there.
pub(crate) async fn pull(client: &mut ImageServiceClient<Channel>, image: &str) -> String {
    let request = ImageServicePullRequest { containerd: system(), image_ref: image.to_owned() };
    let responses = all(client.pull(request).await.unwrap().into_inner()).await.unwrap();
    assert!(matches!(responses[0].response, Some(Pulled::PullProgress(_))));
    match &responses.last().unwrap().response {
        Some(Pulled::Name(name)) => name.clone(),
        other => panic!("{other:?}"),
    }
}

async fn names(client: &mut ImageServiceClient<Channel>) -> Vec<String> {
    let request = ImageServiceListRequest { containerd: system() };
    let images = all(client.list(request).await.unwrap().into_inner()).await.unwrap();
    images.into_iter().map(|image| image.name).collect()
}

#[tokio::test]
async fn images_are_pulled_imported_listed_and_removed() {
    let cluster = TestCluster::bootstrapped(1, 0).await;
    let channel = authenticated(cluster.control_planes[0].address(), &[Role::Admin]).await;
    let mut client = ImageServiceClient::new(channel.clone());
    let name = pull(&mut client, "ghcr.io/siderolabs/talosctl:v1.13.9").await;
    assert!(name.starts_with("ghcr.io/siderolabs/talosctl@sha256:"), "{name}");
    assert!(names(&mut client).await.contains(&name));

    // A restart of the machine keeps what is on the disk.
    cluster.control_planes[0].restart();
    let channel = authenticated(cluster.control_planes[0].address(), &[Role::Admin]).await;
    let mut client = ImageServiceClient::new(channel.clone());
    assert!(names(&mut client).await.contains(&name));
    let remove =
        |image: &str| ImageServiceRemoveRequest { containerd: system(), image_ref: image.to_owned() };
    client.remove(remove(&name)).await.unwrap();
    assert_eq!(client.remove(remove(&name)).await.unwrap_err().code(), Code::NotFound);
    let wrong = ImageServiceListRequest {
        containerd: instance(ContainerDriver::Containerd, ContainerdNamespace::NsCri),
    };
    assert_eq!(client.list(wrong).await.unwrap_err().code(), Code::InvalidArgument);

    let mut archive = tar::Builder::new(Vec::new());
    let index = br#"[{"RepoTags": ["example.org/tools:1"]}]"#;
    let mut header = tar::Header::new_gnu();
    header.set_size(index.len() as u64);
    archive.append_data(&mut header, "manifest.json", &index[..]).unwrap();
    let archive = archive.into_inner().unwrap();
    let mut requests = vec![ImageServiceImportRequest { request: system().map(Import::Containerd) }];
    requests.extend(archive.chunks(1000).map(|chunk| ImageServiceImportRequest {
        request: Some(Import::ImageChunk(Data { metadata: None, bytes: Bytes::copy_from_slice(chunk) })),
    }));
    let imported = client.import(stream::iter(requests.clone())).await.unwrap().into_inner();
    assert_eq!(imported.name, "example.org/tools:1");
    let headless = client.import(stream::iter(requests.split_off(1))).await;
    assert_eq!(headless.unwrap_err().code(), Code::InvalidArgument);

    // What runs was pulled before.
    let kubernetes = instance(ContainerDriver::Cri, ContainerdNamespace::NsCri);
    let running = ImageServiceListRequest { containerd: kubernetes };
    crate::harness::eventually(|| async {
        let listed = client.clone().list(running).await.unwrap().into_inner();
        let images = all(listed).await.unwrap();
        images.iter().any(|image| image.name.starts_with("registry.k8s.io/kube-apiserver:")).then_some(())
    })
    .await;
    let verify = ImageServiceVerifyRequest { image_ref: "alpine".to_owned(), credentials: None };
    assert!(!client.verify(verify.clone()).await.unwrap().into_inner().verified);
    let wrong = ImageServiceVerifyRequest { image_ref: "UPPER".to_owned(), ..verify };
    assert_eq!(client.verify(wrong).await.unwrap_err().code(), Code::InvalidArgument);

    let debug = |profile: Profile, args: &[&str]| DebugContainerRunRequestSpec {
        containerd: system(),
        image_name: "example.org/tools:1".to_owned(),
        args: args.iter().map(|arg| (*arg).to_owned()).collect(),
        profile: profile.into(),
        ..DebugContainerRunRequestSpec::default()
    };
    let mut client = DebugServiceClient::new(channel);
    let request = |request| DebugContainerRunRequest { request: Some(request) };
    let mut run = async |requests: Vec<Run>| {
        let requests = stream::iter(requests.into_iter().map(request));
        let responses = all(client.container_run(requests).await?.into_inner()).await?;
        let mut output = String::new();
        let mut code = None;
        for response in responses {
            match response.resp.unwrap() {
                Resp::StdoutData(data) => output.push_str(std::str::from_utf8(&data).unwrap()),
                Resp::ExitCode(exit) => code = Some(exit),
            }
        }
        Ok::<_, tonic::Status>((output, code.unwrap()))
    };
    let input = Run::StdinData(Bytes::from_static(b"hello"));
    let cat = Run::Spec(debug(Profile::Privileged, &["cat"]));
    assert_eq!(run(vec![cat.clone(), input]).await.unwrap(), ("hello".to_owned(), 0));
    assert_eq!(run(vec![cat, Run::Signal(15)]).await.unwrap().1, 143);
    let script = Run::Spec(debug(Profile::HostNs, &["sh", "-c", "echo a b; exit 3"]));
    assert_eq!(run(vec![script]).await.unwrap(), ("a b\n".to_owned(), 3));
    let shell = [
        Run::Spec(debug(Profile::Privileged, &[])),
        Run::TermResize(DebugContainerTerminalResize { width: 100, height: 30 }),
        Run::StdinData(Bytes::from_static(b"stty size\nnosuch\nexit\n")),
    ];
    let (output, code) = run(shell.into()).await.unwrap();
    assert_eq!((output.lines().next(), code), (Some("30 100"), 127));
    let unspecified = run(vec![Run::Spec(debug(Profile::Unspecified, &[]))]).await;
    assert_eq!(unspecified.unwrap_err().code(), Code::InvalidArgument);
}

#[tokio::test]
async fn rules_of_the_configuration_decide_about_images() {
    let simulation = talos_sim::Simulation::start(talos_sim::SimulationOptions::default()).unwrap();
    let (control_plane, _) = crate::harness::configs(simulation.reserved_address(2), &[]);
    let rules = "---\napiVersion: v1alpha1\nkind: ImageVerificationConfig\nrules:\n  - image: bad.example/*\n    \
                 deny: true\n  - image: '*'\n    keyless:\n      issuer: https://issuer.example\n      subject: me\n";
    let options = talos_sim::NodeOptions::default()
        .with_installed(true)
        .with_user_data(format!("{control_plane}{rules}"));
    let node = simulation.add_node(options).unwrap();
    let mut client = ImageServiceClient::new(authenticated(node.address(), &[Role::Reader]).await);
    let verify = |image: &str| ImageServiceVerifyRequest { image_ref: image.to_owned(), credentials: None };
    let good = client.verify(verify("good.example/a:1")).await.unwrap().into_inner();
    assert!(good.verified && good.digested_image_ref.starts_with("good.example/a@sha256:"));
    let refused = client.verify(verify("bad.example/a:1")).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
}
