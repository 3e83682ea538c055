//! Configurations for the machines of a new cluster.

use talos_pki::Clock;

use crate::config::Config;
use crate::error::{Error, ErrorKind, Result};
use crate::options::GenerateOptions;
use crate::secrets::SecretsBundle;

/// What [`generate`] gives.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Generated {
    /// For control planes.
    pub control_plane: Config,
    /// For workers.
    pub worker: Config,
}

/// Generates what `talosctl gen config` does with comments off, byte for byte for one bundle.
///
/// # Errors
///
/// [`ErrorKind::InvalidOption`] for an endpoint or a version that can't be used, [`ErrorKind::InvalidSecrets`] for a
/// bundle that lacks something, and what [`Config::patch`] returns for the patches.
pub fn generate(secrets: &SecretsBundle, options: &GenerateOptions, clock: &dyn Clock) -> Result<Generated> {
    let _ = (secrets, options, clock);
    Err(Error::new(ErrorKind::Unsupported, "generation is not offered yet"))
}
