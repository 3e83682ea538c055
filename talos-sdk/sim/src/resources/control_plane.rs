//! What a control plane says about the programs of Kubernetes that it runs.

use serde_json::{Value, json};

use super::fields::Fields;
use super::item::{Item, item};
use super::kubernetes::service_address;
use crate::config::NodeConfig;
use crate::pods::{NAMESPACE, Pod};

pub(crate) const STATIC_POD_STATUSES: &str = "StaticPodStatuses.kubernetes.talos.dev";
const RENDERED: &str = "static-pods";
const API_SERVERS: (&str, &str) = ("APIServerConfigs.kubernetes.talos.dev", "kube-apiserver");
const CONTROLLER_MANAGERS: (&str, &str) =
    ("ControllerManagerConfigs.kubernetes.talos.dev", "kube-controller-manager");
const SCHEDULERS: (&str, &str) = ("SchedulerConfigs.kubernetes.talos.dev", "kube-scheduler");

/// What the configuration asks of them; `minor` is that of Talos.
pub(crate) fn configured(config: &NodeConfig, minor: u16) -> Vec<Item> {
    let image = format!("registry.k8s.io/kube-apiserver:{}", config.kubernetes_version);
    let mut items = vec![
        item(API_SERVERS.0, API_SERVERS.1, api_server(config, minor)),
        item(CONTROLLER_MANAGERS.0, CONTROLLER_MANAGERS.1, controller_manager(config, minor)),
        item(SCHEDULERS.0, SCHEDULERS.1, scheduler(config, minor)),
        item(
            "AdmissionControlConfigs.kubernetes.talos.dev",
            "admission-control",
            Fields::new().list(1, "config", vec![pod_security()]),
        ),
        item(
            "AuditPolicyConfigs.kubernetes.talos.dev",
            "audit-policy",
            Fields::new().structure(
                1,
                "config",
                json!({"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "rules": [{"level": "Metadata"}]}),
            ),
        ),
        item(
            "AuthorizationConfigs.kubernetes.talos.dev",
            "authorization",
            Fields::new().text(1, "image", image).list(
                2,
                "config",
                vec![authorizer("Node"), authorizer("RBAC")],
            ),
        )
        .owned_by(if minor >= 14 {
            "k8s.ControlPlaneAuthorizationController"
        } else {
            "k8s.ControlPlaneAuthorizationPolicyController"
        }),
        item(
            "BootstrapManifestsConfigs.kubernetes.talos.dev",
            "manifests",
            bootstrap_manifests(config, minor),
        ),
        item(
            "ExtraManifestsConfigs.kubernetes.talos.dev",
            "extra-manifests",
            Fields::new().list(1, "extraManifests", Vec::new()),
        ),
    ];
    if minor >= 14 {
        // Beside what was asked for, the arguments that came of it.
        let finals = [
            (API_SERVERS, api_server(config, minor), "k8s.ControlPlaneAPIServerFinalController"),
            (
                CONTROLLER_MANAGERS,
                controller_manager(config, minor),
                "k8s.ControlPlaneControllerManagerFinalController",
            ),
            (SCHEDULERS, scheduler(config, minor), "k8s.ControlPlaneSchedulerFinalController"),
        ];
        items
            .extend(finals.map(|((kind, id), fields, owner)| {
                item(kind, format!("final-{id}"), fields).owned_by(owner)
            }));
    }
    items.extend(manifests(config, minor).into_iter().map(|(id, objects)| manifest(id, objects)));
    items
}

fn resources() -> Fields {
    let none = std::collections::BTreeMap::new();
    Fields::new().map(1, "requests", &none).map(2, "limits", &none)
}

fn api_server(config: &NodeConfig, minor: u16) -> Fields {
    let api_server = &config.components.api_server;
    Fields::new()
        .text(1, "image", &api_server.image)
        .text(2, "cloudProvider", "")
        .text(3, "controlPlaneEndpoint", &config.endpoint)
        .texts(4, "etcdServers", &["https://127.0.0.1:2379"])
        .number(5, "localPort", 6443u32)
        .texts(6, "serviceCIDR", &config.service_subnets)
        .arguments(13, "extraArgs", &api_server.arguments, minor)
        .list(8, "extraVolumes", Vec::new())
        .map(9, "environmentVariables", &std::collections::BTreeMap::new())
        .when(minor < 12, |fields| fields.flag(10, "podSecurityPolicyEnabled", false))
        .text(11, "advertisedAddress", "$(POD_IP)")
        .inside(12, "resources", resources())
        .when(minor >= 14, |fields| {
            fields.flag(14, "startupProbesEnabled", false).flag(15, "useAuthenticationConfig", false)
        })
}

fn controller_manager(config: &NodeConfig, minor: u16) -> Fields {
    let manager = &config.components.controller_manager;
    Fields::new()
        .flag(1, "enabled", true)
        .text(2, "image", &manager.image)
        .text(3, "cloudProvider", "")
        .texts(4, "podCIDRs", &config.components.pod_subnets)
        .texts(5, "serviceCIDRs", &config.service_subnets)
        .arguments(10, if minor >= 14 { "extraArgs?" } else { "extraArgs" }, &manager.arguments, minor)
        .list(7, "extraVolumes", Vec::new())
        .map(8, "environmentVariables", &std::collections::BTreeMap::new())
        .inside(9, "resources", resources())
        .when(minor >= 14, |fields| {
            fields.number(12, "nodeCIDRMaskSizeIPv4", 0u32).number(13, "nodeCIDRMaskSizeIPv6", 0u32)
        })
}

fn scheduler(config: &NodeConfig, minor: u16) -> Fields {
    let scheduler = &config.components.scheduler;
    Fields::new()
        .flag(1, "enabled", true)
        .text(2, "image", &scheduler.image)
        .arguments(8, if minor >= 14 { "extraArgs?" } else { "extraArgs" }, &scheduler.arguments, minor)
        .when(minor >= 14, |fields| fields.structure(7, "config", json!({})))
        .list(4, "extraVolumes", Vec::new())
        .map(5, "environmentVariables", &std::collections::BTreeMap::new())
        .inside(6, "resources", resources())
        .when(minor < 14, |fields| fields.structure(7, "config", json!({})))
}

fn pod_security() -> Fields {
    let defaults = json!({
        "audit": "restricted", "audit-version": "latest",
        "enforce": "baseline", "enforce-version": "latest",
        "warn": "restricted", "warn-version": "latest",
    });
    let configuration = json!({
        "apiVersion": "pod-security.admission.config.k8s.io/v1alpha1",
        "kind": "PodSecurityConfiguration",
        "defaults": defaults,
        "exemptions": {"namespaces": ["kube-system"], "runtimeClasses": [], "usernames": []},
    });
    Fields::new().text(1, "name", "PodSecurity").structure(2, "configuration", configuration)
}

fn authorizer(kind: &str) -> Fields {
    Fields::new().text(1, "type", kind).text(2, "name", kind.to_lowercase()).structure(
        3,
        "webhook",
        json!({}),
    )
}

fn bootstrap_manifests(config: &NodeConfig, minor: u16) -> Fields {
    let components = &config.components;
    let image = |component: &Option<crate::components::Component>| {
        component.as_ref().map_or(String::new(), |component| component.image.clone())
    };
    let server = components
        .kube_prism
        .map_or_else(|| config.endpoint.clone(), |port| format!("https://127.0.0.1:{port}"));
    let dns = service_address(&config.service_subnets, 10).map(|address| address.to_string());
    let flannel_host = if components.kube_prism.is_some() && components.flannel { "127.0.0.1" } else { "" };
    let flannel_port = components.kube_prism.filter(|_| components.flannel).map(|port| port.to_string());
    Fields::new()
        .text(1, "string", server)
        .text(2, "clusterDomain", &config.dns_domain)
        .texts(3, "podCIDRs", &components.pod_subnets)
        .flag(4, "proxyEnabled", components.proxy.is_some())
        .text(5, "proxyImage", image(&components.proxy))
        .texts::<&str>(6, "proxyArgs", &[])
        .flag(7, "coreDNSEnabled", components.core_dns.is_some())
        .text(8, "coreDNSImage", image(&components.core_dns))
        .text(9, "dnsServiceIP", dns.unwrap_or_default())
        .text(10, "dnsServiceIPv6", "")
        .flag(11, "flannelEnabled", components.flannel)
        .text(12, "flannelImage", if components.flannel { crate::pods::FLANNEL_IMAGE } else { "" })
        .texts::<&str>(16, "flannelExtraArgs", &[])
        .text(17, "flannelKubeServiceHost", flannel_host)
        .text(18, "flannelKubeServicePort", flannel_port.unwrap_or_default())
        .when(minor >= 13, |fields| {
            fields.flag(19, "flannelKubeNetworkPoliciesEnabled", false).text(
                20,
                "flannelKubeNetworkPoliciesImage",
                "",
            )
        })
        .flag(14, "podSecurityPolicyEnabled", false)
        .flag(15, "talosAPIServiceEnabled", false)
        .when(minor >= 13, |fields| {
            fields.text(21, "cniName", if components.flannel { "flannel" } else { "none" })
        })
}

/// What is applied to Kubernetes: the manifests by their ids, and kind and name of the objects in them.
fn manifests(config: &NodeConfig, minor: u16) -> Vec<(&'static str, &'static [Object])> {
    let components = &config.components;
    MANIFESTS
        .iter()
        .filter(|(id, _)| match *id {
            NODE_ROLES => minor >= 11,
            "05-flannel" => components.flannel,
            "10-kube-proxy" => components.proxy.is_some(),
            "11-core-dns" | "11-core-dns-svc" => components.core_dns.is_some(),
            _ => true,
        })
        .copied()
        .collect()
}

/// Version, kind, namespace and name of an object of Kubernetes.
type Object = (&'static str, &'static str, &'static str, &'static str);

const RBAC: &str = "rbac.authorization.k8s.io/v1";
const MANIFESTS: [(&str, &[Object]); 10] = [
    ("00-kubelet-bootstrapping-token", &[("v1", "Secret", NAMESPACE, "bootstrap-token")]),
    (
        "01-csr-approver-role-binding",
        &[(RBAC, "ClusterRoleBinding", "", "system-bootstrap-approve-node-client-csr")],
    ),
    ("01-csr-node-bootstrap", &[(RBAC, "ClusterRoleBinding", "", "system-bootstrap-node-bootstrapper")]),
    ("01-csr-renewal-role-binding", &[(RBAC, "ClusterRoleBinding", "", "system-bootstrap-node-renewal")]),
    (
        "05-flannel",
        &[
            (RBAC, "ClusterRole", "", "flannel"),
            (RBAC, "ClusterRoleBinding", "", "flannel"),
            ("v1", "ServiceAccount", NAMESPACE, "flannel"),
            ("v1", "ConfigMap", NAMESPACE, "kube-flannel-cfg"),
            ("apps/v1", "DaemonSet", NAMESPACE, "kube-flannel"),
        ],
    ),
    (
        "10-kube-proxy",
        &[
            ("apps/v1", "DaemonSet", NAMESPACE, "kube-proxy"),
            ("v1", "ServiceAccount", NAMESPACE, "kube-proxy"),
            (RBAC, "ClusterRoleBinding", "", "kube-proxy"),
        ],
    ),
    (
        "11-core-dns",
        &[
            ("v1", "ServiceAccount", NAMESPACE, "coredns"),
            (RBAC, "ClusterRoleBinding", "", "system:coredns"),
            (RBAC, "ClusterRole", "", "system:coredns"),
            ("v1", "ConfigMap", NAMESPACE, "coredns"),
            ("apps/v1", "Deployment", NAMESPACE, "coredns"),
        ],
    ),
    ("11-core-dns-svc", &[("v1", "Service", NAMESPACE, "kube-dns")]),
    ("11-kube-config-in-cluster", &[("v1", "ConfigMap", NAMESPACE, "kubeconfig-in-cluster")]),
    (
        NODE_ROLES,
        &[
            (RBAC, "ClusterRoleBinding", "", "system:talos-nodes"),
            (RBAC, "ClusterRole", "", "system:talos-nodes"),
        ],
    ),
];

/// What Talos may do with nodes; from 1.11 on.
const NODE_ROLES: &str = "11-talos-node-rbac-template";

fn manifest(id: &str, objects: &[Object]) -> Item {
    let objects: Vec<Value> = objects
        .iter()
        .map(|(version, kind, namespace, name)| {
            let metadata = match namespace.is_empty() {
                true => json!({"name": name}),
                false => json!({"name": name, "namespace": namespace}),
            };
            json!({"apiVersion": version, "kind": kind, "metadata": metadata})
        })
        .collect();
    let items = objects.iter().map(|object| Fields::new().structure(1, "", object.clone())).collect();
    let spec = Fields::new().list(1, "", items).spec_as(&Value::Array(objects));
    Item::new("Manifests.kubernetes.talos.dev", id, spec)
}

/// All manifests are applied; `minor` is that of Talos.
pub(crate) fn applied(config: &NodeConfig, minor: u16) -> Item {
    let ids: Vec<_> = manifests(config, minor).into_iter().map(|(id, _)| id).collect();
    item(
        "ManifestStatuses.kubernetes.talos.dev",
        "manifests",
        Fields::new().texts(1, "manifestsApplied", &ids),
    )
}

/// Files for the static pods, and the static pods themselves, which machined gives the kubelet once etcd runs.
pub(crate) fn rendered(pods: &[Pod]) -> Vec<Item> {
    let ready = || Fields::new().flag(1, "ready", true).text(2, "version", "1");
    let mut items = vec![
        item("ConfigStatuses.kubernetes.talos.dev", RENDERED, ready()),
        item("SecretStatuses.kubernetes.talos.dev", RENDERED, ready()),
    ];
    items.extend(pods.iter().map(static_pod));
    items
}

fn static_pod(pod: &Pod) -> Item {
    let name = pod.container.as_str();
    let manifest = json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": NAMESPACE,
            "labels": {
                "app.kubernetes.io/managed-by": "Talos",
                "app.kubernetes.io/name": name,
                "component": name,
                "k8s-app": name,
                "tier": "control-plane",
            },
            "annotations": {
                "talos.dev/config-version": "1",
                "talos.dev/secrets-version": "1",
                "talos.dev/config-file-version": "1",
            },
        },
        "spec": {
            "containers": [{"name": name, "image": pod.image, "command": [format!("/usr/local/bin/{name}")]}],
            "hostNetwork": true,
            "priorityClassName": "system-cluster-critical",
        },
        "status": {},
    });
    let spec = Fields::new().structure(1, "", manifest.clone()).spec_as(&manifest);
    Item::new("StaticPods.kubernetes.talos.dev", name, spec)
}

/// What the kubelet says of a static pod.
pub(crate) fn static_pod_status(pod: &Pod, status: &Value) -> Item {
    let spec = Fields::new().structure(1, "", status.clone()).spec_as(status);
    Item::new(STATIC_POD_STATUSES, pod.id(), spec)
}
