//! Image registries.

use talos_machineconfig_derive::Fields;

use crate::types::{PemPair, Secret, Url};

/// Mirrors of a registry.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "RegistryMirrorConfig", since = "1.12")]
pub struct RegistryMirrorConfig {
    /// Host of the registry, with port if it has one; `*` for every registry.
    #[config(always)]
    pub name: String,
    /// The mirrors, tried in order.
    pub endpoints: Vec<RegistryEndpoint>,
    /// Whether the registry itself is not tried.
    pub skip_fallback: Option<bool>,
}

/// A mirror.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct RegistryEndpoint {
    /// Its URL.
    #[config(always)]
    pub url: Url,
    /// Whether the URL holds the whole path.
    pub override_path: Option<bool>,
}

/// TLS of a registry.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "RegistryTLSConfig", since = "1.12")]
pub struct RegistryTlsConfig {
    /// Host of the registry, with port if it has one.
    #[config(always)]
    pub name: String,
    /// Client certificate and key.
    pub client_identity: Option<PemPair>,
    /// Certificate authority, PEM.
    pub ca: String,
    /// True: the registry's certificate is not verified.
    pub insecure_skip_verify: Option<bool>,
}

/// Credentials of a registry.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "RegistryAuthConfig", since = "1.12")]
pub struct RegistryAuthConfig {
    /// Host of the registry, with port if it has one.
    #[config(always)]
    pub name: String,
    /// User name.
    pub username: String,
    /// Password.
    pub password: Secret,
    /// User name and password in base64.
    pub auth: Secret,
    /// Identity token.
    pub identity_token: Secret,
}
