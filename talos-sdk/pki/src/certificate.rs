//! Certificates as read.

use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use rustls_pki_types::CertificateDer;
use yasna::models::{GeneralizedTime, UTCTime};

use crate::der::{self, Der, Element, INTEGER, Malformed, SEQUENCE};
use crate::extension::{AltNames, Extensions};
use crate::signed::{Signed, public_key};
use crate::{Error, ErrorKind, Fingerprint, PrivateKey, Result, RoleSet, Usage, name, pem};

/// An X.509 certificate, checked to be well-formed. Reading one checks neither its signature (see
/// [`Certificate::check_issuer`]) nor its validity: that is the work of a TLS library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    der: Vec<u8>,
    organizations: Vec<String>,
    common_name: Option<String>,
    not_before: SystemTime,
    not_after: SystemTime,
    serial: Vec<u8>,
    subject: Vec<u8>,
    issuer: Vec<u8>,
    spki: Vec<u8>,
    authority: bool,
    subject_key_id: Option<Vec<u8>>,
    usages: Vec<Usage>,
    names: AltNames,
}

impl Certificate {
    /// Reads the first `CERTIFICATE` block of `text`.
    pub fn from_pem(text: &str) -> Result<Self> {
        Self::parse_bundle(text)?
            .into_iter()
            .next()
            .ok_or_else(|| Error::new(ErrorKind::Pem, "the text holds no CERTIFICATE block"))
    }

    /// Reads the first block of `text` whatever its label, as Talos reads the certificates of a secrets bundle.
    pub fn from_first_block(text: &str) -> Result<Self> {
        match pem::parse(text).first() {
            Some(block) => Self::from_der(block.content.expose()),
            None => Err(Error::new(ErrorKind::Pem, "the text holds no PEM block, write a CERTIFICATE block")),
        }
    }

    /// Reads every `CERTIFICATE` block of `text`, in order; none is no error.
    pub fn parse_bundle(text: &str) -> Result<Vec<Self>> {
        pem::parse(text)
            .into_iter()
            .filter(|block| block.label == pem::CERTIFICATE)
            .map(|block| Self::from_der(block.content.expose()))
            .collect()
    }

    /// Reads one certificate in DER.
    pub fn from_der(der: &[u8]) -> Result<Self> {
        let mut rest = Der::new(der);
        let read = Signed::read(&mut rest).and_then(|signed| Self::read(der, signed.content.inside()));
        let certificate = read.map_err(unreadable)?;
        if !rest.is_empty() {
            return Err(Error::new(ErrorKind::Certificate, "there are bytes after the certificate"));
        }
        Ok(certificate)
    }

    /// Reads what is signed (RFC 5280, section 4.1).
    fn read(der: &[u8], mut fields: Der<'_>) -> Result<Self, Malformed> {
        let is_first_version = match fields.optional(der::context_constructed(0))? {
            Some(version) => match version.inside().value(INTEGER)?.content {
                [version @ 0..=2] => *version == 0,
                _ => return Err(Malformed),
            },
            None => true,
        };
        let serial = fields.value(INTEGER)?;
        let _algorithm = fields.sequence()?.oid()?;
        let issuer = fields.value(SEQUENCE)?;
        name::parts(issuer)?;
        let mut validity = fields.sequence()?;
        let (not_before, not_after) = (instant(validity.any()?)?, instant(validity.any()?)?);
        let subject = fields.value(SEQUENCE)?;
        let (organizations, common_name) = name::parts(subject)?;
        let spki = fields.value(SEQUENCE)?;
        public_key(spki.raw)?;
        let _issuer_id = fields.optional(der::context(1))?;
        let _subject_id = fields.optional(der::context(2))?;
        let extensions = match fields.optional(der::context_constructed(3))? {
            Some(list) => Extensions::read(&mut list.inside())?,
            None => Extensions::default(),
        };
        fields.end()?;
        Ok(Self {
            organizations,
            common_name,
            not_before,
            not_after,
            serial: serial.content.to_vec(),
            subject: subject.raw.to_vec(),
            issuer: issuer.raw.to_vec(),
            spki: spki.raw.to_vec(),
            // Certificates of version 1 have no extensions to say what they are for; every TLS library but the
            // strictest takes those as authorities that are trusted on purpose.
            authority: extensions.authority || (is_first_version && subject.raw == issuer.raw),
            subject_key_id: extensions.subject_key_id,
            usages: extensions.usages,
            names: extensions.names,
            der: der.to_vec(),
        })
    }

    /// The certificate as PEM.
    #[must_use]
    pub fn to_pem(&self) -> String {
        pem::encode(pem::CERTIFICATE, &self.der).to_string()
    }

