//! Images and installers.

use std::io;

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use talos_client::{ErrorKind, ImageStore, InstallerExit, LayerState, PullProgress, RegistryCredentials};
use talos_proto::common::{ContainerDriver, ContainerdNamespace};
use talos_proto::machine;
use talos_proto::machine::image_service_import_request::Request as Import;
use talos_proto::machine::image_service_pull_response::Response as Pull;
use talos_proto::machine::lifecycle_service_install_progress::Response as Step;
use tonic::Code;

use crate::support::{Answer, eventually, many, one};
use prost::Message;

use crate::host::server;

const REFERENCE: &str = "ghcr.io/siderolabs/installer:v1.13.9";

fn layer(status: i32) -> machine::ImageServicePullResponse {
    let progress = machine::ImageServicePullLayerProgress {
        status,
        elapsed: Some(prost_types::Duration { seconds: 1, nanos: 5 }),
        offset: 10,
        total: 20,
    };
    let progress = machine::ImageServicePullProgress { layer_id: "abc".into(), progress: Some(progress) };
    machine::ImageServicePullResponse { response: Some(Pull::PullProgress(progress)) }
}

fn pulled(name: &str) -> machine::ImageServicePullResponse {
    machine::ImageServicePullResponse { response: Some(Pull::Name(name.to_owned())) }
}

#[tokio::test]
async fn a_pull_reports_and_names_the_image() {
    let (server, node) = server().await;
    server.answer("Pull", [many([layer(0), layer(3), layer(99), pulled("installer@sha256:1")])]);
    let steps: Vec<_> = node.pull_image(ImageStore::InMemory, REFERENCE).try_collect().await.unwrap();
    let states: Vec<_> = steps
        .iter()
        .filter_map(|step| match step {
            PullProgress::Layer(layer) => Some((layer.state, layer.offset, layer.total)),
            _ => None,
        })
        .collect();
    assert_eq!(
        states,
        [(LayerState::Downloading, 10, 20), (LayerState::Extracted, 10, 20), (LayerState::Unknown, 10, 20)]
    );
    assert_eq!(steps.last(), Some(&PullProgress::Pulled { name: "installer@sha256:1".into() }));
    assert_eq!(node.pull_image(ImageStore::System, REFERENCE).finish().await.unwrap(), "installer@sha256:1");

    let requests = server.seen("Pull");
    let store = |index: usize| {
        let request: machine::ImageServicePullRequest = requests[index].request();
        assert_eq!(request.image_ref, REFERENCE);
        let containerd = request.containerd.unwrap();
        (containerd.driver(), containerd.namespace())
    };
    assert_eq!(store(0), (ContainerDriver::Containerd, ContainerdNamespace::NsSystem));
    assert_eq!(store(1), (ContainerDriver::Cri, ContainerdNamespace::NsSystem));
}

#[tokio::test]
async fn a_pull_without_a_name_is_no_success() {
    let (server, node) = server().await;
    for (answer, kind) in [
        (many([layer(0)]), ErrorKind::InvalidReply),
        (many::<machine::ImageServicePullResponse>([]), ErrorKind::InvalidReply),
        (Answer::Status(Code::NotFound, "no such image"), ErrorKind::NotFound),
        (Answer::Ending(vec![layer(0).encode_to_vec()], Code::NotFound, "gone"), ErrorKind::NotFound),
    ] {
        server.answer("Pull", [answer]);
        let error = node.pull_image(ImageStore::System, REFERENCE).finish().await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
    }
    assert!(server.seen("ImagePull").is_empty());
}

#[tokio::test]
async fn older_machines_are_asked_the_older_way() {
    let (server, node) = server().await;
    server.answer("ImagePull", [one(&machine::ImagePull::default())]);
    assert_eq!(node.pull_image(ImageStore::Kubernetes, REFERENCE).finish().await.unwrap(), REFERENCE);
    let request: machine::ImagePullRequest = server.seen("ImagePull")[0].request();
    assert_eq!(request.namespace(), ContainerdNamespace::NsCri);

    let image = |name: &str, size| machine::ImageListResponse {
        name: name.into(),
        digest: "sha256:1".into(),
        size,
        created_at: Some(prost_types::Timestamp { seconds: 60, nanos: 0 }),
        ..Default::default()
    };
    server.answer("ImageList", [many([image("a", 7), image("b", 0)])]);
    let images: Vec<_> = node.images(ImageStore::System).try_collect().await.unwrap();
    assert_eq!((images[0].name.as_str(), images[0].size, images[1].size), ("a", Some(7), None));

    // What they have no word for is not asked for.
    let error = node.pull_image(ImageStore::InMemory, REFERENCE).finish().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unimplemented);
    assert!(node.images(ImageStore::InMemory).try_next().await.unwrap_err().is_unimplemented());
    assert_eq!((server.seen("ImagePull").len(), server.seen("ImageList").len()), (1, 1));
}

#[tokio::test]
async fn images_are_listed_with_labels() {
    let (server, node) = server().await;
    let image = machine::ImageServiceListResponse {
        name: "a".into(),
        size: 1 << 40,
        labels: [("k".to_owned(), "v".to_owned())].into(),
        ..Default::default()
    };
    server.answer("List", [many([image.clone(), image])]);
    let images: Vec<_> = node.images(ImageStore::System).try_collect().await.unwrap();
    assert_eq!(images.len(), 2);
    assert_eq!((images[0].size, images[0].labels["k"].as_str()), (Some(1 << 40), "v"));
    assert!(images[0].created_at.is_none());
}

