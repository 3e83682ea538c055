//! Whether a bundle is complete, with the verdict of Talos.

use talos_pki::{Certificate, PrivateKey};

use super::bundle::{CertificateAndKey, Key, SecretsBundle, invalid};
use crate::{Error, ErrorKind, Result};

impl CertificateAndKey {
    pub(super) fn check_certificate(&self) -> Result<()> {
        Certificate::from_first_block(&self.crt).map(drop).map_err(invalid)
    }

    pub(super) fn check_key(&self) -> Result<()> {
        PrivateKey::from_first_block(self.key.expose()).map(drop).map_err(invalid)
    }
}

impl Key {
    pub(super) fn check(&self) -> Result<()> {
        PrivateKey::from_first_block(self.key.expose()).map(drop).map_err(invalid)
    }
}

impl SecretsBundle {
    /// Checks that nothing is missing and that keys and certificates can be read, with the verdict of Talos. Whether a
    /// key belongs to its certificate is checked where it is used.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidSecrets`] that names all that is wrong.
    pub fn validate(&self) -> Result<()> {
        self.check(true)
    }

    /// As [`SecretsBundle::validate`] for machines that run neither Kubernetes nor etcd, which need less.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidSecrets`] that names all that is wrong.
    pub fn validate_without_kubernetes(&self) -> Result<()> {
        self.check(false)
    }

    fn check(&self, kubernetes: bool) -> Result<()> {
        let mut findings = self.missing(kubernetes);
        findings.extend(self.unusable(kubernetes));
        if findings.is_empty() {
            return Ok(());
        }
        let message = format!("the secrets bundle is incomplete or damaged: {}", findings.join("; "));
        Err(Error::new(ErrorKind::InvalidSecrets, message))
    }

    /// Findings about tokens and secrets.
    fn missing(&self, kubernetes: bool) -> Vec<String> {
        let texts = [
            ("cluster.id", self.cluster.id.is_empty()),
            ("cluster.secret", self.cluster.secret.is_empty()),
            ("secrets.bootstraptoken", kubernetes && self.secrets.bootstraptoken.is_empty()),
            ("trustdinfo.token", self.trustdinfo.token.is_empty()),
        ];
        let empty = texts.into_iter().filter(|(_, empty)| *empty);
        let mut findings: Vec<String> = empty.map(|(name, _)| format!("{name} is missing")).collect();
        let encryption = "secrets.secretboxencryptionsecret and secrets.aescbcencryptionsecret";
        match (&self.secrets.secretboxencryptionsecret, &self.secrets.aescbcencryptionsecret) {
            (None, None) if kubernetes => {
                findings.push(format!("{encryption} are both missing: one is needed"));
            }
            (Some(_), Some(_)) if kubernetes => {
                findings.push(format!("{encryption} are both set: only one can be"));
            }
            _ => {}
        }
        findings
    }

    /// Findings about keys and certificates.
    fn unusable(&self, kubernetes: bool) -> Vec<String> {
        let mut findings = Vec::new();
        let certs = &self.certs;
        let pairs = [
            ("certs.etcd", &certs.etcd, kubernetes),
            ("certs.k8s", &certs.k8s, kubernetes),
            ("certs.k8saggregator", &certs.k8saggregator, kubernetes),
            ("certs.os", &certs.os, true),
        ];
        for (name, pair, _) in pairs.into_iter().filter(|(_, _, needed)| *needed) {
            let Some(pair) = pair else {
                findings.push(format!("{name} is missing"));
                continue;
            };
            for (part, check) in [("key", pair.check_key()), ("crt", pair.check_certificate())] {
                findings.extend(check.err().map(|error| format!("{name}.{part}: {error}")));
            }
        }
        if kubernetes {
            match certs.k8sserviceaccount.as_ref().map(Key::check) {
                None => findings.push("certs.k8sserviceaccount is missing".to_owned()),
                Some(check) => {
                    findings.extend(check.err().map(|error| format!("certs.k8sserviceaccount.key: {error}")));
                }
            }
        }
        findings
    }
}
