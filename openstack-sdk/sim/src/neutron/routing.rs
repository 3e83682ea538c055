//! Routers and floating addresses.

use std::net::Ipv4Addr;

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::{Neutron, addresses, bad, conflict, error, kinds, make, not_found, ports, subnets};
use crate::http::{Reply, Request};
use crate::world::World;

/// Owner of a router's port.
pub(super) const INTERFACE: &str = "network:router_interface";

fn bad_request(message: &str) -> Reply {
    error(StatusCode::BAD_REQUEST, "BadRequest", message)
}

/// First subnet of an external network.
fn external_subnet(neutron: &Neutron, network: &str) -> Result<Value, Reply> {
    let found = neutron.get("networks", network).ok_or_else(|| not_found(&kinds::NETWORK, network))?;
    if found["router:external"] != true {
        return Err(bad_request(&format!("Network {network} is not an external one.")));
    }
    let mut subnets = neutron.list("subnets").iter();
    subnets
        .find(|subnet| subnet["network_id"] == network)
        .cloned()
        .ok_or_else(|| bad_request(&format!("Network {network} has no subnet.")))
}

pub(super) fn prepare_router(world: &mut World, router: &mut Value) -> Result<(), Reply> {
    router["status"] = json!("ACTIVE");
    router["availability_zones"] = json!([]);
    match router["external_gateway_info"].is_null() {
        true => Ok(()),
        false => set_gateway(&mut world.neutron, router),
    }
}

/// Gives a router its address on the external network.
pub(super) fn set_gateway(neutron: &mut Neutron, router: &mut Value) -> Result<(), Reply> {
    let network = router["external_gateway_info"]["network_id"].as_str().unwrap_or_default().to_owned();
    let subnet = external_subnet(neutron, &network)?;
    let id = subnet["id"].as_str().unwrap_or_default();
    let address = addresses::allocate(neutron, id)?;
    router["external_gateway_info"] = json!({
        "network_id": network,
        "enable_snat": true,
        "external_fixed_ips": [{"subnet_id": id, "ip_address": address.to_string()}],
    });
    Ok(())
}

/// `PUT /v2.0/routers/{id}/add_router_interface` and `remove_router_interface`.
pub(super) fn interface(
    world: &mut World,
    request: &Request,
    router: &str,
    add: bool,
) -> Result<Reply, Reply> {
    let body = request.json().unwrap_or_default();
    let port = match (body["port_id"].as_str(), body["subnet_id"].as_str()) {
        (Some(port), _) => {
            let known = world.neutron.get("ports", port).cloned();
            known.ok_or_else(|| not_found(&kinds::PORT, port))?
        }
        (None, Some(subnet)) => {
            let found = ports::of_device(&world.neutron, router)
                .find(|port| {
                    port["fixed_ips"]
                        .as_array()
                        .is_some_and(|list| list.iter().any(|entry| entry["subnet_id"] == subnet))
                })
                .cloned();
            match (add, found) {
                (true, Some(_)) => return Err(bad_request("The router is on this subnet already.")),
                (true, None) => new_interface(world, router, subnet)?,
                (false, Some(port)) => port,
                (false, None) => {
                    let message = format!("Router {router} has no interface on subnet {subnet}.");
                    return Err(error(StatusCode::NOT_FOUND, "RouterInterfaceNotFoundForSubnet", &message));
                }
            }
        }
        (None, None) => return Err(bad_request("The body needs a subnet_id or a port_id.")),
    };
    let id = port["id"].as_str().unwrap_or_default();
    if add {
        if let Some(port) = world.neutron.get_mut("ports", id) {
            port["device_id"] = json!(router);
            port["device_owner"] = json!(INTERFACE);
            port["status"] = json!("ACTIVE");
        }
    } else {
        world.neutron.remove("ports", |port| port["id"] == id);
    }
    let subnet = &port["fixed_ips"][0]["subnet_id"];
    Ok(Reply::ok(&json!({
        "id": router,
        "tenant_id": world.keystone.project_id,
        "project_id": world.keystone.project_id,
        "port_id": id,
        "network_id": port["network_id"],
        "subnet_id": subnet,
        "subnet_ids": [subnet],
        "tags": [],
    })))
}