#[tokio::test]
async fn images_are_verified_and_removed() {
    let (server, node) = server().await;
    server.answer(
        "Verify",
        [Answer::Message(
            machine::ImageServiceVerifyResponse {
                verified: true,
                message: "fine".into(),
                digested_image_ref: "a@sha256:1".into(),
            }
            .encode_to_vec(),
        )],
    );
    let credentials = RegistryCredentials::new("ghcr.io", "me", "hunter2");
    assert!(!format!("{credentials:?}").contains("hunter2"));
    let verdict = node.verify_image("a", Some(credentials)).await.unwrap();
    assert!(verdict.verified && verdict.digested_reference == "a@sha256:1");
    let request: machine::ImageServiceVerifyRequest = server.seen("Verify")[0].request();
    assert_eq!(request.credentials.unwrap().password, "hunter2");

    server.answer("Remove", [Answer::Message(Vec::new()), Answer::Status(Code::NotFound, "none")]);
    node.remove_image(ImageStore::System, "a").await.unwrap();
    assert!(node.remove_image(ImageStore::System, "a").await.unwrap_err().is_not_found());
}

#[tokio::test]
async fn an_import_sends_all_of_the_archive_in_pieces() {
    let (server, node) = server().await;
    let reply = machine::ImageServiceImportResponse { name: "a:1".into() };
    server.answer("Import", [Answer::Message(reply.encode_to_vec())]);
    let archive: Vec<u8> = (0..1_000_000_u32).map(|index| (index % 251) as u8).collect();

    let name = node.import_image(ImageStore::Kubernetes, io::Cursor::new(archive.clone())).await.unwrap();
    assert_eq!(name, "a:1");
    let whole = stream::iter([Ok(Bytes::from(archive.clone())), Ok(Bytes::new())]);
    node.import_image_stream(ImageStore::Kubernetes, whole).await.unwrap();

    for seen in server.seen("Import") {
        let requests: Vec<machine::ImageServiceImportRequest> = seen.requests();
        assert!(matches!(requests[0].request, Some(Import::Containerd(_))));
        let mut sent = Vec::new();
        for request in &requests[1..] {
            let Some(Import::ImageChunk(chunk)) = &request.request else { panic!("{request:?}") };
            assert!(!chunk.bytes.is_empty() && chunk.bytes.len() <= 64 << 10);
            sent.extend_from_slice(&chunk.bytes);
        }
        assert!(sent == archive);
    }
}

#[tokio::test]
async fn an_archive_that_breaks_off_is_not_taken_for_whole() {
    let (server, node) = server().await;
    server.answer("Import", [Answer::Message(Vec::new())]);
    let broken = stream::iter([Ok(Bytes::from_static(b"half")), Err(io::Error::other("the disk is gone"))]);
    let error = node.import_image_stream(ImageStore::System, broken).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    // The server saw a call that was given up, not one that ended: its body is not whole.
    eventually(async || {
        server.seen("Import").iter().all(|seen| seen.body.is_empty()) && !server.seen("Import").is_empty()
    })
    .await;
}

fn line(text: &str) -> machine::LifecycleServiceUpgradeResponse {
    let progress = machine::LifecycleServiceInstallProgress { response: Some(Step::Message(text.into())) };
    machine::LifecycleServiceUpgradeResponse { progress: Some(progress) }
}

fn exit(code: i32) -> machine::LifecycleServiceUpgradeResponse {
    let progress = machine::LifecycleServiceInstallProgress { response: Some(Step::ExitCode(code)) };
    machine::LifecycleServiceUpgradeResponse { progress: Some(progress) }
}

#[tokio::test]
async fn an_installer_succeeds_with_exit_code_zero_only() {
    let (server, node) = server().await;
    server.answer("Upgrade", [many([line("one"), line("two"), exit(0)])]);
    let lines: Vec<_> = node.run_upgrade(ImageStore::System, "image").try_collect().await.unwrap();
    assert_eq!(lines, ["one", "two"]);
    let request: machine::LifecycleServiceUpgradeRequest = server.seen("Upgrade")[0].request();
    assert_eq!(request.source.unwrap().image_name, "image");

    for (code, reason) in [
        (1, InstallerExit::Unknown),
        (2, InstallerExit::InvalidInput),
        (5, InstallerExit::Dependency),
        (7, InstallerExit::Install),
        (137, InstallerExit::Other(137)),
    ] {
        server.answer("Upgrade", [many([line("one"), exit(code)])]);
        let error = node.run_upgrade(ImageStore::System, "image").finish().await.unwrap_err();
        assert_eq!((error.kind(), error.installer_exit()), (ErrorKind::InstallerFailed, Some(reason)));
        assert_eq!(reason.code(), code);
    }

    server.answer("Upgrade", [many([line("one")])]);
    let error = node.run_upgrade(ImageStore::System, "image").finish().await.unwrap_err();
    assert_eq!((error.kind(), error.installer_exit()), (ErrorKind::InvalidReply, None));
}

#[tokio::test]
async fn what_goes_wrong_after_the_installer_is_an_error_too() {
    let (server, node) = server().await;
    let frames = vec![exit(0).encode_to_vec()];
    server.answer("Install", [Answer::Ending(frames, Code::Internal, "META is not there")]);
    let mut run = node.run_install(ImageStore::InMemory, "image", "/dev/sda");
    let error = run.next().await.unwrap().unwrap_err();
    assert!(error.to_string().contains("META is not there"), "{error}");
    assert!(run.next().await.is_none());
    let request: machine::LifecycleServiceInstallRequest = server.seen("Install")[0].request();
    assert_eq!(request.destination.unwrap().disk, "/dev/sda");
}
