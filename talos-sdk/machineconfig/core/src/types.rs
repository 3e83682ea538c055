//! Every document kind as a plain struct, in a module for each area, and the types of their fields.
//!
//! Fields stand in the order in which they are written; what is zero (`None`, empty, `0`) is mostly left out. The
//! exact rules are Go's, see the table in `core/src/model.rs` of this crate's source.

mod args;
pub mod block;
pub mod cluster;
pub mod container;
pub mod cri;
mod duration;
mod expression;
mod given;
mod hardware_addr;
pub mod k8s;
mod list;
mod net;
pub mod network;
mod pem;
pub mod runtime;
mod secret;
pub mod security;
mod size;
pub mod storage;
mod unstructured;
mod url;
pub mod v1alpha1;
mod volume_size;

pub use args::{ArgValue, Args};
pub use duration::Duration;
pub use expression::Expression;
pub use given::Given;
pub use hardware_addr::HardwareAddr;
pub use list::{List, ReplaceList};
pub use net::{Addr, AddrPort, Prefix};
pub use pem::{Base64Bytes, Certificate, CertificateAndKey, Key, PemPair, SecretBase64};
pub use secret::Secret;
pub use size::{DiskSize, DiskSizeMatcher, FileMode};
pub use unstructured::Unstructured;
pub use url::Url;
pub use volume_size::{ByteSize, VolumeSize};
