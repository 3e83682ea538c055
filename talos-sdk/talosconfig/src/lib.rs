//! The Talos client configuration file (`talosconfig`): find, read, edit, merge, write.

mod config;
mod context;
mod error;
mod paths;

pub use config::{Rename, TalosConfig};
pub use context::{Auth, BasicAuth, Context, Pem, SideroV1Auth};
pub use error::{Error, ErrorKind, Result};
pub use paths::Paths;
