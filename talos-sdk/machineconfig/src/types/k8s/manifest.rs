//! Manifests and static pods.

use std::collections::BTreeMap;

use talos_machineconfig_derive::Fields;

use crate::types::{Unstructured, Url};

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
