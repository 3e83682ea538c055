//! What a control plane says about its etcd.

use std::net::Ipv4Addr;

use super::fields::Fields;
use super::item::{Item, item};
use crate::config::NodeConfig;
use crate::etcd::EtcdMember;

pub(crate) const MEMBERS: &str = "EtcdMembers.etcd.talos.dev";
const ID: &str = "etcd";

/// What the configuration asks of etcd, and what comes of that on this machine; `minor` is that of Talos.
pub(crate) fn configured(config: &NodeConfig, address: Ipv4Addr, hostname: &str, minor: u16) -> [Item; 2] {
    let etcd = &config.components.etcd;
    let settings = Fields::new()
        .texts::<&str>(2, "advertiseExcludeSubnets", &[])
        .texts::<&str>(6, "listenExcludeSubnets", &[])
        .text(3, "image", &etcd.image)
        .arguments(7, "extraArgs", &etcd.arguments, minor);
    let spec = Fields::new()
        .text(1, "name", hostname.split('.').next().unwrap_or_default())
        .addresses(2, "advertisedAddresses", &[address])
        .addresses(5, "listenPeerAddresses", &[Ipv4Addr::UNSPECIFIED])
        .addresses(6, "listenClientAddresses", &[Ipv4Addr::UNSPECIFIED])
        .text(3, "image", &etcd.image)
        .arguments(7, "extraArgs", &etcd.arguments, minor);
    [item("EtcdConfigs.etcd.talos.dev", ID, settings), item("EtcdSpecs.etcd.talos.dev", ID, spec)]
}

/// The certificates are on the disk.
pub(crate) fn pki() -> Item {
    item("PKIStatuses.etcd.talos.dev", ID, Fields::new().flag(1, "ready", true).text(2, "version", "1"))
}

pub(crate) fn member(member: &EtcdMember) -> Item {
    item(MEMBERS, "local", Fields::new().text(1, "memberID", format!("{:016x}", member.id)))
}
