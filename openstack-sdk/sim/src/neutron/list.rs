//! Lists: filters, pages, chosen fields.

use std::collections::BTreeMap;

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::kinds::Kind;
use super::{Neutron, error};
use crate::Service;
use crate::http::{Reply, Request, percent_encode};
use crate::world::World;

/// Keys of a query that are no filters.
const OTHER: [&str; 6] = ["fields", "limit", "marker", "page_reverse", "sort_key", "sort_dir"];

/// An item as it is shown: with what belongs to it.
pub(super) fn view(neutron: &Neutron, kind: &Kind, item: &Value) -> Value {
    let mut item = item.clone();
    let id = item["id"].clone();
    match kind.path {
        "networks" => {
            let subnets = neutron.list("subnets").iter().filter(|subnet| subnet["network_id"] == id);
            item["subnets"] = subnets.map(|subnet| subnet["id"].clone()).collect();
            item["availability_zones"] = json!([]);
            item["ipv4_address_scope"] = Value::Null;
            item["ipv6_address_scope"] = Value::Null;
            // Only administrators see how a network is provided.
            if let Value::Object(fields) = &mut item {
                fields.retain(|name, _| !name.starts_with("provider:"));
            }
        }
        "security-groups" => {
            item["shared"] = json!(false);
            let rules = neutron.list("security_group_rules").iter();
            item["security_group_rules"] =
                rules.filter(|rule| rule["security_group_id"] == id).cloned().collect();
        }
        "ports" => {
            if let Value::Object(fields) = &mut item {
                fields.remove("binding:profile");
            }
        }
        "floatingips" => {
            let port = item["port_id"].as_str().and_then(|id| neutron.get("ports", id));
            item["port_details"] = port.map_or(Value::Null, |port| {
                json!({
                    "name": port["name"],
                    "network_id": port["network_id"],
                    "mac_address": port["mac_address"],
                    "admin_state_up": port["admin_state_up"],
                    "status": port["status"],
                    "device_id": port["device_id"],
                    "device_owner": port["device_owner"],
                })
            });
            item["port_forwardings"] = json!([]);
            if let Value::Object(fields) = &mut item {
                fields.remove("subnet_id");
            }
        }
        _ => {}
    }
    item
}

/// Leaves only the fields asked for.
pub(super) fn fields(request: &Request, item: Value) -> Value {
    let wanted: Vec<&str> =
        request.query.iter().filter(|(key, _)| key == "fields").map(|(_, value)| value.as_str()).collect();
    match item {
        Value::Object(all) if !wanted.is_empty() => {
            all.into_iter().filter(|(name, _)| wanted.contains(&name.as_str())).collect::<Map<_, _>>().into()
        }
        item => item,
    }
}

/// `GET` of a whole kind.
pub(super) fn reply(world: &World, request: &Request, kind: &Kind) -> Reply {
    let neutron = &world.neutron;
    let mut found: Vec<Value> =
        neutron.list(kind.plural).iter().map(|item| view(neutron, kind, item)).collect();
    let mut filters: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (key, value) in &request.query {
        if !OTHER.contains(&key.as_str()) {
            filters.entry(key).or_default().push(value);
        }
    }
    for (key, wanted) in filters {
        if let Some(item) = found.first()
            && item.get(key).is_none()
            && !TAGS.contains(&key)
        {
            return error(
                StatusCode::BAD_REQUEST,
                "HTTPBadRequest",
                &format!("['{key}'] is not a filter of {}.", kind.plural),
            );
        }
        found.retain(|item| selected(item, key, &wanted));
    }
    if let Some(marker) = request.query("marker") {
        let behind =
            found.iter().position(|item| item["id"] == marker).map_or(found.len(), |index| index + 1);
        found.drain(..behind);
    }
    let mut body = Map::new();
    if let Some(limit) = request.query("limit").and_then(|limit| limit.parse::<usize>().ok())
        && limit > 0
        && found.len() > limit
    {
        found.truncate(limit);
        let last = found.last().and_then(|item| item["id"].as_str()).unwrap_or_default();
        let mut query: Vec<String> = request
            .query
            .iter()
            .filter(|(key, _)| key != "marker")
            .map(|(key, value)| format!("{}={}", percent_encode(key), percent_encode(value)))
            .collect();
        query.push(format!("marker={last}"));
        let href = format!("{}/v2.0/{}?{}", world.url(Service::Network), kind.path, query.join("&"));
        body.insert(format!("{}_links", kind.plural), json!([{"rel": "next", "href": href}]));
    }
    let found: Vec<Value> = found.into_iter().map(|item| fields(request, item)).collect();
    body.insert(kind.plural.to_owned(), json!(found));
    Reply::ok(&Value::Object(body))
}

const TAGS: [&str; 4] = ["tags", "tags-any", "not-tags", "not-tags-any"];

fn selected(item: &Value, key: &str, wanted: &[&str]) -> bool {
    let has = |tag: &str| item["tags"].as_array().is_some_and(|tags| tags.iter().any(|own| own == tag));
    let mut tags = wanted.iter().flat_map(|value| value.split(','));
    match key {
        "tags" => tags.all(has),
        "tags-any" => tags.any(has),
        "not-tags" => !tags.all(has),
        "not-tags-any" => !tags.any(has),
        "fixed_ips" => {
            let own = item["fixed_ips"].as_array().map(Vec::as_slice).unwrap_or_default();
            wanted.iter().all(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                own.iter().any(|address| match name {
                    "ip_address_substr" => {
                        address["ip_address"].as_str().is_some_and(|address| address.contains(value))
                    }
                    _ => address[name] == value,
                })
            })
        }
        _ => match &item[key] {
            Value::Array(list) => wanted.iter().any(|wanted| list.iter().any(|own| own == wanted)),
            Value::Bool(own) => wanted.iter().any(|wanted| wanted.eq_ignore_ascii_case(&own.to_string())),
            Value::String(own) => wanted.contains(&own.as_str()),
            Value::Null => wanted.iter().any(|wanted| wanted.is_empty()),
            own => wanted.contains(&own.to_string().as_str()),
        },
    }
}
