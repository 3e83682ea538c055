//! Security groups and their rules.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Filter, NetworkClient};
use crate::error::Result;
use crate::text_enum::text_enum;

/// A security group.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct SecurityGroup {
    /// The id.
    pub id: String,
    /// The name; not unique.
    #[serde(default)]
    pub name: String,
    /// A text for people.
    #[serde(default)]
    pub description: String,
    /// Its rules. A new group has two: everything may leave.
    #[serde(default, rename = "security_group_rules")]
    pub rules: Vec<Rule>,
    /// The tags.
    #[serde(default)]
    pub tags: Vec<String>,
}

text_enum! {
    /// Which way a rule looks.
    Direction {
        /// Into the port.
        Ingress = "ingress",
        /// Out of the port.
        Egress = "egress",
    }
}

/// A rule: what may pass.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Rule {
    /// The id.
    pub id: String,
    /// The group's id.
    pub security_group_id: String,
    /// Which way.
    pub direction: Direction,
    /// `IPv4` or `IPv6`.
    #[serde(default)]
    pub ethertype: Option<String>,
    /// The protocol; every one when absent.
    #[serde(default)]
    pub protocol: Option<String>,
    /// The first port.
    #[serde(default)]
    pub port_range_min: Option<u16>,
    /// The last port.
    #[serde(default)]
    pub port_range_max: Option<u16>,
    /// The addresses on the other side.
    #[serde(default)]
    pub remote_ip_prefix: Option<String>,
    /// The group on the other side.
    #[serde(default)]
    pub remote_group_id: Option<String>,
}

/// A rule to make.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct NewRule {
    /// The group's id.
    pub security_group_id: String,
    /// Which way.
    pub direction: Direction,
    /// `IPv4` or `IPv6`.
    pub ethertype: String,
    /// The protocol; every one when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol: Option<String>,
    /// The first port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port_range_min: Option<u16>,
    /// The last port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port_range_max: Option<u16>,
    /// The addresses on the other side; all when neither this nor the group is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remote_ip_prefix: Option<String>,
    /// The group on the other side.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remote_group_id: Option<String>,
    /// A text for people.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
}

impl NewRule {
    /// Lets everything of IPv4 in.
    pub fn ingress(security_group_id: impl Into<String>) -> NewRule {
        NewRule {
            security_group_id: security_group_id.into(),
            direction: Direction::Ingress,
            ethertype: "IPv4".to_owned(),
            protocol: None,
            port_range_min: None,
            port_range_max: None,
            remote_ip_prefix: None,
            remote_group_id: None,
            description: String::new(),
        }
    }

    /// Only this protocol and these ports.
    pub fn with_ports(mut self, protocol: impl Into<String>, first: u16, last: u16) -> NewRule {
        self.protocol = Some(protocol.into());
        self.port_range_min = Some(first);
        self.port_range_max = Some(last);
        self
    }

    /// Only this protocol, such as `icmp`.
    pub fn with_protocol(mut self, protocol: impl Into<String>) -> NewRule {
        self.protocol = Some(protocol.into());
        self
    }

    /// Only from (or to) these addresses; an IPv6 prefix makes it a rule for IPv6.
    pub fn with_remote_prefix(mut self, prefix: impl Into<String>) -> NewRule {
        let prefix = prefix.into();
        if prefix.contains(':') {
            self.ethertype = "IPv6".to_owned();
        }
        self.remote_ip_prefix = Some(prefix);
        self
    }

    /// Only from (or to) members of this group.
    pub fn with_remote_group(mut self, id: impl Into<String>) -> NewRule {
        self.remote_group_id = Some(id.into());
        self
    }

    /// For IPv6.
    pub fn with_ipv6(mut self) -> NewRule {
        self.ethertype = "IPv6".to_owned();
        self
    }

    /// For what leaves.
    pub fn with_egress(mut self) -> NewRule {
        self.direction = Direction::Egress;
        self
    }

    /// Sets the text for people.
    pub fn with_description(mut self, text: impl Into<String>) -> NewRule {
        self.description = text.into();
        self
    }

    /// Whether a rule lets the same pass.
    pub fn matches(&self, rule: &Rule) -> bool {
        // Neutron stores the widest prefix as it was given, or as nothing.
        let prefix = |text: &Option<String>| text.clone().filter(|text| !text.ends_with("/0"));
        self.security_group_id == rule.security_group_id
            && self.direction == rule.direction
            && rule.ethertype.as_deref() == Some(self.ethertype.as_str())
            && self.protocol == rule.protocol
            && self.port_range_min == rule.port_range_min
            && self.port_range_max == rule.port_range_max
            && prefix(&self.remote_ip_prefix) == prefix(&rule.remote_ip_prefix)
            && self.remote_group_id == rule.remote_group_id
    }
}

impl NetworkClient {
    /// The security groups that fit, with their rules.
    ///
    /// # Errors
    /// When Neutron refuses.
    pub async fn security_groups(&self, filter: &Filter) -> Result<Vec<SecurityGroup>> {
        self.list("security-groups", "security_groups", filter).await
    }

    /// A security group by its id, with its rules.
    ///
    /// # Errors
    /// When there is none.
    pub async fn security_group(&self, id: &str) -> Result<SecurityGroup> {
        self.show("security-groups", id, "security_group").await
    }

    /// Makes a security group.
    ///
    /// # Errors
    /// `QuotaExceeded`.
    pub async fn create_security_group(&self, name: &str, description: &str) -> Result<SecurityGroup> {
        let body = json!({"name": name, "description": description});
        self.create("security-groups", "security_group", &body).await
    }

    /// Deletes a security group with its rules.
    ///
    /// # Errors
    /// `Conflict` while a port uses it.
    pub async fn delete_security_group(&self, id: &str) -> Result<()> {
        self.delete("security-groups", id).await
    }

    /// Makes a rule.
    ///
    /// # Errors
    /// `Conflict` when there is the same already; `QuotaExceeded`.
    pub async fn create_rule(&self, rule: &NewRule) -> Result<Rule> {
        self.create("security-group-rules", "security_group_rule", rule).await
    }

    /// The rules that fit.
    ///
    /// # Errors
    /// When Neutron refuses.
    pub async fn rules(&self, filter: &Filter) -> Result<Vec<Rule>> {
        self.list("security-group-rules", "security_group_rules", filter).await
    }

    /// Deletes a rule.
    ///
    /// # Errors
    /// When there is none.
    pub async fn delete_rule(&self, id: &str) -> Result<()> {
        self.delete("security-group-rules", id).await
    }
}
