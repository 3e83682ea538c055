//! The little of the Kubernetes API that the life of a cluster needs.

use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use serde::Deserialize;

use crate::error::{Error, ErrorKind, Result, chain};
use crate::kubeconfig::{Kubeconfig, certificates};

/// A client of one cluster's Kubernetes API that trusts that cluster's certificate authority and no other.
#[derive(Clone)]
pub struct Kubernetes {
    http: reqwest::Client,
    server: String,
}

impl std::fmt::Debug for Kubernetes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Kubernetes").field("server", &self.server).finish_non_exhaustive()
    }
}

/// A node as Kubernetes sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct KubernetesNode {
    /// Its name.
    pub name: String,
    /// Its addresses of the type `InternalIP`.
    pub internal_addresses: Vec<String>,
    /// Whether its condition `Ready` is true.
    pub ready: bool,
    /// Reason and message of the condition `Ready`, empty when there is none yet.
    pub detail: String,
    /// Whether pods may be scheduled on it.
    pub schedulable: bool,
    /// The version of its kubelet, such as `v1.30.4`.
    pub kubelet_version: String,
}

impl Kubernetes {
    /// A client with the identity that the current context of a kubeconfig gives.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidKubeconfig`] if the text is not a kubeconfig with certificates inside.
    pub fn from_kubeconfig(text: &str) -> Result<Self> {
        let kubeconfig = Kubeconfig::from_yaml(text)?;
        let config = builder(&kubeconfig.authorities)?
            .with_client_auth_cert(kubeconfig.certificates, kubeconfig.key)
            .map_err(|error| bad_tls("the kubeconfig's key and certificate do not fit").with_source(error))?;
        Self::new(config, &kubeconfig.server)
    }

    /// A client without an identity: enough to see whether the API answers.
    ///
    /// `server` is its address, such as `https://10.0.0.1:6443`, and `authority` the PEM of the cluster's Kubernetes
    /// certificate authority.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidKubeconfig`] if `authority` is not PEM.
    pub fn anonymous(server: &str, authority: &str) -> Result<Self> {
        let config = builder(&certificates(authority.as_bytes())?)?.with_no_client_auth();
        Self::new(config, server)
    }

    fn new(config: ClientConfig, server: &str) -> Result<Self> {
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(config)
            .connect_timeout(Duration::from_secs(5))
            .timeout(Duration::from_secs(15))
            .build()
            .map_err(|error| bad_tls("no HTTP client can be made").with_source(error))?;
        Ok(Self { http, server: server.trim_end_matches('/').to_owned() })
    }

    /// The address of the API.
    #[must_use]
    pub fn server(&self) -> &str {
        &self.server
    }

    /// The HTTP status with which the API answers `GET /version`: 401 for an anonymous client of a healthy cluster.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::KubernetesUnreachable`] if nothing answers, or something with another certificate authority.
    pub async fn status(&self) -> Result<u16> {
        Ok(self.get("/version").await?.status().as_u16())
    }

    /// All nodes, in the order of the API: by name.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::KubernetesUnreachable`] and [`ErrorKind::Kubernetes`].
    pub async fn nodes(&self) -> Result<Vec<KubernetesNode>> {
        let response = self.get("/api/v1/nodes").await?;
        let status = response.status();
        if !status.is_success() {
            return Err(Error::new(
                ErrorKind::Kubernetes,
                format!("{} answers {status} to a list of its nodes", self.server),
            ));
        }
        let list: NodeList = response.json().await.map_err(|error| {
            Error::new(
                ErrorKind::Kubernetes,
                format!("{} sent a list of nodes that can't be read", self.server),
            )
            .with_source(error.without_url())
        })?;
        Ok(list.items.into_iter().map(KubernetesNode::from).collect())
    }

    async fn get(&self, path: &str) -> Result<reqwest::Response> {
        self.http.get(format!("{}{path}", self.server)).send().await.map_err(|error| {
            let error = error.without_url();
            Error::new(
                ErrorKind::KubernetesUnreachable,
                format!("the Kubernetes API at {} can't be reached: {}", self.server, chain(&error)),
            )
            .with_source(error)
        })
    }
}

