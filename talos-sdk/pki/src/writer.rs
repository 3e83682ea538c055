//! Certificates as bytes: rcgen writes them where it can, a small writer of our own where it cannot.

use std::time::{Duration, SystemTime};

use rcgen::{
    CertificateParams, Issuer, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519, PKCS_RSA_SHA512,
    PublicKeyData, SerialNumber, SignatureAlgorithm, SigningKey,
};
use time::OffsetDateTime;
use x509_parser::prelude::FromDer as _;
use x509_parser::x509::SubjectPublicKeyInfo;
use yasna::models::{GeneralizedTime, ObjectIdentifier, UTCTime};
use yasna::{DERWriter, Tag};

use crate::extension::Extension;
use crate::{Algorithm, Error, ErrorKind, PrivateKey, Random, Result, name};

/// All fields of a certificate but the signature.
pub(crate) struct Template<'a> {
    pub(crate) serial: [u8; 16],
    /// Name in DER.
    pub(crate) issuer: &'a [u8],
    pub(crate) validity: Validity,
    /// Name in DER.
    pub(crate) subject: &'a [u8],
    /// SubjectPublicKeyInfo in DER.
    pub(crate) spki: &'a [u8],
    /// In the order in which they are written.
    pub(crate) extensions: &'a [Extension],
}

impl Template<'_> {
    /// The certificate in DER, signed by `key`.
    pub(crate) fn sign(&self, key: &PrivateKey) -> Result<Vec<u8>> {
        key.check_signs()?;
        match (
            name::to_rcgen(self.issuer)?,
            name::to_rcgen(self.subject)?,
            PublicKey::from_spki(self.spki),
            PublicKey::from_spki(key.public_key_spki()),
        ) {
            (Some(issuer), Some(subject), Some(public), Some(signing)) => {
                self.sign_by_rcgen(issuer, subject, &public, Signer { public: signing, key })
            }
            _ => self.sign_here(key),
        }
    }

    fn sign_by_rcgen(
        &self,
        issuer: rcgen::DistinguishedName,
        subject: rcgen::DistinguishedName,
        public: &PublicKey,
        signer: Signer<'_>,
    ) -> Result<Vec<u8>> {
        let mut issuer_params = CertificateParams::default();
        issuer_params.distinguished_name = issuer;
        let mut params = CertificateParams::default();
        params.serial_number = Some(SerialNumber::from_slice(&self.serial));
        params.not_before = self.validity.not_before;
        params.not_after = self.validity.not_after;
        params.distinguished_name = subject;
        params.custom_extensions = self.extensions.iter().map(Extension::to_rcgen).collect();
        let certificate =
            params.signed_by(public, &Issuer::from_params(&issuer_params, signer)).map_err(|error| {
                Error::new(ErrorKind::Crypto, "could not sign the certificate").with_source(error)
            })?;
        Ok(certificate.der().to_vec())
    }

    /// Several roles are one relative name of several values, which rcgen cannot write, nor keys on P-224 and P-521.
    fn sign_here(&self, key: &PrivateKey) -> Result<Vec<u8>> {
        let to_sign = yasna::construct_der(|writer| {
            writer.write_sequence(|writer| {
                writer.next().write_tagged(Tag::context(0), |writer| writer.write_u8(2));
                writer.next().write_bigint_bytes(&self.serial, true);
                write_algorithm(writer.next(), key.algorithm());
                writer.next().write_der(self.issuer);
                writer.next().write_sequence(|writer| {
                    write_time(writer.next(), self.validity.not_before);
                    write_time(writer.next(), self.validity.not_after);
                });
                writer.next().write_der(self.subject);
                writer.next().write_der(self.spki);
                writer.next().write_tagged(Tag::context(3), |writer| {
                    writer.write_sequence(|writer| {
                        for extension in self.extensions {
                            extension.write(writer.next());
                        }
                    });
                });
            });
        });
        signed(&to_sign, key)
    }
}

/// A public key as rcgen writes it.
struct PublicKey {
    algorithm: &'static SignatureAlgorithm,
    bits: Vec<u8>,
}