    /// The certificate in DER.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The certificate as rustls takes it.
    #[must_use]
    pub fn to_rustls(&self) -> CertificateDer<'static> {
        CertificateDer::from(self.der.clone())
    }

    /// The organizations (O) of the subject, in the order of the certificate. Talos keeps roles there.
    #[must_use]
    pub fn organizations(&self) -> &[String] {
        &self.organizations
    }

    /// The roles among the organizations.
    #[must_use]
    pub fn roles(&self) -> RoleSet {
        RoleSet::from_organizations(&self.organizations)
    }

    /// The common name (CN) of the subject.
    #[must_use]
    pub fn common_name(&self) -> Option<&str> {
        self.common_name.as_deref()
    }

    /// The DNS names the certificate is for.
    #[must_use]
    pub fn dns_names(&self) -> &[String] {
        &self.names.dns_names
    }

    /// The addresses the certificate is for.
    #[must_use]
    pub fn ip_addresses(&self) -> &[IpAddr] {
        &self.names.ip_addresses
    }

    /// First instant of validity.
    #[must_use]
    pub fn not_before(&self) -> SystemTime {
        self.not_before
    }

    /// Last instant of validity.
    #[must_use]
    pub fn not_after(&self) -> SystemTime {
        self.not_after
    }

    /// Whether the certificate is valid at `instant`, as far as its dates say.
    #[must_use]
    pub fn is_valid_at(&self, instant: SystemTime) -> bool {
        (self.not_before..=self.not_after).contains(&instant)
    }

    /// The serial number as the content of its DER integer.
    #[must_use]
    pub fn serial(&self) -> &[u8] {
        &self.serial
    }

    /// The subject's name in DER.
    #[must_use]
    pub fn subject_der(&self) -> &[u8] {
        &self.subject
    }

    /// The issuer's name in DER.
    #[must_use]
    pub fn issuer_der(&self) -> &[u8] {
        &self.issuer
    }

    /// The public key as SubjectPublicKeyInfo in DER.
    #[must_use]
    pub fn public_key_spki(&self) -> &[u8] {
        &self.spki
    }

    /// The fingerprint of the public key, by which Talos servers are pinned.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of_spki(&self.spki)
    }

    /// Whether the certificate may sign others.
    #[must_use]
    pub fn is_authority(&self) -> bool {
        self.authority
    }

    /// The identifier of the subject's key.
    #[must_use]
    pub fn subject_key_id(&self) -> Option<&[u8]> {
        self.subject_key_id.as_deref()
    }

    /// The TLS uses that the extended key usage names. Empty where it is absent or names other uses only.
    #[must_use]
    pub fn usages(&self) -> &[Usage] {
        &self.usages
    }

    /// Checks that `issuer` signed this certificate: the name and the signature fit. Dates and uses are not looked at.
    ///
    /// Errors: [`ErrorKind::Certificate`] for another name, [`ErrorKind::Crypto`] for a signature that is not the
    /// issuer's or that can't be checked.
    pub fn check_issuer(&self, issuer: &Self) -> Result<()> {
        if self.issuer != issuer.subject {
            return Err(Error::new(ErrorKind::Certificate, "the certificate names another issuer"));
        }
        Signed::read(&mut Der::new(&self.der)).map_err(unreadable)?.verify(&issuer.spki)
    }

    /// Fails with [`ErrorKind::KeyMismatch`] unless `key` is the private half of the certificate's key.
    pub(crate) fn check_key(&self, key: &PrivateKey) -> Result<()> {
        if self.spki == key.public_key_spki() {
            return Ok(());
        }
        Err(Error::new(ErrorKind::KeyMismatch, "the private key does not belong to the certificate"))
    }
}

fn unreadable(error: Malformed) -> Error {
    Error::new(ErrorKind::Certificate, "the certificate cannot be read").with_source(error)
}

fn instant(time: Element<'_>) -> Result<SystemTime, Malformed> {
    let instant = match time.tag {
        der::UTC_TIME => UTCTime::parse(time.content).map(|time| *time.datetime()),
        der::GENERALIZED_TIME => GeneralizedTime::parse(time.content).map(|time| *time.datetime()),
        _ => None,
    };
    let seconds = instant.ok_or(Malformed)?.unix_timestamp();
    let distance = Duration::from_secs(seconds.unsigned_abs());
    let instant = if seconds < 0 {
        SystemTime::UNIX_EPOCH.checked_sub(distance)
    } else {
        SystemTime::UNIX_EPOCH.checked_add(distance)
    };
    instant.ok_or(Malformed)
}
