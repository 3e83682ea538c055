//! Image registries, as releases up to 1.11 know them.

use std::collections::BTreeMap;

use talos_machineconfig_derive::Fields;

use crate::types::{Base64Bytes, CertificateAndKey, Secret};

/// Image registries.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct RegistriesConfig {
    /// Mirrors by registry host.
    pub mirrors: BTreeMap<String, Option<RegistryMirrorConfig>>,
    /// Access by registry host.
    pub config: BTreeMap<String, Option<RegistryConfig>>,
}

/// Mirrors of a registry.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct RegistryMirrorConfig {
    /// URLs of the mirrors, tried in order.
    #[config(always)]
    pub endpoints: Vec<String>,
    /// Whether the URLs hold the whole path.
    pub override_path: Option<bool>,
    /// Whether the registry itself is not tried.
    pub skip_fallback: Option<bool>,
}

/// Access to a registry.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct RegistryConfig {
    /// TLS.
    pub tls: Option<RegistryTlsConfig>,
    /// Credentials.
    pub auth: Option<RegistryAuthConfig>,
}

/// TLS of a registry.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct RegistryTlsConfig {
    /// Client certificate and key.
    pub client_identity: Option<CertificateAndKey>,
    /// Certificate authority, PEM.
    pub ca: Base64Bytes,
    /// True: the registry's certificate is not verified.
    pub insecure_skip_verify: Option<bool>,
}

/// Credentials of a registry.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct RegistryAuthConfig {
    /// User name.
    pub username: String,
    /// Password.
    pub password: Secret,
    /// User name and password in base64.
    pub auth: Secret,
    /// Identity token.
    pub identity_token: Secret,
}
