//! The container runtime.

use talos_machineconfig_derive::Fields;

use crate::types::{Unstructured, v1alpha1};
use crate::validate::kubernetes::qualified_name_problem;
use crate::validate::runtime_spec::check_runtime_spec;
use crate::validate::{Findings, Rules};

/// The name that Talos gives to what older releases have as a file.
const RESERVED_NAME: &str = "customization";

/// Changes to the OCI runtime specification of every container.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "CRIBaseRuntimeSpecConfig", since = "1.14")]
pub struct CriBaseRuntimeSpecConfig {
    /// The changes. A patch replaces them.
    #[config(replace)]
    pub overrides: Unstructured,
}

impl Rules for CriBaseRuntimeSpecConfig {
    fn check(&self, found: &mut Findings) {
        check_runtime_spec("overrides", &self.overrides, found);
    }

    fn check_sections(&self, sections: &v1alpha1::Config, found: &mut Findings) {
        let machine = sections.machine.as_ref();
        let is_set = machine.is_some_and(|machine| !machine.base_runtime_spec_overrides.is_empty());
        found.exclude("machine.baseRuntimeSpecOverrides", is_set);
    }
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

impl Rules for CriCustomizationConfig {
    fn check(&self, found: &mut Findings) {
        if let Some(problem) = qualified_name_problem(&self.name) {
            found.error("name", problem);
        }
        if self.name == RESERVED_NAME {
            found.error("name", "Talos uses this name itself: choose another");
        }
    }
}

/// The image cache.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "ImageCacheConfig", since = "1.14")]
pub struct ImageCacheConfig {
    /// The local image cache.
    #[config(always)]
    pub local: LocalImageCacheConfig,
}

impl Rules for ImageCacheConfig {
    fn check_sections(&self, sections: &v1alpha1::Config, found: &mut Findings) {
        let features = sections.machine.as_ref().and_then(|machine| machine.features.as_ref());
        let is_set = features.is_some_and(|features| features.image_cache.is_some());
        found.exclude("machine.features.imageCache", is_set);
    }
}

/// The local image cache.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct LocalImageCacheConfig {
    /// Whether it is on.
    pub enabled: Option<bool>,
}
