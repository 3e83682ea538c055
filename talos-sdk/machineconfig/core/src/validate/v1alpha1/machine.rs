//! Rules of the section `machine` but for its network and its installation.

use std::collections::HashSet;

use crate::machine_type::MachineType;
use crate::types::v1alpha1::{
    EncryptionConfig, FeaturesConfig, KubeletConfig, LoggingDestination, MachineConfig, MachineDisk,
};
use crate::validate::Findings;
use crate::validate::address::check_filters;
use crate::validate::kubernetes::{
    check_annotations, check_kubelet_config, check_labels, check_roles, check_taints, one_of,
};
use crate::validate::runtime_spec::check_runtime_spec;

pub(super) fn check(machine: &MachineConfig, role: Option<MachineType>, found: &mut Findings) {
    if !machine.files.is_empty() {
        found.warn("files", "deprecated: use the document made for what is written, such as EtcFileConfig");
    }
    check_authorities(machine, role, found);
    if let Some(kubelet) = &machine.kubelet {
        found.within("kubelet", |found| check_kubelet(kubelet, found));
    }
    found.each_entry("disks", &machine.disks, check_disk);
    if let Some(encryption) = &machine.system_disk_encryption {
        found.within("systemDiskEncryption", |found| {
            for (key, partition) in [("state", &encryption.state), ("ephemeral", &encryption.ephemeral)] {
                if let Some(partition) = partition {
                    found.within(key, |found| check_encryption(partition, found));
                }
            }
        });
    }
    if let Some(logging) = &machine.logging {
        found.within("logging", |found| found.each("destinations", &logging.destinations, check_destination));
    }
    check_labels("nodeLabels", &machine.node_labels, found);
    check_annotations("nodeAnnotations", &machine.node_annotations, found);
    check_taints("nodeTaints", &machine.node_taints, found);
    if let Some(features) = &machine.features {
        found.within("features", |found| check_features(features, role, found));
    }
    found.within("registries", |found| {
        let mirrors = machine.registries.mirrors.iter().map(|(host, mirror)| (host, mirror.is_none()));
        check_present("mirrors", mirrors, found);
        let access = machine.registries.config.iter().map(|(host, access)| (host, access.is_none()));
        check_present("config", access, found);
    });
    if !machine.base_runtime_spec_overrides.is_empty() {
        found.warn("baseRuntimeSpecOverrides", "deprecated: use a document CRIBaseRuntimeSpecConfig");
        check_runtime_spec("baseRuntimeSpecOverrides", &machine.base_runtime_spec_overrides, found);
    }
}

fn check_authorities(machine: &MachineConfig, role: Option<MachineType>, found: &mut Findings) {
    let is_control_plane = role.is_some_and(MachineType::is_control_plane);
    match &machine.ca {
        None if is_control_plane => {
            found.error("ca", "a control plane needs the authority of the Talos API, certificate and key");
        }
        None if machine.accepted_cas.is_empty() => {
            found.error("ca", "the authority of the Talos API is missing: set ca.crt, or acceptedCAs");
        }
        None => {}
        Some(ca) if is_control_plane && ca.key.expose().is_empty() => {
            found.error("ca.key", "a control plane needs the key of the Talos API's authority");
        }
        Some(ca) if role == Some(MachineType::Worker) => {
            if !ca.key.expose().is_empty() {
                found.error(
                    "ca.key",
                    "only control planes have the key of the Talos API's authority: remove it",
                );
            }
            if ca.crt.0.is_empty() && machine.accepted_cas.is_empty() {
                found.error("ca.crt", "the certificate is missing: set it, or acceptedCAs");
            }
        }
        Some(_) => {}
    }
}

fn check_kubelet(kubelet: &KubeletConfig, found: &mut Findings) {
    if let Some(node_ip) = &kubelet.node_ip {
        found.within("nodeIP", |found| check_filters("validSubnets", &node_ip.valid_subnets, found));
    }
    check_kubelet_config("extraConfig", &kubelet.extra_config, found);
}

fn check_disk(disk: &MachineDisk, found: &mut Findings) {
    let last = disk.partitions.len().saturating_sub(1);
    let mut at = 0;
    found.each_entry("partitions", &disk.partitions, |partition, found| {
        if partition.size.0 == 0 && at != last {
            found.error("size", "only the last partition may take what is left: set a size, such as 10GB");
        }
        at += 1;
    });
}

fn check_encryption(partition: &EncryptionConfig, found: &mut Findings) {
    if partition.keys.is_empty() {
        found.error("keys", "an encrypted partition needs a key");
    }
    let mut slots = HashSet::new();
    found.each_entry("keys", &partition.keys, |key, found| {
        if !slots.insert(key.slot) {
            found.error("slot", format!("another key has slot {}: give each its own", key.slot));
        }
        if key.node_id.is_none() && key.r#static.is_none() && key.kms.is_none() && key.tpm.is_none() {
            found.error("", "what the key is made of is missing: set one of nodeID, static, kms, tpm");
        }
    });
}

fn check_destination(destination: &LoggingDestination, found: &mut Findings) {
    match &destination.endpoint {
        None => found.error("endpoint", "the receiver is missing: write a URL such as tcp://10.0.0.1:5044"),
        Some(url) => {
            if url.authority().is_empty() {
                found.error("endpoint", "the host is missing: write a URL such as tcp://10.0.0.1:5044");
            }
            if !matches!(url.scheme(), "tcp" | "udp") {
                found.error("endpoint", one_of("scheme", url.scheme(), &["tcp", "udp"]));
            }
        }
    }
    if destination.format != "json_lines" {
        found.error("format", one_of("format", &destination.format, &["json_lines"]));
    }
}

fn check_features(features: &FeaturesConfig, role: Option<MachineType>, found: &mut Findings) {
    if let Some(dns) = &features.host_dns
        && dns.forward_kube_dns_to_host == Some(true)
        && dns.enabled != Some(true)
    {
        found.error(
            "hostDNS.forwardKubeDNSToHost",
            "the resolver it needs is off: set hostDNS.enabled to true",
        );
    }
    if let Some(access) = &features.kubernetes_talos_api_access
        && access.enabled == Some(true)
    {
        found.within("kubernetesTalosAPIAccess", |found| {
            if !role.is_some_and(MachineType::is_control_plane) {
                found.error("", "only control planes give pods access to the Talos API: remove it");
            }
            check_roles("allowedRoles", &access.allowed_roles, found);
        });
    }
    let order = features.node_address_sort_algorithm.as_str();
    if !order.is_empty() && !["v1", "v2"].iter().any(|known| order.eq_ignore_ascii_case(known)) {
        found.error("nodeAddressSortAlgorithm", one_of("order", order, &["v1", "v2"]));
    }
}

/// Checks that no entry of a map is empty.
fn check_present<'a>(key: &str, entries: impl Iterator<Item = (&'a String, bool)>, found: &mut Findings) {
    for (host, _) in entries.filter(|(_, is_empty)| *is_empty) {
        found.within(key, |found| {
            found.within(host, |found| found.error("", "this entry is empty: fill or remove it"));
        });
    }
}
