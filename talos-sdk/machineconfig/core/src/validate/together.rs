//! Rules that only the documents together can break.

use std::collections::BTreeMap;

use crate::config::Config;
use crate::document::V1ALPHA1;
use crate::machine_type::MachineType;
use crate::model::nearest;
use crate::types::cluster::{DiscoveryIdentityConfig, DiscoveryServiceConfig};
use crate::types::container::ContainerConfig;
use crate::types::k8s::{KubeApiServerCaConfig, KubeEtcdEncryptionConfig};
use crate::types::network::{DnsProtocol, KubeSpanConfig, ResolverConfig};
use crate::types::{Url, v1alpha1};
use crate::validate::Findings;

pub(super) fn check<'a>(config: &'a Config, found: &mut Findings<'a>) {
    check_host_dns(config, found);
    check_discovery(config, found);
    check_dependencies(config, found);
    check_control_plane(config, found);
}

/// What stands in the document with the sections, or nothing.
struct Sections<'a> {
    machine: Option<&'a v1alpha1::MachineConfig>,
    cluster: Option<&'a v1alpha1::ClusterConfig>,
}

impl<'a> Sections<'a> {
    fn of(config: &'a Config) -> Self {
        let sections = config.v1alpha1();
        Self {
            machine: sections.and_then(|sections| sections.machine.as_ref()),
            cluster: sections.and_then(|sections| sections.cluster.as_ref()),
        }
    }
}

/// A container and encrypted DNS both depend on the DNS resolver of the host.
fn check_host_dns(config: &Config, found: &mut Findings) {
    let resolver = config.document::<ResolverConfig>(None);
    let features = Sections::of(config).machine.and_then(|machine| machine.features.as_ref());
    let old = features.and_then(|features| features.host_dns.as_ref());
    // A document in which the resolver is off says nothing, as long as the sections may have it.
    let (is_on, forwards) = match resolver.map(|resolver| &resolver.host_dns) {
        Some(dns) if dns.enabled == Some(true) => (true, dns.forward_kube_dns_to_host == Some(true)),
        _ => old.map_or((false, false), |dns| {
            (dns.enabled == Some(true), dns.forward_kube_dns_to_host == Some(true))
        }),
    };
    if found.options().mode().is_container() && !(is_on && forwards) {
        let (document, key) = match (resolver, old) {
            (Some(_), _) => ("ResolverConfig", "hostDNS"),
            (None, Some(_)) => (V1ALPHA1, "machine.features.hostDNS"),
            (None, None) => ("", ""),
        };
        found.set_title(document);
        let problem = "in a container the host has to resolve names for pods too: set enabled and forwardKubeDNSToHost to true";
        let hint = if document.is_empty() { ", below hostDNS of a document ResolverConfig" } else { "" };
        found.error(key, format!("{problem}{hint}"));
    }
    if let Some(resolver) = resolver.filter(|_| !is_on) {
        found.set_title("ResolverConfig");
        found.each("nameservers", &resolver.nameservers, |server, found| {
            if server.protocol != DnsProtocol::default() {
                found.error(
                    "protocol",
                    "only the host's resolver asks over an encrypted connection: set hostDNS.enabled to true",
                );
            }
        });
    }
}

/// A discovery service needs the identity of the cluster, KubeSpan needs a discovery service.
fn check_discovery(config: &Config, found: &mut Findings) {
    let Sections { machine, cluster } = Sections::of(config);
    let in_sections = || cluster.is_some_and(has_discovery_service);
    let service = config.documents_of::<DiscoveryServiceConfig>().next();
    if let Some(service) = service.filter(|_| !in_sections()) {
        let document = config.document::<DiscoveryIdentityConfig>(None);
        let old = cluster.filter(|cluster| !cluster.id.is_empty() || !cluster.secret.is_empty());
        let (has_id, has_secret) = match (old, document) {
            (Some(cluster), _) => (!cluster.id.is_empty(), !cluster.secret.is_empty()),
            (None, Some(identity)) => (!identity.cluster_id.is_empty(), !identity.cluster_secret.is_empty()),
            (None, None) => (false, false),
        };
        found.set_title(format!("DiscoveryServiceConfig {}", service.name));
        for (what, is_there) in [("clusterID", has_id), ("clusterSecret", has_secret)] {
            if !is_there {
                let problem = format!("discovery needs {what}: set it in a document DiscoveryIdentityConfig");
                found.error("", problem);
            }
        }
    }
    let old = machine.and_then(|machine| machine.network.as_ref()?.kubespan.as_ref());
    let (document, key, enabled) = match config.document::<KubeSpanConfig>(None) {
        Some(kubespan) => ("KubeSpanConfig", "enabled", kubespan.enabled),
        None => (V1ALPHA1, "machine.network.kubespan.enabled", old.and_then(|kubespan| kubespan.enabled)),
    };
    if enabled == Some(true) && service.is_none() && !in_sections() {
        found.set_title(document);
        found.error(
            key,
            "KubeSpan finds its peers by a discovery service: add a document DiscoveryServiceConfig",
        );
    }
}

