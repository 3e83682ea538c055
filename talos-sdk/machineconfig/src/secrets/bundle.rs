//! The secrets that the machines of one cluster share.

use std::time::Duration;

use talos_pki::{
    Algorithm, CaOptions, Certificate, CertificateAuthority, Clock, FixedClock, Identity, LeafOptions,
    PrivateKey, Role, RoleSet, SecretString, SystemRandom,
};
use talosconfig::{Context, TalosConfig};

use super::token;
use crate::contract::Contract;
use crate::error::{Error, ErrorKind, Result};

/// The secrets that the machines of one cluster share, in the order of the file that `talosctl gen secrets` writes.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct SecretsBundle {
    /// The cluster's identity for discovery.
    pub cluster: ClusterSecrets,
    /// What Kubernetes needs beside certificates.
    pub secrets: KubernetesSecrets,
    /// The token by which machines get certificates.
    pub trustdinfo: TrustdInfo,
    /// Keys and certificate authorities.
    pub certs: Certificates,
}

/// The cluster's identity for discovery.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ClusterSecrets {
    /// 32 bytes in base64 that name the cluster.
    pub id: String,
    /// 32 bytes in base64 that encrypt what the discovery service sees.
    pub secret: SecretString,
}

/// What Kubernetes needs beside certificates.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct KubernetesSecrets {
    /// The token by which kubelets join.
    pub bootstraptoken: SecretString,
    /// Key that encrypts secrets at rest with AES-CBC, in base64; contracts up to 1.2.
    pub aescbcencryptionsecret: Option<SecretString>,
    /// Key that encrypts secrets at rest with secretbox, in base64; contracts from 1.3.
    pub secretboxencryptionsecret: Option<SecretString>,
}

/// The token by which machines get certificates.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct TrustdInfo {
    /// The token.
    pub token: SecretString,
}

/// Keys and certificate authorities.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Certificates {
    /// Certificate authority of etcd.
    pub etcd: Option<CertificateAndKey>,
    /// Certificate authority of Kubernetes.
    pub k8s: Option<CertificateAndKey>,
    /// Certificate authority of the Kubernetes aggregation layer.
    pub k8saggregator: Option<CertificateAndKey>,
    /// Key that signs the tokens of service accounts.
    pub k8sserviceaccount: Option<Key>,
    /// Certificate authority of the Talos API.
    pub os: Option<CertificateAndKey>,
}

/// A certificate and its key, both PEM.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct CertificateAndKey {
    /// PEM of the certificate.
    pub crt: String,
    /// PEM of the private key.
    pub key: SecretString,
}

/// A private key, PEM.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Key {
    /// PEM of the private key.
    pub key: SecretString,
}

impl CertificateAndKey {
    /// The authority that certificate and key make, which issues certificates.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidSecrets`] if one can't be read, they don't belong together, or it is no authority's
    /// certificate.
    pub fn authority(&self) -> Result<CertificateAuthority> {
        CertificateAuthority::from_pem(&self.crt, self.key.expose()).map_err(invalid)
    }

    /// Whether both can be read, which is what Talos checks.
    fn check(&self) -> Result<()> {
        PrivateKey::from_pem(self.key.expose()).map_err(invalid)?;
        Certificate::from_pem(&self.crt).map_err(invalid)?;
        Ok(())
    }
}

impl From<CertificateAuthority> for CertificateAndKey {
    fn from(authority: CertificateAuthority) -> Self {
        Self { crt: authority.certificate.to_pem(), key: authority.key.to_pem() }
    }
}

impl SecretsBundle {
    /// Makes new secrets for `contract`; all certificates are valid from one instant, the present one of `clock`.
    ///
    /// From contract 1.7 on there is an RSA-4096 key among them, which keeps the calling thread busy for about a
    /// second: in an async program, call this on a blocking thread.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Internal`] if there is no randomness or `clock` is beyond the year 9989.
    pub fn generate(contract: Contract, clock: &dyn Clock) -> Result<Self> {
        let random = &SystemRandom;
        let clock = FixedClock::new(clock.now());
        let authority = |options: CaOptions| {
            CertificateAuthority::generate(&options, &clock).map(|made| Some(made.into())).map_err(internal)
        };
        let p256 = |organization: &str| CaOptions::new(organization).with_algorithm(Algorithm::EcdsaP256);
        let service_account =
            if contract.use_rsa_service_account_key() { Algorithm::Rsa4096 } else { Algorithm::EcdsaP256 };
        let encryption = Some(token::key(random)?);
        let (aescbc, secretbox) =
            if contract.secretbox_encryption_supported() { (None, encryption) } else { (encryption, None) };
        Ok(Self {
            cluster: ClusterSecrets {
                id: token::key(random)?.expose().to_owned(),
                secret: token::key(random)?,
            },
            secrets: KubernetesSecrets {
                bootstraptoken: token::token(random)?,
                aescbcencryptionsecret: aescbc,
                secretboxencryptionsecret: secretbox,
            },
            trustdinfo: TrustdInfo { token: token::token(random)? },
            certs: Certificates {
                etcd: authority(p256("etcd"))?,
                k8s: authority(p256("kubernetes"))?,
                // Talos asks for the common name front-proxy here, and loses it on the way.
                k8saggregator: authority(CaOptions::default().with_algorithm(Algorithm::EcdsaP256))?,
                k8sserviceaccount: Some(Key {
                    key: PrivateKey::generate(service_account).map_err(internal)?.to_pem(),
                }),
                os: authority(CaOptions::new("talos"))?,
            },
        })
    }

