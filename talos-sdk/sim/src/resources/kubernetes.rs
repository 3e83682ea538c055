//! What every configured machine says about the kubelet and the way to the Kubernetes API.

use std::net::Ipv4Addr;

use serde_json::{Value, json};

use super::fields::Fields;
use super::item::{Item, item};
use crate::config::NodeConfig;

pub(crate) const LIFECYCLES: &str = "KubeletLifecycles.kubernetes.talos.dev";
const KUBELET: &str = "kubelet";
/// Where machined serves the static pods to the kubelet.
const STATIC_PODS: &str = "http://127.0.0.1:41219";

/// The address with this number in a network, such as that of the cluster's DNS.
pub(super) fn service_address(subnets: &[String], number: u32) -> Option<Ipv4Addr> {
    let of = |subnet: &String| subnet.split('/').next()?.parse::<Ipv4Addr>().ok();
    let network = subnets.iter().find_map(of)?;
    Some(Ipv4Addr::from(u32::from(network).saturating_add(number)))
}

/// The first ten addresses of services; Talos gives the DNS of the cluster the tenth.
const DNS: u32 = 10;

/// What follows from the configuration; `minor` is that of Talos.
pub(crate) fn configured(config: &NodeConfig, address: Ipv4Addr, hostname: &str, minor: u16) -> Vec<Item> {
    let kubelet = &config.components.kubelet;
    let dns: Vec<String> =
        service_address(&config.service_subnets, DNS).iter().map(Ipv4Addr::to_string).collect();
    let excluded = [config.components.pod_subnets.as_slice(), &config.service_subnets].concat();
    let args = [
        "--bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubeconfig".to_owned(),
        "--cert-dir=/var/lib/kubelet/pki".to_owned(),
        "--config=/etc/kubernetes/kubelet.yaml".to_owned(),
        format!("--hostname-override={hostname}"),
        "--kubeconfig=/etc/kubernetes/kubeconfig-kubelet".to_owned(),
        format!("--node-ip={address}"),
    ];
    let more = kubelet
        .arguments
        .iter()
        .flat_map(|(name, values)| values.iter().map(move |value| format!("--{name}={value}")));
    let args: Vec<String> = args.into_iter().chain(more).collect();
    let mut items = vec![
        nodename(hostname),
        item(
            "NodeIPConfigs.kubernetes.talos.dev",
            KUBELET,
            Fields::new().texts(1, "validSubnets?", &["0.0.0.0/0"]).texts(2, "excludeSubnets", &excluded),
        ),
        item("NodeIPs.kubernetes.talos.dev", KUBELET, Fields::new().addresses(1, "addresses", &[address])),
        item(
            "StaticPodServerStatuses.kubernetes.talos.dev",
            "static-pod-server-status",
            Fields::new().text(1, "url", STATIC_PODS),
        ),
        item(
            "KubeletConfigs.kubernetes.talos.dev",
            KUBELET,
            Fields::new()
                .text(1, "image", &kubelet.image)
                .texts(2, "clusterDNS", &dns)
                .text(3, "clusterDomain", &config.dns_domain)
                .arguments(15, "extraArgs?", &kubelet.arguments, minor)
                .flag(7, "cloudProviderExternal", false)
                .flag(8, "defaultRuntimeSeccompEnabled", true)
                .flag(9, "skipNodeRegistration", false)
                .text(10, "staticPodListURL", STATIC_PODS)
                .flag(11, "disableManifestsDirectory", true)
                .flag(12, "enableFSQuotaMonitoring", true)
                .when(minor < 14, |fields| {
                    fields.flag(
                        14,
                        "allowSchedulingOnControlPlane",
                        config.allow_scheduling_on_control_planes,
                    )
                }),
        ),
        item(
            "KubeletSpecs.kubernetes.talos.dev",
            KUBELET,
            Fields::new()
                .text(1, "image", &kubelet.image)
                .texts(2, "args?", &args)
                .text(4, "expectedNodename?", hostname)
                .structure(5, "config", kubelet_config(config, &dns)),
        ),
        endpoint("controlplane", &config.endpoint_host).owned_by("k8s.StaticEndpointController"),
    ];
    if let Some(port) = config.components.kube_prism {
        items.extend(kube_prism(config, port));
    }
    items
}

