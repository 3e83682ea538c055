//! The secrets that the machines of one cluster share.

use std::time::Duration;

use talos_pki::{
    Algorithm, CaOptions, CertificateAuthority, Clock, FixedClock, Identity, LeafOptions, PrivateKey, Role,
    RoleSet, SecretString, SystemRandom,
};
use talosconfig::{Context, TalosConfig};

use super::token;
use crate::Contract;
use crate::{Error, ErrorKind, Result};

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
    /// A certificate and its key as PEM texts: any kind of key and any encoding that [`PrivateKey`] reads.
    pub fn new(crt: impl Into<String>, key: impl Into<SecretString>) -> Self {
        Self { crt: crt.into(), key: key.into() }
    }

    /// The authority that certificate and key make, which issues certificates.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidSecrets`] if one can't be read, they don't belong together, or it is no authority's
    /// certificate.
    pub fn authority(&self) -> Result<CertificateAuthority> {
        CertificateAuthority::from_pem(&self.crt, self.key.expose()).map_err(|error| match error.kind() {
            talos_pki::ErrorKind::KeyMismatch => {
                let problem = "the key is that of another certificate: take crt and key from one place";
                Error::new(ErrorKind::InvalidSecrets, problem).with_source(error)
            }
            _ => invalid(error),
        })
    }
}

impl Key {
    /// A private key as PEM text.
    pub fn new(key: impl Into<SecretString>) -> Self {
        Self { key: key.into() }
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
        let mut bundle = Self::default();
        bundle.complete(contract, true, clock)?;
        Ok(bundle)
    }

    /// Makes new secrets for machines that run neither Kubernetes nor etcd: those of the Talos API alone.
    ///
    /// # Errors
    ///
    /// As [`SecretsBundle::generate`].
    pub fn generate_without_kubernetes(contract: Contract, clock: &dyn Clock) -> Result<Self> {
        let mut bundle = Self::default();
        bundle.complete(contract, false, clock)?;
        Ok(bundle)
    }

    /// Makes what is missing; what is there stays.
    pub(super) fn complete(&mut self, contract: Contract, kubernetes: bool, clock: &dyn Clock) -> Result<()> {
        let random = &SystemRandom;
        let clock = FixedClock::new(clock.now());
        let make = |place: &mut Option<CertificateAndKey>, options: CaOptions| {
            if place.is_none() {
                let made = CertificateAuthority::generate(&options, &clock).map_err(internal)?;
                *place = Some(made.into());
            }
            Ok::<_, Error>(())
        };
        if kubernetes {
            let p256 = |options: CaOptions| options.with_algorithm(Algorithm::EcdsaP256);
            make(&mut self.certs.etcd, p256(CaOptions::new("etcd")))?;
            make(&mut self.certs.k8s, p256(CaOptions::new("kubernetes")))?;
            // Talos asks for the common name front-proxy here, and loses it on the way.
            make(&mut self.certs.k8saggregator, p256(CaOptions::default()))?;
            if self.certs.k8sserviceaccount.is_none() {
                let rsa = contract.use_rsa_service_account_key();
                let algorithm = if rsa { Algorithm::Rsa4096 } else { Algorithm::EcdsaP256 };
                let key = PrivateKey::generate(algorithm).map_err(internal)?.to_pem();
                self.certs.k8sserviceaccount = Some(Key { key });
            }
            let secrets = &mut self.secrets;
            if secrets.bootstraptoken.is_empty() {
                secrets.bootstraptoken = token::token(random)?;
            }
            let encryption = if contract.secretbox_encryption_supported() {
                &mut secrets.secretboxencryptionsecret
            } else {
                &mut secrets.aescbcencryptionsecret
            };
            if encryption.is_none() {
                *encryption = Some(token::key(random)?);
            }
        }
        make(&mut self.certs.os, CaOptions::new("talos"))?;
        if self.trustdinfo.token.is_empty() {
            self.trustdinfo.token = token::token(random)?;
        }
        if self.cluster.id.is_empty() {
            token::key(random)?.expose().clone_into(&mut self.cluster.id);
        }
        if self.cluster.secret.is_empty() {
            self.cluster.secret = token::key(random)?;
        }
        Ok(())
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
        issue(&self.os_ca()?, LeafOptions::client(Role::Admin), clock)
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
        issue(&self.os_ca()?, LeafOptions::client(roles).with_validity(validity), clock)
    }

    /// A talosconfig with one context, called `context`, for a new certificate of [`SecretsBundle::admin_certificate`].
    /// This is also how an administrator whose certificate ends gets a new one.
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
        let options = LeafOptions::client(Role::Admin);
        let endpoints = endpoints.into_iter().map(Into::into).collect();
        self.talosconfig_with(context, endpoints, options, clock)
    }

    pub(crate) fn talosconfig_with(
        &self,
        context: &str,
        endpoints: Vec<String>,
        options: LeafOptions,
        clock: &dyn Clock,
    ) -> Result<TalosConfig> {
        let authority = self.os_ca()?;
        let identity = issue(&authority, options, clock)?;
        let made = Context::new(endpoints).with_identity(&authority.certificate, &identity);
        Ok(TalosConfig::new(context, made))
    }
}

/// A certificate for a new key of the kind that Talos takes under this authority.
pub(super) fn issue(
    authority: &CertificateAuthority,
    options: LeafOptions,
    clock: &dyn Clock,
) -> Result<Identity> {
    let options = options.with_algorithm(authority.key.algorithm().of_issued());
    authority.issue(&options, clock).map_err(|error| match error.kind() {
        talos_pki::ErrorKind::Options => {
            Error::new(ErrorKind::InvalidOption, error.to_string()).with_source(error)
        }
        talos_pki::ErrorKind::Key => invalid(error),
        _ => internal(error),
    })
}

fn authority(name: &str, pair: Option<&CertificateAndKey>) -> Result<CertificateAuthority> {
    match pair {
        Some(pair) => pair.authority().map_err(|error| error.within(name)),
        None => {
            Err(Error::new(ErrorKind::InvalidSecrets, format!("{name} is missing from the secrets bundle")))
        }
    }
}

pub(super) fn invalid(error: talos_pki::Error) -> Error {
    Error::new(ErrorKind::InvalidSecrets, error.to_string()).with_source(error)
}

fn internal(error: talos_pki::Error) -> Error {
    Error::new(ErrorKind::Internal, error.to_string()).with_source(error)
}
