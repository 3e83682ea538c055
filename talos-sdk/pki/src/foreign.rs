//! Keys that the cryptographic library does not take (RSA below 2048 bits or above 8192, ECDSA on P-224): read for
//! their public half.

use x509_parser::der_parser::parse_der;
use yasna::models::ObjectIdentifier;
use yasna::{ASN1Error, ASN1ErrorKind, ASN1Result, BERReader, Tag};
use zeroize::Zeroizing;

use crate::{Algorithm, SecretBytes};

const RSA: &[u64] = &[1, 2, 840, 113_549, 1, 1, 1];
const EC: &[u64] = &[1, 2, 840, 10045, 2, 1];
const P224: &[u64] = &[1, 3, 132, 0, 33];

/// What is known of such a key.
pub(crate) struct Foreign {
    pub(crate) algorithm: Algorithm,
    /// The key alone: PKCS#1 or SEC 1.
    pub(crate) der: SecretBytes,
    pub(crate) spki: Vec<u8>,
}

/// Reads PKCS#8, PKCS#1 or SEC 1.
pub(crate) fn read(der: &[u8]) -> Option<Foreign> {
    // Where a value is passed over whole, yasna adds up lengths without a check.
    parse_der(der).ok()?;
    let wrapped = yasna::parse_der(der, |reader| {
        reader.read_sequence(|reader| {
            reader.next().read_u8()?;
            reader.next().read_der()?;
            let key = reader.next().read_bytes()?;
            // Attributes and a public key may follow.
            while reader.read_optional(|reader| reader.read_der())?.is_some() {}
            Ok(key)
        })
    });
    let der = SecretBytes::from(wrapped.unwrap_or_else(|_| der.to_vec()));
    if let Ok((algorithm, spki)) = yasna::parse_der(der.expose(), read_rsa) {
        return Some(Foreign { algorithm, der, spki });
    }
    let (secret, point) = yasna::parse_der(der.expose(), read_p224).ok()?;
    let der = sec1(&Zeroizing::new(secret), &point).into();
    Some(Foreign { algorithm: Algorithm::EcdsaP224, der, spki: spki(EC, Some(P224), &point) })
}

/// The length of an RSA key in PKCS#1.
pub(crate) fn rsa_algorithm(pkcs1: &[u8]) -> Option<Algorithm> {
    yasna::parse_der(pkcs1, read_rsa).ok().map(|(algorithm, _)| algorithm)
}

/// PKCS#1: version, modulus, public exponent, and six numbers that are secret.
fn read_rsa(reader: BERReader<'_, '_>) -> ASN1Result<(Algorithm, Vec<u8>)> {
    reader.read_sequence(|reader| {
        reader.next().read_u8()?;
        let (modulus, positive) = reader.next().read_bigint_bytes()?;
        let exponent = reader.next().read_u32()?;
        for _ in 0..6 {
            reader.next().read_bigint_bytes()?;
        }
        let first = modulus.iter().position(|byte| *byte != 0).filter(|_| positive).ok_or_else(invalid)?;
        let modulus = modulus.get(first..).unwrap_or_default();
        let leading = modulus.first().map_or(0, |byte| byte.leading_zeros());
        let bits = u32::try_from(modulus.len() * 8).map_err(|_| invalid())? - leading;
        let key = yasna::construct_der(|writer| {
            writer.write_sequence(|writer| {
                writer.next().write_bigint_bytes(modulus, true);
                writer.next().write_u32(exponent);
            });
        });
        Ok((Algorithm::rsa(bits), spki(RSA, None, &key)))
    })
}

/// SEC 1: version, secret number, and the curve and the public point under tags 0 and 1. Inside PKCS#8 the curve may
/// be left out; the lengths tell it too.
fn read_p224(reader: BERReader<'_, '_>) -> ASN1Result<(Vec<u8>, Vec<u8>)> {
    const LENGTH: usize = 28;
    reader.read_sequence(|reader| {
        reader.next().read_u8()?;
        let secret = reader.next().read_bytes()?;
        let curve =
            reader.read_optional(|reader| reader.read_tagged(Tag::context(0), |reader| reader.read_oid()))?;
        let (point, _) = reader.next().read_tagged(Tag::context(1), |reader| reader.read_bitvec_bytes())?;
        let other = curve.is_some_and(|curve| curve.components().as_slice() != P224);
        if other || secret.len() != LENGTH || point.len() != 1 + 2 * LENGTH {
            return Err(invalid());
        }
        Ok((secret, point))
    })
}

fn sec1(secret: &[u8], point: &[u8]) -> Vec<u8> {
    yasna::construct_der(|writer| {
        writer.write_sequence(|writer| {
            writer.next().write_u8(1);
            writer.next().write_bytes(secret);
            writer.next().write_tagged(Tag::context(0), |writer| {
                writer.write_oid(&ObjectIdentifier::from_slice(P224));
            });
            writer.next().write_tagged(Tag::context(1), |writer| {
                writer.write_bitvec_bytes(point, point.len() * 8);
            });
        });
    })
}

fn spki(algorithm: &[u64], curve: Option<&[u64]>, key: &[u8]) -> Vec<u8> {
    yasna::construct_der(|writer| {
        writer.write_sequence(|writer| {
            writer.next().write_sequence(|writer| {
                writer.next().write_oid(&ObjectIdentifier::from_slice(algorithm));
                match curve {
                    Some(curve) => writer.next().write_oid(&ObjectIdentifier::from_slice(curve)),
                    None => writer.next().write_null(),
                }
            });
            writer.next().write_bitvec_bytes(key, key.len() * 8);
        });
    })
}

fn invalid() -> ASN1Error {
    ASN1Error::new(ASN1ErrorKind::Invalid)
}
