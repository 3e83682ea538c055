//! Secrets of a cluster.

mod bundle;
mod file;
mod import;
mod kubeconfig;
mod token;
mod validate;

pub use bundle::{
    CertificateAndKey, Certificates, ClusterSecrets, Key, KubernetesSecrets, SecretsBundle, TrustdInfo,
};
pub use import::KubernetesPki;
pub use kubeconfig::KubeconfigOptions;
