//! Rules of the section `cluster`.

use std::collections::HashSet;

use crate::machine_type::MachineType;
use crate::types::Url;
use crate::types::v1alpha1::{
    ApiServerConfig, ClusterConfig, ClusterInlineManifest, CniConfig, EtcdConfig,
    ExternalCloudProviderConfig, ResourcesConfig,
};
use crate::validate::Findings;
use crate::validate::address::{check_filters, endpoint_problem, endpoint_text_problem};
use crate::validate::kubernetes::{check_resources, one_of};

pub(super) fn check(cluster: &ClusterConfig, role: Option<MachineType>, found: &mut Findings) {
    let is_control_plane = role.is_some_and(MachineType::is_control_plane);
    if let Some(control_plane) = &cluster.control_plane {
        match &control_plane.endpoint {
            None => found.error(
                "controlPlane.endpoint",
                "the address of the Kubernetes API is missing: write a URL such as https://10.0.0.1:6443",
            ),
            Some(url) => report("controlPlane.endpoint", endpoint_problem(url), found),
        }
    }
    if let Some(network) = &cluster.network {
        found.within("network", |found| {
            if !network.dns_domain.is_empty() && !is_dns_name(&network.dns_domain) {
                found.error("dnsDomain", format!("{:?} is not a DNS name", network.dns_domain));
            }
            if let Some(cni) = network.cni.as_ref().filter(|_| is_control_plane) {
                found.within("cni", |found| check_cni(cni, found));
            }
        });
    }
    if let Some(provider) = &cluster.external_cloud_provider {
        found.within("externalCloudProvider", |found| check_cloud_provider(provider, found));
    }
    match &cluster.etcd {
        Some(_) if !is_control_plane => found.error("etcd", "only control planes run etcd: remove it"),
        Some(etcd) => found.within("etcd", |found| check_etcd(etcd, found)),
        None => {}
    }
    if !is_control_plane && cluster.ca.as_ref().is_some_and(|ca| !ca.key.expose().is_empty()) {
        found.error("ca.key", "only control planes have the key of the Kubernetes authority: remove it");
    }
    check_manifests(&cluster.inline_manifests, found);
    check_discovery(cluster, found);
    if let Some(server) = &cluster.api_server {
        found.within("apiServer", |found| check_api_server(server, found));
    }
    let components = [
        ("controllerManager", cluster.controller_manager.as_ref().map(|component| &component.resources)),
        ("scheduler", cluster.scheduler.as_ref().map(|component| &component.resources)),
    ];
    for (key, resources) in components {
        if let Some(resources) = resources {
            found.within(key, |found| check_component(resources.as_ref(), found));
        }
    }
}

fn check_component(resources: Option<&ResourcesConfig>, found: &mut Findings) {
    if let Some(resources) = resources {
        found.within("resources", |found| check_resources(&resources.requests, &resources.limits, found));
    }
}

fn check_cni(cni: &CniConfig, found: &mut Findings) {
    const KNOWN: [&str; 3] = ["flannel", "custom", "none"];
    match cni.name.as_str() {
        "flannel" | "none" if !cni.urls.is_empty() => {
            found
                .error("urls", format!("only the plugin custom has manifests: remove them, or {}", cni.name));
        }
        "custom" if cni.urls.is_empty() => {
            found.warn("urls", "without manifests there will be no network plugin: add their URLs");
        }
        "custom" => found.each("urls", &cni.urls, |url, found| report("", endpoint_text_problem(url), found)),
        "flannel" | "none" => {}
        name => found.error("name", one_of("network plugin", name, &KNOWN)),
    }
    if let Some(flannel) = cni.flannel.as_ref().filter(|_| matches!(cni.name.as_str(), "custom" | "none")) {
        if !flannel.extra_args.is_empty() {
            found.error("flannel.extraArgs", "the plugin is not flannel: remove them");
        }
        if flannel.kube_network_policies_enabled == Some(true) {
            found.error("flannel.kubeNetworkPoliciesEnabled", "the plugin is not flannel: remove it");
        }
    }
}

fn check_cloud_provider(provider: &ExternalCloudProviderConfig, found: &mut Findings) {
    if provider.enabled != Some(true) {
        if !provider.manifests.is_empty() {
            found.error("manifests", "the provider is off: remove them, or set enabled to true");
        }
        return;
    }
    found.each("manifests", &provider.manifests, |url, found| report("", endpoint_text_problem(url), found));
}

fn check_etcd(etcd: &EtcdConfig, found: &mut Findings) {
    if etcd.ca.is_none() {
        found.error("ca", "the authority of etcd is missing: set its certificate and key");
    }
    if !etcd.subnet.is_empty() {
        if etcd.advertised_subnets.is_empty() {
            check_filters("subnet", std::slice::from_ref(&etcd.subnet), found);
        } else {
            found.error("subnet", "advertisedSubnets is set too: move this network there");
        }
    }
    check_filters("advertisedSubnets", &etcd.advertised_subnets, found);
    check_filters("listenSubnets", &etcd.listen_subnets, found);
}

