//! Discovery of cluster members.

use talos_machineconfig_derive::Fields;
use talos_secret::base64;

use crate::model::Value as _;
use crate::types::{Secret, Url, v1alpha1};
use crate::validate::{Findings, Rules};

/// Bytes of the secret.
const SECRET_SIZE: usize = 32;

/// The cluster's identity for discovery.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "DiscoveryIdentityConfig", since = "1.14")]
pub struct DiscoveryIdentityConfig {
    /// Identity, 32 bytes in base64.
    #[config(key = "clusterID", always)]
    pub cluster_id: String,
    /// Secret, 32 bytes in base64.
    #[config(always)]
    pub cluster_secret: Secret,
}

impl Rules for DiscoveryIdentityConfig {
    fn check(&self, found: &mut Findings) {
        found.require(
            "clusterID",
            &self.cluster_id,
            "the identity of the cluster, 32 random bytes in base64",
        );
        if self.cluster_secret.is_empty() {
            found.missing("clusterSecret", "the secret of the cluster, 32 random bytes in base64");
            return;
        }
        match base64::decode(self.cluster_secret.expose()) {
            None => found.error("clusterSecret", "this is not base64: write 32 random bytes in base64"),
            Some(secret) if secret.len() != SECRET_SIZE => {
                let problem = format!("the secret has {} bytes: write {SECRET_SIZE} in base64", secret.len());
                found.error("clusterSecret", problem);
            }
            Some(_) => {}
        }
    }

    fn check_sections(&self, sections: &v1alpha1::Config, found: &mut Findings) {
        let Some(cluster) = &sections.cluster else { return };
        found.exclude("cluster.id", !cluster.id.is_empty());
        found.exclude("cluster.secret", !cluster.secret.is_empty());
    }
}

/// A discovery service.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "DiscoveryServiceConfig", since = "1.14")]
pub struct DiscoveryServiceConfig {
    /// Name of the document.
    #[config(always)]
    pub name: String,
    /// URL of the service.
    #[config(always)]
    pub endpoint: Url,
}

impl Rules for DiscoveryServiceConfig {
    fn check(&self, found: &mut Findings) {
        found.require("name", &self.name, "a name for the service");
        if self.endpoint.is_zero() {
            found.missing("endpoint", "the URL of the service, such as https://discovery.example.com/");
        } else if !matches!(self.endpoint.scheme(), "http" | "https" | "grpc") {
            found.error("endpoint", "the URL must start with https://, http:// or grpc://");
        } else if self.endpoint.host().is_empty() {
            found.error("endpoint", "the URL has no host: write one such as https://discovery.example.com/");
        }
    }

    fn check_sections(&self, sections: &v1alpha1::Config, found: &mut Findings) {
        let cluster = sections.cluster.as_ref();
        found.exclude("cluster.discovery", cluster.is_some_and(|cluster| cluster.discovery.is_some()));
    }
}
