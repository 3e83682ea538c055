//! Neutron: networks, subnets, routers, security groups, ports, floating addresses, tags, quotas.
//!
//! Defined by the Networking API v2.0.

mod filter;
mod floating_ip;
mod port;
mod quota;
mod router;
mod security_group;
mod topology;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

pub use self::filter::Filter;
pub use self::floating_ip::{FloatingIp, NewFloatingIp};
pub use self::port::{FixedIp, NewPort, Port, PortUpdate};
pub use self::quota::Quotas;
pub use self::router::Router;
pub use self::security_group::{Direction, NewRule, Rule, SecurityGroup};
pub use self::topology::{Network, NewNetwork, NewSubnet, Subnet};
use crate::cloud::Cloud;
use crate::error::{Error, ErrorKind, Result};
use crate::image::one_of;
use crate::request::{Request, segment};
use crate::service::ServiceType;

/// The calls of the Networking API v2.0. Made by [`Cloud::network`].
#[derive(Debug, Clone)]
pub struct NetworkClient {
    cloud: Cloud,
}

/// The kinds of things that carry tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Tagged {
    /// Networks.
    Networks,
    /// Subnets.
    Subnets,
    /// Routers.
    Routers,
    /// Ports.
    Ports,
    /// Security groups.
    SecurityGroups,
    /// Floating addresses.
    FloatingIps,
}

impl Tagged {
    /// The kind's place in paths.
    fn path(self) -> &'static str {
        match self {
            Tagged::Networks => "networks",
            Tagged::Subnets => "subnets",
            Tagged::Routers => "routers",
            Tagged::Ports => "ports",
            Tagged::SecurityGroups => "security-groups",
            Tagged::FloatingIps => "floatingips",
        }
    }
}

impl NetworkClient {
    pub(crate) fn new(cloud: Cloud) -> NetworkClient {
        NetworkClient { cloud }
    }

    async fn list<T: DeserializeOwned>(&self, path: &str, key: &str, filter: &Filter) -> Result<Vec<T>> {
        self.cloud.list(&filter.request(path), key).await
    }

    async fn show<T: DeserializeOwned>(&self, path: &str, id: &str, key: &str) -> Result<T> {
        let request = Request::get(ServiceType::NETWORK, format!("{path}/{}", segment(id)));
        self.cloud.fetch(&request, key).await
    }

    async fn create<T: DeserializeOwned>(&self, path: &str, key: &str, body: &impl Serialize) -> Result<T> {
        let request = Request::post(ServiceType::NETWORK, path).with_json(&json!({key: body}))?;
        self.cloud.fetch(&request, key).await
    }

    async fn update<T: DeserializeOwned>(&self, path: &str, id: &str, key: &str, body: &Value) -> Result<T> {
        let request = Request::put(ServiceType::NETWORK, format!("{path}/{}", segment(id)));
        self.cloud.fetch(&request.with_value(&json!({key: body})), key).await
    }

    async fn delete(&self, path: &str, id: &str) -> Result<()> {
        let request = Request::delete(ServiceType::NETWORK, format!("{path}/{}", segment(id)));
        self.cloud.send(&request).await.map(drop)
    }

    /// The one thing of that id or name.
    async fn find<T: DeserializeOwned>(
        &self,
        (path, key, list_key): (&str, &str, &str),
        id_or_name: &str,
    ) -> Result<T> {
        match self.show(path, id_or_name, key).await {
            // Some releases refuse a name in an id's place instead of not finding it.
            Err(error) if error.is_not_found() || *error.kind() == ErrorKind::BadRequest => {}
            outcome => return outcome,
        }
        let found = self.list(path, list_key, &Filter::new().with_name(id_or_name)).await?;
        one_of(&key.replace('_', " "), id_or_name, found)
    }

    /// The tags of a thing.
    ///
    /// # Errors
    /// When it does not exist.
    pub async fn tags(&self, kind: Tagged, id: &str) -> Result<Vec<String>> {
        let path = format!("{}/{}/tags", kind.path(), segment(id));
        self.cloud.fetch(&Request::get(ServiceType::NETWORK, path), "tags").await
    }

    /// Replaces the tags of a thing. Tags have at most 255 characters (60 before Bobcat).
    ///
    /// # Errors
    /// When it does not exist, or a tag is too long.
    pub async fn set_tags(&self, kind: Tagged, id: &str, tags: &[&str]) -> Result<()> {
        let path = format!("{}/{}/tags", kind.path(), segment(id));
        let request = Request::put(ServiceType::NETWORK, path).with_value(&json!({"tags": tags}));
        self.cloud.send(&request).await.map(drop)
    }

    /// Adds one tag to a thing.
    ///
    /// # Errors
    /// When it does not exist, or the tag is too long.
    pub async fn add_tag(&self, kind: Tagged, id: &str, tag: &str) -> Result<()> {
        let path = format!("{}/{}/tags/{}", kind.path(), segment(id), segment(tag));
        self.cloud.send(&Request::put(ServiceType::NETWORK, path)).await.map(drop)
    }

    /// Removes one tag from a thing.
    ///
    /// # Errors
    /// When the thing does not exist or does not carry the tag.
    pub async fn remove_tag(&self, kind: Tagged, id: &str, tag: &str) -> Result<()> {
        let path = format!("{}/{}/tags/{}", kind.path(), segment(id), segment(tag));
        self.cloud.send(&Request::delete(ServiceType::NETWORK, path)).await.map(drop)
    }

    /// The project's quotas in Neutron with what is used of them.
    ///
    /// # Errors
    /// When the token is for no project, or Neutron refuses.
    pub async fn quotas(&self) -> Result<Quotas> {
        let project = self.cloud.identity().project_id().await?;
        let path = format!("quotas/{}/details.json", segment(&project));
        self.cloud.fetch(&Request::get(ServiceType::NETWORK, path), "quota").await
    }
}

/// The one network that reaches outside.
fn only_external(found: Vec<Network>) -> Result<Network> {
    let names: Vec<_> = found.iter().map(|network| network.name.clone()).collect();
    let count = found.len();
    found.into_iter().next().filter(|_| count == 1).ok_or_else(|| match count {
        0 => Error::new(ErrorKind::NotFound, "this project sees no external network"),
        _ => Error::new(
            ErrorKind::Ambiguous,
            format!("there are {count} external networks ({}), name one", names.join(", ")),
        ),
    })
}