    /// Checks that nothing is missing and that keys and certificates can be read, with the verdict of Talos. Whether a
    /// key belongs to its certificate is checked where it is used.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidSecrets`] that names all that is wrong.
    pub fn validate(&self) -> Result<()> {
        let findings = self.findings();
        if findings.is_empty() {
            return Ok(());
        }
        let message = format!("the secrets bundle is incomplete or damaged: {}", findings.join("; "));
        Err(Error::new(ErrorKind::InvalidSecrets, message))
    }

    /// All that is wrong with the bundle, one finding an entry, for [`SecretsBundle::validate`].
    fn findings(&self) -> Vec<String> {
        let mut findings = Vec::new();
        let texts = [
            ("cluster.id", self.cluster.id.is_empty()),
            ("cluster.secret", self.cluster.secret.is_empty()),
            ("secrets.bootstraptoken", self.secrets.bootstraptoken.is_empty()),
            ("trustdinfo.token", self.trustdinfo.token.is_empty()),
        ];
        findings.extend(
            texts.into_iter().filter(|(_, empty)| *empty).map(|(name, _)| format!("{name} is missing")),
        );
        let encryption = "secrets.secretboxencryptionsecret and secrets.aescbcencryptionsecret";
        match (&self.secrets.secretboxencryptionsecret, &self.secrets.aescbcencryptionsecret) {
            (None, None) => findings.push(format!("{encryption} are both missing: one is needed")),
            (Some(_), Some(_)) => findings.push(format!("{encryption} are both set: only one can be")),
            _ => {}
        }
        let certs = &self.certs;
        let pairs = [
            ("certs.etcd", &certs.etcd),
            ("certs.k8s", &certs.k8s),
            ("certs.k8saggregator", &certs.k8saggregator),
            ("certs.os", &certs.os),
        ];
        let checks =
            pairs.into_iter().map(|(name, pair)| (name, pair.as_ref().map(CertificateAndKey::check)));
        let service_account = certs
            .k8sserviceaccount
            .as_ref()
            .map(|key| PrivateKey::from_pem(key.key.expose()).map(|_| ()).map_err(invalid));
        for (name, check) in checks.chain([("certs.k8sserviceaccount", service_account)]) {
            match check {
                None => findings.push(format!("{name} is missing")),
                Some(Err(error)) => findings.push(format!("{name}: {error}")),
                Some(Ok(())) => {}
            }
        }
        findings
    }

    /// The certificate authority of the Talos API.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidSecrets`] if it is missing or can't be used.
    pub fn os_ca(&self) -> Result<CertificateAuthority> {
        authority("certs.os", self.certs.os.as_ref())
    }

    /// The certificate authority of Kubernetes.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidSecrets`] if it is missing or can't be used.
    pub fn kubernetes_ca(&self) -> Result<CertificateAuthority> {
        authority("certs.k8s", self.certs.k8s.as_ref())
    }

    /// The certificate authority of etcd.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidSecrets`] if it is missing or can't be used.
    pub fn etcd_ca(&self) -> Result<CertificateAuthority> {
        authority("certs.etcd", self.certs.etcd.as_ref())
    }

    /// The certificate authority of the Kubernetes aggregation layer.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidSecrets`] if it is missing or can't be used.
    pub fn aggregator_ca(&self) -> Result<CertificateAuthority> {
        authority("certs.k8saggregator", self.certs.k8saggregator.as_ref())
    }

    /// A new certificate of the Talos API with the role `os:admin`, valid for 8,760 hours: the one in a generated
    /// talosconfig.
    ///
    /// # Errors
    ///
    /// As [`SecretsBundle::os_ca`]; [`ErrorKind::Internal`] if there is no randomness.
    pub fn admin_certificate(&self, clock: &dyn Clock) -> Result<Identity> {
        self.issue(&LeafOptions::client(Role::Admin), clock)
    }

    /// A new certificate of the Talos API with these roles.
    ///
    /// # Errors
    ///
    /// As [`SecretsBundle::admin_certificate`]; [`ErrorKind::InvalidOption`] if the validity ends after the year 9999.
    pub fn client_certificate(
        &self,
        roles: impl Into<RoleSet>,
        validity: Duration,
        clock: &dyn Clock,
    ) -> Result<Identity> {
        self.issue(&LeafOptions::client(roles).with_validity(validity), clock)
    }

    /// A talosconfig with one context, called `context`, for a new certificate of [`SecretsBundle::admin_certificate`].
    ///
    /// # Errors
    ///
    /// As [`SecretsBundle::admin_certificate`].
    pub fn talosconfig<S: Into<String>>(
        &self,
        context: &str,
        endpoints: impl IntoIterator<Item = S>,
        clock: &dyn Clock,
    ) -> Result<TalosConfig> {
        let authority = self.os_ca()?;
        let admin = self.admin_certificate(clock)?;
        let made = Context::new(endpoints).with_identity(&authority.certificate, &admin);
        Ok(TalosConfig::new(context, made))
    }

    fn issue(&self, options: &LeafOptions, clock: &dyn Clock) -> Result<Identity> {
        self.os_ca()?.issue(options, clock).map_err(|error| match error.kind() {
            talos_pki::ErrorKind::Options => {
                Error::new(ErrorKind::InvalidOption, error.to_string()).with_source(error)
            }
            _ => internal(error),
        })
    }
}

fn authority(name: &str, pair: Option<&CertificateAndKey>) -> Result<CertificateAuthority> {
    match pair {
        Some(pair) => pair.authority().map_err(|error| error.within(name)),
        None => {
            Err(Error::new(ErrorKind::InvalidSecrets, format!("{name} is missing from the secrets bundle")))
        }
    }
}

fn invalid(error: talos_pki::Error) -> Error {
    Error::new(ErrorKind::InvalidSecrets, error.to_string()).with_source(error)
}

fn internal(error: talos_pki::Error) -> Error {
    Error::new(ErrorKind::Internal, error.to_string()).with_source(error)
}
