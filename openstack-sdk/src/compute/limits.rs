//! What a project may use, and what it uses.

use serde::Deserialize;

#[derive(Deserialize)]
pub(super) struct Reply {
    pub(super) absolute: Limits,
}

/// The project's limits in Nova.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "Wire")]
#[non_exhaustive]
pub struct Limits {
    /// Servers.
    pub instances: Usage,
    /// Processors.
    pub cores: Usage,
    /// Memory in MiB.
    pub ram: Usage,
    /// Server groups.
    pub server_groups: Usage,
    /// Servers in one group; `None` is unlimited.
    pub server_group_members: Option<u64>,
}

/// A limit and what is used of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// The limit; `None` is unlimited.
    pub limit: Option<u64>,
    /// What is used.
    pub used: u64,
}

impl Usage {
    /// Whether this much more can be had.
    pub fn has_room_for(self, more: u64) -> bool {
        self.limit.is_none_or(|limit| self.used.saturating_add(more) <= limit)
    }

    /// The API writes -1 for no limit.
    pub(crate) fn new(limit: i64, used: i64) -> Usage {
        Usage { limit: u64::try_from(limit).ok(), used: u64::try_from(used).unwrap_or(0) }
    }
}

fn unlimited() -> i64 {
    -1
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    #[serde(default = "unlimited")]
    max_total_instances: i64,
    #[serde(default)]
    total_instances_used: i64,
    #[serde(default = "unlimited")]
    max_total_cores: i64,
    #[serde(default)]
    total_cores_used: i64,
    #[serde(default = "unlimited", rename = "maxTotalRAMSize")]
    max_total_ram_size: i64,
    #[serde(default, rename = "totalRAMUsed")]
    total_ram_used: i64,
    #[serde(default = "unlimited")]
    max_server_groups: i64,
    #[serde(default)]
    total_server_groups_used: i64,
    #[serde(default = "unlimited")]
    max_server_group_members: i64,
}

impl From<Wire> for Limits {
    fn from(wire: Wire) -> Limits {
        Limits {
            instances: Usage::new(wire.max_total_instances, wire.total_instances_used),
            cores: Usage::new(wire.max_total_cores, wire.total_cores_used),
            ram: Usage::new(wire.max_total_ram_size, wire.total_ram_used),
            server_groups: Usage::new(wire.max_server_groups, wire.total_server_groups_used),
            server_group_members: u64::try_from(wire.max_server_group_members).ok(),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::{Limits, Usage};

    #[test]
    fn minus_one_is_unlimited() {
        let text =
            r#"{"maxTotalInstances": 3, "totalInstancesUsed": 2, "maxTotalRAMSize": -1, "totalRAMUsed": 9}"#;
        let limits: Limits = serde_json::from_str(text).unwrap();
        assert_eq!(limits.instances, Usage { limit: Some(3), used: 2 });
        assert!(limits.instances.has_room_for(1) && !limits.instances.has_room_for(2));
        assert!(limits.ram.has_room_for(u64::MAX) && limits.cores.has_room_for(1));
    }
}
