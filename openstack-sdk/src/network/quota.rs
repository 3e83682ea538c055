//! Quotas of Neutron.

use serde::{Deserialize, Deserializer};

use crate::compute::Usage;

/// The project's quotas in Neutron.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Quotas {
    /// Networks.
    #[serde(deserialize_with = "usage", default = "unlimited")]
    pub network: Usage,
    /// Subnets.
    #[serde(deserialize_with = "usage", default = "unlimited")]
    pub subnet: Usage,
    /// Ports.
    #[serde(deserialize_with = "usage", default = "unlimited")]
    pub port: Usage,
    /// Routers.
    #[serde(deserialize_with = "usage", default = "unlimited")]
    pub router: Usage,
    /// Floating addresses.
    #[serde(deserialize_with = "usage", default = "unlimited", rename = "floatingip")]
    pub floating_ip: Usage,
    /// Security groups.
    #[serde(deserialize_with = "usage", default = "unlimited")]
    pub security_group: Usage,
    /// Rules of security groups.
    #[serde(deserialize_with = "usage", default = "unlimited")]
    pub security_group_rule: Usage,
}

fn unlimited() -> Usage {
    Usage { limit: None, used: 0 }
}

#[derive(Deserialize)]
struct Wire {
    limit: i64,
    #[serde(default, deserialize_with = "number")]
    used: i64,
    #[serde(default, deserialize_with = "number")]
    reserved: i64,
}

fn usage<'de, D: Deserializer<'de>>(input: D) -> Result<Usage, D::Error> {
    let wire = Wire::deserialize(input)?;
    Ok(Usage::new(wire.limit, wire.used.saturating_add(wire.reserved)))
}

/// Some releases write numbers as text here.
fn number<'de, D: Deserializer<'de>>(input: D) -> Result<i64, D::Error> {
    let value = serde_json::Value::deserialize(input)?;
    Ok(value.as_i64().or_else(|| value.as_str()?.parse().ok()).unwrap_or(0))
}
