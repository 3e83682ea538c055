//! Certificate authorities and what they issue.

use std::net::IpAddr;
use std::time::Duration;

use crate::extension::{Extension, KeyUsage};
use crate::writer::{self, Template, Validity};
use crate::{
    Algorithm, Certificate, CertificateRequest, Clock, Error, ErrorKind, Identity, PrivateKey, Random,
    Result, RoleSet, SystemRandom, Usage, name,
};

const HOUR: Duration = Duration::from_secs(3600);

/// How a new authority looks.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct CaOptions {
    /// Organizations (O) of subject and issuer. The authority of the Kubernetes aggregation layer has none.
    pub organizations: Vec<String>,
    /// Kind of the key; Ed25519 by default.
    pub algorithm: Algorithm,
    /// How long the certificate is valid; 87,600 hours by default.
    pub validity: Duration,
    /// Addresses the certificate is also for. None, except where one certificate is authority and server at once.
    pub ip_addresses: Vec<IpAddr>,
    /// DNS names the certificate is also for.
    pub dns_names: Vec<String>,
    /// The key to use instead of a new one.
    pub key: Option<PrivateKey>,
}

impl Default for CaOptions {
    fn default() -> Self {
        Self {
            organizations: Vec::new(),
            algorithm: Algorithm::Ed25519,
            validity: 87_600 * HOUR,
            ip_addresses: Vec::new(),
            dns_names: Vec::new(),
            key: None,
        }
    }
}

impl CaOptions {
    /// An authority with this organization.
    #[must_use]
    pub fn new(organization: impl Into<String>) -> Self {
        Self { organizations: vec![organization.into()], ..Self::default() }
    }

    /// Makes a key of this kind.
    #[must_use]
    pub fn with_algorithm(mut self, algorithm: Algorithm) -> Self {
        self.algorithm = algorithm;
        self
    }

    /// Valid for this long.
    #[must_use]
    pub fn with_validity(mut self, validity: Duration) -> Self {
        self.validity = validity;
        self
    }

    /// Also for these addresses.
    #[must_use]
    pub fn with_ip_addresses(mut self, addresses: impl IntoIterator<Item = IpAddr>) -> Self {
        self.ip_addresses = addresses.into_iter().collect();
        self
    }

    /// Also for these DNS names.
    #[must_use]
    pub fn with_dns_names<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.dns_names = names.into_iter().map(Into::into).collect();
        self
    }

    /// Uses this key.
    #[must_use]
    pub fn with_key(mut self, key: PrivateKey) -> Self {
        self.key = Some(key);
        self
    }
}

/// How a new certificate looks.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct LeafOptions {
    /// Organizations (O) of the subject; roles, for a client of Talos.
    pub organizations: Vec<String>,
    /// Common name (CN) of the subject; the host's full name, for a server of Talos.
    pub common_name: Option<String>,
    /// DNS names the certificate is for.
    pub dns_names: Vec<String>,
    /// Addresses the certificate is for.
    pub ip_addresses: Vec<IpAddr>,
    /// What the certificate may be used for. Talos takes clients with exactly [`Usage::Client`] only.
    pub usages: Vec<Usage>,
    /// Whether the key may also encrypt keys of the other side, as Kubernetes has it for its clients.
    pub key_encipherment: bool,
    /// How long the certificate is valid; 8,760 hours for clients by default, 24 for servers.
    pub validity: Duration,
    /// How long before the present instant the certificate begins to be valid, for clocks that are behind; zero by
    /// default.
    pub backdating: Duration,
    /// Kind of the key; the authority's by default.
    pub algorithm: Option<Algorithm>,
    /// The key to certify instead of a new one.
    pub key: Option<PrivateKey>,
}

impl LeafOptions {
    /// A client of the Talos API with these roles, valid for a year of 365 days.
    #[must_use]
    pub fn client(roles: impl Into<RoleSet>) -> Self {
        Self { organizations: roles.into().to_organizations(), ..Self::empty(Usage::Client, 8760 * HOUR) }
    }

