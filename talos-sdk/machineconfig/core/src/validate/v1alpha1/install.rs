//! Rules of `machine.install`.

use std::collections::HashSet;

use crate::types::v1alpha1::{InstallConfig, InstallDiskSelector, MachineConfig};
use crate::validate::Findings;
use crate::validate::kubernetes::one_of;

const DISK_TYPES: [&str; 4] = ["ssd", "hdd", "nvme", "sd"];

pub(super) fn check(machine: &MachineConfig, found: &mut Findings) {
    let Some(install) = &machine.install else { return };
    found.within("install", |found| {
        if found.options().mode().requires_install() {
            check_target(install, found);
        }
        let mut images = HashSet::new();
        found.each("extensions", &install.extensions, |extension, found| {
            if !images.insert(&extension.image) {
                found.error("image", "this extension is in the list already: remove one of the two");
            }
        });
        if !install.extensions.is_empty() {
            found.warn("extensions", "extensions belong into the installer image: build one that has them");
        }
    });
}

fn check_target(install: &InstallConfig, found: &mut Findings) {
    match &install.disk_selector {
        Some(selector) => found.within("diskSelector", |found| check_selector(selector, found)),
        None if install.disk.is_empty() => {
            found.error("", "the disk to install to is missing: set disk, such as /dev/sda, or diskSelector");
        }
        None => {}
    }
    if !install.extra_kernel_args.is_empty() && install.grub_use_uki_cmdline == Some(true) {
        found.error(
            "extraKernelArgs",
            "with grubUseUKICmdline the kernel arguments come from the image: remove one of the two",
        );
    }
}

fn check_selector(selector: &InstallDiskSelector, found: &mut Findings) {
    if !selector.name.is_empty() {
        found.error("name", "disks can't be selected by name: use model, serial, wwid or busPath");
    }
    if !selector.r#type.is_empty() && !DISK_TYPES.contains(&selector.r#type.as_str()) {
        found.error("type", one_of("disk type", &selector.r#type, &DISK_TYPES));
    }
}
