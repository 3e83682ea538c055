//! Documents of the container runtime.

mod registry;
mod runtime;

pub use registry::{RegistryAuthConfig, RegistryEndpoint, RegistryMirrorConfig, RegistryTlsConfig};
pub use runtime::{
    CriBaseRuntimeSpecConfig, CriCustomizationConfig, ImageCacheConfig, LocalImageCacheConfig,
};
