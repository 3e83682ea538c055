//! Ports: where servers are plugged in.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Filter, NetworkClient, Tagged};
use crate::error::Result;

/// A port.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Port {
    /// The id.
    pub id: String,
    /// The name; not unique.
    #[serde(default)]
    pub name: String,
    /// The network's id.
    pub network_id: String,
    /// `ACTIVE`, `DOWN`, `BUILD` or `ERROR`.
    #[serde(default)]
    pub status: String,
    /// The hardware address.
    #[serde(default)]
    pub mac_address: String,
    /// Its addresses.
    #[serde(default)]
    pub fixed_ips: Vec<FixedIp>,
    /// The id of the server (or router) that uses it; empty when nobody does.
    #[serde(default)]
    pub device_id: String,
    /// What uses it, such as `compute:nova`; empty when nobody does.
    #[serde(default)]
    pub device_owner: String,
    /// The ids of its security groups.
    #[serde(default)]
    pub security_groups: Vec<String>,
    /// A text for people.
    #[serde(default)]
    pub description: String,
    /// The tags.
    #[serde(default)]
    pub tags: Vec<String>,
}

impl Port {
    /// The first address.
    pub fn address(&self) -> Option<&str> {
        self.fixed_ips.first()?.ip_address.as_deref()
    }

    /// Whether something uses it.
    pub fn is_in_use(&self) -> bool {
        !self.device_id.is_empty()
    }
}

/// An address of a port.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FixedIp {
    /// The subnet's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subnet_id: Option<String>,
    /// The address; Neutron's choice when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip_address: Option<String>,
}

/// A port to make.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct NewPort {
    /// The network's id.
    pub network_id: String,
    /// The name.
    pub name: String,
    /// Its addresses; one of Neutron's choice when empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fixed_ips: Vec<FixedIp>,
    /// The ids of its security groups; the project's `default` when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub security_groups: Option<Vec<String>>,
    /// Further addresses that may send from it, such as a virtual one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allowed_address_pairs: Vec<Value>,
    /// Whether it checks addresses and security groups.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port_security_enabled: Option<bool>,
    /// A text for people.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Tags. Most Neutrons do not take them with the port, so they are set right after it: a port whose creation
    /// was cut off may be without them, but has its name and description.
    #[serde(skip)]
    pub tags: Vec<String>,
}

impl NewPort {
    /// A port of that name on a network.
    pub fn new(name: impl Into<String>, network_id: impl Into<String>) -> NewPort {
        NewPort {
            network_id: network_id.into(),
            name: name.into(),
            fixed_ips: Vec::new(),
            security_groups: None,
            allowed_address_pairs: Vec::new(),
            port_security_enabled: None,
            description: String::new(),
            tags: Vec::new(),
        }
    }

    /// Adds an address of Neutron's choice in this subnet.
    pub fn with_subnet(mut self, subnet_id: impl Into<String>) -> NewPort {
        self.fixed_ips.push(FixedIp { subnet_id: Some(subnet_id.into()), ip_address: None });
        self
    }

    /// Adds this address of this subnet.
    pub fn with_address(mut self, subnet_id: impl Into<String>, address: impl Into<String>) -> NewPort {
        let fixed = FixedIp { subnet_id: Some(subnet_id.into()), ip_address: Some(address.into()) };
        self.fixed_ips.push(fixed);
        self
    }

    /// Adds a security group.
    pub fn with_security_group(mut self, id: impl Into<String>) -> NewPort {
        self.security_groups.get_or_insert_default().push(id.into());
        self
    }

    /// Adds an address that may send from it too.
    pub fn with_allowed_address(mut self, address: &str) -> NewPort {
        self.allowed_address_pairs.push(json!({"ip_address": address}));
        self
    }

    /// Sets whether it checks addresses and security groups.
    pub fn with_port_security(mut self, enabled: bool) -> NewPort {
        self.port_security_enabled = Some(enabled);
        self
    }

    /// Sets the text for people.
    pub fn with_description(mut self, text: impl Into<String>) -> NewPort {
        self.description = text.into();
        self
    }

    /// Adds a tag.
    pub fn with_tag(mut self, tag: impl Into<String>) -> NewPort {
        self.tags.push(tag.into());
        self
    }
}

/// Changes to a port.
#[derive(Debug, Clone, Default)]
pub struct PortUpdate {
    fields: Map<String, Value>,
}

impl PortUpdate {
    /// No change yet.
    pub fn new() -> PortUpdate {
        PortUpdate::default()
    }

    /// Renames it.
    pub fn with_name(self, name: &str) -> PortUpdate {
        self.with_field("name", json!(name))
    }

    /// Replaces its security groups.
    pub fn with_security_groups(self, ids: &[&str]) -> PortUpdate {
        self.with_field("security_groups", json!(ids))
    }

    /// Replaces its addresses.
    pub fn with_fixed_ips(self, addresses: &[FixedIp]) -> PortUpdate {
        self.with_field("fixed_ips", json!(addresses))
    }

    /// Sets a field of the API.
    pub fn with_field(mut self, name: &str, value: Value) -> PortUpdate {
        self.fields.insert(name.to_owned(), value);
        self
    }
}

impl NetworkClient {
    /// The ports that fit.
    ///
    /// # Errors
    /// When Neutron refuses.
    pub async fn ports(&self, filter: &Filter) -> Result<Vec<Port>> {
        self.list("ports", "ports", filter).await
    }

    /// A port by its id.
    ///
    /// # Errors
    /// When there is none.
    pub async fn port(&self, id: &str) -> Result<Port> {
        self.show("ports", id, "port").await
    }

    /// Makes a port and tags it.
    ///
    /// # Errors
    /// `Conflict` when the address is taken; `NotFound` when the network or a security group does not exist;
    /// `BadRequest` when the address is not of the subnet; `QuotaExceeded`.
    pub async fn create_port(&self, port: &NewPort) -> Result<Port> {
        let mut made: Port = self.create("ports", "port", port).await?;
        if !port.tags.is_empty() {
            let tags: Vec<_> = port.tags.iter().map(String::as_str).collect();
            self.set_tags(Tagged::Ports, &made.id, &tags).await?;
            made.tags.clone_from(&port.tags);
        }
        Ok(made)
    }

    /// Changes a port.
    ///
    /// # Errors
    /// When there is none, or the change can't be made.
    pub async fn update_port(&self, id: &str, update: &PortUpdate) -> Result<Port> {
        self.update("ports", id, "port", &Value::Object(update.fields.clone())).await
    }

    /// Deletes a port. A server that uses it loses it.
    ///
    /// # Errors
    /// When there is none; `Conflict` when a router uses it.
    pub async fn delete_port(&self, id: &str) -> Result<()> {
        self.delete("ports", id).await
    }
}
