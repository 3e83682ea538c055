//! Discovery of cluster members.

use talos_machineconfig_derive::Fields;

use crate::types::{Secret, Url};

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
