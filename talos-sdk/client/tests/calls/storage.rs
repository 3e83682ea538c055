//! Disks, volumes, META.

use talos_client::{BlockDeviceWipe, DiskKind, ErrorKind, MetaKey, WipeMethod};
use talos_proto::machine;
use talos_proto::storage::block_device_wipe_descriptor::Method;
use talos_proto::storage::{BlockDeviceWipeRequest, Disk, Disks};
use tonic::Code;

use crate::host::server;
use crate::lab::Lab;
use crate::support::{Answer, one};

#[tokio::test(flavor = "multi_thread")]
async fn a_simulated_machine_has_a_system_disk() {
    let lab = Lab::of_version("v1.13.9", 1).await;
    let disks = lab.node(0).disks().await.unwrap();
    assert!(disks.iter().any(|disk| disk.system_disk && disk.size > 0), "{disks:?}");
    assert!(disks.iter().all(|disk| disk.device_name.starts_with("/dev/")));
}

#[tokio::test]
async fn disks_have_kinds() {
    let (server, node) = server().await;
    let disk = |r#type| Disk { r#type, size: 5, device_name: "/dev/x".into(), ..Default::default() };
    let disks = Disks { disks: [0, 1, 2, 3, 4, 5, 77].map(disk).into(), ..Default::default() };
    server.answer("Disks", [one(&disks)]);
    let kinds: Vec<_> = node.disks().await.unwrap().into_iter().map(|disk| disk.kind).collect();
    use DiskKind::{Cd, Hdd, Nvme, Sd, Ssd, Unknown};
    assert_eq!(kinds, [Unknown, Ssd, Hdd, Nvme, Sd, Cd, Unknown]);
}

#[tokio::test]
async fn a_wipe_says_exactly_what_was_asked_for() {
    let (server, node) = server().await;
    server.answer("BlockDeviceWipe", [one(&talos_proto::storage::BlockDeviceWipe::default())]);
    let wipes = [
        BlockDeviceWipe::new("/dev/sdb", WipeMethod::Fast),
        BlockDeviceWipe::new("sdc1", WipeMethod::Zeroes).drop_partition().skip_volume_check(),
    ];
    node.wipe_block_devices(wipes).await.unwrap();
    let request: BlockDeviceWipeRequest = server.seen("BlockDeviceWipe")[0].request();
    let [first, second] = request.devices.as_slice() else { panic!("{request:?}") };
    assert_eq!((first.device.as_str(), first.method()), ("sdb", Method::Fast));
    assert!(!first.skip_volume_check && !first.skip_secondary_check && !first.drop_partition);
    assert_eq!((second.device.as_str(), second.method()), ("sdc1", Method::Zeroes));
    assert!(second.skip_volume_check && !second.skip_secondary_check && second.drop_partition);

    server.answer("BlockDeviceWipe", [Answer::Status(Code::FailedPrecondition, "in use")]);
    let error = node.wipe_block_devices([BlockDeviceWipe::new("sdb", WipeMethod::Fast)]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::FailedPrecondition);
}

#[tokio::test]
async fn volumes_and_arrays_are_removed_by_name() {
    let (server, node) = server().await;
    for method in ["LogicalVolumeRemove", "VolumeGroupRemove", "PhysicalVolumeRemove", "Destroy"] {
        server.answer(method, [Answer::Message(Vec::new())]);
    }
    node.remove_logical_volume("vg", "lv").await.unwrap();
    node.remove_volume_group("vg").await.unwrap();
    node.remove_physical_volume("/dev/sdb").await.unwrap();
    node.destroy_array("/dev/md0").await.unwrap();
    let logical: machine::LvmServiceLogicalVolumeRemoveRequest =
        server.seen("LogicalVolumeRemove")[0].request();
    assert_eq!((logical.volume_group.as_str(), logical.logical_volume.as_str()), ("vg", "lv"));
    let array: machine::MdDestroyRequest = server.seen("Destroy")[0].request();
    assert_eq!(array.device, "/dev/md0");
}

#[tokio::test]
async fn meta_keys_are_written_and_deleted() {
    let (server, node) = server().await;
    server.answer("MetaWrite", [one(&machine::MetaWrite::default())]);
    server.answer("MetaDelete", [Answer::Status(Code::NotFound, "none")]);
    node.write_meta(MetaKey::USER_2, "value").await.unwrap();
    let request: machine::MetaWriteRequest = server.seen("MetaWrite")[0].request();
    assert_eq!((request.key, request.value.as_ref()), (0x0d, b"value".as_slice()));
    assert!(node.delete_meta(MetaKey(200)).await.unwrap_err().is_not_found());
}
