//! What volumes must obey.

use crate::cel::Environment;
use crate::model::Value as _;
use crate::types::block::{
    ExistingVolumeConfig, ExternalVolumeConfig, FilesystemSpec, FilesystemType, ProvisioningSpec,
    RawVolumeConfig, SwapVolumeConfig, UserVolumeConfig, VolumeConfig, VolumeType,
};
use crate::types::v1alpha1;
use crate::validate::device_name::check_device_name;
use crate::validate::{Findings, Rules};

/// The volumes that Talos has by itself.
const SYSTEM_VOLUMES: [&str; 7] = ["STATE", "EPHEMERAL", "IMAGECACHE", "ETCD", "CRI", "KUBELET", "LOG"];
/// A partition's label has 36 characters, of which Talos takes two for the kind of volume.
const LONGEST_NAME: usize = 34;

/// What a volume has to say of the place that it takes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Talos knows one.
    Optional,
    /// Disk and size.
    Partition,
    /// A disk, which it takes as a whole.
    Disk,
}

impl Rules for VolumeConfig {
    fn check(&self, found: &mut Findings) {
        let name = self.name.as_str();
        if !SYSTEM_VOLUMES.contains(&name) {
            let known = SYSTEM_VOLUMES.join(", ");
            found.error("name", format!("there is no system volume {name:?}: write one of {known}"));
            return;
        }
        self.check_by_name(found);
        self.provisioning.check(Place::Optional, found);
        found.within("encryption", |found| self.encryption.check(found));
        super::maintenance::check(self.trim.as_ref(), self.scrub.as_ref(), found);
    }

    fn check_sections(&self, sections: &v1alpha1::Config, found: &mut Findings) {
        let machine = sections.machine.as_ref();
        let Some(legacy) = machine.and_then(|machine| machine.system_disk_encryption.as_ref()) else {
            return;
        };
        let is_set = match self.name.as_str() {
            "STATE" => legacy.state.is_some(),
            "EPHEMERAL" => legacy.ephemeral.is_some(),
            _ => false,
        };
        let keys = format!("machine.systemDiskEncryption.{}", self.name.to_lowercase());
        found.exclude(&keys, is_set && self.encryption.is_on());
    }
}

impl VolumeConfig {
    /// Checks that the document says only what can be chosen for this volume.
    fn check_by_name(&self, found: &mut Findings) {
        let name = self.name.as_str();
        let has_mount = !self.mount.is_zero();
        match name {
            "STATE" => {
                if !self.provisioning.is_zero() {
                    found.error("provisioning", "STATE has its place on the system disk: remove this");
                }
                found.within("encryption", |found| {
                    found.each("keys", &self.encryption.keys, |key, found| {
                        if key.lock_to_state == Some(true) {
                            found.error("lockToState", "STATE can't be locked to itself: remove this");
                        }
                    });
                });
            }
            "IMAGECACHE" if !self.filesystem.is_zero() => {
                found.error("filesystem", "IMAGECACHE has no XFS file system: remove this");
            }
            "ETCD" | "CRI" | "KUBELET" | "LOG" if has_mount && self.provisioning.is_zero() => {
                let problem = format!(
                    "{name} is a directory of EPHEMERAL: write provisioning to give it a partition, or remove this"
                );
                found.error("mount", problem);
            }
            _ => {}
        }
        if has_mount && matches!(name, "STATE" | "IMAGECACHE") {
            found.error("mount", format!("how {name} is mounted can't be chosen: remove this"));
        }
    }
}

impl Rules for UserVolumeConfig {
    fn check(&self, found: &mut Findings) {
        check_device_name(&self.name, LONGEST_NAME, "-", found);
        match self.volume_type.unwrap_or(VolumeType::Partition) {
            VolumeType::Directory => self.check_directory(found),
            VolumeType::Disk => self.check_device(Place::Disk, found),
            VolumeType::Partition => self.check_device(Place::Partition, found),
            other => {
                let problem = format!("{other} can't be chosen here: write partition, disk or directory");
                found.error("volumeType", problem);
            }
        }
        super::maintenance::check(self.trim.as_ref(), self.scrub.as_ref(), found);
    }
}

