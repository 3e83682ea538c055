//! Routers, as far as a cluster's own network needs one.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Filter, NetworkClient};
use crate::error::Result;
use crate::request::{Request, segment};
use crate::service::ServiceType;

/// A router.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Router {
    /// The id.
    pub id: String,
    /// The name; not unique.
    #[serde(default)]
    pub name: String,
    /// `ACTIVE`, `DOWN` or `ERROR`.
    #[serde(default)]
    pub status: String,
    /// `{"network_id": …}` when it reaches outside.
    #[serde(default)]
    external_gateway_info: Option<Value>,
    /// The tags.
    #[serde(default)]
    pub tags: Vec<String>,
}

impl Router {
    /// The id of the external network that it reaches.
    pub fn external_network_id(&self) -> Option<&str> {
        self.external_gateway_info.as_ref()?.get("network_id")?.as_str()
    }
}

impl NetworkClient {
    /// The routers that fit.
    ///
    /// # Errors
    /// When Neutron refuses.
    pub async fn routers(&self, filter: &Filter) -> Result<Vec<Router>> {
        self.list("routers", "routers", filter).await
    }

    /// Makes a router; one with an external network lets the inside reach out and floating addresses in.
    ///
    /// # Errors
    /// `QuotaExceeded`; `NotFound` when the network does not exist.
    pub async fn create_router(&self, name: &str, external_network_id: Option<&str>) -> Result<Router> {
        let mut body = json!({"name": name});
        if let Some(id) = external_network_id {
            body["external_gateway_info"] = json!({"network_id": id});
        }
        self.create("routers", "router", &body).await
    }

    async fn router_interface(&self, id: &str, verb: &str, subnet: &str) -> Result<()> {
        let path = format!("routers/{}/{verb}_router_interface", segment(id));
        // The second time Neutron says that it is so already.
        let request = Request::put(ServiceType::NETWORK, path).with_idempotent(false);
        self.cloud.send(&request.with_value(&json!({"subnet_id": subnet}))).await.map(drop)
    }

    /// Plugs a router into a subnet, at the subnet's gateway address.
    ///
    /// # Errors
    /// `BadRequest` when it is plugged in already.
    pub async fn add_router_interface(&self, id: &str, subnet_id: &str) -> Result<()> {
        self.router_interface(id, "add", subnet_id).await
    }

    /// Unplugs a router from a subnet.
    ///
    /// # Errors
    /// `NotFound` when it is not plugged in; `Conflict` while a floating address goes through it.
    pub async fn remove_router_interface(&self, id: &str, subnet_id: &str) -> Result<()> {
        self.router_interface(id, "remove", subnet_id).await
    }

    /// Deletes a router.
    ///
    /// # Errors
    /// `Conflict` while it is plugged into a subnet.
    pub async fn delete_router(&self, id: &str) -> Result<()> {
        self.delete("routers", id).await
    }
}
