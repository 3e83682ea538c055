//! Image registries.

use talos_machineconfig_derive::Fields;
use talos_secret::pem;

use crate::types::{PemPair, Secret, Url};
use crate::validate::pem::check_certificates;
use crate::validate::{Findings, Rules};

const NAME: &str = "the host of the registry, with port if it has one";

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

impl Rules for RegistryMirrorConfig {
    fn check(&self, found: &mut Findings) {
        found.require("name", &self.name, NAME);
        found.each("endpoints", &self.endpoints, |endpoint, found| {
            if !matches!(endpoint.url.scheme(), "http" | "https") {
                found.error("url", "write the URL of a mirror, which starts with https:// or http://");
            }
        });
    }
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

impl Rules for RegistryTlsConfig {
    fn check(&self, found: &mut Findings) {
        found.require("name", &self.name, NAME);
        if !self.ca.is_empty() && !has_certificate(&self.ca, found) {
            found
                .error("ca", "there is no certificate in it: write PEM, from -----BEGIN CERTIFICATE----- on");
        }
        let Some(identity) = &self.client_identity else { return };
        found.within("clientIdentity", |found| {
            if identity.cert.is_empty() {
                found.missing("cert", "the PEM of the client certificate");
            } else {
                check_certificates("cert", &identity.cert, found);
            }
            if identity.key.is_empty() {
                found.missing("key", "the PEM of the client certificate's key");
            } else if pem::parse(identity.key.expose()).is_empty() {
                found.error("key", "no PEM: write the text from -----BEGIN … PRIVATE KEY----- on");
            }
        });
    }
}

/// Whether one certificate at least can be read. As Go does, those with headers are passed over.
fn has_certificate(text: &str, found: &Findings) -> bool {
    let mut blocks =
        pem::parse(text).into_iter().filter(|block| block.label == pem::CERTIFICATE && !block.has_headers);
    blocks.any(|block| found.options().certificate_problem(block.content.expose()).is_none())
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

impl Rules for RegistryAuthConfig {
    fn check(&self, found: &mut Findings) {
        found.require("name", &self.name, NAME);
        let ways = [
            ("username", !self.username.is_empty()),
            ("auth", !self.auth.is_empty()),
            ("identityToken", !self.identity_token.is_empty()),
        ];
        let mut given = ways.iter().filter(|(_, is_given)| *is_given);
        if let (Some((first, _)), Some((second, _))) = (given.next(), given.next()) {
            found.error(second, format!("{first} is set too: leave one way to log in"));
        }
    }
}
