//! Secrets of a cluster.

mod bundle;

pub use bundle::SecretsBundle;
