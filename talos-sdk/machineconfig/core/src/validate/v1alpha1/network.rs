//! Rules of `machine.network`.

use std::collections::HashMap;

use crate::machine_type::MachineType;
use crate::types::Prefix;
use crate::types::v1alpha1::{
    Device, DeviceWireguardConfig, NetworkConfig, NetworkDeviceSelector, NetworkKubeSpan, Route, Vlan,
};
use crate::validate::Findings;
use crate::validate::address::{check_filters, has_port, is_address, is_address_with_prefix};
use crate::validate::v1alpha1::bond;
use talos_secret::base64;

/// Least MTU of the KubeSpan link.
const KUBESPAN_LEAST_MTU: u32 = 1280;

/// Which interface each port of a bond or bridge belongs to, both by name.
type Parents<'a> = HashMap<&'a str, &'a str>;

pub(super) fn check(network: &NetworkConfig, role: Option<MachineType>, found: &mut Findings) {
    let mut parents = Parents::new();
    found.each_entry("interfaces", &network.interfaces, |device, found| {
        add_ports(device, &mut parents, found);
    });
    found.each("interfaces", network.interfaces.entries(), |device, found| {
        let Some(device) = device else { return };
        if role == Some(MachineType::Worker) {
            refuse_shared_addresses(device, found);
        }
        if device.ignore != Some(true) {
            check_device(device, &parents, found);
        }
    });
    if let Some(kubespan) = &network.kubespan
        && kubespan.enabled == Some(true)
    {
        found.within("kubespan", |found| check_kubespan(kubespan, found));
    }
}

/// Notes the ports of a bond or bridge; each may have one parent.
fn add_ports<'a>(device: &'a Device, parents: &mut Parents<'a>, found: &mut Findings) {
    if device.bond.is_some() && device.bridge.is_some() {
        found.error("bridge", "an interface is a bond or a bridge: remove one of the two");
    }
    if let Some(bond) = &device.bond
        && !bond.interfaces.is_empty()
        && !bond.device_selectors.is_empty()
    {
        found.error("bond.deviceSelectors", "ports are given by interfaces too: remove one of the two");
    }
    let (key, ports) = match (&device.bond, &device.bridge) {
        (_, Some(bridge)) => ("bridge", &bridge.interfaces),
        (Some(bond), None) => ("bond", &bond.interfaces),
        (None, None) => return,
    };
    found.within(key, |found| {
        found.each("interfaces", ports, |port, found| {
            if let Some(parent) = parents.insert(port, &device.interface)
                && parent != device.interface
            {
                found.error("", format!("{port:?} is a port of {parent:?} already: it has one parent only"));
            }
        });
    });
}

fn refuse_shared_addresses(device: &Device, found: &mut Findings) {
    const PROBLEM: &str = "only control planes share an address: remove it";
    if device.vip.is_some() {
        found.error("vip", PROBLEM);
    }
    found.each_entry("vlans", &device.vlans, |vlan, found| {
        if vlan.vip.is_some() {
            found.error("vip", PROBLEM);
        }
    });
}

fn check_device(device: &Device, parents: &Parents<'_>, found: &mut Findings) {
    match (&device.device_selector, device.interface.is_empty()) {
        (None, true) => found.error("", "the name is missing: set interface, or deviceSelector"),
        (Some(_), false) => {
            found.error("deviceSelector", "the interface is given by name too: remove one of the two");
        }
        _ => {}
    }
    if device.device_selector.as_ref().is_some_and(|selector| *selector == NetworkDeviceSelector::default()) {
        found.error("deviceSelector", "an empty selector selects nothing: add a property, such as busPath");
    }
    if let Some(bond) = &device.bond {
        found.within("bond", |found| bond::check(bond, found));
    }
    if let Some(wireguard) = &device.wireguard {
        found.within("wireguard", |found| check_wireguard(wireguard, found));
    }
    found.each_entry("vlans", &device.vlans, check_vlan);
    check_addressing(device, parents, found);
    found.each_entry("routes", &device.routes, check_route);
}

