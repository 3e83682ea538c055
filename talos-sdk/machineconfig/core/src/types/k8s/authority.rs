//! Certificate authorities and keys of Kubernetes.

use talos_machineconfig_derive::Fields;

use crate::model::Value as _;
use crate::types::v1alpha1;
use crate::types::{PemPair, Secret, Url};
use crate::validate::pem::{check_certificates, check_pair, signing_key_problem};
use crate::validate::{Findings, Rules};

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

impl Rules for KubeApiServerCaConfig {
    fn check(&self, found: &mut Findings) {
        if let Some(pair) = &self.issuing_ca {
            check_pair("issuingCA", pair, found);
        }
        check_accepted(&self.accepted_cas, found);
    }

    fn check_sections(&self, sections: &v1alpha1::Config, found: &mut Findings) {
        let is_set = sections.cluster.as_ref().is_some_and(|cluster| cluster.ca.is_some());
        found.exclude("cluster.ca", is_set);
    }
}

fn check_accepted(authorities: &[String], found: &mut Findings) {
    found.each("acceptedCAs", authorities, |authority, found| {
        check_certificates("", authority, found);
    });
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

impl Rules for KubeAggregatorCaConfig {
    fn check(&self, found: &mut Findings) {
        match &self.issuing_ca {
            Some(pair) => check_pair("issuingCA", pair, found),
            None => found.missing("issuingCA", "cert and key of the authority"),
        }
        check_accepted(&self.accepted_cas, found);
    }

    fn check_sections(&self, sections: &v1alpha1::Config, found: &mut Findings) {
        let is_set = sections.cluster.as_ref().is_some_and(|cluster| cluster.aggregator_ca.is_some());
        found.exclude("cluster.aggregatorCA", is_set);
    }
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

impl Rules for KubeServiceAccountConfig {
    fn check(&self, found: &mut Findings) {
        let key = self.issuer.private_key.expose();
        if key.is_empty() {
            found.missing("issuer.privateKey", "the PEM of the key that signs");
        } else if let Some(problem) = signing_key_problem(key, found.options()) {
            found.error("issuer.privateKey", problem);
        }
        if self.issuer.issuer_url.is_zero() {
            found.missing("issuer.issuerURL", "the URL of the issuer, that of the Kubernetes API as a rule");
        }
    }

    fn check_sections(&self, sections: &v1alpha1::Config, found: &mut Findings) {
        let is_set = sections.cluster.as_ref().is_some_and(|cluster| cluster.service_account.is_some());
        found.exclude("cluster.serviceAccount", is_set);
    }
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
