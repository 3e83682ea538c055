//! Addresses of what a factory serves.

use std::fmt;

/// A processor architecture, by the name Talos has for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Arch {
    /// `amd64`.
    #[default]
    Amd64,
    /// `arm64`.
    Arm64,
}

impl fmt::Display for Arch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Amd64 => "amd64",
            Self::Arm64 => "arm64",
        })
    }
}

/// How a download is compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Compression {
    /// Not at all.
    #[default]
    None,
    /// `.xz`: small, and slow to decode.
    Xz,
    /// `.zst`: a little larger, and about ten times as fast to decode.
    Zstd,
    /// `.gz`.
    Gzip,
}

impl Compression {
    /// What a file's name ends with.
    pub fn extension(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Xz => ".xz",
            Self::Zstd => ".zst",
            Self::Gzip => ".gz",
        }
    }
}

/// One file of the factory: `image/SCHEMATIC/VERSION/FILE`.
///
/// ```
/// use talos_factory::{Arch, Asset, Compression, DEFAULT_SCHEMATIC_ID};
///
/// let image = Asset::disk_image(DEFAULT_SCHEMATIC_ID, "v1.13.9", "openstack", Arch::Amd64);
/// assert_eq!(image.file_name(), "openstack-amd64.raw");
/// assert_eq!(image.with_compression(Compression::Zstd).file_name(), "openstack-amd64.raw.zst");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Asset {
    schematic: String,
    version: String,
    file: String,
    compression: Compression,
}

impl Asset {
    /// Any file, by its name: `kernel-amd64`, `cmdline-metal-arm64`. It is taken as not compressed.
    pub fn new(schematic: impl Into<String>, version: impl Into<String>, file: impl Into<String>) -> Self {
        Self {
            schematic: schematic.into(),
            version: version.into(),
            file: file.into(),
            compression: Compression::None,
        }
    }

    /// The raw disk image of a platform (`metal`, `openstack`, …), not compressed.
    pub fn disk_image(
        schematic: impl Into<String>,
        version: impl Into<String>,
        platform: &str,
        arch: Arch,
    ) -> Self {
        Self::new(schematic, version, format!("{platform}-{arch}.raw"))
    }

    /// The disk image of a platform in the qcow2 format.
    pub fn qcow2(
        schematic: impl Into<String>,
        version: impl Into<String>,
        platform: &str,
        arch: Arch,
    ) -> Self {
        Self::new(schematic, version, format!("{platform}-{arch}.qcow2"))
    }

    /// The bootable ISO of a platform.
    pub fn iso(schematic: impl Into<String>, version: impl Into<String>, platform: &str, arch: Arch) -> Self {
        Self::new(schematic, version, format!("{platform}-{arch}.iso"))
    }

    /// The same, compressed by the factory.
    #[must_use]
    pub fn with_compression(mut self, compression: Compression) -> Self {
        self.compression = compression;
        self
    }

    /// The schematic's id.
    pub fn schematic(&self) -> &str {
        &self.schematic
    }

    /// The version of Talos, with its `v`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// How it is compressed.
    pub fn compression(&self) -> Compression {
        self.compression
    }

    /// Name of the file, with the extension of its compression.
    pub fn file_name(&self) -> String {
        format!("{}{}", self.file, self.compression.extension())
    }

    /// The path below the factory's address.
    pub fn path(&self) -> String {
        format!("image/{}/{}/{}", self.schematic, self.version, self.file_name())
    }
}