fn check_addressing(device: &Device, parents: &Parents<'_>, found: &mut Findings) {
    let is_addressed = device.dhcp == Some(true)
        || !device.cidr.is_empty()
        || !device.addresses.is_empty()
        || device.vip.is_some();
    if is_addressed && let Some(parent) = parents.get(device.interface.as_str()) {
        found.error(
            "",
            format!("a port of {parent:?} has no addresses of its own: remove addresses, dhcp, vip"),
        );
    }
    check_addresses(&device.cidr, &device.addresses, found);
    if !device.cidr.is_empty() {
        found.warn("cidr", "deprecated: use addresses");
    }
    if let Some(vip) = &device.vip
        && !is_address(&vip.ip)
    {
        found.error("vip.ip", format!("{:?} is not an IP address", vip.ip));
    }
}

fn check_vlan(vlan: &Vlan, found: &mut Findings) {
    check_addresses(&vlan.cidr, &vlan.addresses, found);
}

/// Checks the old field for one address and the list that replaced it.
fn check_addresses(cidr: &str, addresses: &[String], found: &mut Findings) {
    let check = |text: &str, key: &str, found: &mut Findings| {
        let is_right = if text.contains('/') { is_address_with_prefix(text) } else { is_address(text) };
        if !is_right {
            found.error(key, format!("{text:?} is not an address: write one such as 10.0.0.2/24"));
        }
    };
    if !cidr.is_empty() {
        if !addresses.is_empty() {
            found.error("cidr", "addresses is set too: move this address there");
        }
        check(cidr, "cidr", found);
    }
    found.each("addresses", addresses, |address, found| check(address, "", found));
}

fn check_route(route: &Route, found: &mut Findings) {
    if route.network.is_empty() && route.gateway.is_empty() {
        found.error("", "a route needs network or gateway");
    }
    if !route.network.is_empty() && !is_address_with_prefix(&route.network) {
        found.error("network", format!("{:?} is not a network: write one such as 10.0.0.0/8", route.network));
    }
    for (key, address) in [("gateway", &route.gateway), ("source", &route.source)] {
        if !address.is_empty() && !is_address(address) {
            found.error(key, format!("{address:?} is not an IP address"));
        }
    }
}

fn check_wireguard(wireguard: &DeviceWireguardConfig, found: &mut Findings) {
    const PROBLEM: &str = "this is not a WireGuard key, which is 32 bytes in base64";
    let is_key = |text: &str| base64::decode(text).is_some_and(|key| key.len() == 32);
    if !is_key(wireguard.private_key.expose()) {
        found.error("privateKey", PROBLEM);
    }
    found.each_entry("peers", &wireguard.peers, |peer, found| {
        if !is_key(&peer.public_key) {
            found.error("publicKey", PROBLEM);
        }
        if !peer.endpoint.is_empty() && !has_port(&peer.endpoint) {
            found.error("endpoint", format!("{:?} is not host:port, such as 10.0.0.1:51820", peer.endpoint));
        }
        found.each("allowedIPs", &peer.allowed_ips, |network, found| {
            if !is_address_with_prefix(network) {
                found.error("", format!("{network:?} is not a network: write one such as 10.0.0.0/8"));
            }
        });
    });
}

fn check_kubespan(kubespan: &NetworkKubeSpan, found: &mut Findings) {
    if kubespan.mtu.is_some_and(|mtu| mtu != 0 && mtu < KUBESPAN_LEAST_MTU) {
        found.error("mtu", format!("the MTU is at least {KUBESPAN_LEAST_MTU} bytes"));
    }
    if let Some(filters) = &kubespan.filters {
        found.within("filters", |found| {
            check_filters("endpoints", &filters.endpoints, found);
            found.each(
                "excludeAdvertisedNetworks",
                &filters.exclude_advertised_networks,
                |network, found| {
                    if network.is_empty() || network.parse::<Prefix>().is_err() {
                        found
                            .error("", format!("{network:?} is not a network: write one such as 10.0.0.0/8"));
                    }
                },
            );
        });
    }
}
