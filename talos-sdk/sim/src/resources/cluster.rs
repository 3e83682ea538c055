//! What a machine says about the cluster that it belongs to, and about the machines in it.

use std::net::Ipv4Addr;

use serde_json::Value;
use talos_pki::base64;

use super::fields::Fields;
use super::item::{Item, item};
use super::machine::machine_type_of;
use crate::config::NodeConfig;

pub(crate) const MEMBERS: &str = "Members.cluster.talos.dev";
pub(crate) const AFFILIATES: &str = "Affiliates.cluster.talos.dev";

/// A machine as others discover it.
pub(crate) struct Affiliate<'a> {
    pub(crate) node_id: &'a str,
    pub(crate) hostname: &'a str,
    pub(crate) address: Ipv4Addr,
    pub(crate) control_plane: bool,
    /// The version of Talos, `v1.13.0`.
    pub(crate) version: &'a str,
}

impl Affiliate<'_> {
    fn api_server() -> Fields {
        Fields::new().number(1, "port", 6443u32)
    }

    pub(crate) fn member(&self) -> Item {
        let (number, word) = machine_type_of(self.control_plane);
        let fields = Fields::new()
            .text(1, "nodeId", self.node_id)
            .addresses(2, "addresses", &[self.address])
            .text(3, "hostname", self.hostname)
            .word(4, "machineType", number, word)
            .text(5, "operatingSystem", format!("Talos ({})", self.version));
        let fields =
            if self.control_plane { fields.inside(6, "controlPlane", Self::api_server()) } else { fields };
        item(MEMBERS, self.hostname, fields)
    }

    pub(crate) fn affiliate(&self) -> Item {
        let (number, word) = machine_type_of(self.control_plane);
        let fields = Fields::new()
            .text(1, "nodeId", self.node_id)
            .addresses(2, "addresses", &[self.address])
            .text(3, "hostname", self.hostname)
            .text(4, "nodename?", self.hostname)
            .text(5, "operatingSystem", format!("Talos ({})", self.version))
            .word(6, "machineType", number, word);
        let fields =
            if self.control_plane { fields.inside(8, "controlPlane", Self::api_server()) } else { fields };
        item(AFFILIATES, self.node_id, fields)
    }
}

/// Who the machine is to discovery.
pub(crate) fn identity(node_id: &str) -> Item {
    item("Identities.cluster.talos.dev", "local", Fields::new().text(1, "nodeId", node_id))
}

/// The cluster, and how its machines find each other; `minor` is that of Talos.
pub(crate) fn configured(config: &NodeConfig, minor: u16) -> [Item; 2] {
    let info =
        Fields::new().text(1, "clusterId", &config.cluster_id).text(2, "clusterName", &config.cluster_name);
    let endpoint = config.components.discovery.as_deref();
    let address = endpoint.map(|url| {
        let host = url.split_once("://").map_or(url, |(_, host)| host).trim_end_matches('/');
        if host.contains(':') { host.to_owned() } else { format!("{host}:443") }
    });
    let secret = endpoint.and_then(|_| base64::decode(config.components.cluster_secret.expose()));
    let discovery = Fields::new()
        .flag(1, "discoveryEnabled", endpoint.is_some())
        .flag(2, "registryKubernetesEnabled", false)
        .flag(3, "registryServiceEnabled", endpoint.is_some())
        .text(4, "serviceEndpoint", address.as_deref().unwrap_or_default())
        .numbers_of(6, "serviceEncryptionKey", &secret.unwrap_or_default())
        .text(7, "serviceClusterID", if endpoint.is_some() { &config.cluster_id } else { "" });
    let discovery = match address.filter(|_| minor >= 14) {
        Some(address) => {
            let service = Fields::new().text(1, "name", "default").text(2, "endpoint", address);
            discovery.list(8, "serviceEndpoints", vec![service.flag(3, "insecure", false)])
        }
        None if minor >= 14 => discovery.yaml("serviceEndpoints", Value::Array(Vec::new())),
        None => discovery,
    };
    [
        item("Infos.cluster.talos.dev", "current", info),
        item("DiscoveryConfigs.cluster.talos.dev", "cluster", discovery),
    ]
}
