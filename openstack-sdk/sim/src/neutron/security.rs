//! Security groups and their rules.

use http::StatusCode;
use serde_json::{Value, json};

use super::{Neutron, bad, conflict, error, kinds, not_found};
use crate::http::Reply;

/// Rules that a new group has: everything may leave. The default group also lets its own members in.
pub(super) fn default_rules(group: &str, from_own: bool) -> Vec<Value> {
    let rule = |direction: &str, ethertype: &str, remote: Value| {
        json!({
            "security_group_id": group,
            "direction": direction,
            "ethertype": ethertype,
            "remote_group_id": remote,
        })
    };
    let mut rules = vec![rule("egress", "IPv4", Value::Null), rule("egress", "IPv6", Value::Null)];
    if from_own {
        rules.push(rule("ingress", "IPv4", json!(group)));
        rules.push(rule("ingress", "IPv6", json!(group)));
    }
    rules
}

/// Checks a new rule and writes it as Neutron does.
pub(super) fn prepare_rule(neutron: &Neutron, rule: &mut Value) -> Result<(), Reply> {
    let group = rule["security_group_id"].as_str().unwrap_or_default();
    if !neutron.has("security_groups", group) {
        return Err(not_found(&kinds::SECURITY_GROUP, group));
    }
    if let Some(remote) = rule["remote_group_id"].as_str() {
        if !neutron.has("security_groups", remote) {
            return Err(not_found(&kinds::SECURITY_GROUP, remote));
        }
        if !rule["remote_ip_prefix"].is_null() {
            return Err(error(
                StatusCode::BAD_REQUEST,
                "SecurityGroupRemoteGroupAndRemoteIpPrefix",
                "A rule has a remote group or a remote prefix, not both.",
            ));
        }
    }
    if rule["direction"] != "ingress" && rule["direction"] != "egress" {
        return Err(bad("direction is ingress or egress."));
    }
    if rule["ethertype"].is_null() {
        rule["ethertype"] = json!("IPv4");
    }
    if rule["ethertype"] != "IPv4" && rule["ethertype"] != "IPv6" {
        return Err(bad("ethertype is IPv4 or IPv6."));
    }
    check_prefix(rule)?;
    if let Some(number) = rule["protocol"].as_i64() {
        rule["protocol"] = json!(number.to_string());
    }
    match rule["protocol"].as_str() {
        Some("any") => rule["protocol"] = Value::Null,
        Some(protocol) => rule["protocol"] = json!(protocol.to_ascii_lowercase()),
        None => {}
    }
    for name in ["port_range_min", "port_range_max"] {
        if let Some(number) = rule[name].as_str().and_then(|text| text.parse::<u16>().ok()) {
            rule[name] = json!(number);
        }
    }
    check_ports(rule)?;
    let same = [
        "security_group_id",
        "direction",
        "ethertype",
        "protocol",
        "port_range_min",
        "port_range_max",
        "remote_ip_prefix",
        "remote_group_id",
    ];
    let twin = neutron
        .list("security_group_rules")
        .iter()
        .find(|own| same.iter().all(|name| own[*name] == rule[*name]));
    match twin.and_then(|twin| twin["id"].as_str()) {
        Some(id) => {
            Err(conflict("SecurityGroupRuleExists", &format!("Rule {id} is the same. Rule id is {id}.")))
        }
        None => Ok(()),
    }
}

fn check_prefix(rule: &mut Value) -> Result<(), Reply> {
    let Some(prefix) = rule["remote_ip_prefix"].as_str() else { return Ok(()) };
    let (address, length) = prefix.split_once('/').unwrap_or((prefix, ""));
    let wrong = || bad("remote_ip_prefix is not an address range.");
    let address: std::net::IpAddr = address.parse().map_err(|_| wrong())?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    let length: u8 = if length.is_empty() { most } else { length.parse().map_err(|_| wrong())? };
    if length > most {
        return Err(wrong());
    }
    if address.is_ipv4() != (rule["ethertype"] == "IPv4") {
        return Err(error(
            StatusCode::BAD_REQUEST,
            "SecurityGroupRuleParameterConflict",
            "remote_ip_prefix and ethertype are of different families.",
        ));
    }
    rule["remote_ip_prefix"] = json!(format!("{address}/{length}"));
    Ok(())
}

fn check_ports(rule: &Value) -> Result<(), Reply> {
    let (min, max) = (&rule["port_range_min"], &rule["port_range_max"]);
    if min.is_null() && max.is_null() {
        return Ok(());
    }
    if rule["protocol"].is_null() {
        return Err(error(
            StatusCode::BAD_REQUEST,
            "SecurityGroupProtocolRequiredWithPorts",
            "Ports need a protocol.",
        ));
    }
    if rule["protocol"].as_str().is_some_and(|protocol| protocol.contains("icmp")) {
        return Ok(());
    }
    let port = |value: &Value| value.as_u64().filter(|port| *port <= 65_535);
    match (port(min), port(max)) {
        (Some(min), Some(max)) if min <= max => Ok(()),
        _ => Err(error(
            StatusCode::BAD_REQUEST,
            "SecurityGroupInvalidPortRange",
            "port_range_min and port_range_max are ports, the first not above the second.",
        )),
    }
}

pub(super) fn check_delete(neutron: &Neutron, id: &str) -> Result<(), Reply> {
    if neutron.get("security_groups", id).is_some_and(|group| group["name"] == "default") {
        let message = "The default security group stays.";
        return Err(conflict("SecurityGroupCannotRemoveDefault", message));
    }
    let in_use = neutron.list("ports").iter().any(|port| {
        port["security_groups"].as_array().is_some_and(|groups| groups.iter().any(|group| group == id))
    });
    match in_use {
        true => Err(conflict("SecurityGroupInUse", &format!("Security group {id} is still on a port."))),
        false => Ok(()),
    }
}
