//! The same calls on every version of Talos.

use futures_util::TryStreamExt;
use talos_client::{
    BlockDeviceWipe, ContainerNamespace, DebugContainer, ErrorKind, ImageStore, ListOptions, MetaKey,
    NetstatOptions, Node, Result, WipeMethod,
};

use crate::lab::Lab;

const VERSIONS: [(&str, u8); 6] =
    [("v1.9.5", 9), ("v1.10.9", 10), ("v1.11.6", 11), ("v1.12.7", 12), ("v1.13.9", 13), ("v1.14.0", 14)];
const IMAGE: &str = "ghcr.io/siderolabs/installer:v1.14.0";

/// What a call comes to that exists from a version on.
fn since<T: std::fmt::Debug>(what: &str, minor: u8, from: u8, result: Result<T>) -> Option<T> {
    match result {
        Ok(value) if minor >= from => Some(value),
        Err(error) if minor < from => {
            assert_eq!(error.kind(), ErrorKind::Unimplemented, "{what} on 1.{minor}: {error}");
            assert!(error.to_string().contains(&format!("1.{from}")), "{what} on 1.{minor}: {error}");
            None
        }
        other => panic!("{what} on 1.{minor}: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_version_lacks_is_replaced_or_named() {
    for (version, minor) in VERSIONS {
        let lab = Lab::of_version(version, 1).await;
        let node: Node = lab.node(0);
        node.hostname().await.unwrap();
        node.processes().await.unwrap();
        node.containers(ContainerNamespace::Kubernetes).await.unwrap();
        node.sockets(NetstatOptions::default()).await.unwrap();
        assert!(node.list(ListOptions::new("/")).try_next().await.unwrap().is_some());

        // The same call whatever the machine has for it.
        let name = node.pull_image(ImageStore::System, IMAGE).finish().await.unwrap();
        assert_eq!(name.contains("@sha256:"), minor >= 13, "{name}");
        let images: Vec<_> = node.images(ImageStore::System).try_collect().await.unwrap();
        assert!(images.iter().any(|image| image.size.is_some()), "{images:?}");
        // A machine that lacks the new calls is tried with one of them once.
        let calls = lab.simulation.calls();
        let tried = calls.iter().filter(|call| call.path.starts_with("/machine.ImageService/")).count();
        assert!(tried <= if minor >= 13 { 2 } else { 1 }, "{tried} on 1.{minor}");

        let run = node.run_upgrade(ImageStore::System, &name);
        since("Upgrade", minor, 13, run.try_collect::<Vec<_>>().await);
        since("Verify", minor, 13, node.verify_image(IMAGE, None).await);
        since("Remove", minor, 13, node.remove_image(ImageStore::System, &name).await);
        let in_memory = node.images(ImageStore::InMemory).try_collect::<Vec<_>>().await;
        since("images in memory", minor, 13, in_memory);
        let image = node.pull_image(ImageStore::System, "docker.io/library/alpine:3").finish().await.unwrap();
        let container = DebugContainer::privileged(ImageStore::System, image).with_args(["true"]);
        let session = node.debug_container(container);
        since("ContainerRun", minor, 13, session.run(tokio::io::empty(), tokio::io::sink()).await);

        // What there is from 1.14 on finds nothing to remove, and says so.
        let error = node.remove_volume_group("none").await.unwrap_err();
        match minor {
            14.. => assert_eq!(error.kind(), ErrorKind::NotFound, "{error}"),
            _ => _ = since::<()>("VolumeGroupRemove", minor, 14, Err(error)),
        }

        node.write_meta(MetaKey::USER_3, "value").await.unwrap();
        node.delete_meta(MetaKey::USER_3).await.unwrap();
        assert!(node.delete_meta(MetaKey::USER_3).await.unwrap_err().is_not_found());
        let wipe = BlockDeviceWipe::new("/dev/none", WipeMethod::Fast);
        assert!(node.wipe_block_devices([wipe]).await.unwrap_err().is_not_found());
        assert!(node.time().await.unwrap().local > std::time::SystemTime::UNIX_EPOCH);
    }
}