    /// An administrator of Kubernetes: user `admin` of the group `system:masters`, as in the kubeconfig that Talos hands
    /// out. Valid for a year of 365 days, and already ten seconds ago.
    #[must_use]
    pub fn kubernetes_admin() -> Self {
        Self {
            organizations: vec!["system:masters".to_owned()],
            common_name: Some("admin".to_owned()),
            key_encipherment: true,
            backdating: Duration::from_secs(10),
            ..Self::empty(Usage::Client, 8760 * HOUR)
        }
    }

    /// A server, valid for a day as those of Talos are. Give it the names and addresses it is reached by.
    #[must_use]
    pub fn server() -> Self {
        Self::empty(Usage::Server, 24 * HOUR)
    }

    fn empty(usage: Usage, validity: Duration) -> Self {
        Self {
            organizations: Vec::new(),
            common_name: None,
            dns_names: Vec::new(),
            ip_addresses: Vec::new(),
            usages: vec![usage],
            key_encipherment: false,
            validity,
            backdating: Duration::ZERO,
            algorithm: None,
            key: None,
        }
    }

    /// With these organizations instead.
    #[must_use]
    pub fn with_organizations<S: Into<String>>(mut self, organizations: impl IntoIterator<Item = S>) -> Self {
        self.organizations = organizations.into_iter().map(Into::into).collect();
        self
    }

    /// With this common name.
    #[must_use]
    pub fn with_common_name(mut self, name: impl Into<String>) -> Self {
        self.common_name = Some(name.into());
        self
    }

    /// For these DNS names.
    #[must_use]
    pub fn with_dns_names<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.dns_names = names.into_iter().map(Into::into).collect();
        self
    }

    /// For these addresses.
    #[must_use]
    pub fn with_ip_addresses(mut self, addresses: impl IntoIterator<Item = IpAddr>) -> Self {
        self.ip_addresses = addresses.into_iter().collect();
        self
    }

    /// For these uses instead.
    #[must_use]
    pub fn with_usages(mut self, usages: impl IntoIterator<Item = Usage>) -> Self {
        self.usages = usages.into_iter().collect();
        self
    }

    /// Valid for this long.
    #[must_use]
    pub fn with_validity(mut self, validity: Duration) -> Self {
        self.validity = validity;
        self
    }

    /// Lets the key also encrypt keys of the other side.
    #[must_use]
    pub fn with_key_encipherment(mut self, allowed: bool) -> Self {
        self.key_encipherment = allowed;
        self
    }

    /// Valid from this long before the present instant.
    #[must_use]
    pub fn with_backdating(mut self, backdating: Duration) -> Self {
        self.backdating = backdating;
        self
    }

    /// Makes a key of this kind.
    #[must_use]
    pub fn with_algorithm(mut self, algorithm: Algorithm) -> Self {
        self.algorithm = Some(algorithm);
        self
    }

    /// Certifies this key.
    #[must_use]
    pub fn with_key(mut self, key: PrivateKey) -> Self {
        self.key = Some(key);
        self
    }
}

/// How somebody's request is signed. Subject, names and key come from the request.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SignOptions {
    /// What the certificate may be used for.
    pub usages: Vec<Usage>,
    /// How long the certificate is valid; 24 hours by default.
    pub validity: Duration,
    /// Organizations to certify instead of those asked for. A signer for servers passes none here, so that nobody
    /// asks himself a role.
    pub organizations: Option<Vec<String>>,
}

impl SignOptions {
    /// Signs for a client, with the roles it asks for.
    #[must_use]
    pub fn client() -> Self {
        Self { usages: vec![Usage::Client], validity: 24 * HOUR, organizations: None }
    }

