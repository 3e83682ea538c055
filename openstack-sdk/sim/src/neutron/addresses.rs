//! Addresses given out from a subnet's pools.

use std::collections::HashSet;
use std::net::Ipv4Addr;

use serde_json::{Value, json};

use super::{Neutron, conflict};
use crate::Cidr;
use crate::http::Reply;

/// The pools of a subnet when none are asked for: all hosts but the gateway.
pub(super) fn pools(cidr: Cidr, gateway: Option<Ipv4Addr>) -> Value {
    let first = cidr.nth(1).map_or(0, u32::from);
    let last = u32::from(cidr.last()).saturating_sub(1);
    let gateway = gateway.map(u32::from).filter(|gateway| (first..=last).contains(gateway));
    let parts = match gateway {
        Some(gateway) => vec![(first, gateway - 1), (gateway + 1, last)],
        None => vec![(first, last)],
    };
    parts
        .into_iter()
        .filter(|(start, end)| start <= end && *start > 0)
        .map(|(start, end)| {
            json!({"start": Ipv4Addr::from(start).to_string(), "end": Ipv4Addr::from(end).to_string()})
        })
        .collect()
}

fn bounds(subnet: &Value) -> Vec<(u32, u32)> {
    let address = |value: &Value| value.as_str()?.parse::<Ipv4Addr>().ok().map(u32::from);
    let pools = subnet["allocation_pools"].as_array().into_iter().flatten();
    pools.filter_map(|pool| Some((address(&pool["start"])?, address(&pool["end"])?))).collect()
}

/// Addresses of a subnet that are in use.
pub(super) fn used(neutron: &Neutron, subnet: &str) -> HashSet<Ipv4Addr> {
    let fixed = neutron.list("ports").iter().flat_map(|port| port["fixed_ips"].as_array()).flatten();
    let gateways = neutron
        .list("routers")
        .iter()
        .flat_map(|router| router["external_gateway_info"]["external_fixed_ips"].as_array())
        .flatten();
    let floating = neutron.list("floatingips").iter().filter(|floating| floating["subnet_id"] == subnet);
    fixed
        .chain(gateways)
        .filter(|entry| entry["subnet_id"] == subnet)
        .map(|entry| &entry["ip_address"])
        .chain(floating.map(|floating| &floating["floating_ip_address"]))
        .filter_map(|address| address.as_str()?.parse().ok())
        .collect()
}

/// The next free address. A freed one is not given again before all others have been.
pub(super) fn allocate(neutron: &mut Neutron, subnet: &str) -> Result<Ipv4Addr, Reply> {
    let pools = neutron.get("subnets", subnet).map(bounds).unwrap_or_default();
    let used = used(neutron, subnet);
    let cursor = neutron.cursors.get(subnet).copied().unwrap_or(0);
    let all = || pools.iter().flat_map(|(start, end)| *start..=*end);
    let behind = all().filter(|address| *address > cursor);
    let before = all().filter(|address| *address <= cursor);
    let free = behind.chain(before).map(Ipv4Addr::from).find(|address| !used.contains(address));
    let Some(address) = free else {
        let message = format!("Subnet {subnet} has no free address left.");
        return Err(conflict("IpAddressGenerationFailure", &message));
    };
    neutron.cursors.insert(subnet.to_owned(), u32::from(address));
    Ok(address)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn pools_leave_the_gateway_out() {
        let cidr: Cidr = "10.0.0.0/29".parse().unwrap();
        assert_eq!(pools(cidr, cidr.nth(1)), json!([{"start": "10.0.0.2", "end": "10.0.0.6"}]));
        assert_eq!(
            pools(cidr, cidr.nth(3)),
            json!([{"start": "10.0.0.1", "end": "10.0.0.2"}, {"start": "10.0.0.4", "end": "10.0.0.6"}])
        );
        assert_eq!(pools(cidr, None), json!([{"start": "10.0.0.1", "end": "10.0.0.6"}]));
        assert_eq!(pools("10.0.0.1/32".parse().unwrap(), None), json!([]));
    }
}
