//! What a configuration says about Kubernetes, etcd and discovery: only resources repeat it.

use std::collections::BTreeMap;

use talos_machineconfig::types::v1alpha1::{ClusterConfig, ClusterNetworkConfig};
use talos_machineconfig::types::{ArgValue, Args, CertificateAndKey, PemPair};
use talos_machineconfig::{Config, Document};
use talos_pki::SecretString;

/// Arguments of a program beside those that Talos gives it.
pub(crate) type Arguments = BTreeMap<String, Vec<String>>;

/// The port of KubePrism where the configuration names none.
const KUBE_PRISM_PORT: u16 = 7445;

/// A program that runs from an image.
#[derive(Clone, Debug, Default)]
pub(crate) struct Component {
    pub(crate) image: String,
    pub(crate) arguments: Arguments,
}

/// PEM of a certificate and of its key.
#[derive(Clone, Debug)]
pub(crate) struct Authority {
    pub(crate) certificate: String,
    pub(crate) key: SecretString,
}

#[derive(Clone, Debug)]
pub(crate) struct Components {
    pub(crate) api_server: Component,
    pub(crate) controller_manager: Component,
    pub(crate) scheduler: Component,
    /// Nothing if the configuration turns it off.
    pub(crate) proxy: Option<Component>,
    pub(crate) core_dns: Option<Component>,
    pub(crate) kubelet: Component,
    pub(crate) etcd: Component,
    pub(crate) flannel: bool,
    pub(crate) pod_subnets: Vec<String>,
    pub(crate) kube_prism: Option<u16>,
    /// Endpoint of the discovery service, unless discovery is off.
    pub(crate) discovery: Option<String>,
    pub(crate) cluster_secret: SecretString,
    pub(crate) kubernetes_ca: Option<Authority>,
    pub(crate) aggregator_ca: Option<Authority>,
    pub(crate) etcd_ca: Option<Authority>,
    pub(crate) service_account: SecretString,
    pub(crate) bootstrap_token: SecretString,
    pub(crate) secretbox_secret: SecretString,
    pub(crate) aescbc_secret: SecretString,
}

/// The first of `documents` that `pick` takes something from.
fn document<'a, T>(config: &'a Config, pick: impl Fn(&'a Document) -> Option<T>) -> Option<T> {
    config.documents().iter().find_map(pick)
}

fn arguments(args: &Args) -> Arguments {
    let values = |value: &ArgValue| match value {
        ArgValue::One(value) => vec![value.clone()],
        ArgValue::Many(values) => values.clone(),
    };
    args.iter().map(|(name, value)| (name.clone(), values(value))).collect()
}

fn component(settings: Option<(&String, &Args)>, image: impl FnOnce() -> String) -> Component {
    let Some((named, args)) = settings else { return Component { image: image(), ..Component::default() } };
    let image = if named.is_empty() { image() } else { named.clone() };
    Component { image, arguments: arguments(args) }
}

fn pair(pair: Option<&CertificateAndKey>) -> Option<Authority> {
    let pair = pair?;
    let key = pair.key.to_text().unwrap_or_else(empty);
    Some(Authority { certificate: pair.crt.as_str()?.to_owned(), key })
}

fn pem(pair: Option<&PemPair>) -> Option<Authority> {
    pair.map(|pair| Authority { certificate: pair.cert.clone(), key: (*pair.key).clone() })
}

fn empty() -> SecretString {
    SecretString::new("")
}

