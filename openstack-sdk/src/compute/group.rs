//! Server groups: which servers should share a host, and which should not.

use serde::Deserialize;
use serde_json::json;

use crate::request::Request;
use crate::service::ServiceType;
use crate::text_enum::text_enum;
use crate::version::{Microversion, MicroversionRange};

/// From here on a group has one `policy` instead of a list.
const ONE_POLICY: Microversion = Microversion::new(2, 64);
/// The soft policies.
const SOFT: Microversion = Microversion::new(2, 15);

text_enum! {
    /// What the scheduler does with the servers of a group.
    GroupPolicy {
        /// All on one host.
        Affinity = "affinity",
        /// Each on a host of its own.
        AntiAffinity = "anti-affinity",
        /// On one host as far as possible.
        SoftAffinity = "soft-affinity",
        /// On different hosts as far as possible.
        SoftAntiAffinity = "soft-anti-affinity",
    }
}

/// A server group.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "Wire")]
#[non_exhaustive]
pub struct ServerGroup {
    /// The id.
    pub id: String,
    /// The name; not unique.
    pub name: String,
    /// The policy.
    pub policy: GroupPolicy,
    /// The ids of its servers.
    pub members: Vec<String>,
}

#[derive(Deserialize)]
struct Wire {
    id: String,
    name: String,
    #[serde(default)]
    policy: Option<GroupPolicy>,
    #[serde(default)]
    policies: Vec<GroupPolicy>,
    #[serde(default)]
    members: Vec<String>,
}

impl From<Wire> for ServerGroup {
    fn from(wire: Wire) -> ServerGroup {
        let policy = wire.policy.or(wire.policies.into_iter().next());
        ServerGroup {
            id: wire.id,
            name: wire.name,
            policy: policy.unwrap_or(GroupPolicy::Other(String::new())),
            members: wire.members,
        }
    }
}

pub(super) fn list_request() -> Request {
    let oldest = Microversion::new(2, 1);
    Request::get(ServiceType::COMPUTE, "os-server-groups").with_microversion(oldest, ONE_POLICY)
}

/// The request in the shape that this Nova takes.
pub(super) fn create_request(name: &str, policy: &GroupPolicy, range: Option<MicroversionRange>) -> Request {
    let request = Request::post(ServiceType::COMPUTE, "os-server-groups");
    if range.is_some_and(|range| range.newest >= ONE_POLICY) {
        return request
            .with_microversion(ONE_POLICY, ONE_POLICY)
            .with_value(&json!({"server_group": {"name": name, "policy": policy}}));
    }
    let need = match policy {
        GroupPolicy::Affinity | GroupPolicy::AntiAffinity => Microversion::new(2, 1),
        _ => SOFT,
    };
    request
        .with_microversion(need, SOFT)
        .with_value(&json!({"server_group": {"name": name, "policies": [policy]}}))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::{GroupPolicy, ServerGroup, create_request};
    use crate::version::{Microversion, MicroversionRange};

    #[test]
    fn the_shape_follows_the_version() {
        let body = |newest| {
            let range = MicroversionRange { oldest: Microversion::new(2, 1), newest };
            let request = create_request("g", &GroupPolicy::SoftAntiAffinity, Some(range));
            String::from_utf8(request.body.unwrap()).unwrap()
        };
        let one = r#"{"server_group":{"name":"g","policy":"soft-anti-affinity"}}"#;
        assert_eq!(body(Microversion::new(2, 93)), one);
        let many = r#"{"server_group":{"name":"g","policies":["soft-anti-affinity"]}}"#;
        assert_eq!(body(Microversion::new(2, 60)), many);
    }

    #[test]
    fn both_shapes_are_read() {
        let one: ServerGroup = serde_json::from_str(
            r#"{"id": "1", "name": "g", "policy": "anti-affinity", "rules": {}, "members": []}"#,
        )
        .unwrap();
        let many: ServerGroup = serde_json::from_str(
            r#"{"id": "1", "name": "g", "policies": ["anti-affinity"], "metadata": {}, "members": []}"#,
        )
        .unwrap();
        assert_eq!(one, many);
        assert_eq!(one.policy, GroupPolicy::AntiAffinity);
    }
}
