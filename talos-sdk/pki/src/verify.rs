//! Signatures of certificates and requests.

use aws_lc_rs::signature::{self, UnparsedPublicKey, VerificationAlgorithm};
use x509_parser::der_parser::Oid;
use x509_parser::x509::{AlgorithmIdentifier, SubjectPublicKeyInfo};

use crate::{Error, ErrorKind, Result};

/// Checks that `signature` over `message` was made by the private half of `key`.
pub(crate) fn verify(
    key: &SubjectPublicKeyInfo<'_>,
    algorithm: &AlgorithmIdentifier<'_>,
    message: &[u8],
    signature: &[u8],
) -> Result<()> {
    let name = algorithm.algorithm.to_id_string();
    let curve = key.algorithm.parameters.as_ref().and_then(|parameters| Oid::try_from(parameters).ok());
    let curve = curve.map(|curve| curve.to_id_string()).unwrap_or_default();
    let Some(algorithm) = algorithm_of(&name, &curve) else {
        let message = format!(
            "signatures of the algorithm {name} can't be checked: sign with Ed25519, ECDSA on P-256, P-384 or P-521, or RSA with SHA-256, SHA-384 or SHA-512"
        );
        return Err(Error::new(ErrorKind::Crypto, message));
    };
    UnparsedPublicKey::new(algorithm, &key.subject_public_key.data)
        .verify(message, signature)
        .map_err(|error| Error::new(ErrorKind::Crypto, "the signature is not the key's").with_source(error))
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
