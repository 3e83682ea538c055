//! Subnets.

use std::net::Ipv4Addr;

use http::StatusCode;
use serde_json::{Value, json};

use super::{Neutron, addresses, bad, error, kinds, not_found};
use crate::Cidr;
use crate::http::Reply;

fn invalid(message: &str) -> Reply {
    error(StatusCode::BAD_REQUEST, "InvalidInput", message)
}

/// Checks a new subnet and fills in its gateway and its pools.
pub(super) fn prepare(neutron: &Neutron, subnet: &mut Value) -> Result<(), Reply> {
    let network = subnet["network_id"].as_str().unwrap_or_default();
    if !neutron.has("networks", network) {
        return Err(not_found(&kinds::NETWORK, network));
    }
    if subnet["ip_version"] != 4 {
        return Err(invalid("The simulator has IPv4 subnets only."));
    }
    let cidr: Cidr = subnet["cidr"]
        .as_str()
        .and_then(|cidr| cidr.parse().ok())
        .ok_or_else(|| invalid("cidr is not an address range."))?;
    if subnet["enable_dhcp"] == true && cidr.nth(0).is_some_and(|address| address.is_loopback()) {
        return Err(invalid("A loopback subnet takes no DHCP, set enable_dhcp to false."));
    }
    for other in neutron.list("subnets").iter().filter(|other| other["network_id"] == network) {
        let Some(other) = cidr_of(other) else { continue };
        if overlap(other, cidr) {
            return Err(invalid(&format!("{cidr} overlaps {other}, which the network has already.")));
        }
    }
    subnet["cidr"] = json!(cidr.to_string());
    let gateway = match &subnet["gateway_ip"] {
        Value::Null => None,
        Value::String(text) if text.is_empty() => cidr.nth(1),
        Value::String(text) => {
            Some(text.parse::<Ipv4Addr>().map_err(|_| bad("gateway_ip is not an address."))?)
        }
        _ => return Err(bad("gateway_ip is not an address.")),
    };
    subnet["gateway_ip"] = json!(gateway.map(|gateway| gateway.to_string()));
    let given = subnet["allocation_pools"].as_array().cloned().unwrap_or_default();
    if given.is_empty() {
        subnet["allocation_pools"] = addresses::pools(cidr, gateway);
        return Ok(());
    }
    let address =
        |value: &Value| value.as_str()?.parse::<Ipv4Addr>().ok().filter(|address| cidr.contains(*address));
    for pool in &given {
        match (address(&pool["start"]), address(&pool["end"])) {
            (Some(start), Some(end)) if start <= end => {}
            _ => {
                return Err(error(
                    StatusCode::BAD_REQUEST,
                    "OutOfBoundsAllocationPool",
                    &format!("An allocation pool is not a part of {cidr}."),
                ));
            }
        }
    }
    Ok(())
}

pub(super) fn cidr_of(subnet: &Value) -> Option<Cidr> {
    subnet["cidr"].as_str()?.parse().ok()
}

fn overlap(a: Cidr, b: Cidr) -> bool {
    a.nth(0).is_some_and(|first| b.contains(first)) || b.nth(0).is_some_and(|first| a.contains(first))
}
