//! Documents of the container runtime.

mod registry;

pub use registry::{RegistryAuthConfig, RegistryEndpoint, RegistryMirrorConfig, RegistryTlsConfig};
