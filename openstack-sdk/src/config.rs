//! Which cloud, as whom, and how to trust it: `clouds.yaml`, `secure.yaml` and the `OS_*` variables.

mod credentials;
mod environment;
mod file;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use reqwest::Url;
use serde_json::{Map, Value};

pub use self::credentials::{Auth, Credential, Domain, Project, Scope, User};
pub use self::environment::Environment;
use crate::error::{Error, Result};
use crate::service::ServiceType;

/// Everything needed to connect to one cloud.
///
/// Read from `clouds.yaml` with [`load`](CloudConfig::load), from the environment with
/// [`from_env`](CloudConfig::from_env), or made with [`new`](CloudConfig::new).
#[derive(Clone)]
pub struct CloudConfig {
    pub(crate) name: Option<String>,
    pub(crate) auth_url: Url,
    pub(crate) auth: Auth,
    pub(crate) region: Option<String>,
    pub(crate) interface: Interface,
    pub(crate) trust: Trust,
    pub(crate) endpoints: BTreeMap<String, Url>,
    pub(crate) extra: Map<String, Value>,
}

/// Which of a service's endpoints to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Interface {
    /// The endpoint for everybody.
    #[default]
    Public,
    /// The endpoint for the cloud's own network.
    Internal,
    /// The endpoint for the cloud's operators.
    Admin,
}

impl Interface {
    /// The name as catalogs write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Interface::Public => "public",
            Interface::Internal => "internal",
            Interface::Admin => "admin",
        }
    }

    fn parse(text: &str) -> Option<Interface> {
        match text.trim_end_matches("URL") {
            "public" => Some(Interface::Public),
            "internal" => Some(Interface::Internal),
            "admin" => Some(Interface::Admin),
            _ => None,
        }
    }
}

/// How the cloud's certificates are checked.
#[derive(Debug, Clone, Default)]
pub(crate) struct Trust {
    /// PEM file of the only authorities to trust; the system's when absent.
    pub(crate) authorities: Option<PathBuf>,
    /// PEM files of the client's certificate and its key.
    pub(crate) identity: Option<(PathBuf, PathBuf)>,
    /// The file says `verify: false`.
    pub(crate) file_wants_no_check: bool,
    /// The program said so too.
    pub(crate) skip_check: bool,
}

impl CloudConfig {
    /// A cloud by its Keystone address and credentials, with the default region and public endpoints.
    ///
    /// # Errors
    /// When the address is no `http` or `https` URL.
    pub fn new(auth_url: &str, auth: Auth) -> Result<CloudConfig> {
        Ok(CloudConfig {
            name: None,
            auth_url: parse_url(auth_url, "the Keystone address")?,
            auth,
            region: None,
            interface: Interface::Public,
            trust: Trust::default(),
            endpoints: BTreeMap::new(),
            extra: Map::new(),
        })
    }

    /// The cloud of that name from the first `clouds.yaml` found: the file that `OS_CLIENT_CONFIG_FILE` names,
    /// then the current folder, `~/.config/openstack` and `/etc/openstack`. `secure.yaml` of the same places
    /// is merged over it.
    ///
    /// # Errors
    /// Names the file, the cloud and the key that is wrong.
    pub fn load(name: &str) -> Result<CloudConfig> {
        Environment::of_process().load(name)
    }

    /// What the environment says: the cloud that `OS_CLOUD` names, else the `OS_*` variables when there is an
    /// `OS_AUTH_URL`, else the only cloud of `clouds.yaml`.
    ///
    /// # Errors
    /// Names the variable, or the file, the cloud and the key that is wrong.
    pub fn from_env() -> Result<CloudConfig> {
        Environment::of_process().select()
    }

    /// A cloud of a `clouds.yaml` that is in memory. Paths in it are relative to the current folder.
    ///
    /// # Errors
    /// Names the cloud and the key that is wrong.
    pub fn from_yaml(text: &str, name: &str) -> Result<CloudConfig> {
        file::CloudsFile::parse(text, Path::new("clouds.yaml"))?.cloud(name)
    }

    /// A cloud of this `clouds.yaml`, and of the `secure.yaml` beside it if there is one.
    ///
    /// # Errors
    /// Names the file, the cloud and the key that is wrong.
    pub fn from_file(path: &Path, name: &str) -> Result<CloudConfig> {
        file::CloudsFile::read_with_secure(path, &path.with_file_name("secure.yaml"))?.cloud(name)
    }

    /// The same cloud as somebody else.
    pub fn with_auth(mut self, auth: Auth) -> CloudConfig {
        self.auth = auth;
        self
    }

    /// The same cloud in another region.
    pub fn with_region(mut self, region: impl Into<String>) -> CloudConfig {
        self.region = Some(region.into());
        self
    }

    /// The same cloud through other endpoints of its catalog.
    pub fn with_interface(mut self, interface: Interface) -> CloudConfig {
        self.interface = interface;
        self
    }

    /// Trusts only the authorities of this PEM file.
    pub fn with_authorities(mut self, path: impl Into<PathBuf>) -> CloudConfig {
        self.trust.authorities = Some(path.into());
        self
    }

    /// Uses this address for a service instead of the catalog's.
    ///
    /// # Errors
    /// When the address is no `http` or `https` URL.
    pub fn with_endpoint(mut self, service: &ServiceType, url: &str) -> Result<CloudConfig> {
        let url = parse_url(url, &format!("the endpoint of {service}"))?;
        self.endpoints.insert(service.as_str().to_owned(), url);
        Ok(self)
    }

    /// The cloud's name in `clouds.yaml`.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Keystone's address as configured.
    pub fn auth_url(&self) -> &str {
        self.auth_url.as_str()
    }

    /// The region whose endpoints are used; the catalog's first when absent.
    pub fn region(&self) -> Option<&str> {
        self.region.as_deref()
    }

    /// Which endpoints are used.
    pub fn interface(&self) -> Interface {
        self.interface
    }

    /// The credentials.
    pub fn auth(&self) -> &Auth {
        &self.auth
    }

    /// A top-level key of the cloud that this crate does not know.
    pub fn extra(&self, key: &str) -> Option<&Value> {
        self.extra.get(key)
    }

    /// The address configured in place of the catalog's, under any name of the service.
    pub(crate) fn endpoint_override(&self, service: &ServiceType) -> Option<&Url> {
        service.names().find_map(|name| self.endpoints.get(name))
    }

    /// How errors call the cloud.
    pub(crate) fn label(&self) -> String {
        match &self.name {
            Some(name) => format!("cloud `{name}`"),
            None => format!("the cloud at {}", self.auth_url),
        }
    }
}

impl fmt::Debug for CloudConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Unknown keys may hold anything, secrets included, so only their names are shown.
        f.debug_struct("CloudConfig")
            .field("name", &self.name)
            .field("auth_url", &self.auth_url.as_str())
            .field("auth", &self.auth)
            .field("region", &self.region)
            .field("interface", &self.interface)
            .field("trust", &self.trust)
            .field("endpoints", &self.endpoints.keys().collect::<Vec<_>>())
            .field("extra", &self.extra.keys().collect::<Vec<_>>())
            .finish()
    }
}

/// An `http` or `https` URL without user name and password in it.
pub(crate) fn parse_url(text: &str, what: &str) -> Result<Url> {
    let url = Url::parse(text.trim()).map_err(|error| {
        Error::config(format!("{what} is not a URL, write it like https://keystone.example.org:5000/v3"))
            .with_source(error)
    })?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(Error::config(format!("{what} has to begin with https:// or http://")));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Error::config(format!("{what} must not hold a user name or password")));
    }
    Ok(url)
}
