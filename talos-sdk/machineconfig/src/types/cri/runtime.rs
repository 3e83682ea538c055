//! The container runtime.

use talos_machineconfig_derive::Fields;

use crate::types::Unstructured;

/// Changes to the OCI runtime specification of every container.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "CRIBaseRuntimeSpecConfig", since = "1.14")]
pub struct CriBaseRuntimeSpecConfig {
    /// The changes. A patch replaces them.
    #[config(replace)]
    pub overrides: Unstructured,
}

/// A piece of configuration of the container runtime.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "CRICustomizationConfig", since = "1.14")]
pub struct CriCustomizationConfig {
    /// Name of the document.
    #[config(always)]
    pub name: String,
    /// TOML.
    #[config(always)]
    pub content: String,
}

/// The image cache.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "ImageCacheConfig", since = "1.14")]
pub struct ImageCacheConfig {
    /// The local image cache.
    #[config(always)]
    pub local: LocalImageCacheConfig,
}

/// The local image cache.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct LocalImageCacheConfig {
    /// Whether it is on.
    pub enabled: Option<bool>,
}