impl PublicKey {
    /// The key of this SubjectPublicKeyInfo, or nothing where rcgen would write other bytes.
    fn from_spki(spki: &[u8]) -> Option<Self> {
        let (_, parsed) = SubjectPublicKeyInfo::from_der(spki).ok()?;
        let bits = parsed.subject_public_key.data;
        [&PKCS_ED25519, &PKCS_ECDSA_P256_SHA256, &PKCS_ECDSA_P384_SHA384, &PKCS_RSA_SHA512]
            .into_iter()
            .map(|algorithm| Self { algorithm, bits: bits.to_vec() })
            .find(|key| key.subject_public_key_info() == spki)
    }
}

impl PublicKeyData for PublicKey {
    fn der_bytes(&self) -> &[u8] {
        &self.bits
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        self.algorithm
    }
}

/// A key by which rcgen lets sign.
struct Signer<'a> {
    public: PublicKey,
    key: &'a PrivateKey,
}

impl PublicKeyData for Signer<'_> {
    fn der_bytes(&self) -> &[u8] {
        self.public.der_bytes()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        self.public.algorithm()
    }
}

impl SigningKey for Signer<'_> {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        self.key.signature(message).map_err(|_| rcgen::Error::RemoteKeyError)
    }
}

/// What is signed, the algorithm, and the signature: the outer shape of certificates and requests.
pub(crate) fn signed(to_sign: &[u8], key: &PrivateKey) -> Result<Vec<u8>> {
    let signature = key.signature(to_sign)?;
    Ok(yasna::construct_der(|writer| {
        writer.write_sequence(|writer| {
            writer.next().write_der(to_sign);
            write_algorithm(writer.next(), key.algorithm());
            writer.next().write_bitvec_bytes(&signature, signature.len() * 8);
        });
    }))
}

fn write_algorithm(writer: DERWriter<'_>, algorithm: Algorithm) {
    let (oid, null) = algorithm.signature_oid();
    writer.write_sequence(|writer| {
        writer.next().write_oid(&ObjectIdentifier::from_slice(oid));
        if null {
            writer.next().write_null();
        }
    });
}

/// UTCTime has two digits of the year, 1950 to 2049 (RFC 5280, section 4.1.2.5).
fn write_time(writer: DERWriter<'_>, instant: OffsetDateTime) {
    if (1950..2050).contains(&instant.year()) {
        writer.write_utctime(&UTCTime::from_datetime(instant));
    } else {
        writer.write_generalized_time(&GeneralizedTime::from_datetime(instant));
    }
}

/// The two instants of a certificate, in whole seconds.
#[derive(Clone, Copy)]
pub(crate) struct Validity {
    not_before: OffsetDateTime,
    not_after: OffsetDateTime,
}

impl Validity {
    /// From `before` ahead of `now` to `length` after it.
    pub(crate) fn around(now: SystemTime, before: Duration, length: Duration) -> Result<Self> {
        let start = now.checked_sub(before).ok_or_else(out_of_range)?;
        let end = now.checked_add(length).ok_or_else(out_of_range)?;
        Ok(Self { not_before: whole_seconds(start)?, not_after: whole_seconds(end)? })
    }
}

fn whole_seconds(instant: SystemTime) -> Result<OffsetDateTime> {
    let seconds = match instant.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_secs()),
        // Round towards the past, as after the epoch.
        Err(before) => {
            let before = before.duration();
            i64::try_from(before.as_secs() + u64::from(before.subsec_nanos() > 0)).map(|seconds| -seconds)
        }
    };
    let instant = seconds.ok().and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok());
    instant.filter(|instant| (0..=9999).contains(&instant.year())).ok_or_else(out_of_range)
}

fn out_of_range() -> Error {
    Error::new(ErrorKind::Options, "the validity ends outside the years 0 to 9999: use a shorter one")
}

/// A serial number from the whole range of 128 bits.
pub(crate) fn serial(random: &dyn Random) -> Result<[u8; 16]> {
    let mut serial = [0; 16];
    random.fill(&mut serial)?;
    Ok(serial)
}
