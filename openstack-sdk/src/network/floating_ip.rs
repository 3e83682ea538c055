//! Floating addresses: outside addresses for inside ports.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Filter, NetworkClient};
use crate::error::Result;

/// A floating address.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct FloatingIp {
    /// The id.
    pub id: String,
    /// The outside address.
    #[serde(rename = "floating_ip_address")]
    pub address: String,
    /// The id of the external network.
    pub floating_network_id: String,
    /// The id of the port it leads to.
    #[serde(default)]
    pub port_id: Option<String>,
    /// The port's address it leads to.
    #[serde(default)]
    pub fixed_ip_address: Option<String>,
    /// `ACTIVE`, `DOWN` or `ERROR`.
    #[serde(default)]
    pub status: String,
    /// A text for people.
    #[serde(default)]
    pub description: String,
    /// The tags.
    #[serde(default)]
    pub tags: Vec<String>,
}

/// A floating address to make.
#[derive(Debug, Clone, Default, Serialize)]
#[non_exhaustive]
pub struct NewFloatingIp {
    /// The id of the external network.
    pub floating_network_id: String,
    /// The port it leads to from the start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port_id: Option<String>,
    /// This very address; often only operators may choose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub floating_ip_address: Option<String>,
    /// A text for people.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
}

impl NewFloatingIp {
    /// An address of this external network.
    pub fn new(external_network_id: impl Into<String>) -> NewFloatingIp {
        NewFloatingIp { floating_network_id: external_network_id.into(), ..NewFloatingIp::default() }
    }

    /// Leads to this port.
    pub fn with_port(mut self, id: impl Into<String>) -> NewFloatingIp {
        self.port_id = Some(id.into());
        self
    }

    /// Asks for this very address.
    pub fn with_address(mut self, address: impl Into<String>) -> NewFloatingIp {
        self.floating_ip_address = Some(address.into());
        self
    }

    /// Sets the text for people.
    pub fn with_description(mut self, text: impl Into<String>) -> NewFloatingIp {
        self.description = text.into();
        self
    }
}

impl NetworkClient {
    /// The floating addresses that fit.
    ///
    /// # Errors
    /// When Neutron refuses.
    pub async fn floating_ips(&self, filter: &Filter) -> Result<Vec<FloatingIp>> {
        self.list("floatingips", "floatingips", filter).await
    }

    /// A floating address by its id.
    ///
    /// # Errors
    /// When there is none.
    pub async fn floating_ip(&self, id: &str) -> Result<FloatingIp> {
        self.show("floatingips", id, "floatingip").await
    }

    /// Takes a floating address. Tag it with [`set_tags`](NetworkClient::set_tags).
    ///
    /// # Errors
    /// `BadRequest` when the network is not external; `Conflict` when it has no free address; `QuotaExceeded`.
    pub async fn create_floating_ip(&self, address: &NewFloatingIp) -> Result<FloatingIp> {
        self.create("floatingips", "floatingip", address).await
    }

    /// Leads a floating address to a port, or with `None` nowhere.
    ///
    /// # Errors
    /// `NotFound` when no router connects the port's subnet with the external network.
    pub async fn associate_floating_ip(&self, id: &str, port_id: Option<&str>) -> Result<FloatingIp> {
        let body: Value = json!({"port_id": port_id});
        self.update("floatingips", id, "floatingip", &body).await
    }

    /// Gives a floating address back.
    ///
    /// # Errors
    /// When there is none.
    pub async fn delete_floating_ip(&self, id: &str) -> Result<()> {
        self.delete("floatingips", id).await
    }
}