impl UserVolumeConfig {
    fn check_directory(&self, found: &mut Findings) {
        for (keys, is_set) in [
            ("provisioning", !self.provisioning.is_zero()),
            ("encryption", !self.encryption.is_zero()),
            ("filesystem", !self.filesystem.is_zero()),
            ("mount.disableAccessTime", self.mount.disable_access_time.is_some()),
        ] {
            if is_set {
                found.error(
                    keys,
                    "a directory is part of EPHEMERAL: remove this, or choose another volumeType",
                );
            }
        }
    }

    fn check_device(&self, place: Place, found: &mut Findings) {
        self.provisioning.check(place, found);
        found.within("filesystem", |found| self.filesystem.check(found));
        found.within("encryption", |found| self.encryption.check(found));
    }
}

impl FilesystemSpec {
    fn check(&self, found: &mut Findings) {
        use FilesystemType::{Btrfs, Ext4, None, Xfs};
        if !matches!(self.r#type, None | Xfs | Ext4 | Btrfs) {
            let problem = format!("{} can't be chosen here: write xfs, ext4 or btrfs", self.r#type);
            found.error("type", problem);
            return;
        }
        if matches!(self.r#type, None | Xfs) {
            return;
        }
        for (key, is_set) in
            [("projectQuotaSupport", self.project_quota_support == Some(true)), ("xfs", self.xfs.is_some())]
        {
            if is_set {
                found.error(
                    key,
                    format!("{} does not have this, xfs does: remove one of the two", self.r#type),
                );
            }
        }
    }
}

impl Rules for RawVolumeConfig {
    fn check(&self, found: &mut Findings) {
        check_device_name(&self.name, LONGEST_NAME, "-", found);
        self.provisioning.check(Place::Partition, found);
        found.within("encryption", |found| self.encryption.check(found));
    }
}

impl Rules for SwapVolumeConfig {
    fn check(&self, found: &mut Findings) {
        check_device_name(&self.name, LONGEST_NAME, "-", found);
        self.provisioning.check(Place::Partition, found);
        found.within("encryption", |found| self.encryption.check(found));
    }
}

impl Rules for ExistingVolumeConfig {
    fn check(&self, found: &mut Findings) {
        check_device_name(&self.name, usize::MAX, "-", found);
        if self.discovery.volume_selector.r#match.is_zero() {
            found.missing(
                "discovery.volumeSelector.match",
                "which volume it is, such as volume.partition_label == \"DATA\"",
            );
        }
        let selector = &self.discovery.volume_selector.r#match;
        found.expression("discovery.volumeSelector.match", selector, Environment::VolumeLocator);
        super::maintenance::check(self.trim.as_ref(), self.scrub.as_ref(), found);
    }
}

impl Rules for ExternalVolumeConfig {
    fn check(&self, found: &mut Findings) {
        check_device_name(&self.name, LONGEST_NAME, "-", found);
        if self.filesystem_type != FilesystemType::Virtiofs {
            let problem = format!("{} can't come from outside: write virtiofs", self.filesystem_type);
            found.error("filesystemType", problem);
        } else if self.mount.virtiofs.as_ref().is_none_or(|virtiofs| virtiofs.tag.is_empty()) {
            found.missing("mount.virtiofs.tag", "the tag under which the host offers the file system");
        }
    }
}

impl ProvisioningSpec {
    fn check(&self, place: Place, found: &mut Findings) {
        found.within("provisioning", |found| {
            if place != Place::Optional && self.disk_selector.is_zero() {
                found
                    .missing("diskSelector.match", "which disk it is on, such as disk.transport == \"nvme\"");
            }
            found.expression("diskSelector.match", &self.disk_selector.r#match, Environment::DiskLocator);
            if place == Place::Disk {
                for (key, is_set) in [
                    ("minSize", !self.min_size.is_zero()),
                    ("maxSize", !self.max_size.is_zero()),
                    ("grow", self.grow.is_some()),
                ] {
                    if is_set {
                        found.error(key, "the volume takes the disk as a whole: remove this");
                    }
                }
                return;
            }
            if place == Place::Partition && self.min_size.is_zero() && self.max_size.is_zero() {
                found.missing("minSize", "this or maxSize, such as 10GiB");
            }
            if self.min_size.is_negative() {
                found.error("minSize", "the size can't be negative: write one such as 10GiB");
            }
            if self.max_size.is_below(&self.min_size) {
                found.error("maxSize", "maxSize is less than minSize: swap or change them");
            }
        });
    }
}
