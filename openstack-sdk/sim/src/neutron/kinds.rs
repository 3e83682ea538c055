//! The kinds of things that Neutron keeps, and their attributes.

use crate::Quota;

pub(crate) struct Kind {
    /// As it stands in a path: `security-groups`.
    pub(crate) path: &'static str,
    /// As it stands in the body of a list: `security_groups`.
    pub(crate) plural: &'static str,
    /// As it stands in the body of one: `security_group`.
    pub(crate) singular: &'static str,
    /// Type of the error for an id that is not there.
    pub(crate) missing: &'static str,
    pub(crate) quota: fn(&Quota) -> i64,
    pub(crate) fields: &'static [Field],
}

pub(crate) struct Field {
    pub(crate) name: &'static str,
    /// JSON of the value when none is given; empty when one has to be.
    pub(crate) default: &'static str,
    pub(crate) shape: Shape,
    /// Whether it can be changed later.
    pub(crate) changes: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Text,
    Bool,
    List,
    Any,
}

use Shape::{Any, Bool, List, Text};

/// An attribute that can be changed.
const fn open(name: &'static str, default: &'static str, shape: Shape) -> Field {
    Field { name, default, shape, changes: true }
}

/// An attribute given once and for all.
const fn fixed(name: &'static str, default: &'static str, shape: Shape) -> Field {
    Field { name, default, shape, changes: false }
}

pub(crate) const NETWORK: Kind = Kind {
    path: "networks",
    plural: "networks",
    singular: "network",
    missing: "NetworkNotFound",
    quota: |quota| quota.networks,
    fields: &[
        open("name", "\"\"", Text),
        open("description", "\"\"", Text),
        open("admin_state_up", "true", Bool),
        open("shared", "false", Bool),
        open("router:external", "false", Bool),
        open("port_security_enabled", "true", Bool),
        open("mtu", "1450", Any),
        fixed("availability_zone_hints", "[]", List),
        open("qos_policy_id", "null", Any),
        open("dns_domain", "\"\"", Text),
        open("is_default", "false", Any),
        fixed("provider:network_type", "null", Any),
        fixed("provider:physical_network", "null", Any),
        fixed("provider:segmentation_id", "null", Any),
    ],
};

pub(crate) const SUBNET: Kind = Kind {
    path: "subnets",
    plural: "subnets",
    singular: "subnet",
    missing: "SubnetNotFound",
    quota: |quota| quota.subnets,
    fields: &[
        fixed("network_id", "", Text),
        fixed("ip_version", "", Any),
        fixed("cidr", "", Text),
        open("name", "\"\"", Text),
        open("description", "\"\"", Text),
        open("enable_dhcp", "true", Bool),
        // Left out and null differ: the first address, or none.
        open("gateway_ip", "\"\"", Any),
        open("allocation_pools", "[]", List),
        open("dns_nameservers", "[]", List),
        open("host_routes", "[]", List),
        open("service_types", "[]", List),
        fixed("ipv6_ra_mode", "null", Any),
        fixed("ipv6_address_mode", "null", Any),
        fixed("subnetpool_id", "null", Any),
        open("segment_id", "null", Any),
        open("dns_publish_fixed_ip", "false", Bool),
    ],
};

pub(crate) const PORT: Kind = Kind {
    path: "ports",
    plural: "ports",
    singular: "port",
    missing: "PortNotFound",
    quota: |quota| quota.ports,
    fields: &[
        fixed("network_id", "", Text),
        open("name", "\"\"", Text),
        open("description", "\"\"", Text),
        open("admin_state_up", "true", Bool),
        fixed("mac_address", "\"\"", Text),
        open("fixed_ips", "null", Any),
        open("device_id", "\"\"", Text),
        open("device_owner", "\"\"", Text),
        open("security_groups", "null", Any),
        open("allowed_address_pairs", "[]", List),
        open("port_security_enabled", "true", Bool),
        open("binding:vnic_type", "\"normal\"", Text),
        open("binding:profile", "null", Any),
        open("extra_dhcp_opts", "[]", List),
        open("dns_name", "\"\"", Text),
        open("dns_domain", "\"\"", Text),
        open("qos_policy_id", "null", Any),
    ],
};

pub(crate) const SECURITY_GROUP: Kind = Kind {
    path: "security-groups",
    plural: "security_groups",
    singular: "security_group",
    missing: "SecurityGroupNotFound",
    quota: |quota| quota.security_groups,
    fields: &[open("name", "\"\"", Text), open("description", "\"\"", Text), open("stateful", "true", Bool)],
};

pub(crate) const RULE: Kind = Kind {
    path: "security-group-rules",
    plural: "security_group_rules",
    singular: "security_group_rule",
    missing: "SecurityGroupRuleNotFound",
    quota: |quota| quota.security_group_rules,
    fields: &[
        fixed("security_group_id", "", Text),
        fixed("direction", "", Text),
        fixed("ethertype", "\"IPv4\"", Any),
        fixed("protocol", "null", Any),
        fixed("port_range_min", "null", Any),
        fixed("port_range_max", "null", Any),
        fixed("remote_ip_prefix", "null", Any),
        fixed("remote_group_id", "null", Any),
        fixed("remote_address_group_id", "null", Any),
        fixed("description", "null", Any),
    ],
};

pub(crate) const FLOATING_IP: Kind = Kind {
    path: "floatingips",
    plural: "floatingips",
    singular: "floatingip",
    missing: "FloatingIPNotFound",
    quota: |quota| quota.floating_ips,
    fields: &[
        fixed("floating_network_id", "", Text),
        fixed("floating_ip_address", "null", Any),
        fixed("subnet_id", "null", Any),
        open("port_id", "null", Any),
        open("fixed_ip_address", "null", Any),
        open("description", "\"\"", Text),
        fixed("dns_name", "\"\"", Text),
        fixed("dns_domain", "\"\"", Text),
        open("qos_policy_id", "null", Any),
    ],
};

pub(crate) const ROUTER: Kind = Kind {
    path: "routers",
    plural: "routers",
    singular: "router",
    missing: "RouterNotFound",
    quota: |quota| quota.routers,
    fields: &[
        open("name", "\"\"", Text),
        open("description", "\"\"", Text),
        open("admin_state_up", "true", Bool),
        open("external_gateway_info", "null", Any),
        open("routes", "[]", List),
        fixed("availability_zone_hints", "[]", List),
    ],
};

pub(crate) const ALL: [&Kind; 7] = [&NETWORK, &SUBNET, &PORT, &SECURITY_GROUP, &RULE, &FLOATING_IP, &ROUTER];
