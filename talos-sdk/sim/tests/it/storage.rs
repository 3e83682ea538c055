//! Disks, META, and what is built on disks.

use talos_pki::Role;
use talos_proto::machine::lvm_service_client::LvmServiceClient;
use talos_proto::machine::md_service_client::MdServiceClient;
use talos_proto::machine::*;
use talos_proto::storage::storage_service_client::StorageServiceClient;
use talos_proto::storage::{BlockDeviceWipeDescriptor, BlockDeviceWipeRequest};
use talos_sim::{NodeOptions, RaidArray, SimDisk, Simulation, SimulationOptions, VolumeGroup};
use tonic::Code;

use crate::harness::{admin, authenticated, configs, soon};

#[tokio::test]
async fn disks_are_wiped_unless_they_are_in_use() {
    let options = SimulationOptions::default().with_talos_version("v1.14.0-rc.1".parse().unwrap());
    let simulation = Simulation::start(options).unwrap();
    let (control_plane, _) = configs(simulation.reserved_address(2), &[]);
    let disk = |name: &str| SimDisk::new(name, 1 << 30).with_content("xfs");
    let options = NodeOptions::default()
        .with_installed(true)
        .with_user_data(control_plane)
        .with_disk(disk("vdb"))
        .with_disk(disk("vdc"))
        .with_disk(disk("vdd"))
        .with_disk(disk("sr0").with_readonly(true))
        .with_volume_group(VolumeGroup::new("pool", ["vdc"]).with_logical_volume("data"))
        .with_array(RaidArray::new("md0", ["vdd"]));
    let node = simulation.add_node(options).unwrap();
    let channel = authenticated(node.address(), &[Role::Admin]).await;
    let mut client = StorageServiceClient::new(channel.clone());
    let disks = client.disks(()).await.unwrap().into_inner();
    let names: Vec<_> =
        disks.messages[0].disks.iter().map(|disk| (&*disk.device_name, disk.system_disk)).collect();
    let wanted = ["/dev/vda", "/dev/vdb", "/dev/vdc", "/dev/vdd", "/dev/sr0"];
    assert_eq!(names, wanted.map(|name| (name, name == "/dev/vda")));

    let wipe = |device: &str| BlockDeviceWipeRequest {
        devices: vec![BlockDeviceWipeDescriptor { device: device.to_owned(), ..Default::default() }],
    };
    for (device, code) in [
        ("nosuch", Code::NotFound),
        ("/dev/vdb", Code::NotFound),
        ("vda", Code::FailedPrecondition),
        ("vda5", Code::FailedPrecondition),
        ("vdc", Code::FailedPrecondition),
        ("sr0", Code::FailedPrecondition),
    ] {
        assert_eq!(client.block_device_wipe(wipe(device)).await.unwrap_err().code(), code, "{device}");
    }
    let content = |name: &str| node.disks().into_iter().find(|disk| disk.name == name).unwrap().content;
    assert_eq!(content("vdb").as_deref(), Some("xfs"));
    client.block_device_wipe(wipe("vdb")).await.unwrap();
    assert_eq!(content("vdb"), None);

    let mut lvm = LvmServiceClient::new(channel.clone());
    let logical = |volume: &str| LvmServiceLogicalVolumeRemoveRequest {
        volume_group: "pool".into(),
        logical_volume: volume.to_owned(),
    };
    let physical = || LvmServicePhysicalVolumeRemoveRequest { device: "/dev/vdc".into() };
    assert_eq!(lvm.logical_volume_remove(logical("")).await.unwrap_err().code(), Code::InvalidArgument);
    assert_eq!(lvm.logical_volume_remove(logical("nosuch")).await.unwrap_err().code(), Code::NotFound);
    lvm.logical_volume_remove(logical("data")).await.unwrap();
    assert_eq!(lvm.physical_volume_remove(physical()).await.unwrap_err().code(), Code::FailedPrecondition);
    let group = || LvmServiceVolumeGroupRemoveRequest { volume_group: "pool".into() };
    lvm.volume_group_remove(group()).await.unwrap();
    assert_eq!(lvm.volume_group_remove(group()).await.unwrap_err().code(), Code::NotFound);
    lvm.physical_volume_remove(physical()).await.unwrap();

    let mut md = MdServiceClient::new(channel);
    let array = |device: &str| MdDestroyRequest { device: device.to_owned() };
    assert_eq!(md.destroy(array("md0")).await.unwrap_err().code(), Code::InvalidArgument);
    md.destroy(array("/dev/md0")).await.unwrap();
    assert_eq!(md.destroy(array("/dev/md0")).await.unwrap_err().code(), Code::NotFound);
    assert_eq!((content("vdc"), content("vdd")), (None, None));

    let mut reader = LvmServiceClient::new(authenticated(node.address(), &[Role::Reader]).await);
    assert_eq!(reader.volume_group_remove(group()).await.unwrap_err().code(), Code::PermissionDenied);
}

#[tokio::test]
async fn meta_lasts_over_reboots() {
    let simulation = Simulation::start(SimulationOptions::default()).unwrap();
    let (control_plane, _) = configs(simulation.reserved_address(2), &[]);
    let options = NodeOptions::default().with_installed(true).with_user_data(control_plane.clone());
    let node = simulation.add_node(options.clone()).unwrap();
    let write = |key| MetaWriteRequest { key, value: "hi".into() };
    let mut client = admin(node.address()).await;
    assert_eq!(client.meta_write(write(256)).await.unwrap_err().code(), Code::InvalidArgument);
    client.meta_write(write(12)).await.unwrap();
    let large = MetaWriteRequest { key: 13, value: vec![b'x'; 1 << 20].into() };
    assert_eq!(client.meta_write(large).await.unwrap_err().code(), Code::ResourceExhausted);
    node.restart();
    let mut client = soon(admin(node.address())).await;
    client.meta_delete(MetaDeleteRequest { key: 12 }).await.unwrap();
    let again = client.meta_delete(MetaDeleteRequest { key: 12 }).await;
    assert_eq!(again.unwrap_err().code(), Code::NotFound);

    let container = simulation.add_node(options.with_platform("container")).unwrap();
    let mut client = admin(container.address()).await;
    assert_eq!(client.meta_write(write(12)).await.unwrap_err().code(), Code::FailedPrecondition);
    let refused = client.reboot(RebootRequest::default()).await;
    assert_eq!(refused.unwrap_err().code(), Code::FailedPrecondition);
}
