//! Keys that the cryptographic library does not take (RSA below 2048 bits or above 8192, ECDSA on P-224): read for
//! their public half.

use yasna::Tag;
use yasna::models::ObjectIdentifier;

use crate::der::{self, Der, INTEGER, Malformed, OCTET_STRING};
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
    let inner = inner_key(der).unwrap_or(der);
    if let Ok((algorithm, spki)) = read_rsa(inner) {
        return Some(Foreign { algorithm, der: inner.to_vec().into(), spki });
    }
    let (secret, point) = read_p224(inner).ok()?;
    Some(Foreign {
        algorithm: Algorithm::EcdsaP224,
        der: sec1(secret, point).into(),
        spki: spki(EC, Some(P224), point),
    })
}

/// The octet string of a PKCS#8 key: for RSA the PKCS#1 structure. Attributes and a public key may follow.
pub(crate) fn inner_key(pkcs8: &[u8]) -> Result<&[u8], Malformed> {
    let mut parts = whole(pkcs8)?;
    parts.value(INTEGER)?;
    parts.sequence()?;
    Ok(parts.value(OCTET_STRING)?.content)
}

/// The length of an RSA key in PKCS#1.
pub(crate) fn rsa_algorithm(pkcs1: &[u8]) -> Option<Algorithm> {
    read_rsa(pkcs1).ok().map(|(algorithm, _)| algorithm)
}

/// PKCS#1: version, modulus, public exponent, and six numbers that are secret.
fn read_rsa(pkcs1: &[u8]) -> Result<(Algorithm, Vec<u8>), Malformed> {
    let mut parts = whole(pkcs1)?;
    parts.value(INTEGER)?;
    let modulus = positive(&mut parts)?;
    let exponent = positive(&mut parts)?;
    for _ in 0..6 {
        parts.value(INTEGER)?;
    }
    parts.end()?;
    if exponent.len() > 4 {
        return Err(Malformed);
    }
    let leading = modulus.first().map_or(0, |byte| byte.leading_zeros());
    let bits = u32::try_from(modulus.len() * 8).map_err(|_| Malformed)? - leading;
    let key = yasna::construct_der(|writer| {
        writer.write_sequence(|writer| {
            writer.next().write_bigint_bytes(modulus, true);
            writer.next().write_bigint_bytes(exponent, true);
        });
    });
    Ok((Algorithm::rsa(bits), spki(RSA, None, &key)))
}

/// SEC 1: version, secret number, and the curve and the public point under tags 0 and 1. Inside PKCS#8 the curve may
/// be left out; the lengths tell it too.
fn read_p224(sec1: &[u8]) -> Result<(&[u8], &[u8]), Malformed> {
    const LENGTH: usize = 28;
    let mut parts = whole(sec1)?;
    parts.value(INTEGER)?;
    let secret = parts.value(OCTET_STRING)?.content;
    if let Some(curve) = parts.optional(der::context_constructed(0))?
        && !curve.inside().oid()?.is(P224)
    {
        return Err(Malformed);
    }
    let point = parts.value(der::context_constructed(1))?.inside().bits()?;
    parts.end()?;
    if secret.len() != LENGTH || point.len() != 1 + 2 * LENGTH {
        return Err(Malformed);
    }
    Ok((secret, point))
}

/// The parts of a sequence with nothing behind it.
fn whole(der: &[u8]) -> Result<Der<'_>, Malformed> {
    let mut der = Der::new(der);
    let parts = der.sequence()?;
    der.end()?;
    Ok(parts)
}

/// The bytes of a number above 0, without leading zeros.
fn positive<'a>(parts: &mut Der<'a>) -> Result<&'a [u8], Malformed> {
    let number = parts.value(INTEGER)?.content;
    let first = number.iter().position(|byte| *byte != 0).ok_or(Malformed)?;
    if number[0] >= 0x80 { Err(Malformed) } else { Ok(&number[first..]) }
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
