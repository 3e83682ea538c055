//! Cluster membership documents.

mod discovery;

pub use discovery::{DiscoveryIdentityConfig, DiscoveryServiceConfig};
