//! Volumes of the system and of users.

use talos_machineconfig_derive::Fields;

use crate::model::text_enum;
use crate::types::block::{EncryptionSpec, ScrubConfig, TrimConfig};
use crate::types::{ByteSize, Expression, VolumeSize};

/// A volume of the system.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "VolumeConfig", since = "1.8")]
pub struct VolumeConfig {
    /// Name of the volume, such as `EPHEMERAL`.
    #[config(always)]
    pub name: String,
    /// Disk and size.
    pub provisioning: ProvisioningSpec,
    /// File system.
    pub filesystem: SystemVolumeFilesystemSpec,
    /// Encryption.
    pub encryption: EncryptionSpec,
    /// How it is mounted.
    pub mount: MountSpec,
    /// Trimming.
    pub trim: Option<TrimConfig>,
    /// Scrubbing.
    pub scrub: Option<ScrubConfig>,
}

/// File system of a system volume.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct SystemVolumeFilesystemSpec {
    /// Options of XFS.
    pub xfs: Option<XfsSpec>,
}

/// How a system volume is mounted.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct MountSpec {
    /// Whether programs, devices and set-user-id are refused.
    pub secure: Option<bool>,
    /// Whether access times are not kept.
    pub disable_access_time: Option<bool>,
}

/// A volume of users.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "UserVolumeConfig", since = "1.10")]
pub struct UserVolumeConfig {
    /// Name of the document.
    #[config(always)]
    pub name: String,
    /// Kind of volume.
    pub volume_type: Option<VolumeType>,
    /// Disk and size.
    pub provisioning: ProvisioningSpec,
    /// File system.
    pub filesystem: FilesystemSpec,
    /// Encryption.
    pub encryption: EncryptionSpec,
    /// How it is mounted.
    pub mount: UserMountSpec,
    /// Trimming.
    pub trim: Option<TrimConfig>,
    /// Scrubbing.
    pub scrub: Option<ScrubConfig>,
}

/// File system of a volume.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct FilesystemSpec {
    /// Type.
    pub r#type: FilesystemType,
    /// Whether project quotas are on.
    pub project_quota_support: Option<bool>,
    /// Options of XFS.
    pub xfs: Option<XfsSpec>,
}

/// Options of XFS.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct XfsSpec {
    /// Least size of an allocation group.
    pub min_allocation_group_size: ByteSize,
}

/// How a user volume is mounted.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct UserMountSpec {
    /// Whether access times are not kept.
    pub disable_access_time: Option<bool>,
    /// Whether programs, devices and set-user-id are refused.
    pub secure: Option<bool>,
}

/// A volume that is there already.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "ExistingVolumeConfig", since = "1.11")]
pub struct ExistingVolumeConfig {
    /// Name of the document.
    #[config(always)]
    pub name: String,
    /// How it is found.
    pub discovery: VolumeDiscoverySpec,
    /// How it is mounted.
    pub mount: ExistingMountSpec,
    /// Trimming.
    pub trim: Option<TrimConfig>,
    /// Scrubbing.
    pub scrub: Option<ScrubConfig>,
}

/// How a volume is found.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct VolumeDiscoverySpec {
    /// Which volume.
    pub volume_selector: VolumeSelector,
}

/// A volume by its properties.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct VolumeSelector {
    /// Condition on the volume.
    pub r#match: Expression,
}

/// How an existing volume is mounted.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct ExistingMountSpec {
    /// Whether it is read-only.
    pub read_only: Option<bool>,
    /// Whether access times are not kept.
    pub disable_access_time: Option<bool>,
    /// Whether programs, devices and set-user-id are refused.
    pub secure: Option<bool>,
}

/// A volume that something outside the machine provides.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "ExternalVolumeConfig", since = "1.13")]
pub struct ExternalVolumeConfig {
    /// Name of the document.
    #[config(always)]
    pub name: String,
    /// Type of the file system.
    #[config(always)]
    pub filesystem_type: FilesystemType,
    /// How it is mounted.
    pub mount: ExternalMountSpec,
}

/// How an external volume is mounted.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct ExternalMountSpec {
    /// Whether it is read-only.
    pub read_only: Option<bool>,
    /// Whether access times are not kept.
    pub disable_access_time: Option<bool>,
    /// Whether programs, devices and set-user-id are refused.
    pub secure: Option<bool>,
    /// Options of virtiofs.
    pub virtiofs: Option<VirtiofsMountSpec>,
}

/// Options of virtiofs.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct VirtiofsMountSpec {
    /// Tag of the file system.
    #[config(always)]
    pub tag: String,
}

/// A volume without a file system.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "RawVolumeConfig", since = "1.11")]
pub struct RawVolumeConfig {
    /// Name of the document.
    #[config(always)]
    pub name: String,
    /// Disk and size.
    pub provisioning: ProvisioningSpec,
    /// Encryption.
    pub encryption: EncryptionSpec,
}

/// A swap volume.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "SwapVolumeConfig", since = "1.11")]
pub struct SwapVolumeConfig {
    /// Name of the document.
    #[config(always)]
    pub name: String,
    /// Disk and size.
    pub provisioning: ProvisioningSpec,
    /// Encryption.
    pub encryption: EncryptionSpec,
}

/// Disk and size of a volume.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct ProvisioningSpec {
    /// Which disk.
    pub disk_selector: DiskSelector,
    /// Whether it grows to what is free.
    pub grow: Option<bool>,
    /// Least size.
    pub min_size: ByteSize,
    /// Most size.
    pub max_size: VolumeSize,
}

/// A disk by its properties.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct DiskSelector {
    /// Condition on the disk.
    pub r#match: Expression,
}

text_enum! {
    /// Kind of a volume.
    pub enum VolumeType {
        /// A partition of a disk.
        Partition = "partition",
        /// A whole disk.
        Disk = "disk",
        /// A file system in memory.
        Tmpfs = "tmpfs",
        /// A directory of another volume.
        Directory = "directory",
        /// A symbolic link.
        Symlink = "symlink",
        /// An overlay of another volume.
        Overlay = "overlay",
        /// Something outside the machine.
        External = "external",
    }

    /// Type of a file system.
    pub enum FilesystemType {
        /// None.
        None = "none",
        /// XFS.
        Xfs = "xfs",
        /// FAT.
        Vfat = "vfat",
        /// ext4.
        Ext4 = "ext4",
        /// ISO 9660.
        Iso9660 = "iso9660",
        /// Swap space. Talos spells it so.
        Swap = "swapi",
        /// virtiofs.
        Virtiofs = "virtiofs",
        /// Btrfs.
        Btrfs = "btrfs",
    }
}
