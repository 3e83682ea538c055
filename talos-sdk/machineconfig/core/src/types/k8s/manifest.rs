//! Manifests and static pods.

use std::collections::BTreeMap;

use talos_machineconfig_derive::Fields;

use crate::model::Value as _;
use crate::types::{Unstructured, Url};
use crate::validate::kubernetes::dns_subdomain_problem;
use crate::validate::{Findings, Rules};

/// A manifest to download and apply.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "KubeExternalManifestConfig", since = "1.14")]
pub struct KubeExternalManifestConfig {
    /// Name of the document.
    #[config(always)]
    pub name: String,
    /// HTTP headers.
    pub headers: BTreeMap<String, String>,
    /// URL.
    #[config(always)]
    pub url: Url,
}

impl Rules for KubeExternalManifestConfig {
    fn check(&self, found: &mut Findings) {
        check_name(&self.name, found);
        if self.url.is_zero() {
            found.missing("url", "where the manifest is, such as https://example.com/manifest.yaml");
        } else if !matches!(self.url.scheme(), "http" | "https") {
            found.error("url", "the URL must start with http:// or https://");
        }
    }
}

fn check_name(name: &str, found: &mut Findings) {
    if let Some(problem) = dns_subdomain_problem(name) {
        found.error("name", format!("a name of Kubernetes is needed here: {problem}"));
    }
}

/// A manifest to apply.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "KubeInlineManifestConfig", since = "1.14")]
pub struct KubeInlineManifestConfig {
    /// Name of the document.
    #[config(always)]
    pub name: String,
    /// YAML of the resources.
    #[config(always)]
    pub manifest: String,
}

impl Rules for KubeInlineManifestConfig {
    fn check(&self, found: &mut Findings) {
        check_name(&self.name, found);
    }
}

/// A static pod.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "KubeStaticPodConfig", since = "1.14")]
pub struct KubeStaticPodConfig {
    /// Name of the document.
    #[config(always)]
    pub name: String,
    /// The pod. A patch replaces it.
    #[config(always, replace)]
    pub pod: Unstructured,
}

impl Rules for KubeStaticPodConfig {
    fn check(&self, found: &mut Findings) {
        check_name(&self.name, found);
        if self.pod.is_empty() {
            found.missing("pod", "the pod as a Kubernetes manifest");
        }
    }
}
