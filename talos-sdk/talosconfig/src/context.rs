//! One cluster in a configuration: where it is and who is asking.

use std::fmt;

use talos_pki::{Certificate, Identity, SecretString};

use crate::{Error, ErrorKind, Result};

/// A cluster: its endpoints, the nodes meant by default, and the credentials.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Context {
    /// Where the API is reached: addresses, names, with or without port, or URLs. Usually the control plane.
    pub endpoints: Vec<String>,
    /// The nodes a command is for when it names none.
    pub nodes: Vec<String>,
    /// Certificates of the authorities that servers are checked against. Without them, those of the system.
    pub ca: Option<Pem>,
    /// The client's certificate.
    pub crt: Option<Pem>,
    /// The client's private key, as PEM.
    pub key: Option<SecretString>,
    /// Authentication beside certificates.
    pub auth: Auth,
    /// The cluster's name, for a proxy that serves several.
    pub cluster: Option<String>,
    /// The proxy to go through instead of the one of the environment; `direct` for none (Talos 1.14 and later).
    pub proxy_url: Option<String>,
}

/// Authentication beside certificates.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Auth {
    /// Name and password, sent with every call.
    pub basic: Option<BasicAuth>,
    /// Signed requests, as Omni takes them.
    pub siderov1: Option<SideroV1Auth>,
}

/// Name and password.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BasicAuth {
    /// The user's name.
    pub username: String,
    /// The user's password.
    pub password: SecretString,
}

/// Who signs requests.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SideroV1Auth {
    /// Name of the key's owner, usually an e-mail address.
    pub identity: String,
}

/// PEM text that is no secret. The file holds it in base64.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Pem(String);

impl Pem {
    /// Wraps `text`, which is not checked.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for Pem {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Pem {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl AsRef<str> for Pem {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Pem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Shows the length only: a key may stand here by mistake.
impl fmt::Debug for Pem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pem({} bytes)", self.0.len())
    }
}

impl Context {
    /// A context with these endpoints and no credentials.
    pub fn new<S: Into<String>>(endpoints: impl IntoIterator<Item = S>) -> Self {
        Self { endpoints: endpoints.into_iter().map(Into::into).collect(), ..Self::default() }
    }

    /// With these default nodes.
    #[must_use]
    pub fn with_nodes<S: Into<String>>(mut self, nodes: impl IntoIterator<Item = S>) -> Self {
        self.nodes = nodes.into_iter().map(Into::into).collect();
        self
    }

    /// With the authority that servers are checked against.
    #[must_use]
    pub fn with_ca(mut self, ca: &Certificate) -> Self {
        self.ca = Some(ca.to_pem().into());
        self
    }

    /// With the authority that servers are checked against and the client's certificate and key.
    #[must_use]
    pub fn with_identity(self, ca: &Certificate, identity: &Identity) -> Self {
        let mut context = self.with_ca(ca);
        context.crt = Some(identity.certificates_to_pem().into());
        context.key = Some(identity.key_to_pem());
        context
    }

    /// With the cluster's name, for a proxy that serves several.
    #[must_use]
    pub fn with_cluster(mut self, cluster: impl Into<String>) -> Self {
        self.cluster = Some(cluster.into());
        self
    }

    /// With a proxy.
    #[must_use]
    pub fn with_proxy_url(mut self, url: impl Into<String>) -> Self {
        self.proxy_url = Some(url.into());
        self
    }

    /// The authorities that servers are checked against; several while an authority is being replaced. None where the
    /// context has no `ca`.
    ///
    /// Fails with [`ErrorKind::Invalid`] where `ca` is set and holds no certificate.
    pub fn authorities(&self) -> Result<Vec<Certificate>> {
        let Some(ca) = &self.ca else { return Ok(Vec::new()) };
        let authorities = Certificate::parse_bundle(ca.as_str()).map_err(|error| {
            Error::new(ErrorKind::Invalid, "ca of the context cannot be read").with_source(error)
        })?;
        if authorities.is_empty() {
            return Err(Error::new(ErrorKind::Invalid, "ca of the context holds no certificate"));
        }
        Ok(authorities)
    }

    /// The client's certificate, where the context has one. Its key is not looked at.
    ///
    /// Fails with [`ErrorKind::Invalid`] where `crt` is no certificate.
    pub fn certificate(&self) -> Result<Option<Certificate>> {
        let Some(crt) = &self.crt else { return Ok(None) };
        Certificate::from_pem(crt.as_str()).map(Some).map_err(|error| {
            Error::new(ErrorKind::Invalid, format!("crt of the context cannot be read: {error}"))
                .with_source(error)
        })
    }

    /// The client's certificate and key, where the context has them.
    ///
    /// Fails with [`ErrorKind::Invalid`] where only one of them is set, one cannot be read, or they do not belong
    /// together.
    pub fn identity(&self) -> Result<Option<Identity>> {
        match (&self.crt, &self.key) {
            (None, None) => Ok(None),
            (Some(crt), Some(key)) => {
                Identity::from_pem(crt.as_str(), key.expose()).map(Some).map_err(|error| {
                    let message = format!("crt and key of the context cannot be used: {error}");
                    Error::new(ErrorKind::Invalid, message).with_source(error)
                })
            }
            (Some(_), None) => Err(Error::new(ErrorKind::Invalid, "the context has a crt but no key")),
            (None, Some(_)) => Err(Error::new(ErrorKind::Invalid, "the context has a key but no crt")),
        }
    }
}
