//! Certificates as read.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::{Duration, SystemTime};

use rustls_pki_types::CertificateDer;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::prelude::{FromDer as _, X509Certificate, X509Extension};
use x509_parser::time::ASN1Time;
use x509_parser::x509::{SubjectPublicKeyInfo, X509Version};

use crate::verify::verify;
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

/// Names of a subject beside its distinguished name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct AltNames {
    pub(crate) dns_names: Vec<String>,
    pub(crate) ip_addresses: Vec<IpAddr>,
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
        let unreadable = || Error::new(ErrorKind::Certificate, "the certificate cannot be read");
        let (rest, parsed) =
            X509Certificate::from_der(der).map_err(|error| unreadable().with_source(error))?;
        if !rest.is_empty() {
            return Err(Error::new(ErrorKind::Certificate, "there are bytes after the certificate"));
        }
        let (organizations, common_name) = name::parts(parsed.subject());
        let self_issued = parsed.subject().as_raw() == parsed.issuer().as_raw();
        let mut subject_key_id = None;
        let mut usages = Vec::new();
        for extension in parsed.extensions() {
            match extension.parsed_extension() {
                ParsedExtension::SubjectKeyIdentifier(id) => subject_key_id = Some(id.0.to_vec()),
                ParsedExtension::ExtendedKeyUsage(usage) => {
                    usages.extend(usage.server_auth.then_some(Usage::Server));
                    usages.extend(usage.client_auth.then_some(Usage::Client));
                }
                _ => {}
            }
        }
        Ok(Self {
            organizations,
            common_name,
            not_before: instant(parsed.validity().not_before).ok_or_else(unreadable)?,
            not_after: instant(parsed.validity().not_after).ok_or_else(unreadable)?,
            serial: parsed.raw_serial().to_vec(),
            subject: parsed.subject().as_raw().to_vec(),
            issuer: parsed.issuer().as_raw().to_vec(),
            spki: parsed.public_key().raw.to_vec(),
            // Certificates of version 1 have no extensions to say what they are for; every TLS library but the
            // strictest takes those as authorities that are trusted on purpose.
            authority: parsed.is_ca() || (parsed.version() == X509Version::V1 && self_issued),
            subject_key_id,
            usages,
            names: AltNames::of(parsed.extensions()),
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
        let unreadable = |_| Error::new(ErrorKind::Certificate, "the certificate cannot be read");
        if self.issuer != issuer.subject {
            return Err(Error::new(ErrorKind::Certificate, "the certificate names another issuer"));
        }
        let (_, parsed) = X509Certificate::from_der(&self.der).map_err(unreadable)?;
        let (_, key) = SubjectPublicKeyInfo::from_der(&issuer.spki).map_err(unreadable)?;
        let signed = parsed.tbs_certificate.as_ref();
        verify(&key, &parsed.signature_algorithm, signed, &parsed.signature_value.data)
    }

    /// Fails with [`ErrorKind::KeyMismatch`] unless `key` is the private half of the certificate's key.
    pub(crate) fn check_key(&self, key: &PrivateKey) -> Result<()> {
        if self.spki == key.public_key_spki() {
            return Ok(());
        }
        Err(Error::new(ErrorKind::KeyMismatch, "the private key does not belong to the certificate"))
    }
}

impl AltNames {
    /// DNS names and addresses of the subject alternative name; names of other kinds are left out.
    pub(crate) fn of<'a>(extensions: impl IntoIterator<Item = &'a X509Extension<'a>>) -> Self {
        let mut names = Self::default();
        for extension in extensions {
            if let ParsedExtension::SubjectAlternativeName(subject) = extension.parsed_extension() {
                names.add(&subject.general_names);
            }
        }
        names
    }

    pub(crate) fn add(&mut self, general_names: &[GeneralName<'_>]) {
        for general_name in general_names {
            match general_name {
                GeneralName::DNSName(name) => self.dns_names.push((*name).to_owned()),
                GeneralName::IPAddress(bytes) => self.ip_addresses.extend(address(bytes)),
                _ => {}
            }
        }
    }
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    if let Ok(v4) = <[u8; 4]>::try_from(bytes) {
        return Some(Ipv4Addr::from(v4).into());
    }
    <[u8; 16]>::try_from(bytes).ok().map(|v6| Ipv6Addr::from(v6).into())
}

fn instant(time: ASN1Time) -> Option<SystemTime> {
    let seconds = time.timestamp();
    let distance = Duration::from_secs(seconds.unsigned_abs());
    if seconds < 0 {
        SystemTime::UNIX_EPOCH.checked_sub(distance)
    } else {
        SystemTime::UNIX_EPOCH.checked_add(distance)
    }
}
