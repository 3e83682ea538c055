//! Patches of machine configurations.

use crate::error::{Error, ErrorKind, Result};

/// A patch for a [`Config`](crate::Config): a piece of configuration that is merged in, which may also delete parts
/// (`$patch: delete`).
#[derive(Clone, Debug)]
pub struct Patch {}

impl Patch {
    /// Reads the text of a patch: one or more YAML documents. Reading `@file` arguments is the caller's job.
    ///
    /// # Errors
    ///
    /// What [`Config::from_yaml`](crate::Config::from_yaml) returns, with the line.
    pub fn parse(text: &str) -> Result<Self> {
        let _ = text;
        Err(Error::new(ErrorKind::Unsupported, "patches are not offered yet"))
    }
}
