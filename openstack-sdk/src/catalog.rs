//! The service catalog of a token, and the versioned address of a service in it.

use reqwest::Url;
use serde::Deserialize;

use crate::config::{CloudConfig, parse_url};
use crate::error::{Error, ErrorKind, Result};
use crate::service::ServiceType;

/// The catalog that came with a token.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(transparent)]
pub struct Catalog {
    services: Vec<CatalogService>,
}

/// One service of a catalog.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct CatalogService {
    /// The type under which it is registered.
    #[serde(rename = "type")]
    pub service_type: String,
    /// Its name, such as `nova`.
    #[serde(default)]
    pub name: String,
    /// Its addresses.
    #[serde(default)]
    pub endpoints: Vec<CatalogEndpoint>,
}

/// One address of a service.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct CatalogEndpoint {
    /// `public`, `internal` or `admin`.
    pub interface: String,
    /// The region's name; newer Keystones call it the id and send both.
    #[serde(default)]
    pub region: Option<String>,
    /// The region's id.
    #[serde(default)]
    pub region_id: Option<String>,
    /// The address.
    pub url: String,
}

impl Catalog {
    /// The services.
    pub fn services(&self) -> &[CatalogService] {
        &self.services
    }

    /// The address of a service for this configuration, as the catalog has it.
    pub(crate) fn endpoint(&self, config: &CloudConfig, service: &ServiceType) -> Result<Url> {
        if let Some(url) = config.endpoint_override(service) {
            return Ok(url.clone());
        }
        let interface = config.interface.as_str();
        let found = service.names().find_map(|name| {
            self.services
                .iter()
                .filter(|entry| entry.service_type == name)
                .flat_map(|entry| &entry.endpoints)
                .filter(|entry| entry.interface.trim_end_matches("URL") == interface)
                .find(|entry| {
                    config.region.is_none()
                        || config.region == entry.region
                        || config.region == entry.region_id
                })
        });
        match found {
            Some(entry) => parse_url(&entry.url, &format!("the catalog's endpoint of {service}")),
            None => {
                let region = config.region.as_deref().map(|name| format!(" in region {name}"));
                Err(Error::new(
                    ErrorKind::Unsupported,
                    format!(
                        "{} has no {interface} endpoint of {service}{}; check region_name and interface, or set {}_endpoint_override",
                        config.label(),
                        region.unwrap_or_default(),
                        service.as_str().replace('-', "_"),
                    ),
                ))
            }
        }
    }
}

/// Adds the version to an address whose path has none.
pub(crate) fn versioned(mut url: Url, service: &ServiceType) -> Url {
    let version = match service.as_str() {
        "identity" => "v3",
        "image" => "v2",
        "compute" => "v2.1",
        "network" => "v2.0",
        _ => return url,
    };
    let path = url.path().trim_end_matches('/').to_owned();
    let segments: Vec<_> = path.split('/').filter(|part| !part.is_empty()).collect();
    let is_version = |part: &&str| {
        let rest = part.strip_prefix('v').unwrap_or_default();
        rest.starts_with(|c: char| c.is_ascii_digit()) && rest.chars().all(|c| c.is_ascii_digit() || c == '.')
    };
    let path = match segments.iter().position(is_version) {
        // Keystone's only living version is 3, whatever an old catalog says.
        Some(at) if version == "v3" && segments.get(at) != Some(&"v3") => {
            let kept = segments.get(..at).unwrap_or_default();
            format!("/{}", [kept, &["v3"]].concat().join("/"))
        }
        Some(_) => path,
        None => format!("{path}/{version}"),
    };
    url.set_path(&path);
    url
}

/// The address of the version document that belongs to a versioned endpoint: the path up to the version.
pub(crate) fn version_document(endpoint: &Url) -> Url {
    let mut url = endpoint.clone();
    let path = endpoint.path();
    if let Some(at) = path.find("/v2") {
        let end = path.get(at + 1..).and_then(|rest| rest.find('/')).map_or(path.len(), |next| at + 1 + next);
        // `/v2` is the frozen API without microversions; the same server has them under `/v2.1`.
        let before = path.get(..at).unwrap_or_default();
        let version = path.get(at..end).filter(|version| *version != "/v2").unwrap_or("/v2.1");
        url.set_path(&format!("{before}{version}/"));
    }
    url.set_query(None);
    url
}

/// The address of a path below an endpoint.
pub(crate) fn join(endpoint: &Url, path: &str) -> Url {
    let mut url = endpoint.clone();
    url.set_path(&format!("{}/{path}", endpoint.path().trim_end_matches('/')));
    url
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use reqwest::Url;

    use super::{Catalog, version_document, versioned};
    use crate::{Auth, CloudConfig, ErrorKind, Interface, ServiceType};

    fn with_version(service: &ServiceType, url: &str) -> String {
        versioned(Url::parse(url).unwrap(), service).to_string()
    }

    #[test]
    fn an_address_gets_the_version_it_lacks() {
        let (identity, image) = (ServiceType::IDENTITY, ServiceType::IMAGE);
        assert_eq!(with_version(&identity, "https://k:5000"), "https://k:5000/v3");
        assert_eq!(with_version(&identity, "https://k/identity/"), "https://k/identity/v3");
        assert_eq!(with_version(&identity, "https://k/identity/v3/"), "https://k/identity/v3");
        assert_eq!(with_version(&identity, "https://k/v2.0"), "https://k/v3");
        assert_eq!(with_version(&image, "https://g/image"), "https://g/image/v2");
        assert_eq!(with_version(&image, "https://g/v2/"), "https://g/v2");
        assert_eq!(with_version(&ServiceType::NETWORK, "http://n:9696/"), "http://n:9696/v2.0");
        assert_eq!(with_version(&ServiceType::COMPUTE, "http://n/v2/0af"), "http://n/v2/0af");
        assert_eq!(with_version(&ServiceType::new("dns"), "http://n/"), "http://n/");
    }

    #[test]
    fn the_version_document_is_beside_the_version() {
        let document = |url: &str| version_document(&Url::parse(url).unwrap()).to_string();
        assert_eq!(document("http://n:8774/v2.1"), "http://n:8774/v2.1/");
        assert_eq!(document("http://n/compute/v2.1/0af2"), "http://n/compute/v2.1/");
        assert_eq!(document("http://n/v2/0af2"), "http://n/v2.1/");
    }

    #[test]
    fn endpoints_go_by_type_region_and_interface() {
        let catalog: Catalog = serde_json::from_str(
            r#"[{"type": "volumev3", "name": "cinder", "id": "x", "endpoints": [
                    {"interface": "public", "region": "A", "region_id": "A", "url": "http://a/"},
                    {"interface": "public", "region_id": "B", "url": "http://b/"},
                    {"interface": "internal", "region": "B", "url": "http://bi/"}]}]"#,
        )
        .unwrap();
        let config = CloudConfig::new("http://k", Auth::token("t")).unwrap();
        let storage = ServiceType::new("block-storage");
        let url = |config: &CloudConfig| catalog.endpoint(config, &storage).map(|url| url.to_string());
        assert_eq!(url(&config).unwrap(), "http://a/");
        let config = config.with_region("B");
        assert_eq!(url(&config).unwrap(), "http://b/");
        assert_eq!(url(&config.clone().with_interface(Interface::Internal)).unwrap(), "http://bi/");
        let error = url(&config.clone().with_region("C")).unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Unsupported);
        let config = config.with_endpoint(&ServiceType::new("volumev3"), "http://o/").unwrap();
        assert_eq!(url(&config).unwrap(), "http://o/");
    }
}
