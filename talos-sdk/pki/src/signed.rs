//! The outer shape of certificates and requests: what is signed, the algorithm and the signature.

use aws_lc_rs::signature::{self, UnparsedPublicKey, VerificationAlgorithm};

use crate::der::{Der, Element, Malformed, Oid, SEQUENCE};
use crate::{Error, ErrorKind, Result};

/// A certificate or request.
pub(crate) struct Signed<'a> {
    pub(crate) content: Element<'a>,
    algorithm: Oid<'a>,
    signature: &'a [u8],
}

impl<'a> Signed<'a> {
    pub(crate) fn read(der: &mut Der<'a>) -> Result<Self, Malformed> {
        let mut parts = der.sequence()?;
        Ok(Self {
            content: parts.value(SEQUENCE)?,
            algorithm: parts.sequence()?.oid()?,
            signature: parts.bits()?,
        })
    }

    /// Checks that the signature was made by the private half of the key in this SubjectPublicKeyInfo.
    pub(crate) fn verify(&self, spki: &[u8]) -> Result<()> {
        let (curve, key) = public_key(spki).map_err(|error| {
            Error::new(ErrorKind::Crypto, "the public key cannot be read").with_source(error)
        })?;
        let name = self.algorithm.to_string();
        let Some(algorithm) = algorithm_of(&name, &curve) else {
            let message = format!(
                "signatures of the algorithm {name} can't be checked: sign with Ed25519, ECDSA on P-256, P-384 or P-521, or RSA with SHA-256, SHA-384 or SHA-512"
            );
            return Err(Error::new(ErrorKind::Crypto, message));
        };
        UnparsedPublicKey::new(algorithm, key).verify(self.content.raw, self.signature).map_err(|error| {
            Error::new(ErrorKind::Crypto, "the signature is not the key's").with_source(error)
        })
    }
}

/// The curve, for a key on one, and the key alone.
pub(crate) fn public_key(spki: &[u8]) -> Result<(String, &[u8]), Malformed> {
    let mut parts = Der::new(spki).sequence()?;
    let mut algorithm = parts.sequence()?;
    algorithm.oid()?;
    Ok((algorithm.oid().map(|curve| curve.to_string()).unwrap_or_default(), parts.bits()?))
}

fn algorithm_of(name: &str, curve: &str) -> Option<&'static dyn VerificationAlgorithm> {
    const P256: &str = "1.2.840.10045.3.1.7";
    const P384: &str = "1.3.132.0.34";
    const P521: &str = "1.3.132.0.35";
    let hash = match name {
        "1.3.101.112" => return Some(&signature::ED25519),
        "1.2.840.113549.1.1.11" => return Some(&signature::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY),
        "1.2.840.113549.1.1.12" => return Some(&signature::RSA_PKCS1_2048_8192_SHA384),
        "1.2.840.113549.1.1.13" => return Some(&signature::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY),
        "1.2.840.10045.4.3.2" => 256,
        "1.2.840.10045.4.3.3" => 384,
        "1.2.840.10045.4.3.4" => 512,
        _ => return None,
    };
    Some(match (curve, hash) {
        (P256, 256) => &signature::ECDSA_P256_SHA256_ASN1,
        (P256, 384) => &signature::ECDSA_P256_SHA384_ASN1,
        (P256, 512) => &signature::ECDSA_P256_SHA512_ASN1,
        (P384, 256) => &signature::ECDSA_P384_SHA256_ASN1,
        (P384, 384) => &signature::ECDSA_P384_SHA384_ASN1,
        (P384, 512) => &signature::ECDSA_P384_SHA512_ASN1,
        (P521, 256) => &signature::ECDSA_P521_SHA256_ASN1,
        (P521, 384) => &signature::ECDSA_P521_SHA384_ASN1,
        (P521, 512) => &signature::ECDSA_P521_SHA512_ASN1,
        _ => return None,
    })
}