    /// Signs for a server, without organizations, as Talos' trust daemon does.
    #[must_use]
    pub fn server() -> Self {
        Self { usages: vec![Usage::Server], validity: 24 * HOUR, organizations: Some(Vec::new()) }
    }

    /// Valid for this long.
    #[must_use]
    pub fn with_validity(mut self, validity: Duration) -> Self {
        self.validity = validity;
        self
    }

    /// With these organizations, whatever was asked for.
    #[must_use]
    pub fn with_organizations<S: Into<String>>(mut self, organizations: impl IntoIterator<Item = S>) -> Self {
        self.organizations = Some(organizations.into_iter().map(Into::into).collect());
        self
    }
}

/// An authority: a self-signed certificate and its key.
#[derive(Debug, Clone)]
pub struct CertificateAuthority {
    /// The certificate that others trust.
    pub certificate: Certificate,
    /// The key that signs.
    pub key: PrivateKey,
}

impl CertificateAuthority {
    /// Makes a new authority, valid from the present second of `clock`.
    pub fn generate(options: &CaOptions, clock: &dyn Clock) -> Result<Self> {
        Self::generate_with(options, clock, &SystemRandom)
    }

    /// As [`CertificateAuthority::generate`], with serial number, key identifier and an Ed25519 key taken from
    /// `random`. For Ed25519, the same bytes and instant give the same authority.
    pub fn generate_with(options: &CaOptions, clock: &dyn Clock, random: &dyn Random) -> Result<Self> {
        check_dns_names(&options.dns_names)?;
        let key = match &options.key {
            Some(key) => key.clone(),
            None => PrivateKey::generate_with(options.algorithm, random)?,
        };
        let subject = name::encode(&options.organizations, None);
        // Talos takes random bytes, not a hash of the key: renewing an authority must change the identifier.
        let mut key_id = [0; 20];
        random.fill(&mut key_id)?;
        let mut extensions = vec![
            Extension::key_usage(KeyUsage::SignAndCertify),
            Extension::extended_key_usage(&[Usage::Server, Usage::Client]),
            Extension::authority(),
            Extension::subject_key_id(&key_id),
        ];
        if !(options.dns_names.is_empty() && options.ip_addresses.is_empty()) {
            let anonymous = options.organizations.is_empty();
            extensions.push(Extension::subject_alt_name(
                &options.dns_names,
                &options.ip_addresses,
                anonymous,
            ));
        }
        let template = Template {
            serial: writer::serial(random)?,
            issuer: &subject,
            validity: Validity::around(clock.now(), Duration::ZERO, options.validity)?,
            subject: &subject,
            spki: key.public_key_spki(),
            extensions: &extensions,
        };
        Ok(Self { certificate: Certificate::from_der(&template.sign(&key)?)?, key })
    }

    /// Loads an authority: its certificate (the first of `certificate`) and its key.
    ///
    /// Errors: [`ErrorKind::KeyMismatch`] if the key is another's, [`ErrorKind::NotAnAuthority`] if the certificate may
    /// not sign.
    pub fn from_pem(certificate: &str, key: &str) -> Result<Self> {
        let certificate = Certificate::from_pem(certificate)?;
        let key = PrivateKey::from_pem(key)?;
        certificate.check_key(&key)?;
        if !certificate.is_authority() {
            let message =
                "the certificate is no authority's (basic constraints without CA): it may not sign others";
            return Err(Error::new(ErrorKind::NotAnAuthority, message));
        }
        Ok(Self { certificate, key })
    }

    /// Issues a certificate, with a new key unless the options bring one.
    pub fn issue(&self, options: &LeafOptions, clock: &dyn Clock) -> Result<Identity> {
        self.issue_with(options, clock, &SystemRandom)
    }

