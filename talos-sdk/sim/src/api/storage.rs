//! Disks, and what is built on them.

use talos_proto::{machine, storage};
use tonic::Status;

use super::Context;
use crate::grpc::Answer;
use crate::storage::{MODALIAS, SUBSYSTEM, SimDisk, Storage};

pub(super) fn disks(cx: &Context<'_>) -> Answer {
    let node = &cx.run.node;
    let installed = node.disk().installed;
    let disk = |disk: &SimDisk| storage::Disk {
        size: disk.size,
        model: disk.model.clone(),
        device_name: disk.path(),
        serial: disk.serial.clone(),
        modalias: MODALIAS.to_owned(),
        r#type: storage::disk::DiskType::Ssd.into(),
        bus_path: disk.bus_path(),
        // It is one because Talos is on it.
        system_disk: disk.system && installed,
        subsystem: SUBSYSTEM.to_owned(),
        readonly: disk.readonly,
        ..storage::Disk::default()
    };
    // A container sees no disks.
    let disks = match node.in_container() {
        true => Vec::new(),
        false => node.disk().storage.disks.iter().map(disk).collect(),
    };
    Answer::one(&storage::DisksResponse { messages: vec![storage::Disks { metadata: None, disks }] })
}

pub(super) fn wipe(cx: &Context<'_>, request: &storage::BlockDeviceWipeRequest) -> Result<Answer, Status> {
    cx.admin_or_maintenance()?;
    {
        let mut disk = cx.run.node.disk();
        for device in &request.devices {
            check_wipe(&disk.storage, device, disk.installed)?;
        }
        if !cx.lost() {
            for device in &request.devices {
                if let Some(disk) = disk.storage.disk_mut(&device.device) {
                    disk.content = None;
                }
            }
        }
    }
    cx.run.show_storage();
    Ok(Answer::one(&storage::BlockDeviceWipeResponse {
        messages: vec![storage::BlockDeviceWipe { metadata: None }],
    }))
}

fn check_wipe(
    storage: &Storage,
    request: &storage::BlockDeviceWipeDescriptor,
    installed: bool,
) -> Result<(), Status> {
    let name = request.device.as_str();
    let in_use = |what: String| Err(Status::failed_precondition(format!("{name} is in use by {what}")));
    let volume = storage.partition(name).filter(|_| installed);
    let Some(disk) = storage.disk(name) else {
        let volume = volume.ok_or_else(|| Status::not_found(format!("there is no block device {name:?}")))?;
        return if request.skip_volume_check { Ok(()) } else { in_use(format!("volume {volume}")) };
    };
    if disk.readonly {
        return Err(Status::failed_precondition(format!("{name} cannot be written")));
    }
    if let Some(user) = storage.user_of(name).filter(|_| !request.skip_secondary_check) {
        return in_use(user);
    }
    if disk.system && installed && !request.skip_volume_check {
        return in_use("the volumes of the system".to_owned());
    }
    Ok(())
}

pub(super) fn logical_volume_remove(
    cx: &Context<'_>,
    request: &machine::LvmServiceLogicalVolumeRemoveRequest,
) -> Result<Answer, Status> {
    cx.admin_or_maintenance()?;
    let machine::LvmServiceLogicalVolumeRemoveRequest { volume_group, logical_volume } = request;
    if volume_group.is_empty() || logical_volume.is_empty() {
        return Err(Status::invalid_argument("volume_group and logical_volume must be set"));
    }
    let mut disk = cx.run.node.disk();
    let group = disk.storage.groups.iter_mut().find(|group| group.name == *volume_group);
    let volumes = group.map(|group| &mut group.logical_volumes);
    let found = volumes
        .and_then(|volumes| Some((volumes.iter().position(|name| name == logical_volume)?, volumes)))
        .ok_or_else(|| {
            Status::not_found(format!("there is no logical volume {volume_group}/{logical_volume}"))
        })?;
    found.1.remove(found.0);
    Ok(Answer::one(&()))
}

/// Takes the logical volumes with it; the disks stay physical volumes.
pub(super) fn volume_group_remove(
    cx: &Context<'_>,
    request: &machine::LvmServiceVolumeGroupRemoveRequest,
) -> Result<Answer, Status> {
    cx.admin_or_maintenance()?;
    let name = &request.volume_group;
    if name.is_empty() {
        return Err(Status::invalid_argument("volume_group must be set"));
    }
    let groups = &mut cx.run.node.disk().storage.groups;
    let found = groups.iter().position(|group| group.name == *name);
    groups.remove(found.ok_or_else(|| Status::not_found(format!("there is no volume group {name}")))?);
    Ok(Answer::one(&()))
}

pub(super) fn physical_volume_remove(
    cx: &Context<'_>,
    request: &machine::LvmServicePhysicalVolumeRemoveRequest,
) -> Result<Answer, Status> {
    cx.admin_or_maintenance()?;
    if request.device.is_empty() {
        return Err(Status::invalid_argument("device must be set"));
    }
    let name = request.device.trim_start_matches("/dev/");
    let mut disk = cx.run.node.disk();
    if let Some(user) = disk.storage.user_of(name) {
        return Err(Status::failed_precondition(format!("{name} is in use by {user}")));
    }
    let found = disk.storage.disk_mut(name).filter(|disk| disk.content.as_deref() == Some("lvm2-pv"));
    found.ok_or_else(|| Status::not_found(format!("{name} is no physical volume")))?.content = None;
    Ok(Answer::one(&()))
}

pub(super) fn array_destroy(cx: &Context<'_>, request: &machine::MdDestroyRequest) -> Result<Answer, Status> {
    cx.admin_or_maintenance()?;
    let name = request
        .device
        .strip_prefix("/dev/")
        .ok_or_else(|| Status::invalid_argument("device must be a path that begins with /dev/"))?;
    let mut disk = cx.run.node.disk();
    let found = disk.storage.arrays.iter().position(|array| array.name == name);
    let index = found.ok_or_else(|| Status::not_found(format!("there is no array {name}")))?;
    let array = disk.storage.arrays.remove(index);
    for member in array.members {
        if let Some(disk) = disk.storage.disk_mut(&member) {
            disk.content = None;
        }
    }
    Ok(Answer::one(&()))
}