/// Whether the section turns a discovery service on, of which the URL at least can be read.
fn has_discovery_service(cluster: &v1alpha1::ClusterConfig) -> bool {
    cluster.discovery.as_ref().is_some_and(|discovery| {
        let service = &discovery.registries.service;
        discovery.enabled == Some(true)
            && service.disabled != Some(true)
            && service.endpoint.parse::<Url>().is_ok()
    })
}

/// Containers wait for containers that exist, and never for each other.
fn check_dependencies(config: &Config, found: &mut Findings) {
    let waits_for = |container: &'_ ContainerConfig| match &container.depends_on {
        Some(depends_on) => depends_on.containers.clone(),
        None => Vec::new(),
    };
    let graph: Graph<'_> = config
        .documents_of::<ContainerConfig>()
        .map(|container| (container.name.as_str(), waits_for(container)))
        .collect();
    let names: Vec<&str> = graph.keys().copied().collect();
    let cycles = cycles(&graph);
    for (name, others) in &graph {
        found.set_title(format!("ContainerConfig {name}"));
        let mut at = 0;
        found.within("dependsOn", |found| {
            found.each("containers", others, |other, found| {
                if !graph.contains_key(other.as_str()) {
                    let hint = nearest(other, &names)
                        .map_or_else(String::new, |near| format!(", did you mean {near:?}?"));
                    found.error("", format!("there is no container {other:?}{hint}"));
                } else if let Some((_, chain)) = cycles.get(name).filter(|(place, _)| *place == at) {
                    found.error("", format!("containers wait for each other, {chain}: remove a dependency"));
                }
                at += 1;
            });
        });
    }
}

/// Which containers each container waits for.
type Graph<'a> = BTreeMap<&'a str, Vec<String>>;

/// Dependencies that close a cycle, one a container at most: the place in its list, and the cycle.
fn cycles<'a>(graph: &'a Graph<'a>) -> BTreeMap<&'a str, (usize, String)> {
    let mut cycles = BTreeMap::new();
    // Whether all that a container waits for was looked at.
    let mut seen: BTreeMap<&str, bool> = BTreeMap::new();
    for start in graph.keys().copied() {
        if seen.contains_key(start) {
            continue;
        }
        seen.insert(start, false);
        let mut way = vec![(start, 0)];
        while let Some((name, at)) = way.last_mut() {
            let name = *name;
            let Some(next) = graph.get(name).and_then(|others| others.get(*at)) else {
                seen.insert(name, true);
                way.pop();
                continue;
            };
            let place = *at;
            *at += 1;
            match (seen.get(next.as_str()), graph.get_key_value(next.as_str())) {
                (None, Some((next, _))) => {
                    seen.insert(next, false);
                    way.push((next, 0));
                }
                (Some(false), _) if !cycles.contains_key(name) => {
                    let names = way.iter().map(|(name, _)| *name).skip_while(|name| name != next);
                    let chain: Vec<&str> = names.chain([next.as_str()]).collect();
                    cycles.insert(name, (place, chain.join(" -> ")));
                }
                _ => {}
            }
        }
    }
    cycles
}

/// What control planes need, and what only they may have.
fn check_control_plane<'a>(config: &'a Config, found: &mut Findings<'a>) {
    if !config.machine_type().is_some_and(MachineType::is_control_plane) {
        for document in config.documents().iter().filter(|document| document.is_control_plane_only()) {
            found.set_document(document);
            found.error("kind", "only control planes may have a document of this kind: remove it");
        }
        return;
    }
    let cluster = Sections::of(config).cluster;
    let has_authority = config.document::<KubeApiServerCaConfig>(None).is_some()
        || cluster.is_some_and(|cluster| cluster.ca.is_some() || cluster.accepted_cas.is_set());
    let is_encrypted = config.document::<KubeEtcdEncryptionConfig>(None).is_some()
        || cluster.is_some_and(|cluster| {
            !cluster.secretbox_encryption_secret.is_empty() || !cluster.aescbc_encryption_secret.is_empty()
        });
    if has_authority && !is_encrypted {
        found.set_title("");
        found.error(
            "",
            "a control plane encrypts what it keeps in etcd: add a document KubeEtcdEncryptionConfig, or cluster.secretboxEncryptionSecret",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cycles_are_told_once() {
        let graph = |edges: &[(&'static str, &str)]| -> Graph<'static> {
            let others = |list: &str| list.split_whitespace().map(str::to_owned).collect();
            edges.iter().map(|(name, list)| (*name, others(list))).collect()
        };
        let told = |edges: &[(&'static str, &str)]| {
            let graph = graph(edges);
            cycles(&graph)
                .into_iter()
                .map(|(name, (at, chain))| format!("{name} {at} {chain}"))
                .collect::<Vec<_>>()
        };
        assert_eq!(told(&[("a", "b c x"), ("b", "c"), ("c", "")]), Vec::<String>::new());
        assert_eq!(told(&[("a", "a")]), ["a 0 a -> a"]);
        assert_eq!(told(&[("a", "b"), ("b", "c"), ("c", "x b")]), ["c 1 b -> c -> b"]);
        assert_eq!(told(&[("a", "b"), ("b", "a b"), ("c", "c")]), ["b 0 a -> b -> a", "c 0 c -> c"]);
    }
}
