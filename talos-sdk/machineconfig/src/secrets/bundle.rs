//! The secrets that the machines of one cluster share.

use talos_pki::{CertificateAuthority, Clock, SecretString};

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

impl SecretsBundle {
    /// Makes new secrets for `contract`; certificates are valid from the present instant of `clock`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Internal`] if there is no randomness.
    pub fn generate(contract: Contract, clock: &dyn Clock) -> Result<Self> {
        let _ = (contract, clock);
        Err(Error::new(ErrorKind::Unsupported, "making secrets is not offered yet"))
    }

    /// Reads the file that `talosctl gen secrets` writes. Unknown keys are ignored.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Syntax`] or [`ErrorKind::InvalidValue`] with the line.
    pub fn from_yaml(text: &str) -> Result<Self> {
        let _ = text;
        Err(Error::new(ErrorKind::Unsupported, "reading secrets is not offered yet"))
    }

    /// The text that `talosctl gen secrets` writes.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Internal`] if a value can't be written.
    pub fn to_yaml(&self) -> Result<SecretString> {
        Err(Error::new(ErrorKind::Unsupported, "writing secrets is not offered yet"))
    }

    /// Checks that nothing is missing and that keys fit their certificates.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidSecrets`] that names all that is wrong.
    pub fn validate(&self) -> Result<()> {
        Ok(())
    }

    /// The certificate authority of the Talos API.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidSecrets`] if it is missing or can't be read.
    pub fn os_ca(&self) -> Result<CertificateAuthority> {
        Err(Error::new(ErrorKind::Unsupported, "reading secrets is not offered yet"))
    }

    /// The certificate authority of Kubernetes.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidSecrets`] if it is missing or can't be read.
    pub fn kubernetes_ca(&self) -> Result<CertificateAuthority> {
        Err(Error::new(ErrorKind::Unsupported, "reading secrets is not offered yet"))
    }
}
