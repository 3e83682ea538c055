//! Volumes.

mod encryption;
mod maintenance;
mod rules;
mod volume;
mod zswap;

pub use encryption::{
    EncryptionKey, EncryptionKeyKms, EncryptionKeyNodeId, EncryptionKeyStatic, EncryptionKeyTpm,
    EncryptionKeyTpmOptions, EncryptionProvider, EncryptionSpec,
};
pub use maintenance::{FilesystemScrubConfig, FilesystemTrimConfig, ScrubConfig, TrimConfig};
pub use volume::{
    DiskSelector, ExistingMountSpec, ExistingVolumeConfig, ExternalMountSpec, ExternalVolumeConfig,
    FilesystemSpec, FilesystemType, MountSpec, ProvisioningSpec, RawVolumeConfig, SwapVolumeConfig,
    SystemVolumeFilesystemSpec, UserMountSpec, UserVolumeConfig, VirtiofsMountSpec, VolumeConfig,
    VolumeDiscoverySpec, VolumeSelector, VolumeType, XfsSpec,
};
pub use zswap::ZswapConfig;
