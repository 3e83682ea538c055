//! A kubeconfig made without the cluster.

use std::time::Duration;

use talos_pki::{Clock, LeafOptions, SecretString, base64};

use super::bundle::{SecretsBundle, issue};
use crate::Result;
use crate::generate::parse_endpoint;

/// What a kubeconfig of [`SecretsBundle::kubeconfig`] says.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct KubeconfigOptions {
    /// Name of the cluster.
    pub cluster_name: String,
    /// Where the Kubernetes API is reached: an `https://` URL, written as given.
    pub endpoint: String,
    /// How long the certificate is valid. Default: a year of 365 days.
    pub validity: Duration,
    /// The user's name as Kubernetes sees it. Default: `admin`.
    pub common_name: String,
    /// The user's group as Kubernetes sees it. Default: `system:masters`, which may do anything.
    pub organization: String,
}

impl KubeconfigOptions {
    /// A kubeconfig for the administrator of the cluster `cluster_name` whose API is at `endpoint`.
    #[must_use]
    pub fn new(cluster_name: impl Into<String>, endpoint: impl Into<String>) -> Self {
        Self {
            cluster_name: cluster_name.into(),
            endpoint: endpoint.into(),
            validity: Duration::from_secs(8760 * 3600),
            common_name: "admin".to_owned(),
            organization: "system:masters".to_owned(),
        }
    }

    /// Sets how long the certificate is valid.
    #[must_use]
    pub fn with_validity(mut self, validity: Duration) -> Self {
        self.validity = validity;
        self
    }

    /// Sets the user's name as Kubernetes sees it.
    #[must_use]
    pub fn with_common_name(mut self, name: impl Into<String>) -> Self {
        self.common_name = name.into();
        self
    }

    /// Sets the user's group as Kubernetes sees it.
    #[must_use]
    pub fn with_organization(mut self, organization: impl Into<String>) -> Self {
        self.organization = organization.into();
        self
    }
}

impl SecretsBundle {
    /// A kubeconfig with a new certificate of the Kubernetes authority, as a control plane hands it out: cluster, user
    /// `admin@NAME` and context `admin@NAME`.
    ///
    /// # Errors
    ///
    /// As [`SecretsBundle::kubernetes_ca`]; [`ErrorKind::InvalidOption`](crate::ErrorKind::InvalidOption) for an
    /// endpoint that is no `https://` URL or a validity beyond the year 9999.
    pub fn kubeconfig(&self, options: &KubeconfigOptions, clock: &dyn Clock) -> Result<SecretString> {
        let endpoint = parse_endpoint(&options.endpoint)?.to_string();
        let authority = self.kubernetes_ca()?;
        let leaf = LeafOptions::kubernetes_admin()
            .with_organizations([options.organization.as_str()])
            .with_common_name(&options.common_name)
            .with_validity(options.validity);
        let admin = issue(&authority, leaf, clock)?;
        let scalar = |text: &str| talos_yaml::to_string(text).map(|text| text.trim_end().to_owned());
        let (cluster, server) = (scalar(&options.cluster_name)?, scalar(&endpoint)?);
        let user = scalar(&format!("admin@{}", options.cluster_name))?;
        let authority = base64::encode(authority.certificate.to_pem());
        let certificate = base64::encode(admin.certificates_to_pem());
        let key = base64::encode(admin.key_to_pem().expose());
        // Keys in the order in which client-go writes them.
        Ok(SecretString::new(format!(
            "apiVersion: v1\n\
             clusters:\n\
             - cluster:\n    certificate-authority-data: {}\n    server: {server}\n  name: {cluster}\n\
             contexts:\n\
             - context:\n    cluster: {cluster}\n    namespace: default\n    user: {user}\n  name: {user}\n\
             current-context: {user}\n\
             kind: Config\n\
             users:\n\
             - name: {user}\n  user:\n    client-certificate-data: {}\n    client-key-data: {}\n",
            authority.as_str(),
            certificate.as_str(),
            key.as_str(),
        )))
    }
}
