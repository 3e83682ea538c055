//! Talos secrets and machine configuration: generate, patch, read. No network, no files, no runtime.
//!
//! | to do | use |
//! |---|---|
//! | make or load the secrets of a cluster | [`SecretsBundle`] |
//! | take them from a configuration or from kubeadm | [`SecretsBundle::from_config`], [`SecretsBundle::from_kubernetes_pki`] |
//! | make a kubeconfig without the cluster | [`SecretsBundle::kubeconfig`] |
//! | generate configurations and a talosconfig | [`generate()`] with [`GenerateOptions`] |
//! | suit an older Talos release | [`Contract`] |
//! | read and write configurations | [`Config`] |
//! | patch them | [`Patch`], [`Config::patch`], [`patch_text`] |
//! | see what a patch would do | [`Patch::check`] |
//! | see whether a machine would take one | [`Config::validate`] |
//! | look into one | [`Config::documents`], [`Config::documents_of`], [`types`], [`Config::machine_type`] and its neighbours |
//! | change one in code | [`Config::document_mut`], [`Config::insert`], [`Config::remove`] |
//! | compare two | [`Config::diff`] |
//! | show one to others | [`Config::redacted`] |
//! | do what a command of talosctl does | [`from_talosctl`] |
//! | check an expression of a selector | [`Expression::check`](types::Expression::check) |
//!
//! ```
//! use talos_machineconfig::{Contract, GenerateOptions, Patch, SecretsBundle, generate};
//! use talos_pki::SystemClock;
//!
//! let secrets = SecretsBundle::generate(Contract::V1_6, &SystemClock)?;
//! let options = GenerateOptions::new("lab", "https://10.0.0.1:6443")
//!     .with_contract(Contract::V1_6)
//!     .with_patches([Patch::parse("cluster:\n  network:\n    cni:\n      name: none\n")?]);
//! let generated = generate(&secrets, &options, &SystemClock)?;
//! assert_eq!(generated.control_plane.cni_name(), "none");
//! let user_data = generated.worker.to_yaml()?;
//! assert!(user_data.expose().contains("type: worker"));
//! # Ok::<(), talos_machineconfig::Error>(())
//! ```

#[doc = include_str!("../docs/from-talosctl.md")]
pub mod from_talosctl {}
mod generate;
mod options;
mod secrets;
mod validate;

pub use generate::{Generated, generate, generate_config};
pub use options::{Cni, DEFAULT_INSTALL_IMAGE, GenerateOptions};
pub use secrets::{
    CertificateAndKey, Certificates, ClusterSecrets, Key, KubeconfigOptions, KubernetesPki,
    KubernetesSecrets, SecretsBundle, TrustdInfo,
};
#[cfg(feature = "schema")]
#[doc(inline)]
pub use talos_machineconfig_core::json_schema;
#[doc(inline)]
pub use talos_machineconfig_core::{
    Change, ChangeKind, Config, Contract, Diff, Document, DocumentKind, Error, ErrorKind, Finding,
    KubernetesRange, MachineType, Mode, Patch, PatchAction, PatchChange, PatchWarning, Patched, PatchedText,
    Path, Report, Result, Severity, Step, cel, patch_text, types,
};
pub use validate::ValidateOptions;
