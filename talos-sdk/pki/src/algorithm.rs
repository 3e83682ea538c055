//! Kinds of keys.

use std::fmt;

use aws_lc_rs::signature::{self, EcdsaSigningAlgorithm};

/// Kind of a key, with the signature that goes with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Algorithm {
    /// Ed25519 (RFC 8032): authority and clients of the Talos API.
    Ed25519,
    /// ECDSA on P-224. Such keys can be read, not made or signed with.
    EcdsaP224,
    /// ECDSA on P-256 with SHA-256: authorities of Kubernetes, etcd and the aggregation layer.
    EcdsaP256,
    /// ECDSA on P-384 with SHA-384. Talos makes none.
    EcdsaP384,
    /// ECDSA on P-521 with SHA-512. Talos makes none.
    EcdsaP521,
    /// RSA of 2048 bits, PKCS#1 v1.5 with SHA-512. Talos makes none, kubeadm does.
    Rsa2048,
    /// RSA of 3072 bits, otherwise as [`Algorithm::Rsa2048`].
    Rsa3072,
    /// RSA of 4096 bits: the service account key, and Talos authorities made with `--rsa`. Making one takes about a
    /// second of processor time: in an async program, do it on a blocking thread.
    Rsa4096,
    /// RSA of 8192 bits, otherwise as [`Algorithm::Rsa2048`].
    Rsa8192,
    /// RSA of as many bits. Such keys can be read, not made; those of 2048 to 8192 bits sign as
    /// [`Algorithm::Rsa2048`], others don't sign.
    Rsa(u32),
}

impl Algorithm {
    /// The kind of key that Talos makes for what an authority of this kind issues: Ed25519, P-256 or RSA-4096.
    #[must_use]
    pub fn of_issued(self) -> Self {
        match self {
            Self::Ed25519 => Self::Ed25519,
            Self::EcdsaP224 | Self::EcdsaP256 | Self::EcdsaP384 | Self::EcdsaP521 => Self::EcdsaP256,
            Self::Rsa2048 | Self::Rsa3072 | Self::Rsa4096 | Self::Rsa8192 | Self::Rsa(_) => Self::Rsa4096,
        }
    }

    pub(crate) fn curve(self) -> Option<&'static EcdsaSigningAlgorithm> {
        match self {
            Self::EcdsaP256 => Some(&signature::ECDSA_P256_SHA256_ASN1_SIGNING),
            Self::EcdsaP384 => Some(&signature::ECDSA_P384_SHA384_ASN1_SIGNING),
            Self::EcdsaP521 => Some(&signature::ECDSA_P521_SHA512_ASN1_SIGNING),
            _ => None,
        }
    }

    pub(crate) fn rsa(bits: u32) -> Self {
        match bits {
            2048 => Self::Rsa2048,
            3072 => Self::Rsa3072,
            4096 => Self::Rsa4096,
            8192 => Self::Rsa8192,
            bits => Self::Rsa(bits),
        }
    }

    /// Object identifier of the signature, and whether NULL parameters follow it.
    pub(crate) fn signature_oid(self) -> (&'static [u64], bool) {
        match self {
            Self::Ed25519 => (&[1, 3, 101, 112], false),
            Self::EcdsaP224 | Self::EcdsaP256 => (&[1, 2, 840, 10045, 4, 3, 2], false),
            Self::EcdsaP384 => (&[1, 2, 840, 10045, 4, 3, 3], false),
            Self::EcdsaP521 => (&[1, 2, 840, 10045, 4, 3, 4], false),
            _ => (&[1, 2, 840, 113_549, 1, 1, 13], true),
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ed25519 => f.write_str("Ed25519"),
            Self::EcdsaP224 => f.write_str("ECDSA P-224"),
            Self::EcdsaP256 => f.write_str("ECDSA P-256"),
            Self::EcdsaP384 => f.write_str("ECDSA P-384"),
            Self::EcdsaP521 => f.write_str("ECDSA P-521"),
            Self::Rsa2048 => f.write_str("RSA-2048"),
            Self::Rsa3072 => f.write_str("RSA-3072"),
            Self::Rsa4096 => f.write_str("RSA-4096"),
            Self::Rsa8192 => f.write_str("RSA-8192"),
            Self::Rsa(bits) => write!(f, "RSA-{bits}"),
        }
    }
}
