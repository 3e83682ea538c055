//! The secrets of a machine. Only administrators read these resources.

use std::net::Ipv4Addr;

use super::fields::{Fields, Pair};
use super::item::{Item, item};
use super::kubernetes::service_address;
use crate::components::Authority;
use crate::config::NodeConfig;

fn pair(authority: Option<&Authority>) -> Pair<'_> {
    authority.map_or(("", ""), |authority| (authority.certificate.as_str(), authority.key.expose()))
}

/// The authority of the machine API, whose key only control planes have.
pub(crate) fn os_root(config: &NodeConfig, address: Ipv4Addr, names: &[String]) -> Item {
    let certificate = config.machine_ca.to_pem();
    let key = config.machine_authority.as_ref().map(|authority| authority.key.to_pem());
    let key = key.as_ref().map_or("", |key| key.expose());
    let accepted: Vec<String> = config.accepted_cas.iter().map(talos_pki::Certificate::to_pem).collect();
    let accepted: Vec<&str> =
        std::iter::once(certificate.as_str()).chain(accepted.iter().map(String::as_str)).collect();
    let fields = Fields::new()
        .pair(1, "issuingCA", (&certificate, key))
        .certificates(5, "acceptedCAs", &accepted)
        .addresses(2, "certSANIPs", &[address])
        .texts(3, "certSANDNSNames", names)
        .text(4, "token", config.token.expose());
    item("OSRootSecrets.secrets.talos.dev", "os", fields)
}

/// How the kubelet gets to the Kubernetes API; `minor` is that of Talos.
pub(crate) fn kubelet(config: &NodeConfig, minor: u16) -> Item {
    let endpoint = match config.components.kube_prism {
        Some(port) => format!("https://127.0.0.1:{port}"),
        None if config.control_plane => "https://localhost:6443".to_owned(),
        None => config.endpoint.clone(),
    };
    let (certificate, _) = pair(config.components.kubernetes_ca.as_ref());
    let (id, secret) = bootstrap_token(config);
    let fields = Fields::new()
        .url(1, "endpoint", &endpoint)
        .when(minor >= 14, |fields| fields.text(6, "endpointTLSServerName?", ""))
        .certificates(5, "acceptedCAs", &[certificate])
        .text(3, "bootstrapTokenID", id)
        .text(4, "bootstrapTokenSecret", secret);
    item("KubeletSecrets.secrets.talos.dev", "kubelet", fields)
}

/// What the certificate of the machine API is for.
pub(crate) fn cert_sans(address: Ipv4Addr, names: &[String], hostname: &str) -> Item {
    let fields = Fields::new()
        .addresses(1, "ips", &[Ipv4Addr::LOCALHOST, address])
        .texts(2, "dnsNames", names)
        .text(3, "fqdn", hostname);
    item("CertSANs.secrets.talos.dev", "api", fields)
}

fn bootstrap_token(config: &NodeConfig) -> (&str, &str) {
    config.components.bootstrap_token.expose().split_once('.').unwrap_or_default()
}

/// The secrets of etcd and Kubernetes, on control planes; `minor` is that of Talos.
pub(crate) fn roots(config: &NodeConfig, minor: u16) -> [Item; 2] {
    let components = &config.components;
    let kubernetes = pair(components.kubernetes_ca.as_ref());
    let local = match components.kube_prism {
        Some(port) => format!("https://127.0.0.1:{port}"),
        None => "https://localhost:6443".to_owned(),
    };
    let (id, secret) = bootstrap_token(config);
    let services = service_address(&config.service_subnets, 1);
    let aggregator = pair(components.aggregator_ca.as_ref());
    let fields = Fields::new()
        .text(1, "name", &config.cluster_name)
        .url(2, "endpoint", &config.endpoint)
        .url(3, "local_endpoint", &local)
        .texts(4, "certSANs", &config.api_server_sans)
        .addresses(14, "apiServerIPs", services.as_slice())
        .text(6, "dnsDomain", &config.dns_domain)
        .pair(7, "issuingCA", kubernetes)
        .certificates(15, "acceptedCAs", &[kubernetes.0])
        .pair(9, "aggregatorCA", aggregator)
        .when(minor >= 14, |fields| fields.certificates(17, "acceptedAggregatorCAs", &[aggregator.0]))
        .private_key(8, "serviceAccount", components.service_account.expose())
        .when(minor >= 14, |fields| {
            fields
                .list(18, "serviceAccountAcceptedKeys", Vec::new())
                .text(19, "issuerURL", &config.endpoint)
                .texts::<&str>(20, "acceptedIssuers", &[])
                .texts(21, "apiAudiences", &[&config.endpoint])
        })
        .text(10, "aesCBCEncryptionSecret", components.aescbc_secret.expose())
        .text(11, "bootstrapTokenID", id)
        .text(12, "bootstrapTokenSecret", secret)
        .text(13, "secretboxEncryptionSecret", components.secretbox_secret.expose())
        .when(minor >= 14, |fields| fields.structure(16, "etcdEncryptionConfig", serde_json::json!({})));
    let etcd = Fields::new().pair(1, "etcdCA", pair(components.etcd_ca.as_ref()));
    [
        item("KubernetesRootSecrets.secrets.talos.dev", "k8s", fields),
        item("EtcdRootSecrets.secrets.talos.dev", "etcd", etcd),
    ]
}
