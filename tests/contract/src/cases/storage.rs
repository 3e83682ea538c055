//! Disks, logical volumes, arrays.

use talos_pki::Role;
use talos_proto::machine::{
    LvmServiceLogicalVolumeRemoveRequest, LvmServicePhysicalVolumeRemoveRequest,
    LvmServiceVolumeGroupRemoveRequest, MdDestroyRequest,
};
use talos_proto::storage::block_device_wipe_descriptor::Method;
use talos_proto::storage::{BlockDeviceWipeDescriptor, BlockDeviceWipeRequest};
use tonic::Code;

use crate::case::{Case, Target, case};
use crate::check::{ask, ensure, refused, same, some};
use crate::failure::Failure;
use crate::world::SPARE;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = disks();
    cases.extend(wipes());
    cases.extend(volumes());
    cases
}

fn disks() -> Vec<Case> {
    let method = "StorageService/Disks";
    vec![
        case("storage/disks", method, |env| async move {
            let disks = ask!(env, storage.disks(())).disks;
            ensure(!disks.is_empty(), "disks", &disks)?;
            let named = disks.iter().all(|disk| disk.device_name.starts_with("/dev/") && disk.size > 0);
            ensure(named, "a path and a size of each", &disks)
        })
        .go("call storage.StorageService/Disks {}", Code::Ok, 1),
        case("storage/one-system-disk", method, |env| async move {
            let disks = ask!(env, storage.disks(())).disks;
            same(disks.iter().filter(|disk| disk.system_disk).count(), 1)
        }),
        case("storage/disks-of-a-worker", method, |env| async move {
            some(ask!(env, storage.disks(())).disks.first(), "a disk").map(drop)
        })
        .on(Target::Worker)
        .go("call storage.StorageService/Disks {}", Code::Ok, 1),
        case("storage/disks-in-maintenance", method, |env| async move {
            let disks = ask!(env, storage.disks(())).disks;
            ensure(
                !disks.is_empty() && disks.iter().all(|disk| !disk.system_disk),
                "disks without a system",
                &disks,
            )
        })
        .on(Target::Maintenance)
        .go("call storage.StorageService/Disks {}", Code::Ok, 1),
        case("storage/disks-as-resources", "StorageService/Disks State/List", |env| async move {
            let disks = ask!(env, storage.disks(())).disks;
            let listed = env.node()?.resources_untyped("runtime", "Disks.block.talos.dev").list().await?;
            for disk in disks {
                let id = disk.device_name.trim_start_matches("/dev/").to_owned();
                let found = listed.iter().find(|resource| resource.metadata.id == id);
                some(found, &id)?;
            }
            Ok(())
        })
        .go("cosi-list runtime Disks.block.talos.dev", Code::Ok, 1..),
    ]
}

