//! The part of `talos-machineconfig` that needs no cryptography: documents, reading, patching, validating, comparing.
//!
//! It is a crate of its own so that it builds while the C code of the cryptography does. Depend on
//! [`talos-machineconfig`](../talos_machineconfig/index.html), which has all of it under the same names, not on this.

mod accessors;
pub mod cel;
mod config;
mod contract;
mod diff;
mod document;
mod error;
mod kubernetes_range;
mod load;
mod machine_type;
mod mode;
mod model;
mod patch;
mod path;
mod redact;
#[cfg(feature = "schema")]
mod schema;
pub mod types;
mod validate;

pub use config::Config;
pub use contract::Contract;
pub use diff::{Change, ChangeKind, Diff};
pub use document::{Document, DocumentKind};
pub use error::{Error, ErrorKind, Result};
pub use kubernetes_range::KubernetesRange;
pub use machine_type::MachineType;
pub use mode::Mode;
pub use patch::{Patch, PatchAction, PatchChange, PatchWarning, Patched, PatchedText, patch_text};
pub use path::{Path, Step};
#[cfg(feature = "schema")]
pub use schema::json_schema;
pub use validate::{Finding, Report, Severity, Validation};
