//! Certificate signing requests (PKCS#10, RFC 2986).

use std::net::IpAddr;

use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::extensions::ParsedExtension;
use x509_parser::prelude::FromDer as _;
use yasna::Tag;
use yasna::models::ObjectIdentifier;

use crate::authority::check_dns_names;
use crate::certificate::AltNames;
use crate::extension::Extension;
use crate::verify::verify;
use crate::{Error, ErrorKind, Fingerprint, PrivateKey, Result, RoleSet, name, pem, writer};

/// What a request asks for.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct RequestOptions {
    /// Organizations (O) of the subject; roles, for a client of Talos.
    pub organizations: Vec<String>,
    /// Common name (CN) of the subject.
    pub common_name: Option<String>,
    /// DNS names asked for.
    pub dns_names: Vec<String>,
    /// Addresses asked for.
    pub ip_addresses: Vec<IpAddr>,
}

impl RequestOptions {
    /// Asks for these organizations.
    #[must_use]
    pub fn with_organizations<S: Into<String>>(mut self, organizations: impl IntoIterator<Item = S>) -> Self {
        self.organizations = organizations.into_iter().map(Into::into).collect();
        self
    }

    /// Asks for these roles.
    #[must_use]
    pub fn with_roles(self, roles: impl Into<RoleSet>) -> Self {
        self.with_organizations(roles.into().to_organizations())
    }

    /// Asks for this common name.
    #[must_use]
    pub fn with_common_name(mut self, name: impl Into<String>) -> Self {
        self.common_name = Some(name.into());
        self
    }

    /// Asks for these DNS names.
    #[must_use]
    pub fn with_dns_names<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.dns_names = names.into_iter().map(Into::into).collect();
        self
    }

    /// Asks for these addresses.
    #[must_use]
    pub fn with_ip_addresses(mut self, addresses: impl IntoIterator<Item = IpAddr>) -> Self {
        self.ip_addresses = addresses.into_iter().collect();
        self
    }
}

/// A request whose own signature has been checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateRequest {
    der: Vec<u8>,
    subject: Vec<u8>,
    organizations: Vec<String>,
    common_name: Option<String>,
    spki: Vec<u8>,
    names: AltNames,
}

impl CertificateRequest {
    /// Makes a request for the public half of `key`.
    pub fn new(options: &RequestOptions, key: &PrivateKey) -> Result<Self> {
        const EXTENSION_REQUEST: &[u64] = &[1, 2, 840, 113_549, 1, 9, 14];
        check_dns_names(&options.dns_names)?;
        let subject = name::encode(&options.organizations, options.common_name.as_deref());
        let named = !(options.dns_names.is_empty() && options.ip_addresses.is_empty());
        let alt_names = named.then(|| {
            let anonymous = options.organizations.is_empty() && options.common_name.is_none();
            Extension::subject_alt_name(&options.dns_names, &options.ip_addresses, anonymous)
        });
        // rcgen refuses a request with several roles, and a request is four fields.
        let to_sign = yasna::construct_der(|writer| {
            writer.write_sequence(|writer| {
                writer.next().write_u8(0);
                writer.next().write_der(&subject);
                writer.next().write_der(key.public_key_spki());
                writer.next().write_tagged_implicit(Tag::context(0), |writer| {
                    writer.write_set(|writer| {
                        let Some(alt_names) = &alt_names else { return };
                        writer.next().write_sequence(|writer| {
                            writer.next().write_oid(&ObjectIdentifier::from_slice(EXTENSION_REQUEST));
                            writer.next().write_set(|writer| {
                                writer.next().write_sequence(|writer| alt_names.write(writer.next()));
                            });
                        });
                    });
                });
            });
        });
        key.check_signs()?;
        Self::from_der(&writer::signed(&to_sign, key)?)
    }

    /// Reads the first `CERTIFICATE REQUEST` block of `text`.
    pub fn from_pem(text: &str) -> Result<Self> {
        let block = pem::parse(text).into_iter().find(|block| block.label == pem::CERTIFICATE_REQUEST);
        match block {
            Some(block) => Self::from_der(block.content.expose()),
            None => Err(Error::new(ErrorKind::Pem, "the text holds no CERTIFICATE REQUEST block")),
        }
    }

    /// Reads one request in DER and checks its signature.
    pub fn from_der(der: &[u8]) -> Result<Self> {
        let (rest, parsed) = X509CertificationRequest::from_der(der).map_err(|error| {
            Error::new(ErrorKind::Request, "the certificate request cannot be read").with_source(error)
        })?;
        if !rest.is_empty() {
            return Err(Error::new(ErrorKind::Request, "there are bytes after the certificate request"));
        }
        let info = &parsed.certification_request_info;
        let signature = &parsed.signature_value.data;
        verify(&info.subject_pki, &parsed.signature_algorithm, info.raw, signature).map_err(|error| {
            Error::new(ErrorKind::Request, format!("certificate request: {error}")).with_source(error)
        })?;
        let (organizations, common_name) = name::parts(&info.subject);
        let mut names = AltNames::default();
        for extension in parsed.requested_extensions().into_iter().flatten() {
            if let ParsedExtension::SubjectAlternativeName(subject) = extension {
                names.add(&subject.general_names);
            }
        }
        Ok(Self {
            der: der.to_vec(),
            subject: info.subject.as_raw().to_vec(),
            organizations,
            common_name,
            spki: info.subject_pki.raw.to_vec(),
            names,
        })
    }

    /// The request as PEM.
    #[must_use]
    pub fn to_pem(&self) -> String {
        pem::encode(pem::CERTIFICATE_REQUEST, &self.der).to_string()
    }

    /// The request in DER.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The organizations (O) asked for.
    #[must_use]
    pub fn organizations(&self) -> &[String] {
        &self.organizations
    }

    /// The common name (CN) asked for.
    #[must_use]
    pub fn common_name(&self) -> Option<&str> {
        self.common_name.as_deref()
    }

    /// The DNS names asked for.
    #[must_use]
    pub fn dns_names(&self) -> &[String] {
        &self.names.dns_names
    }

    /// The addresses asked for.
    #[must_use]
    pub fn ip_addresses(&self) -> &[IpAddr] {
        &self.names.ip_addresses
    }

    /// The subject's name in DER.
    #[must_use]
    pub fn subject_der(&self) -> &[u8] {
        &self.subject
    }

    /// The public key as SubjectPublicKeyInfo in DER.
    #[must_use]
    pub fn public_key_spki(&self) -> &[u8] {
        &self.spki
    }

    /// The fingerprint of the public key.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of_spki(&self.spki)
    }
}
