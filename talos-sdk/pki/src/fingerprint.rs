//! Fingerprints of public keys, by which a server without a known authority is pinned.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest;

use crate::{Error, ErrorKind, Result, base64};

/// SHA-256 of a SubjectPublicKeyInfo in DER. Shown and read as standard base64, the form in which Talos prints it on
/// the console and in which `talosctl --cert-fingerprint` takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint(pub [u8; 32]);

impl Fingerprint {
    /// The fingerprint of a SubjectPublicKeyInfo in DER.
    #[must_use]
    pub fn of_spki(der: &[u8]) -> Self {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest::digest(&digest::SHA256, der).as_ref());
        Self(bytes)
    }

    /// Lower-case hexadecimal, the form of the file `<org>.sha256` of `talosctl gen ca` (there behind `sha256:`).
    #[must_use]
    pub fn to_hex(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&base64::encode(self.0))
    }
}

impl FromStr for Fingerprint {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        base64::decode(text).and_then(|bytes| bytes.as_slice().try_into().ok()).map(Self).ok_or_else(|| {
            Error::new(
                ErrorKind::Fingerprint,
                format!("{text:?} is not a fingerprint: expected 32 bytes as base64, 44 characters"),
            )
        })
    }
}