fn nodename(name: &str) -> Item {
    let fields = Fields::new().text(1, "nodename", name).text(2, "hostnameVersion", "1").flag(
        3,
        "skipNodeRegistration",
        false,
    );
    item("Nodenames.kubernetes.talos.dev", "nodename", fields)
}

/// What the kubelet reads as its configuration.
fn kubelet_config(config: &NodeConfig, dns: &[String]) -> Value {
    let memory = if config.control_plane { "512Mi" } else { "192Mi" };
    json!({
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": "0.0.0.0",
        "authentication": {
            "anonymous": {"enabled": false},
            "webhook": {"enabled": true},
            "x509": {"clientCAFile": "/etc/kubernetes/pki/ca.crt"},
        },
        "authorization": {"mode": "Webhook"},
        "cgroupRoot": "/",
        "clusterDNS": dns,
        "clusterDomain": config.dns_domain,
        "containerRuntimeEndpoint": "unix:///run/containerd/containerd.sock",
        "failSwapOn": false,
        "oomScoreAdj": -450,
        "port": 10250,
        "protectKernelDefaults": true,
        "rotateCertificates": true,
        "seccompDefault": true,
        "serializeImagePulls": false,
        "staticPodURL": STATIC_PODS,
        "systemReserved": {"cpu": "50m", "ephemeral-storage": "256Mi", "memory": memory, "pid": "100"},
    })
}

/// The kubelet runs. It has only a YAML form.
pub(crate) fn kubelet_runs() -> Item {
    Item::new(LIFECYCLES, KUBELET, Fields::new().spec_as(&json!({})))
}

/// The image that the kubelet was started from.
pub(crate) fn kubelet_status(image: &str) -> Item {
    item(STATUSES, KUBELET, Fields::new().text(1, "image", image))
}

pub(crate) const STATUSES: &str = "KubeletStatuses.kubernetes.talos.dev";

/// Where the Kubernetes API is, by an address or a name.
fn endpoint(id: &str, host: &str) -> Item {
    let fields = match host.parse() {
        Ok(address) => Fields::new().addresses(1, "addresses", &[address]).texts::<&str>(2, "hosts", &[]),
        Err(_) => Fields::new().addresses(1, "addresses", &[]).texts(2, "hosts", &[host]),
    };
    item("Endpoints.kubernetes.talos.dev", id, fields)
}

/// The balancer on the machine, and what it balances.
fn kube_prism(config: &NodeConfig, port: u16) -> [Item; 3] {
    let port_of = |url: &str| {
        let host = url.split_once("://").map_or(url, |(_, host)| host);
        host.rsplit_once(':').and_then(|(_, port)| port.trim_end_matches('/').parse().ok()).unwrap_or(443u32)
    };
    let all = || {
        let endpoint = Fields::new().text(1, "host", &config.endpoint_host);
        let endpoint = endpoint.number(2, "port", port_of(&config.endpoint));
        let local = Fields::new().text(1, "host", "localhost").number(2, "port", 6443u32);
        if config.control_plane { vec![endpoint, local] } else { vec![endpoint] }
    };
    [
        item(
            "KubePrismEndpoints.kubernetes.talos.dev",
            "k8s-cluster",
            Fields::new().list(1, "endpoints", all()),
        ),
        item(
            "KubePrismConfigs.kubernetes.talos.dev",
            "k8s-loadbalancer-config",
            Fields::new().text(1, "host", "127.0.0.1").number(2, "port", port).list(3, "endpoints", all()),
        ),
        item(
            "KubePrismStatuses.kubernetes.talos.dev",
            "k8s-loadbalancer",
            Fields::new().text(1, "host", format!("127.0.0.1:{port}")).flag(2, "healthy", true),
        ),
    ]
}

/// The node as Kubernetes has it.
pub(crate) fn node_status(
    name: &str,
    ready: bool,
    labels: &std::collections::BTreeMap<String, String>,
    minor: u16,
) -> Item {
    let fields = Fields::new()
        .text(1, "nodename", name)
        .flag(2, "nodeReady", ready)
        .flag(3, "unschedulable", false)
        .map(4, "labels", labels)
        .map(5, "annotations", &std::collections::BTreeMap::new())
        .when(minor >= 12, |fields| fields.prefixes(6, "podCIDRs", &[]));
    item("NodeStatuses.kubernetes.talos.dev", name, fields)
}
