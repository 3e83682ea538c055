//! Certificate authorities that the machine trusts.

use talos_machineconfig_derive::Fields;

/// Certificate authorities that the machine trusts.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "TrustedRootsConfig", since = "1.8")]
pub struct TrustedRootsConfig {
    /// Name of the document.
    #[config(always)]
    pub name: String,
    /// PEM of the certificates.
    #[config(always)]
    pub certificates: String,
}
