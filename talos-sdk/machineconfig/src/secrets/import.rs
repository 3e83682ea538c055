//! Bundles made of what a cluster already has.

use talos_pki::{Clock, SecretString};
use talos_yaml::mapping;

use super::bundle::{CertificateAndKey, Key, SecretsBundle};
use crate::Config;
use crate::Contract;
use crate::Document;
use crate::types::v1alpha1::ClusterConfig;
use crate::types::{self, PemPair, Secret, SecretBase64, Unstructured};
use crate::{Error, ErrorKind, Result};

/// The keys of a Kubernetes cluster that something else made, as PEM texts: what kubeadm keeps in
/// `/etc/kubernetes/pki`. [`SecretsBundle::from_kubernetes_pki`] takes them over.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct KubernetesPki {
    /// Certificate authority of Kubernetes: `ca.crt` and `ca.key`.
    pub ca: CertificateAndKey,
    /// Certificate authority of etcd: `etcd/ca.crt` and `etcd/ca.key`.
    pub etcd: CertificateAndKey,
    /// Certificate authority of the aggregation layer: `front-proxy-ca.crt` and `front-proxy-ca.key`.
    pub front_proxy: CertificateAndKey,
    /// Key that signs the tokens of service accounts: `sa.key`.
    pub service_account: Key,
    /// The token by which kubelets join; a new one is made if there is none.
    pub bootstrap_token: Option<SecretString>,
}

impl KubernetesPki {
    /// The authorities and the key, without a bootstrap token.
    #[must_use]
    pub fn new(
        ca: CertificateAndKey,
        etcd: CertificateAndKey,
        front_proxy: CertificateAndKey,
        service_account: Key,
    ) -> Self {
        Self { ca, etcd, front_proxy, service_account, bootstrap_token: None }
    }

    /// Takes over a bootstrap token too.
    #[must_use]
    pub fn with_bootstrap_token(mut self, token: impl Into<SecretString>) -> Self {
        self.bootstrap_token = Some(token.into()).filter(|token| !token.is_empty());
        self
    }
}

impl SecretsBundle {
    /// Takes over the keys of a Kubernetes cluster, and makes the rest new for `contract`, as
    /// `talosctl gen secrets --from-kubernetes-pki` does.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidSecrets`] if a certificate or key can't be read; the message names its file.
    /// [`ErrorKind::Internal`] as for [`SecretsBundle::generate`].
    pub fn from_kubernetes_pki(pki: KubernetesPki, contract: Contract, clock: &dyn Clock) -> Result<Self> {
        for (name, pair) in [("ca", &pki.ca), ("etcd/ca", &pki.etcd), ("front-proxy-ca", &pki.front_proxy)] {
            pair.check_certificate().map_err(|error| error.within(format!("{name}.crt")))?;
            pair.check_key().map_err(|error| error.within(format!("{name}.key")))?;
        }
        pki.service_account.check().map_err(|error| error.within("sa.key"))?;
        let mut bundle = Self::default();
        bundle.certs.k8s = Some(pki.ca);
        bundle.certs.etcd = Some(pki.etcd);
        bundle.certs.k8saggregator = Some(pki.front_proxy);
        bundle.certs.k8sserviceaccount = Some(pki.service_account);
        bundle.secrets.bootstraptoken = pki.bootstrap_token.unwrap_or_default();
        bundle.complete(contract, true, clock)?;
        Ok(bundle)
    }