fn wipes() -> Vec<Case> {
    let method = "StorageService/BlockDeviceWipe";
    let one = |device: &str, method: Method| BlockDeviceWipeRequest {
        devices: vec![BlockDeviceWipeDescriptor {
            device: device.to_owned(),
            method: method.into(),
            ..Default::default()
        }],
    };
    let mut cases = vec![
        case("storage/wipe-unknown", method, move |env| async move {
            refused(
                env.node()?.raw().storage().block_device_wipe(one("nosuch", Method::Fast)).await,
                Code::NotFound,
            )
        })
        .go(
            "call storage.StorageService/BlockDeviceWipe {\"devices\":[{\"device\":\"nosuch\",\"method\":\"FAST\"}]}",
            Code::NotFound,
            0,
        ),
        case("storage/wipe-the-system-disk", method, move |env| async move {
            let disks = ask!(env, storage.disks(())).disks;
            let system = some(disks.iter().find(|disk| disk.system_disk), "a system disk")?;
            let name = system.device_name.trim_start_matches("/dev/");
            let answer = env.node()?.raw().storage().block_device_wipe(one(name, Method::Fast)).await;
            refused(answer, Code::FailedPrecondition)
        })
        .changes(),
        case("storage/wipe-as-reader", method, move |env| async move {
            refused(
                env.node()?.raw().storage().block_device_wipe(one("nosuch", Method::Fast)).await,
                Code::PermissionDenied,
            )
        })
        .role_of(Role::Reader)
        .go(
            "call storage.StorageService/BlockDeviceWipe {\"devices\":[{\"device\":\"nosuch\",\"method\":\"FAST\"}]}",
            Code::PermissionDenied,
            0,
        ),
        case("storage/wipe-in-maintenance", method, move |env| async move {
            refused(
                env.node()?.raw().storage().block_device_wipe(one("nosuch", Method::Fast)).await,
                Code::NotFound,
            )
        })
        .on(Target::Maintenance)
        .go(
            "call storage.StorageService/BlockDeviceWipe {\"devices\":[{\"device\":\"nosuch\",\"method\":\"FAST\"}]}",
            Code::NotFound,
            0,
        ),
    ];
    for (method, name) in [(Method::Fast, "fast"), (Method::Zeroes, "zeroes")] {
        let methods = "StorageService/BlockDeviceWipe StorageService/Disks";
        cases.push(
            case(format!("storage/wipe-{name}"), methods, move |env| async move {
                let disks = ask!(env, storage.disks(())).disks;
                let spare = disks.iter().find(|disk| !disk.system_disk && disk.model == SPARE);
                let spare = spare.ok_or_else(|| Failure::missing("no disk to wipe"))?;
                let name = spare.device_name.trim_start_matches("/dev/");
                let mut storage = env.node()?.raw().storage();
                same(storage.block_device_wipe(one(name, method)).await?.into_inner().messages.len(), 1)
            })
            .on(Target::Maintenance)
            .changes(),
        );
    }
    cases
}

fn volumes() -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, code, group, volume) in [
        ("empty", Code::InvalidArgument, "", ""),
        ("half-named", Code::InvalidArgument, "vg0", ""),
        ("unknown", Code::NotFound, "nosuch", "nosuch"),
    ] {
        cases.push(
            case(
                format!("storage/remove-{name}-logical-volume"),
                "LVMService/LogicalVolumeRemove",
                move |env| async move {
                    let request = LvmServiceLogicalVolumeRemoveRequest {
                        volume_group: group.to_owned(),
                        logical_volume: volume.to_owned(),
                    };
                    refused(env.node()?.raw().lvm().logical_volume_remove(request).await, code)
                },
            )
            .from(14),
        );
    }
    for (name, code, group) in [("empty", Code::InvalidArgument, ""), ("unknown", Code::NotFound, "nosuch")] {
        cases.push(
            case(
                format!("storage/remove-{name}-volume-group"),
                "LVMService/VolumeGroupRemove",
                move |env| async move {
                    let request = LvmServiceVolumeGroupRemoveRequest { volume_group: group.to_owned() };
                    refused(env.node()?.raw().lvm().volume_group_remove(request).await, code)
                },
            )
            .from(14),
        );
    }
    for (name, code, device) in
        [("empty", Code::InvalidArgument, ""), ("unknown", Code::NotFound, "/dev/nosuch")]
    {
        cases.push(
            case(
                format!("storage/remove-{name}-physical-volume"),
                "LVMService/PhysicalVolumeRemove",
                move |env| async move {
                    let request = LvmServicePhysicalVolumeRemoveRequest { device: device.to_owned() };
                    refused(env.node()?.raw().lvm().physical_volume_remove(request).await, code)
                },
            )
            .from(14),
        );
    }
    for (name, code, device) in [
        ("empty", Code::InvalidArgument, ""),
        ("relative", Code::InvalidArgument, "md0"),
        ("unknown", Code::NotFound, "/dev/nosuch"),
    ] {
        cases.push(
            case(format!("storage/destroy-{name}-array"), "MDService/Destroy", move |env| async move {
                let request = MdDestroyRequest { device: device.to_owned() };
                refused(env.node()?.raw().md().destroy(request).await, code)
            })
            .from(14),
        );
    }
    cases
}
