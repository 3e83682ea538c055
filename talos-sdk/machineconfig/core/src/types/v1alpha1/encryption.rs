//! Encryption of system partitions, as releases up to 1.10 know it.

use talos_machineconfig_derive::Fields;

use crate::types::{List, Secret};

/// Encryption of system partitions.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct SystemDiskEncryptionConfig {
    /// The partition STATE.
    pub state: Option<EncryptionConfig>,
    /// The partition EPHEMERAL.
    pub ephemeral: Option<EncryptionConfig>,
}

/// Encryption of a partition.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct EncryptionConfig {
    /// Format, `luks2`.
    #[config(always)]
    pub provider: String,
    /// Keys that open it.
    #[config(always)]
    pub keys: List<EncryptionKey>,
    /// Cipher.
    pub cipher: String,
    /// Size of the key in bits.
    pub key_size: u64,
    /// Block size in bytes.
    pub block_size: u64,
    /// Performance options of cryptsetup.
    pub options: Vec<String>,
}

/// A key that opens a partition; one of the kinds.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct EncryptionKey {
    /// A passphrase in the configuration.
    pub r#static: Option<EncryptionKeyStatic>,
    /// Derived from the machine's identity.
    #[config(key = "nodeID")]
    pub node_id: Option<EncryptionKeyNodeId>,
    /// Sealed by a key management server.
    pub kms: Option<EncryptionKeyKms>,
    /// Slot of LUKS.
    #[config(always)]
    pub slot: i64,
    /// Sealed by the TPM.
    pub tpm: Option<EncryptionKeyTpm>,
}

/// A passphrase in the configuration.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct EncryptionKeyStatic {
    /// The passphrase.
    pub passphrase: Secret,
}

/// A key derived from the machine's identity.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct EncryptionKeyNodeId {}

/// A key sealed by a key management server.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct EncryptionKeyKms {
    /// URL of the server.
    #[config(always)]
    pub endpoint: String,
}

/// A key sealed by the TPM.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct EncryptionKeyTpm {
    /// Whether enrolment demands that secure boot is on.
    pub check_secureboot_status_on_enroll: Option<bool>,
}
