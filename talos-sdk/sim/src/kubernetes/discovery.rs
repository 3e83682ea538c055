//! What the API serves, as clients find out.

use serde_json::{Value, json};

/// The version of Kubernetes, from `v1.34.0`.
pub(super) fn version(version: &str) -> Value {
    let bare = version.trim_start_matches('v');
    let mut parts = bare.split('.');
    json!({
        "major": parts.next().unwrap_or_default(),
        "minor": parts.next().unwrap_or_default(),
        "gitVersion": format!("v{bare}"),
        "gitCommit": "simulated",
        "gitTreeState": "clean",
        "platform": "linux/amd64",
    })
}

pub(super) fn versions() -> Value {
    json!({"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []})
}

/// The groups of the API beside the core.
pub(super) fn groups() -> Value {
    let group = |name: &str| {
        let version = json!({"groupVersion": format!("{name}/v1"), "version": "v1"});
        json!({"name": name, "versions": [version], "preferredVersion": version})
    };
    json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": [group("apps"), group("policy")]})
}

struct Resource {
    name: &'static str,
    singular: &'static str,
    kind: &'static str,
    short: &'static str,
    namespaced: bool,
    verbs: &'static [&'static str],
}

fn resources(version: &str, resources: &[Resource]) -> Value {
    let resource = |resource: &Resource| {
        json!({
            "name": resource.name,
            "singularName": resource.singular,
            "namespaced": resource.namespaced,
            "kind": resource.kind,
            "verbs": resource.verbs,
            "shortNames": [resource.short],
        })
    };
    json!({
        "kind": "APIResourceList",
        "groupVersion": version,
        "resources": resources.iter().map(resource).collect::<Vec<_>>(),
    })
}

pub(super) fn core() -> Value {
    let mut core = resources(
        "v1",
        &[
            Resource {
                name: "nodes",
                singular: "node",
                kind: "Node",
                short: "no",
                namespaced: false,
                verbs: &["delete", "get", "list", "patch", "update", "watch"],
            },
            Resource {
                name: "namespaces",
                singular: "namespace",
                kind: "Namespace",
                short: "ns",
                namespaced: false,
                verbs: &["get", "list"],
            },
            Resource {
                name: "pods",
                singular: "pod",
                kind: "Pod",
                short: "po",
                namespaced: true,
                verbs: &["create", "delete", "get", "list", "watch"],
            },
        ],
    );
    // From this, `kubectl drain` learns that it can evict, and by which version of the call.
    let eviction = json!({
        "name": "pods/eviction",
        "singularName": "",
        "namespaced": true,
        "kind": "Eviction",
        "group": "policy",
        "version": "v1",
        "verbs": ["create"],
    });
    if let Some(resources) = core["resources"].as_array_mut() {
        resources.push(eviction);
    }
    core
}

pub(super) fn apps() -> Value {
    let resource = |name, singular, kind, short| Resource {
        name,
        singular,
        kind,
        short,
        namespaced: true,
        verbs: &["get", "list"],
    };
    resources(
        "apps/v1",
        &[
            resource("daemonsets", "daemonset", "DaemonSet", "ds"),
            resource("deployments", "deployment", "Deployment", "deploy"),
        ],
    )
}

pub(super) fn policy() -> Value {
    resources(
        "policy/v1",
        &[Resource {
            name: "poddisruptionbudgets",
            singular: "poddisruptionbudget",
            kind: "PodDisruptionBudget",
            short: "pdb",
            namespaced: true,
            verbs: &["create", "delete", "get", "list"],
        }],
    )
}
