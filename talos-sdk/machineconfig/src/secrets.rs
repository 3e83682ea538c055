//! Secrets of a cluster.

mod bundle;
mod file;
mod token;

pub use bundle::{
    CertificateAndKey, Certificates, ClusterSecrets, Key, KubernetesSecrets, SecretsBundle, TrustdInfo,
};
