//! The META partition of a machine: small values that outlive its configuration.

use std::fmt;

use bytes::Bytes;
use talos_proto::machine::{MetaDeleteRequest, MetaWriteRequest};

use crate::{Node, Result};

/// A key of the META partition.
///
/// ```
/// # use talos_client::MetaKey;
/// assert_eq!(MetaKey::METAL_NETWORK, MetaKey(0x0a));
/// assert_eq!(MetaKey::USER_1.to_string(), "0x0c");
/// assert_eq!(MetaKey::USER_1.name(), Some("user 1"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MetaKey(pub u8);

impl MetaKey {
    /// An upgrade that is to be rolled back if the machine does not boot.
    pub const UPGRADE: Self = Self(0x06);
    /// The installer image of a staged upgrade.
    pub const STAGED_UPGRADE_IMAGE: Self = Self(0x07);
    /// The options of a staged upgrade, as JSON.
    pub const STAGED_UPGRADE_OPTIONS: Self = Self(0x08);
    /// How the partition STATE is encrypted, as JSON.
    pub const STATE_ENCRYPTION: Self = Self(0x09);
    /// The network configuration on bare metal, as YAML.
    pub const METAL_NETWORK: Self = Self(0x0a);
    /// What stands for `${code}` in the address of the configuration.
    pub const DOWNLOAD_CODE: Self = Self(0x0b);
    /// Free to use.
    pub const USER_1: Self = Self(0x0c);
    /// Free to use.
    pub const USER_2: Self = Self(0x0d);
    /// Free to use.
    pub const USER_3: Self = Self(0x0e);
    /// A UUID for the machine instead of that of its hardware.
    pub const UUID_OVERRIDE: Self = Self(0x0f);
    /// A token by which SideroLink tells machines apart.
    pub const MACHINE_TOKEN: Self = Self(0x10);
    /// The boot loader of a disk image; gone after the first boot.
    pub const DISK_IMAGE_BOOTLOADER: Self = Self(0x11);

    /// What the key is for, if Talos gave it a meaning.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::UPGRADE => "upgrade",
            Self::STAGED_UPGRADE_IMAGE => "staged upgrade image",
            Self::STAGED_UPGRADE_OPTIONS => "staged upgrade options",
            Self::STATE_ENCRYPTION => "state encryption",
            Self::METAL_NETWORK => "metal network",
            Self::DOWNLOAD_CODE => "download code",
            Self::USER_1 => "user 1",
            Self::USER_2 => "user 2",
            Self::USER_3 => "user 3",
            Self::UUID_OVERRIDE => "UUID override",
            Self::MACHINE_TOKEN => "machine token",
            Self::DISK_IMAGE_BOOTLOADER => "disk image bootloader",
            _ => return None,
        })
    }
}

impl fmt::Display for MetaKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#04x}", self.0)
    }
}

impl Node {
    /// Writes a value into the META partition (`machine.MachineService/MetaWrite`, os:admin, or os:meta:writer from
    /// Talos 1.13).
    ///
    /// Values are small: a few hundred KiB for all keys together. [`ErrorKind::ResourceExhausted`]: it does not fit.
    /// [`ErrorKind::InvalidTarget`], with nothing sent: no name on a client with several endpoints.
    ///
    /// [`ErrorKind::InvalidTarget`]: crate::ErrorKind::InvalidTarget
    /// [`ErrorKind::ResourceExhausted`]: crate::ErrorKind::ResourceExhausted
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/example.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> { example(async |node| {
    /// use talos_client::MetaKey;
    ///
    /// node.write_meta(MetaKey::USER_1, "rack 12").await?;
    /// node.delete_meta(MetaKey::USER_1).await?;
    /// assert!(node.delete_meta(MetaKey::USER_1).await.is_err_and(|error| error.is_not_found()));
    /// # Ok(()) }) }
    /// ```
    pub async fn write_meta(&self, key: MetaKey, value: impl Into<Bytes>) -> Result<()> {
        self.must_be_one_machine("writing to META")?;
        let request = MetaWriteRequest { key: key.0.into(), value: value.into() };
        let reply =
            self.call(request, |raw, request| async move { raw.machine().meta_write(request).await }).await?;
        reply.single()?;
        Ok(())
    }

    /// Deletes a value from the META partition (`machine.MachineService/MetaDelete`, os:admin, or os:meta:writer from
    /// Talos 1.13).
    ///
    /// [`ErrorKind::NotFound`]: there is none of this key. [`ErrorKind::InvalidTarget`], with nothing sent: no name on a
    /// client with several endpoints.
    ///
    /// [`ErrorKind::InvalidTarget`]: crate::ErrorKind::InvalidTarget
    /// [`ErrorKind::NotFound`]: crate::ErrorKind::NotFound
    pub async fn delete_meta(&self, key: MetaKey) -> Result<()> {
        self.must_be_one_machine("deleting from META")?;
        let request = MetaDeleteRequest { key: key.0.into() };
        let reply = self
            .call(request, |raw, request| async move { raw.machine().meta_delete(request).await })
            .await?;
        reply.single()?;
        Ok(())
    }
}
