//! The Talos client configuration file (`talosconfig`): find, read, edit, merge, write.
//!
//! | to do | use |
//! |---|---|
//! | read the file `talosctl` would read | [`TalosConfig::find`] |
//! | read a file or text | [`TalosConfig::load`], [`TalosConfig::from_yaml`] |
//! | say whose it is and until when | [`TalosConfig::info`] |
//! | choose a context | [`TalosConfig::current`], [`TalosConfig::matching`] |
//! | write, for the owner's eyes only | [`TalosConfig::save`] |
//! | bring two files together | [`TalosConfig::merge`] |
//! | make a context for a new cluster | [`Context::new`], [`Context::with_identity`] |
//! | know where files are looked for | [`Paths`] |
//!
//! What is written has the bytes that `talosctl` writes. Reading never creates a file, and keys this crate does not
//! know are ignored, as `talosctl` ignores them.
//!
//! ```
//! use talosconfig::TalosConfig;
//!
//! # fn main() -> Result<(), talosconfig::Error> {
//! let config = TalosConfig::from_yaml("context: lab\ncontexts:\n  lab:\n    endpoints: [10.0.0.2]\n")?;
//! assert_eq!(config.current(None)?.endpoints, ["10.0.0.2"]);
//! # Ok(())
//! # }
//! ```

mod config;
mod context;
mod error;
mod file;
mod info;
mod paths;

pub use config::{Rename, TalosConfig};
pub use context::{Auth, BasicAuth, Context, Pem, SideroV1Auth};
pub use error::{Error, ErrorKind, Result};
pub use info::Info;
pub use paths::Paths;
