//! Networks and their subnets.

use serde::{Deserialize, Serialize};

use super::{Filter, NetworkClient, only_external};
use crate::error::Result;

/// A network.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Network {
    /// The id.
    pub id: String,
    /// The name; not unique.
    #[serde(default)]
    pub name: String,
    /// `ACTIVE`, `DOWN`, `BUILD` or `ERROR`.
    #[serde(default)]
    pub status: String,
    /// The ids of its subnets.
    #[serde(default)]
    pub subnets: Vec<String>,
    /// Whether floating addresses come from it.
    #[serde(default, rename = "router:external")]
    pub is_external: bool,
    /// The largest packet in bytes.
    #[serde(default)]
    pub mtu: Option<u32>,
    /// The tags.
    #[serde(default)]
    pub tags: Vec<String>,
}

/// A network to make.
#[derive(Debug, Clone, Default, Serialize)]
#[non_exhaustive]
pub struct NewNetwork {
    /// The name.
    pub name: String,
    /// A text for people.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The largest packet in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mtu: Option<u32>,
    /// Whether ports check addresses and security groups; the cloud's choice when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port_security_enabled: Option<bool>,
}

impl NewNetwork {
    /// A network of that name.
    pub fn new(name: impl Into<String>) -> NewNetwork {
        NewNetwork { name: name.into(), ..NewNetwork::default() }
    }

    /// Sets the text for people.
    pub fn with_description(mut self, text: impl Into<String>) -> NewNetwork {
        self.description = text.into();
        self
    }

    /// Sets the largest packet.
    pub fn with_mtu(mut self, bytes: u32) -> NewNetwork {
        self.mtu = Some(bytes);
        self
    }

    /// Sets whether ports check addresses and security groups.
    pub fn with_port_security(mut self, enabled: bool) -> NewNetwork {
        self.port_security_enabled = Some(enabled);
        self
    }
}

/// A subnet.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Subnet {
    /// The id.
    pub id: String,
    /// The name; not unique.
    #[serde(default)]
    pub name: String,
    /// The network's id.
    pub network_id: String,
    /// The addresses, as in `10.0.0.0/24`.
    pub cidr: String,
    /// 4 or 6.
    pub ip_version: u8,
    /// The router's address.
    #[serde(default)]
    pub gateway_ip: Option<String>,
    /// Whether Neutron serves DHCP.
    #[serde(default)]
    pub enable_dhcp: bool,
    /// Name servers told by DHCP.
    #[serde(default)]
    pub dns_nameservers: Vec<String>,
    /// The tags.
    #[serde(default)]
    pub tags: Vec<String>,
}

/// A subnet to make.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct NewSubnet {
    /// The network's id.
    pub network_id: String,
    /// The addresses, as in `10.0.0.0/24`.
    pub cidr: String,
    /// 4 or 6.
    pub ip_version: u8,
    /// The name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Whether Neutron serves DHCP.
    pub enable_dhcp: bool,
    /// The router's address: the first of the subnet when absent, none when `Some(None)`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gateway_ip: Option<Option<String>>,
    /// Name servers for DHCP to tell.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dns_nameservers: Vec<String>,
}

impl NewSubnet {
    /// A subnet with DHCP.
    pub fn new(network_id: impl Into<String>, cidr: impl Into<String>) -> NewSubnet {
        let cidr = cidr.into();
        NewSubnet {
            network_id: network_id.into(),
            ip_version: if cidr.contains(':') { 6 } else { 4 },
            cidr,
            name: String::new(),
            enable_dhcp: true,
            gateway_ip: None,
            dns_nameservers: Vec::new(),
        }
    }

    /// Sets the name.
    pub fn with_name(mut self, name: impl Into<String>) -> NewSubnet {
        self.name = name.into();
        self
    }

    /// Sets whether Neutron serves DHCP.
    pub fn with_dhcp(mut self, enabled: bool) -> NewSubnet {
        self.enable_dhcp = enabled;
        self
    }

    /// Sets the router's address.
    pub fn with_gateway(mut self, address: impl Into<String>) -> NewSubnet {
        self.gateway_ip = Some(Some(address.into()));
        self
    }

    /// Leaves it without a router.
    pub fn without_gateway(mut self) -> NewSubnet {
        self.gateway_ip = Some(None);
        self
    }

    /// Adds a name server.
    pub fn with_dns_nameserver(mut self, address: impl Into<String>) -> NewSubnet {
        self.dns_nameservers.push(address.into());
        self
    }
}

impl NetworkClient {
    /// The networks that fit.
    ///
    /// # Errors
    /// When Neutron refuses.
    pub async fn networks(&self, filter: &Filter) -> Result<Vec<Network>> {
        self.list("networks", "networks", filter).await
    }

    /// The one network of that id or name.
    ///
    /// # Errors
    /// When there is none, or several carry the name.
    pub async fn find_network(&self, id_or_name: &str) -> Result<Network> {
        self.find(("networks", "network", "networks"), id_or_name).await
    }

    /// The only network that floating addresses come from.
    ///
    /// # Errors
    /// When there is none or more than one.
    pub async fn external_network(&self) -> Result<Network> {
        only_external(self.networks(&Filter::new().with_field("router:external", "true")).await?)
    }

    /// Makes a network.
    ///
    /// # Errors
    /// `QuotaExceeded`.
    pub async fn create_network(&self, network: &NewNetwork) -> Result<Network> {
        self.create("networks", "network", network).await
    }

    /// Deletes a network with its subnets.
    ///
    /// # Errors
    /// `Conflict` while there are ports on it.
    pub async fn delete_network(&self, id: &str) -> Result<()> {
        self.delete("networks", id).await
    }

    /// The subnets that fit.
    ///
    /// # Errors
    /// When Neutron refuses.
    pub async fn subnets(&self, filter: &Filter) -> Result<Vec<Subnet>> {
        self.list("subnets", "subnets", filter).await
    }

    /// A subnet by its id.
    ///
    /// # Errors
    /// When there is none.
    pub async fn subnet(&self, id: &str) -> Result<Subnet> {
        self.show("subnets", id, "subnet").await
    }

    /// The one subnet of that id or name.
    ///
    /// # Errors
    /// When there is none, or several carry the name.
    pub async fn find_subnet(&self, id_or_name: &str) -> Result<Subnet> {
        self.find(("subnets", "subnet", "subnets"), id_or_name).await
    }

    /// Makes a subnet.
    ///
    /// # Errors
    /// `BadRequest` when it overlaps another one of the network; `QuotaExceeded`.
    pub async fn create_subnet(&self, subnet: &NewSubnet) -> Result<Subnet> {
        self.create("subnets", "subnet", subnet).await
    }

    /// Deletes a subnet.
    ///
    /// # Errors
    /// `Conflict` while a port has an address of it.
    pub async fn delete_subnet(&self, id: &str) -> Result<()> {
        self.delete("subnets", id).await
    }
}
