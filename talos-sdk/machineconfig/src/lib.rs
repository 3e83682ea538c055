//! Talos secrets and machine configuration: generate, patch, read. No network, no files, no runtime.
//!
//! | to do | use |
//! |---|---|
//! | make or load the secrets of a cluster | [`SecretsBundle`] |
//! | generate configurations and a talosconfig | [`generate()`] with [`GenerateOptions`] |
//! | suit an older Talos release | [`Contract`] |
//! | read and write configurations | [`Config`] |
//! | patch them | [`Patch`], [`Config::patch`] |

mod accessors;
mod config;
mod contract;
mod document;
mod error;
mod generate;
mod load;
mod machine_type;
mod model;
mod options;
mod patch;
mod secrets;
pub mod types;

pub use config::Config;
pub use contract::Contract;
pub use document::Document;
pub use error::{Error, ErrorKind, Result};
pub use generate::{Generated, generate};
pub use machine_type::MachineType;
pub use options::{Cni, DEFAULT_INSTALL_IMAGE, GenerateOptions};
pub use patch::Patch;
pub use secrets::{
    CertificateAndKey, Certificates, ClusterSecrets, Key, KubernetesSecrets, SecretsBundle, TrustdInfo,
};
