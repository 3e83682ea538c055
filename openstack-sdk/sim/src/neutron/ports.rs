//! Ports, and what Nova does with them.

use std::net::{IpAddr, Ipv4Addr};

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::{Neutron, addresses as pool, bad, conflict, error, kinds, make, not_found, subnets};
use crate::http::Reply;
use crate::nova;
use crate::world::World;

/// Owner of a server's port: the zone follows the colon.
const SERVER: &str = "compute:nova";
/// Marks the ports that Nova made, and removes with the server.
const MADE_BY_NOVA: &str = "made_by_nova";

/// Ports of a server or a router.
pub(crate) fn of_device<'a>(neutron: &'a Neutron, device: &'a str) -> impl Iterator<Item = &'a Value> {
    neutron.list("ports").iter().filter(move |port| port["device_id"] == device)
}

/// Ports with an address of a subnet.
pub(super) fn on_subnet<'a>(neutron: &'a Neutron, subnet: &'a str) -> impl Iterator<Item = &'a Value> {
    neutron.list("ports").iter().filter(move |port| {
        port["fixed_ips"].as_array().is_some_and(|list| list.iter().any(|entry| entry["subnet_id"] == subnet))
    })
}

/// Fixed addresses of a port.
pub(crate) fn addresses(port: &Value) -> impl Iterator<Item = IpAddr> {
    let fixed = port["fixed_ips"].as_array().into_iter().flatten();
    fixed.filter_map(|entry| entry["ip_address"].as_str()?.parse().ok())
}

/// Checks a new port and fills in addresses, hardware address and security groups.
pub(super) fn prepare(world: &mut World, port: &mut Value) -> Result<(), Reply> {
    let network = port["network_id"].as_str().unwrap_or_default().to_owned();
    if !world.neutron.has("networks", &network) {
        return Err(not_found(&kinds::NETWORK, &network));
    }
    if port["mac_address"] == "" {
        port["mac_address"] = json!(world.ids.mac());
    } else if world
        .neutron
        .list("ports")
        .iter()
        .any(|other| other["mac_address"] == port["mac_address"] && other["network_id"] == network.as_str())
    {
        return Err(conflict("MacAddressInUse", "A port of this network has the hardware address already."));
    }
    check_groups(&world.neutron, port)?;
    port["fixed_ips"] = choose_addresses(&mut world.neutron, &network, &port["fixed_ips"], None)?;
    port["status"] = json!("DOWN");
    if port["binding:profile"].is_null() {
        port["binding:profile"] = json!({});
    }
    Ok(())
}

fn check_groups(neutron: &Neutron, port: &mut Value) -> Result<(), Reply> {
    match &port["security_groups"] {
        Value::Null => {
            let default = neutron.list("security_groups").iter().filter(|group| group["name"] == "default");
            let wanted = port["port_security_enabled"] == true;
            port["security_groups"] = default.filter(|_| wanted).map(|group| group["id"].clone()).collect();
            Ok(())
        }
        Value::Array(groups) => {
            let unknown = groups
                .iter()
                .find(|group| !group.as_str().is_some_and(|id| neutron.has("security_groups", id)));
            match unknown {
                Some(id) => Err(not_found(&kinds::SECURITY_GROUP, id.as_str().unwrap_or_default())),
                None => Ok(()),
            }
        }
        _ => Err(bad("security_groups is a list of ids.")),
    }
}

/// The addresses of a port: those asked for, or one of the network's first subnet.
fn choose_addresses(
    neutron: &mut Neutron,
    network: &str,
    asked: &Value,
    own: Option<&Value>,
) -> Result<Value, Reply> {
    let subnets: Vec<Value> =
        neutron.list("subnets").iter().filter(|subnet| subnet["network_id"] == network).cloned().collect();
    let asked = match asked {
        Value::Null => match subnets.first() {
            Some(subnet) => vec![json!({"subnet_id": subnet["id"]})],
            None => Vec::new(),
        },
        Value::Array(list) => list.clone(),
        _ => return Err(bad("fixed_ips is a list.")),
    };
    let mut chosen = Vec::new();
    for entry in asked {
        let address = match entry["ip_address"].as_str() {
            Some(text) => {
                Some(text.parse::<Ipv4Addr>().map_err(|_| bad("ip_address is not an IPv4 address."))?)
            }
            None => None,
        };
        let subnet = match entry["subnet_id"].as_str() {
            Some(id) => subnets.iter().find(|subnet| subnet["id"] == id).ok_or_else(|| {
                error(
                    StatusCode::BAD_REQUEST,
                    "InvalidInput",
                    &format!("Subnet {id} is not of this network."),
                )
            })?,
            None => subnets
                .iter()
                .find(|subnet| {
                    address.is_none_or(|address| {
                        subnets::cidr_of(subnet).is_some_and(|cidr| cidr.contains(address))
                    })
                })
                .ok_or_else(|| {
                    let message = "The address is of none of the network's subnets.";
                    error(StatusCode::BAD_REQUEST, "InvalidIpForNetwork", message)
                })?,
        };
        let id = subnet["id"].as_str().unwrap_or_default();
        let address = match address {
            None => pool::allocate(neutron, id)?,
            Some(address) if !subnets::cidr_of(subnet).is_some_and(|cidr| cidr.contains(address)) => {
                let message = format!("{address} is not of subnet {id}.");
                return Err(error(StatusCode::BAD_REQUEST, "InvalidIpForSubnet", &message));
            }
            Some(address) => {
                let mine = own.is_some_and(|port| addresses(port).any(|own| own == IpAddr::V4(address)));
                if !mine && pool::used(neutron, id).contains(&address) {
                    let message = format!("{address} is in use on subnet {id}.");
                    return Err(conflict("IpAddressAlreadyAllocated", &message));
                }
                address
            }
        };
        chosen.push(json!({"subnet_id": id, "ip_address": address.to_string()}));
    }
    Ok(json!(chosen))
}

