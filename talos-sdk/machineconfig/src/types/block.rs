//! Volumes.

mod encryption;
mod maintenance;
mod volume;

pub use encryption::{
    EncryptionKey, EncryptionKeyKms, EncryptionKeyNodeId, EncryptionKeyStatic, EncryptionKeyTpm,
    EncryptionKeyTpmOptions, EncryptionProvider, EncryptionSpec,
};
pub use maintenance::{FilesystemScrubConfig, FilesystemTrimConfig, ScrubConfig, TrimConfig, ZswapConfig};
pub use volume::{
    DiskSelector, ExistingMountSpec, ExistingVolumeConfig, ExternalMountSpec, ExternalVolumeConfig,
    FilesystemSpec, FilesystemType, MountSpec, ProvisioningSpec, RawVolumeConfig, SwapVolumeConfig,
    SystemVolumeFilesystemSpec, UserMountSpec, UserVolumeConfig, VirtiofsMountSpec, VolumeConfig,
    VolumeDiscoverySpec, VolumeSelector, VolumeType, XfsSpec,
};