fn new_interface(world: &mut World, router: &str, subnet: &str) -> Result<Value, Reply> {
    let found =
        world.neutron.get("subnets", subnet).cloned().ok_or_else(|| not_found(&kinds::SUBNET, subnet))?;
    if found["gateway_ip"].is_null() {
        return Err(bad_request(&format!("Subnet {subnet} has no gateway address.")));
    }
    let given = [
        ("network_id", found["network_id"].clone()),
        ("fixed_ips", json!([{"subnet_id": subnet, "ip_address": found["gateway_ip"]}])),
        ("device_id", json!(router)),
        ("security_groups", json!([])),
    ];
    let given: Map<String, Value> = given.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let id = make(world, &kinds::PORT, given)?;
    Ok(world.neutron.get("ports", &id).cloned().unwrap_or_default())
}

/// Checks a new floating address and chooses it.
pub(super) fn prepare_floating(world: &mut World, floating: &mut Value) -> Result<(), Reply> {
    let network = floating["floating_network_id"].as_str().unwrap_or_default();
    let subnet = external_subnet(&world.neutron, network)?;
    let id = subnet["id"].as_str().unwrap_or_default();
    let address = match floating["floating_ip_address"].as_str() {
        None => addresses::allocate(&mut world.neutron, id)?,
        Some(text) => {
            let address: Ipv4Addr =
                text.parse().map_err(|_| bad("floating_ip_address is not an address."))?;
            if !subnets::cidr_of(&subnet).is_some_and(|cidr| cidr.contains(address)) {
                return Err(error(
                    StatusCode::BAD_REQUEST,
                    "InvalidIpForNetwork",
                    &format!("{address} is not of the external network."),
                ));
            }
            if addresses::used(&world.neutron, id).contains(&address) {
                return Err(conflict("IpAddressAlreadyAllocated", &format!("{address} is in use.")));
            }
            address
        }
    };
    floating["floating_ip_address"] = json!(address.to_string());
    floating["subnet_id"] = json!(id);
    match floating["port_id"].is_null() {
        true => {
            dissociate(floating);
            Ok(())
        }
        false => associate(&world.neutron, floating),
    }
}

/// Leads a floating address to the port in it.
pub(super) fn associate(neutron: &Neutron, floating: &mut Value) -> Result<(), Reply> {
    let id = floating["port_id"].as_str().unwrap_or_default();
    let port = neutron.get("ports", id).ok_or_else(|| not_found(&kinds::PORT, id))?;
    let taken = neutron.list("floatingips").iter().any(|other| {
        other["port_id"] == id && other["floating_ip_address"] != floating["floating_ip_address"]
    });
    if taken {
        let message = format!("Port {id} has a floating address already.");
        return Err(conflict("FloatingIPPortAlreadyAssociated", &message));
    }
    let Some(fixed) = port["fixed_ips"].as_array().and_then(|list| list.first()) else {
        return Err(bad_request(&format!("Port {id} has no fixed address.")));
    };
    let router = neutron.list("routers").iter().find(|router| {
        router["external_gateway_info"]["network_id"] == floating["floating_network_id"]
            && router["id"].as_str().is_some_and(|router| {
                ports::of_device(neutron, router)
                    .any(|port| port["fixed_ips"][0]["subnet_id"] == fixed["subnet_id"])
            })
    });
    let Some(router) = router else {
        return Err(error(
            StatusCode::NOT_FOUND,
            "ExternalGatewayForFloatingIPNotFound",
            &format!("No router leads from the external network to port {id}."),
        ));
    };
    floating["router_id"] = router["id"].clone();
    floating["fixed_ip_address"] = fixed["ip_address"].clone();
    floating["status"] = json!("ACTIVE");
    Ok(())
}

/// Leads a floating address nowhere.
pub(super) fn dissociate(floating: &mut Value) {
    for name in ["port_id", "fixed_ip_address", "router_id"] {
        floating[name] = Value::Null;
    }
    floating["status"] = json!("DOWN");
}

/// Takes a port away from the floating address that leads to it.
pub(super) fn forget_port(neutron: &mut Neutron, port: &str) {
    for floating in neutron.tables.get_mut("floatingips").into_iter().flatten() {
        if floating["port_id"] == port {
            dissociate(floating);
        }
    }
}
