//! Networks of pods and services.

use std::net::IpAddr;

use talos_machineconfig_derive::Fields;

use crate::types::v1alpha1;
use crate::types::{Prefix, ReplaceList};
use crate::validate::{Findings, Rules};

/// Fewest bits that a network leaves for hosts.
const LEAST_HOST_BITS: i64 = 4;
/// Most bits that a network of services leaves for hosts.
const MOST_SERVICE_BITS: i64 = 20;
/// Most bits by which the network of a node is longer than that of all pods.
const MOST_NODE_BITS: i64 = 16;

/// Networks of pods and services.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "KubeNetworkConfig", since = "1.14")]
pub struct KubeNetworkConfig {
    /// DNS domain of the cluster.
    #[config(always)]
    pub dns_domain: String,
    /// Networks of pods. A patch replaces the list.
    #[config(always)]
    pub pod_subnets: ReplaceList<Prefix>,
    /// Networks of services. A patch replaces the list.
    #[config(always)]
    pub service_subnets: ReplaceList<Prefix>,
    /// Prefix length of a node's IPv4 network.
    #[config(key = "nodeCIDRMaskSizeIPv4")]
    pub node_cidr_mask_size_i_pv4: i64,
    /// Prefix length of a node's IPv6 network.
    #[config(key = "nodeCIDRMaskSizeIPv6")]
    pub node_cidr_mask_size_i_pv6: i64,
}

impl Rules for KubeNetworkConfig {
    fn check(&self, found: &mut Findings) {
        let node_ipv4 =
            check_node_size("nodeCIDRMaskSizeIPv4", self.node_cidr_mask_size_i_pv4, 24, 32, found);
        let node_ipv6 =
            check_node_size("nodeCIDRMaskSizeIPv6", self.node_cidr_mask_size_i_pv6, 64, 128, found);
        check_subnets("podSubnets", &self.pod_subnets, found, |subnet| {
            let node = if subnet.ip.is_ipv4() { node_ipv4 } else { node_ipv6 }?;
            if subnet.bits > node {
                return Some(format!(
                    "it is smaller than the /{node} of a single node: write a larger network"
                ));
            }
            if node - subnet.bits > MOST_NODE_BITS {
                let least = node - MOST_NODE_BITS;
                return Some(format!(
                    "it is too large for nodes of /{node}: write a network of /{least} at most"
                ));
            }
            None
        });
        check_subnets("serviceSubnets", &self.service_subnets, found, |subnet| {
            let least = subnet.all_bits() - MOST_SERVICE_BITS;
            (subnet.bits < least).then(|| format!("it is too large: write a network of /{least} at most"))
        });
        if self.pod_subnets.len() != self.service_subnets.len() {
            found.error(
                "serviceSubnets",
                "write as many networks of services as of pods, one for each family",
            );
        }
    }

    fn check_sections(&self, sections: &v1alpha1::Config, found: &mut Findings) {
        let is_set = sections.cluster.as_ref().is_some_and(|cluster| cluster.network.is_some());
        found.exclude("cluster.network", is_set);
    }
}

/// The length of a node's prefix, which is `default` if it is zero; nothing if it is wrong.
fn check_node_size(key: &str, size: i64, default: i64, longest: i64, found: &mut Findings) -> Option<i64> {
    match size {
        0 => Some(default),
        _ if (1..=longest).contains(&size) => Some(size),
        _ => {
            found.error(
                key,
                format!("write the length of a prefix, 1 to {longest}, or leave it out for {default}"),
            );
            None
        }
    }
}

/// A network that is well-formed.
struct Subnet {
    ip: IpAddr,
    bits: i64,
}

impl Subnet {
    fn all_bits(&self) -> i64 {
        if self.ip.is_ipv4() { 32 } else { 128 }
    }
}

/// Checks the networks of the list `key`, their size with `size_problem`.
fn check_subnets(
    key: &str,
    subnets: &[Prefix],
    found: &mut Findings,
    size_problem: impl Fn(&Subnet) -> Option<String>,
) {
    if subnets.is_empty() {
        found.missing(key, "one network, or two for IPv4 and IPv6");
    }
    if subnets.len() > 2 {
        found.error(key, "there are at most two networks, one for IPv4 and one for IPv6: remove the others");
    }
    found.each(key, subnets, |prefix, found| {
        let (Some(ip), Some(bits)) = (prefix.ip(), prefix.bits()) else {
            found.missing("", "a network such as 10.244.0.0/16");
            return;
        };
        let subnet = Subnet { ip, bits: bits.into() };
        if !prefix.is_masked() {
            found.error("", format!("{prefix} has bits behind its length: set them to zero"));
        }
        if subnet.all_bits() - subnet.bits < LEAST_HOST_BITS {
            let most = subnet.all_bits() - LEAST_HOST_BITS;
            found.error("", format!("it is too small: write a network of /{most} at least"));
        } else if let Some(problem) = size_problem(&subnet) {
            found.error("", problem);
        }
    });
    let ipv4 = subnets.iter().filter(|prefix| prefix.ip().is_some_and(|ip| ip.is_ipv4())).count();
    if subnets.len() == 2 && ipv4 != 1 {
        found.error(key, "of two networks one is IPv4 and one is IPv6: change one of them");
    }
}