fn check_manifests(manifests: &[ClusterInlineManifest], found: &mut Findings) {
    let mut names = HashSet::new();
    found.each("inlineManifests", manifests, |manifest, found| {
        if manifest.name.trim().is_empty() {
            found.error("name", "the name is missing");
        } else if !names.insert(&manifest.name) {
            found.error(
                "name",
                format!("there is a manifest {:?} already: give each its own name", manifest.name),
            );
        }
    });
}

fn check_discovery(cluster: &ClusterConfig, found: &mut Findings) {
    let Some(discovery) = &cluster.discovery else { return };
    let service = &discovery.registries.service;
    if discovery.enabled != Some(true) || service.disabled == Some(true) {
        return;
    }
    if !service.endpoint.is_empty()
        && let Some(problem) = service_problem(&service.endpoint)
    {
        found.error("discovery.registries.service.endpoint", problem);
    }
    for (key, is_empty) in [("id", cluster.id.is_empty()), ("secret", cluster.secret.is_empty())] {
        if is_empty {
            found.error(key, "the discovery service needs it: set it, or turn discovery off");
        }
    }
}

/// What is wrong with the URL of the discovery service. It is read as in a request, where `#` is nothing special.
fn service_problem(text: &str) -> Option<String> {
    let before_query = text.split('?').next().unwrap_or_default();
    let url = match text.parse::<Url>() {
        Ok(url) => url,
        Err(error) => return Some(error.to_string()),
    };
    let is_opaque = !url.scheme().is_empty() && !text[url.scheme().len() + 1..].starts_with('/');
    // A path alone is right if it is the allowed one.
    if url.scheme().is_empty() && before_query != "/" {
        Some("the scheme is missing: write a URL such as https://discovery.talos.dev/".to_owned())
    } else if !is_opaque && (!matches!(url.path(), "" | "/") || before_query.contains('#')) {
        Some("a path is not allowed: write scheme and host only".to_owned())
    } else {
        None
    }
}

fn check_api_server(server: &ApiServerConfig, found: &mut Findings) {
    if server.authorization_config.is_set() {
        let clashes =
            |name: &&String| *name == "authorization-mode" || name.starts_with("authorization-webhook-");
        for name in server.extra_args.keys().filter(clashes) {
            found.within("extraArgs", |found| {
                found.within(name, |found| {
                    found.error("", "authorizationConfig is set too: remove this argument, or that list");
                });
            });
        }
    }
    found.each_entry("authorizationConfig", &server.authorization_config, |authorizer, found| {
        if authorizer.r#type.is_empty() {
            found.error("type", "the type is missing: use one of Node, RBAC, Webhook");
        } else if !["Node", "RBAC", "Webhook"].contains(&authorizer.r#type.as_str()) {
            found.error("type", one_of("type", &authorizer.r#type, &["Node", "RBAC", "Webhook"]));
        }
        if authorizer.name.is_empty() {
            found.error("name", "the name is missing");
        }
    });
    check_component(server.resources.as_ref(), found);
}

/// Labels of 1 to 63 letters, digits, `-` and `_`, none of which starts with `-`; a last dot or `_` is allowed.
fn is_dns_name(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    let are_labels = |text: &str| text.split('.').all(is_label);
    let dots = text.bytes().filter(|b| *b == b'.').count();
    text.len() - dots <= 255 && (are_labels(text) || text.strip_suffix(['.', '_']).is_some_and(are_labels))
}

fn report(key: &str, problem: Option<impl Into<String>>, found: &mut Findings) {
    if let Some(problem) = problem {
        found.error(key, problem);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dns_names() {
        let label = "a".repeat(63);
        for text in ["cluster.local", "a", "_a.b_-", "a.b.", "a.b_", &label, &format!("{label}_")] {
            assert!(is_dns_name(text), "{text}");
        }
        for text in [
            "",
            ".",
            "-a",
            "a..b",
            "a.-b",
            "a b",
            "ä",
            &format!("{label}a"),
            &format!("a.{label}aa"),
            &format!("{label}.").repeat(5),
        ] {
            assert!(!is_dns_name(text), "{text}");
        }
    }

    #[test]
    fn urls_of_the_discovery_service() {
        for text in ["https://discovery.talos.dev/", "https://h", "https://h?a#b", "mailto:a", "/", "/?a"] {
            assert_eq!(service_problem(text), None, "{text}");
        }
        for text in [
            "h",
            "//h",
            "/#a",
            "*",
            "https://h/a",
            "https://h#a",
            "https://h/#a",
            "https://h/a?b",
            "https://a b",
        ] {
            assert!(service_problem(text).is_some(), "{text}");
        }
    }
}