    /// As [`CertificateAuthority::issue`], with serial number and an Ed25519 key taken from `random`.
    pub fn issue_with(
        &self,
        options: &LeafOptions,
        clock: &dyn Clock,
        random: &dyn Random,
    ) -> Result<Identity> {
        check_dns_names(&options.dns_names)?;
        let key = match &options.key {
            Some(key) => key.clone(),
            None => PrivateKey::generate_with(options.algorithm.unwrap_or(self.key.algorithm()), random)?,
        };
        let leaf = Leaf {
            subject: &name::encode(&options.organizations, options.common_name.as_deref()),
            spki: key.public_key_spki(),
            dns_names: &options.dns_names,
            ip_addresses: &options.ip_addresses,
            usages: &options.usages,
            key_encipherment: options.key_encipherment,
            validity: options.validity,
            backdating: options.backdating,
        };
        let certificate = self.certify(&leaf, clock, random)?;
        Ok(Identity { certificate, intermediates: Vec::new(), key })
    }

    /// Signs a request. Its subject (but for organizations that the options replace), DNS names, addresses and key are
    /// taken over.
    pub fn sign_request(
        &self,
        request: &CertificateRequest,
        options: &SignOptions,
        clock: &dyn Clock,
    ) -> Result<Certificate> {
        self.sign_request_with(request, options, clock, &SystemRandom)
    }

    /// As [`CertificateAuthority::sign_request`], with the serial number taken from `random`.
    pub fn sign_request_with(
        &self,
        request: &CertificateRequest,
        options: &SignOptions,
        clock: &dyn Clock,
        random: &dyn Random,
    ) -> Result<Certificate> {
        let replaced = options.organizations.as_ref().map(|names| name::encode(names, request.common_name()));
        let leaf = Leaf {
            subject: replaced.as_deref().unwrap_or(request.subject_der()),
            spki: request.public_key_spki(),
            dns_names: request.dns_names(),
            ip_addresses: request.ip_addresses(),
            usages: &options.usages,
            key_encipherment: false,
            validity: options.validity,
            backdating: Duration::ZERO,
        };
        self.certify(&leaf, clock, random)
    }

    fn certify(&self, leaf: &Leaf<'_>, clock: &dyn Clock, random: &dyn Random) -> Result<Certificate> {
        const EMPTY_NAME: &[u8] = &[0x30, 0];
        let usage = if leaf.key_encipherment { KeyUsage::SignAndEncipher } else { KeyUsage::Sign };
        let mut extensions = vec![Extension::key_usage(usage)];
        if !leaf.usages.is_empty() {
            extensions.push(Extension::extended_key_usage(leaf.usages));
        }
        if let Some(id) = self.certificate.subject_key_id() {
            extensions.push(Extension::authority_key_id(id));
        }
        if !(leaf.dns_names.is_empty() && leaf.ip_addresses.is_empty()) {
            let anonymous = leaf.subject == EMPTY_NAME;
            extensions.push(Extension::subject_alt_name(leaf.dns_names, leaf.ip_addresses, anonymous));
        }
        let template = Template {
            serial: writer::serial(random)?,
            issuer: self.certificate.subject_der(),
            validity: Validity::around(clock.now(), leaf.backdating, leaf.validity)?,
            subject: leaf.subject,
            spki: leaf.spki,
            extensions: &extensions,
        };
        Certificate::from_der(&template.sign(&self.key)?)
    }
}

struct Leaf<'a> {
    subject: &'a [u8],
    spki: &'a [u8],
    dns_names: &'a [String],
    ip_addresses: &'a [IpAddr],
    usages: &'a [Usage],
    key_encipherment: bool,
    validity: Duration,
    backdating: Duration,
}

/// A name in a certificate is an IA5String: ASCII, or the name in its `xn--` form.
pub(crate) fn check_dns_names(names: &[String]) -> Result<()> {
    match names.iter().find(|name| name.is_empty() || !name.is_ascii()) {
        None => Ok(()),
        Some(name) => {
            let message =
                format!("{name:?} cannot be a DNS name of a certificate: write it in ASCII (xn--…)");
            Err(Error::new(ErrorKind::Options, message))
        }
    }
}
