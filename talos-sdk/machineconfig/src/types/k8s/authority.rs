//! Certificate authorities and keys of Kubernetes.

use talos_machineconfig_derive::Fields;

use crate::types::{PemPair, Secret, Url};

/// The certificate authority of Kubernetes.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "KubeAPIServerCAConfig", since = "1.14")]
pub struct KubeApiServerCaConfig {
    /// The authority that issues; control planes only.
    #[config(key = "issuingCA")]
    pub issuing_ca: Option<PemPair>,
    /// PEM of authorities that are accepted.
    #[config(key = "acceptedCAs")]
    pub accepted_cas: Vec<String>,
}

/// The certificate authority of the aggregation layer.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "KubeAggregatorCAConfig", since = "1.14", control_plane)]
pub struct KubeAggregatorCaConfig {
    /// The authority that issues.
    #[config(key = "issuingCA")]
    pub issuing_ca: Option<PemPair>,
    /// PEM of authorities that are accepted.
    #[config(key = "acceptedCAs")]
    pub accepted_cas: Vec<String>,
}

/// Tokens of service accounts.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "KubeServiceAccountConfig", since = "1.14", control_plane)]
pub struct KubeServiceAccountConfig {
    /// Who issues them.
    #[config(always)]
    pub issuer: IssuerServiceAccountConfig,
    /// Whose tokens are accepted.
    pub accepted: AcceptedServiceAccountConfig,
}

/// Who issues tokens of service accounts.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct IssuerServiceAccountConfig {
    /// PEM of the key that signs.
    #[config(always)]
    pub private_key: Secret,
    /// URL of the issuer.
    #[config(key = "issuerURL", always)]
    pub issuer_url: Url,
}

/// Whose tokens of service accounts are accepted.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct AcceptedServiceAccountConfig {
    /// PEM of public keys.
    pub public_keys: Vec<String>,
    /// URLs of issuers.
    pub issuers: Vec<Url>,
    /// Audiences.
    pub audiences: Vec<String>,
}
