//! Encryption of volumes.

use std::collections::BTreeSet;

use talos_machineconfig_derive::Fields;

use crate::model::{Value as _, text_enum};
use crate::types::Secret;
use crate::validate::Findings;

/// Number of platform configuration registers that a TPM has for a PC.
const REGISTERS: std::ops::Range<i64> = 0..24;

/// Encryption of a volume.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(zero = encryption_is_zero)]
pub struct EncryptionSpec {
    /// Format.
    #[config(always)]
    pub provider: EncryptionProvider,
    /// Keys that open it.
    #[config(always)]
    pub keys: Vec<EncryptionKey>,
    /// Cipher.
    pub cipher: String,
    /// Size of the key in bits.
    pub key_size: u64,
    /// Block size in bytes.
    pub block_size: u64,
    /// Performance options of cryptsetup.
    pub options: Vec<String>,
    /// Whether unused blocks may be told to the disk.
    pub allow_discards: Option<bool>,
}

impl EncryptionSpec {
    /// Whether the volume is encrypted.
    pub(super) fn is_on(&self) -> bool {
        self.provider != EncryptionProvider::None
    }

    pub(super) fn check(&self, found: &mut Findings) {
        if self.is_zero() {
            return;
        }
        if !self.is_on() {
            found.missing("provider", "luks2");
        }
        if self.keys.is_empty() {
            found.missing("keys", "at least one key");
        }
        let mut slots = BTreeSet::new();
        found.each("keys", &self.keys, |key, found| {
            if !slots.insert(key.slot) {
                found.error("slot", format!("slot {} is taken by a key before: choose another", key.slot));
            }
            key.check(found);
        });
    }
}

/// A key that opens a volume; one of the kinds.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct EncryptionKey {
    /// Slot of LUKS.
    #[config(always)]
    pub slot: i64,
    /// A passphrase in the configuration.
    pub r#static: Option<EncryptionKeyStatic>,
    /// Derived from the machine's identity.
    #[config(key = "nodeID")]
    pub node_id: Option<EncryptionKeyNodeId>,
    /// Sealed by a key management server.
    pub kms: Option<EncryptionKeyKms>,
    /// Sealed by the TPM.
    pub tpm: Option<EncryptionKeyTpm>,
    /// Whether the key is bound to the volume STATE.
    pub lock_to_state: Option<bool>,
}

impl EncryptionKey {
    fn check(&self, found: &mut Findings) {
        if self.r#static.is_none() && self.node_id.is_none() && self.kms.is_none() && self.tpm.is_none() {
            found.missing("", "what the key is made of: static, nodeID, kms or tpm");
        }
        let Some(options) = self.tpm.as_ref().and_then(|tpm| tpm.options.as_ref()) else { return };
        found.within("tpm", |found| {
            found.within("options", |found| {
                found.each("pcrs", &options.pcrs, |register, found| {
                    if !REGISTERS.contains(register) {
                        found.error("", format!("there is no register {register}: write 0 to 23"));
                    }
                });
            });
        });
    }
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
    /// What it is sealed to.
    pub options: Option<EncryptionKeyTpmOptions>,
    /// Whether enrolment demands that secure boot is on.
    pub check_secureboot_status_on_enroll: Option<bool>,
}

/// What a key is sealed to.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct EncryptionKeyTpmOptions {
    /// Platform configuration registers.
    pub pcrs: Vec<i64>,
}

text_enum! {
    /// Format of an encrypted volume.
    pub enum EncryptionProvider {
        /// Not encrypted.
        None = "none",
        /// LUKS2.
        Luks2 = "luks2",
    }
}

/// Talos takes an encryption without provider and keys for none, whatever else it says.
fn encryption_is_zero(spec: &EncryptionSpec) -> bool {
    spec.provider == EncryptionProvider::None && spec.keys.is_empty()
}