/// Checks a changed port; `port` has the changes `given` in it already.
pub(super) fn check_change(neutron: &mut Neutron, port: &mut Value, given: &Value) -> Result<(), Reply> {
    if !given["security_groups"].is_null() {
        check_groups(neutron, port)?;
    }
    if !given["fixed_ips"].is_null() {
        let network = port["network_id"].as_str().unwrap_or_default().to_owned();
        let before = port["id"].as_str().and_then(|id| neutron.get("ports", id)).cloned();
        port["fixed_ips"] = choose_addresses(neutron, &network, &port["fixed_ips"], before.as_ref())?;
    }
    Ok(())
}

/// Whether Nova can give the port to a server. The refusal is Nova's.
pub(crate) fn check_free(neutron: &Neutron, id: &str) -> Result<(), Reply> {
    match neutron.get("ports", id) {
        None => Err(nova::bad(&format!("There is no port {id}."))),
        Some(port) if port["device_id"] != "" => Err(nova::conflict(&format!(
            "Port {id} is used by {}.",
            port["device_id"].as_str().unwrap_or_default()
        ))),
        Some(_) => Ok(()),
    }
}

/// Gives a free port to a server.
pub(crate) fn claim(neutron: &mut Neutron, id: &str, server: &str) {
    if let Some(port) = neutron.get_mut("ports", id) {
        port["device_id"] = json!(server);
        port["device_owner"] = json!(SERVER);
    }
}

/// Makes a port for a server on a network, as Nova does when it is given none. The refusal is Nova's.
pub(crate) fn make_for_server(
    world: &mut World,
    asked: &Value,
    groups: &[&str],
    server: &str,
) -> Result<(), Reply> {
    let mut given = Map::new();
    given.insert("network_id".into(), asked["uuid"].clone());
    given.insert("device_id".into(), json!(server));
    given.insert("device_owner".into(), json!(SERVER));
    if let Some(address) = asked["fixed_ip"].as_str() {
        given.insert("fixed_ips".into(), json!([{"ip_address": address}]));
    }
    if !groups.is_empty() {
        let ids: Option<Vec<Value>> = groups.iter().map(|group| find_group(&world.neutron, group)).collect();
        let ids = ids.ok_or_else(|| nova::bad("One of security_groups is not there."))?;
        given.insert("security_groups".into(), json!(ids));
    }
    let id = make(world, &kinds::PORT, given).map_err(|reply| match reply.status {
        StatusCode::CONFLICT => {
            nova::error(StatusCode::FORBIDDEN, "The network has no port or address left.")
        }
        _ => nova::bad("The fixed address is not one of the network's."),
    })?;
    if let Some(port) = world.neutron.get_mut("ports", &id) {
        port["binding:profile"][MADE_BY_NOVA] = json!(true);
    }
    Ok(())
}

/// The id of a group known by its name or id.
fn find_group(neutron: &Neutron, group: &str) -> Option<Value> {
    let mut groups = neutron.list("security_groups").iter();
    groups.find(|own| own["id"] == group || own["name"] == group).map(|own| own["id"].clone())
}

/// Puts a security group on a server's ports, or takes it off.
pub(crate) fn change_group(neutron: &mut Neutron, server: &str, group: &str, add: bool) -> bool {
    let Some(id) = find_group(neutron, group) else { return false };
    for port in neutron.tables.get_mut("ports").into_iter().flatten() {
        if port["device_id"] != server {
            continue;
        }
        if let Value::Array(groups) = &mut port["security_groups"] {
            groups.retain(|own| *own != id);
            if add {
                groups.push(id.clone());
            }
        }
    }
    true
}

/// The ports of a server that has come up are up too.
pub(crate) fn activate(neutron: &mut Neutron, server: &str) {
    for port in neutron.tables.get_mut("ports").into_iter().flatten() {
        if port["device_id"] == server {
            port["status"] = json!("ACTIVE");
        }
    }
}

/// Removes the ports that Nova made for a server and frees the others.
pub(crate) fn release(neutron: &mut Neutron, server: &str) {
    neutron
        .remove("ports", |port| port["device_id"] == server && port["binding:profile"][MADE_BY_NOVA] == true);
    for port in neutron.tables.get_mut("ports").into_iter().flatten() {
        if port["device_id"] == server {
            port["device_id"] = json!("");
            port["device_owner"] = json!("");
            port["status"] = json!("DOWN");
        }
    }
}
