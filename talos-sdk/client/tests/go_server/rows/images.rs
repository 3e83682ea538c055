//! Images and installers.

use futures_util::TryStreamExt;
use serde_json::{Value, json};
use talos_client::{ImageStore, InstallerExit, LayerState, PullProgress, RegistryCredentials};

use super::{Row, at, bytes, row};

const LIST: &str = "machine.ImageService/List";
const PULL: &str = "machine.ImageService/Pull";
const IMPORT: &str = "machine.ImageService/Import";
const VERSION: &str = "machine.MachineService/Version";

pub(super) fn rows() -> Vec<Row> {
    let mut rows = stores();
    rows.extend(early());
    rows.extend(imports());
    rows.extend(installers());
    rows
}

fn image() -> Value {
    json!({"name": "a:1", "digest": "sha256:00", "size": (1_u64 << 32).to_string(), "created_at": "2023-11-14T22:13:20Z"})
}

fn stores() -> Vec<Row> {
    let mut labelled = image();
    labelled["labels"] = json!({"io.cri": "managed"});
    vec![
        row("images", LIST, |node| async move {
            let images: Vec<_> = node.images(ImageStore::InMemory).try_collect().await?;
            assert_eq!((images[0].name.as_str(), images[0].size), ("a:1", Some(1 << 32)));
            assert_eq!(
                (images[0].created_at, images[0].labels["io.cri"].as_str()),
                (Some(at(1_700_000_000)), "managed")
            );
            Ok(())
        })
        .asks(json!({"containerd": {"namespace": "NS_SYSTEM"}}))
        .streams([labelled]),
        row("pull_image", PULL, |node| async move {
            let steps: Vec<_> = node.pull_image(ImageStore::Kubernetes, "a:1").try_collect().await?;
            let PullProgress::Layer(layer) = &steps[0] else { panic!("{steps:?}") };
            assert_eq!((layer.state, layer.offset, layer.total), (LayerState::Extracting, 5, 1 << 33));
            assert_eq!(layer.elapsed, std::time::Duration::from_millis(1500));
            assert!(matches!(&steps[1], PullProgress::Pulled { name } if name == "a@sha256:00"));
            Ok(())
        })
        .asks(json!({"containerd": {"driver": "CRI", "namespace": "NS_CRI"}, "image_ref": "a:1"}))
        .streams([
            json!({"pull_progress": {"layer_id": "l", "progress": {
                "status": "EXTRACTING", "offset": "5", "total": (1_u64 << 33).to_string(), "elapsed": "1.5s",
            }}}),
            json!({"name": "a@sha256:00"}),
        ]),
        row("remove_image", "machine.ImageService/Remove", |node| async move {
            node.remove_image(ImageStore::System, "a:1").await
        })
        .asks(json!({"containerd": {"driver": "CRI", "namespace": "NS_SYSTEM"}, "image_ref": "a:1"}))
        .streams([json!({})]),
        row("verify_image", "machine.ImageService/Verify", |node| async move {
            let credentials = RegistryCredentials::new("ghcr.io", "me", "secret");
            let verification = node.verify_image("a:1", Some(credentials)).await?;
            assert!(
                verification.verified && verification.digested_reference == "a@sha256:00",
                "{verification:?}"
            );
            Ok(())
        })
        .asks(json!({
            "image_ref": "a:1", "credentials": {"host": "ghcr.io", "username": "me", "password": "secret"},
        }))
        .streams([json!({"verified": true, "message": "signed", "digested_image_ref": "a@sha256:00"})]),
    ]
}

/// The calls of machines before 1.13.
fn early() -> Vec<Row> {
    vec![
        row("images", "machine.MachineService/ImageList", |node| async move {
            let images: Vec<_> = node.images(ImageStore::System).try_collect().await?;
            assert_eq!(
                (images[0].digest.as_str(), images[0].created_at),
                ("sha256:00", Some(at(1_700_000_000)))
            );
            Ok(())
        })
        .asks(json!({"namespace": "NS_SYSTEM"}))
        .streams([image()])
        .and_calls([LIST, VERSION])
        .lacking(LIST),
        row("pull_image", "machine.MachineService/ImagePull", |node| async move {
            assert_eq!(node.pull_image(ImageStore::Kubernetes, "a:1").finish().await?, "a:1");
            Ok(())
        })
        .asks(json!({"namespace": "NS_CRI", "reference": "a:1"}))
        .answers(json!({}))
        .and_calls([PULL, VERSION])
        .lacking(PULL),
    ]
}

fn imports() -> Vec<Row> {
    let import = |row: Row, chunks: &[&str]| {
        let first = json!({"containerd": {"driver": "CRI", "namespace": "NS_SYSTEM"}});
        let chunks = chunks.iter().map(|chunk| json!({"image_chunk": {"bytes": bytes(chunk)}}));
        row.asks(first.clone())
            .sends([first].into_iter().chain(chunks).collect())
            .streams([json!({"name": "imported:1"})])
    };
    vec![
        import(
            row("import_image", IMPORT, |node| async move {
                assert_eq!(node.import_image(ImageStore::System, &b"an archive"[..]).await?, "imported:1");
                Ok(())
            }),
            &["an archive"],
        ),
        import(
            row("import_image_stream", IMPORT, |node| async move {
                let parts = ["part", "another"].map(|part| Ok(part.into()));
                let name =
                    node.import_image_stream(ImageStore::System, futures_util::stream::iter(parts)).await?;
                assert_eq!(name, "imported:1");
                Ok(())
            }),
            &["part", "another"],
        ),
    ]
}

fn installers() -> Vec<Row> {
    let progress =
        |code: i32| [json!({"progress": {"message": "writing"}}), json!({"progress": {"exit_code": code}})];
    vec![
        row("run_install", "machine.LifecycleService/Install", |node| async move {
            let lines: Vec<_> = node.run_install(ImageStore::System, "i:1", "/dev/sda").try_collect().await?;
            assert_eq!(lines, ["writing"]);
            Ok(())
        })
        .asks(json!({
            "containerd": {"driver": "CRI", "namespace": "NS_SYSTEM"}, "source": {"image_name": "i:1"},
            "destination": {"disk": "/dev/sda"},
        }))
        .streams(progress(0)),
        row("run_upgrade", "machine.LifecycleService/Upgrade", |node| async move {
            match node.run_upgrade(ImageStore::InMemory, "i:1").finish().await {
                Err(error) if error.installer_exit() == Some(InstallerExit::Io) => Ok(()),
                other => other,
            }
        })
        .asks(json!({"containerd": {"namespace": "NS_SYSTEM"}, "source": {"image_name": "i:1"}}))
        .streams(progress(6)),
    ]
}