    /// Takes the secrets out of the configuration of a control plane, written for any release. What the configuration
    /// does not have stays empty, as the keys of authorities do in that of a worker: see [`SecretsBundle::validate`].
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidSecrets`] if there is no document with the sections `machine` and `cluster`, or the
    /// encryption of etcd has an unknown form.
    pub fn from_config(config: &Config) -> Result<Self> {
        let Some(sections) = config.v1alpha1() else {
            let problem = "the configuration has no document with the sections machine and cluster: take that of a control plane";
            return Err(Error::new(ErrorKind::InvalidSecrets, problem));
        };
        let mut bundle = Self::default();
        // What an empty token falls into.
        bundle.secrets.bootstraptoken = SecretString::new(".");
        if let Some(machine) = &sections.machine {
            bundle.trustdinfo.token = machine.token.clone().into();
            bundle.certs.os = machine.ca.as_ref().map(pair).transpose()?;
        }
        if let Some(cluster) = &sections.cluster {
            bundle.take_cluster(cluster)?;
        }
        for document in config.documents() {
            bundle.take_document(document)?;
        }
        Ok(bundle)
    }

    fn take_cluster(&mut self, cluster: &ClusterConfig) -> Result<()> {
        self.cluster.id.clone_from(&cluster.id);
        self.cluster.secret = cluster.secret.clone().into();
        self.secrets.bootstraptoken = two_parts(cluster.token.expose());
        self.secrets.aescbcencryptionsecret = some(&cluster.aescbc_encryption_secret);
        self.secrets.secretboxencryptionsecret = some(&cluster.secretbox_encryption_secret);
        self.certs.etcd = cluster.etcd.as_ref().and_then(|etcd| etcd.ca.as_ref()).map(pair).transpose()?;
        self.certs.k8s = cluster.ca.as_ref().map(pair).transpose()?;
        self.certs.k8saggregator = cluster.aggregator_ca.as_ref().map(pair).transpose()?;
        let service_account = cluster.service_account.as_ref();
        self.certs.k8sserviceaccount =
            service_account.map(|account| Ok::<_, Error>(Key { key: text(&account.key)? })).transpose()?;
        Ok(())
    }

    fn take_document(&mut self, document: &Document) -> Result<()> {
        match document {
            // The sections come first where they have an identity.
            Document::DiscoveryIdentityConfig(identity)
                if self.cluster.id.is_empty() && self.cluster.secret.is_empty() =>
            {
                self.cluster.id.clone_from(&identity.cluster_id);
                self.cluster.secret = identity.cluster_secret.clone().into();
            }
            Document::KubeApiServerCaConfig(ca) => self.certs.k8s = ca.issuing_ca.as_ref().map(plain),
            Document::KubeAggregatorCaConfig(ca) => {
                self.certs.k8saggregator = ca.issuing_ca.as_ref().map(plain);
            }
            Document::KubeServiceAccountConfig(account) => {
                self.certs.k8sserviceaccount = some(&account.issuer.private_key).map(|key| Key { key });
            }
            Document::KubeEtcdEncryptionConfig(encryption) => {
                if let Some(secret) = secretbox(&encryption.config)? {
                    self.secrets.secretboxencryptionsecret = Some(secret);
                }
            }
            _ => {}
        }
        Ok(())
    }
}

mapping! {
    struct Encryption {
        resources: Vec<EncryptedResource> = "resources",
    }

    struct EncryptedResource {
        resources: Vec<String> = "resources",
        providers: Vec<Provider> = "providers",
    }

    struct Provider {
        secretbox: Option<Secretbox> = "secretbox",
    }

    struct Secretbox {
        keys: Vec<NamedKey> = "keys",
    }

    struct NamedKey {
        secret: Secret = "secret",
    }
}

/// The first key with which the first entry about secrets is encrypted, where that is one of secretbox.
fn secretbox(config: &Unstructured) -> Result<Option<SecretString>> {
    let invalid = |error: talos_yaml::Error| {
        Error::new(ErrorKind::InvalidSecrets, format!("KubeEtcdEncryptionConfig: {error}"))
    };
    let node = talos_yaml::to_node(config).map_err(invalid)?;
    let config: Encryption = talos_yaml::from_node(&node).map_err(invalid)?;
    let mut about_secrets =
        config.resources.into_iter().filter(|entry| entry.resources.iter().any(|name| name == "secrets"));
    Ok(about_secrets.find_map(|entry| {
        let first = entry.providers.into_iter().next()?.secretbox?.keys.into_iter().next()?;
        Some(first.secret.into())
    }))
}

/// A token as Talos hands it on: without its two parts it is nothing but their dot.
fn two_parts(token: &str) -> SecretString {
    SecretString::new(if token.split('.').count() == 2 { token } else { "." })
}

fn some(secret: &Secret) -> Option<SecretString> {
    Some(secret.clone().into()).filter(|secret: &SecretString| !secret.is_empty())
}

fn pair(pair: &types::CertificateAndKey) -> Result<CertificateAndKey> {
    let crt = pair.crt.as_str().ok_or_else(not_pem)?;
    Ok(CertificateAndKey { crt: crt.to_owned(), key: text(&pair.key)? })
}

fn plain(pair: &PemPair) -> CertificateAndKey {
    CertificateAndKey { crt: pair.cert.clone(), key: pair.key.clone().into() }
}

fn text(key: &SecretBase64) -> Result<SecretString> {
    key.to_text().ok_or_else(not_pem)
}

fn not_pem() -> Error {
    Error::new(ErrorKind::InvalidSecrets, "a certificate or key of the configuration is not PEM text")
}