impl Components {
    /// Reads what a section or a document of its own says; `version` is that of Kubernetes, `v1.34.0`.
    pub(crate) fn of(config: &Config, cluster: &ClusterConfig, version: &str) -> Self {
        let image = |name: &'static str| move || format!("registry.k8s.io/{name}:{version}");
        let network = cluster.network.as_ref();
        let on = |disabled: Option<bool>| !disabled.unwrap_or(false);
        let kubelet_args = config
            .v1alpha1()
            .and_then(|main| Some(arguments(&main.machine.as_ref()?.kubelet.as_ref()?.extra_args)));
        Self {
            api_server: component(
                cluster.api_server.as_ref().map(|it| (&it.image, &it.extra_args)),
                image("kube-apiserver"),
            ),
            controller_manager: component(
                cluster.controller_manager.as_ref().map(|it| (&it.image, &it.extra_args)),
                image("kube-controller-manager"),
            ),
            scheduler: component(
                cluster.scheduler.as_ref().map(|it| (&it.image, &it.extra_args)),
                image("kube-scheduler"),
            ),
            proxy: on(cluster.proxy.as_ref().and_then(|it| it.disabled)).then(|| {
                component(cluster.proxy.as_ref().map(|it| (&it.image, &it.extra_args)), image("kube-proxy"))
            }),
            core_dns: on(cluster.core_dns.as_ref().and_then(|it| it.disabled)).then(|| {
                let named = cluster.core_dns.as_ref().map(|it| it.image.clone());
                let image = named.filter(|image| !image.is_empty());
                Component {
                    image: image.unwrap_or_else(|| crate::pods::CORE_DNS_IMAGE.to_owned()),
                    ..Component::default()
                }
            }),
            kubelet: Component {
                image: config
                    .kubelet_image()
                    .map_or_else(|| format!("ghcr.io/siderolabs/kubelet:{version}"), str::to_owned),
                arguments: kubelet_args.unwrap_or_default(),
            },
            etcd: component(cluster.etcd.as_ref().map(|it| (&it.image, &it.extra_args)), || {
                crate::run::ETCD_IMAGE.to_owned()
            }),
            flannel: config.cni_name() == "flannel",
            pod_subnets: pod_subnets(network),
            kube_prism: kube_prism(config),
            discovery: discovery(config, cluster),
            cluster_secret: document(config, |document| match document {
                Document::DiscoveryIdentityConfig(identity) => Some((*identity.cluster_secret).clone()),
                _ => None,
            })
            .unwrap_or_else(|| (*cluster.secret).clone()),
            kubernetes_ca: config
                .kubernetes_ca()
                .map(|(certificate, key)| Authority { certificate, key: key.unwrap_or_else(empty) }),
            aggregator_ca: document(config, |document| match document {
                Document::KubeAggregatorCaConfig(authority) => pem(authority.issuing_ca.as_ref()),
                _ => None,
            })
            .or_else(|| pair(cluster.aggregator_ca.as_ref())),
            etcd_ca: cluster.etcd.as_ref().and_then(|etcd| pair(etcd.ca.as_ref())),
            service_account: document(config, |document| match document {
                Document::KubeServiceAccountConfig(account) => Some((*account.issuer.private_key).clone()),
                _ => None,
            })
            .or_else(|| cluster.service_account.as_ref()?.key.to_text())
            .unwrap_or_else(empty),
            bootstrap_token: (*cluster.token).clone(),
            secretbox_secret: (*cluster.secretbox_encryption_secret).clone(),
            aescbc_secret: (*cluster.aescbc_encryption_secret).clone(),
        }
    }
}

fn pod_subnets(network: Option<&ClusterNetworkConfig>) -> Vec<String> {
    let subnets = network.map(|network| network.pod_subnets.to_vec()).unwrap_or_default();
    if subnets.is_empty() { vec!["10.244.0.0/16".to_owned()] } else { subnets }
}

fn kube_prism(config: &Config) -> Option<u16> {
    let own = document(config, |document| match document {
        Document::KubePrismConfig(prism) => Some(prism.port),
        _ => None,
    });
    let section = || {
        let features = config.v1alpha1()?.machine.as_ref()?.features.as_ref()?;
        let prism = features.kube_prism.as_ref().filter(|prism| prism.enabled == Some(true))?;
        Some(prism.port)
    };
    let port = own.or_else(section)?;
    Some(u16::try_from(port).ok().filter(|port| *port != 0).unwrap_or(KUBE_PRISM_PORT))
}

fn discovery(config: &Config, cluster: &ClusterConfig) -> Option<String> {
    let own = document(config, |document| match document {
        Document::DiscoveryServiceConfig(service) => Some(service.endpoint.to_string()),
        _ => None,
    });
    let section = || {
        let discovery = cluster.discovery.as_ref()?;
        let service = &discovery.registries.service;
        let on = discovery.enabled.unwrap_or(true) && !service.disabled.unwrap_or(false);
        on.then(|| match service.endpoint.as_str() {
            "" => "https://discovery.talos.dev/".to_owned(),
            endpoint => endpoint.to_owned(),
        })
    };
    own.or_else(section)
}
