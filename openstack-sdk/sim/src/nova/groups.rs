//! Server groups.

use http::StatusCode;
use serde_json::{Value, json};

use super::{bad, error, not_found};
use crate::http::{Reply, Request};
use crate::world::World;

const POLICIES: [&str; 4] = ["affinity", "anti-affinity", "soft-affinity", "soft-anti-affinity"];
/// First version with one policy in place of a list.
const ONE_POLICY: u32 = 64;
/// First version with the soft policies.
const SOFT: u32 = 15;

pub(crate) struct Group {
    pub(crate) id: String,
    name: String,
    policy: &'static str,
}

pub(crate) fn route(world: &mut World, request: &Request, minor: u32, path: &[&str]) -> Reply {
    match (request.method.as_str(), path) {
        ("GET", []) => {
            let list: Vec<Value> = world.nova.groups.iter().map(|group| view(world, group, minor)).collect();
            Reply::ok(&json!({"server_groups": list}))
        }
        ("POST", []) => create(world, request, minor),
        ("GET", [id]) => match world.nova.groups.iter().find(|group| group.id == *id) {
            Some(group) => Reply::ok(&json!({"server_group": view(world, group, minor)})),
            None => not_found("server group", id),
        },
        ("DELETE", [id]) => {
            let before = world.nova.groups.len();
            world.nova.groups.retain(|group| group.id != *id);
            match world.nova.groups.len() == before {
                true => not_found("server group", id),
                false => Reply::empty(StatusCode::NO_CONTENT),
            }
        }
        _ => error(StatusCode::METHOD_NOT_ALLOWED, "This method is not served here."),
    }
}

fn view(world: &World, group: &Group, minor: u32) -> Value {
    let members: Vec<&str> = world
        .nova
        .servers
        .iter()
        .filter(|server| server.group.as_deref() == Some(&group.id))
        .map(|server| server.id.as_str())
        .collect();
    let mut body = json!({
        "id": group.id,
        "name": group.name,
        "members": members,
        "project_id": world.keystone.project_id,
        "user_id": world.keystone.user_id,
    });
    if minor >= ONE_POLICY {
        body["policy"] = json!(group.policy);
        body["rules"] = json!({});
    } else {
        body["policies"] = json!([group.policy]);
        body["metadata"] = json!({});
    }
    body
}

fn create(world: &mut World, request: &Request, minor: u32) -> Reply {
    let Some(given) = request.object("server_group") else {
        return bad("The body has no server_group.");
    };
    let Some(name) = given.get("name").and_then(Value::as_str).filter(|name| !name.is_empty()) else {
        return bad("A server group needs a name.");
    };
    let policy = match minor >= ONE_POLICY {
        true => given.get("policy"),
        false => given.get("policies").and_then(|policies| policies.get(0)),
    };
    let policy = POLICIES
        .into_iter()
        .filter(|known| minor >= SOFT || !known.starts_with("soft"))
        .find(|known| policy.is_some_and(|given| given == known));
    let Some(policy) = policy else {
        return bad("A server group needs one policy that this version knows.");
    };
    let limit = world.options.quota.server_groups;
    if limit >= 0 && world.nova.groups.len() as i64 >= limit {
        return error(StatusCode::FORBIDDEN, &format!("Quota exceeded: {limit} server groups."));
    }
    let group = Group { id: world.ids.uuid(), name: name.to_owned(), policy };
    let body = json!({"server_group": view(world, &group, minor)});
    world.nova.groups.push(group);
    Reply::ok(&body)
}