fn builder(
    authorities: &[CertificateDer<'static>],
) -> Result<rustls::ConfigBuilder<ClientConfig, rustls::client::WantsClientCert>> {
    let mut roots = RootCertStore::empty();
    for authority in authorities {
        roots.add(authority.clone()).map_err(|error| {
            bad_tls("the Kubernetes certificate authority can't be used").with_source(error)
        })?;
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| bad_tls("no TLS version is on offer").with_source(error))?
        .with_root_certificates(roots))
}

fn bad_tls(message: &str) -> Error {
    Error::new(ErrorKind::InvalidKubeconfig, message)
}

#[derive(Deserialize)]
struct NodeList {
    #[serde(default)]
    items: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    metadata: Metadata,
    #[serde(default)]
    spec: Spec,
    #[serde(default)]
    status: Status,
}

#[derive(Deserialize)]
struct Metadata {
    name: String,
}

#[derive(Default, Deserialize)]
struct Spec {
    #[serde(default)]
    unschedulable: bool,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    #[serde(default)]
    addresses: Vec<Address>,
    #[serde(default)]
    conditions: Vec<Condition>,
    #[serde(default)]
    node_info: NodeInfo,
}

#[derive(Deserialize)]
struct Address {
    r#type: String,
    address: String,
}

#[derive(Deserialize)]
struct Condition {
    r#type: String,
    status: String,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    message: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct NodeInfo {
    #[serde(default)]
    kubelet_version: String,
}

impl From<Node> for KubernetesNode {
    fn from(node: Node) -> Self {
        let condition = node.status.conditions.into_iter().find(|condition| condition.r#type == "Ready");
        let addresses = node.status.addresses.into_iter();
        Self {
            name: node.metadata.name,
            internal_addresses: addresses
                .filter(|address| address.r#type == "InternalIP")
                .map(|address| address.address)
                .collect(),
            ready: condition.as_ref().is_some_and(|condition| condition.status == "True"),
            detail: condition.map_or_else(String::new, |condition| {
                let text = [condition.reason, condition.message];
                text.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(": ")
            }),
            schedulable: !node.spec.unschedulable,
            kubelet_version: node.status.node_info.kubelet_version,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_api_says_of_a_node() {
        let list: NodeList = serde_json::from_str(
            r#"{"kind":"NodeList","items":[
                {"metadata":{"name":"cp-1","uid":"x"},"spec":{"podCIDR":"10.244.0.0/24"},"status":{
                    "addresses":[{"type":"Hostname","address":"cp-1"},{"type":"InternalIP","address":"10.0.0.2"}],
                    "conditions":[{"type":"MemoryPressure","status":"False"},{"type":"Ready","status":"True","reason":"KubeletReady","message":"fine"}],
                    "nodeInfo":{"kubeletVersion":"v1.30.4"}}},
                {"metadata":{"name":"w-1"},"spec":{"unschedulable":true},"status":{
                    "conditions":[{"type":"Ready","status":"Unknown","reason":"NodeStatusUnknown"}]}},
                {"metadata":{"name":"w-2"}}
            ]}"#,
        )
        .unwrap();
        let nodes: Vec<KubernetesNode> = list.items.into_iter().map(KubernetesNode::from).collect();
        assert!(nodes[0].ready && nodes[0].schedulable);
        assert_eq!(nodes[0].internal_addresses, ["10.0.0.2"]);
        assert_eq!(nodes[0].kubelet_version, "v1.30.4");
        assert!(!nodes[1].ready && !nodes[1].schedulable);
        assert_eq!(nodes[1].detail, "NodeStatusUnknown");
        assert!(!nodes[2].ready && nodes[2].detail.is_empty());
    }

    #[test]
    fn a_broken_kubeconfig_says_what_is_wrong_and_no_secret() {
        let text =
            "apiVersion: v1\ncurrent-context: a\ncontexts: [{name: b, context: {cluster: c, user: u}}]\n";
        let error = Kubernetes::from_kubeconfig(text).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidKubeconfig);
        assert!(error.to_string().contains("context \"a\""), "{error}");

        let error =
            Kubernetes::from_kubeconfig("clusters: [{name: x, cluster: {server: s3cret}}]").unwrap_err();
        assert!(!format!("{error:?}").contains("s3cret"));
    }
}
