//! What a machine reads out of its configuration.

use std::collections::BTreeMap;
use std::io::Read;
use std::net::IpAddr;
use std::time::Duration;

use talos_machineconfig::Config;
use talos_machineconfig::types::security::{ImageVerificationConfig, ImageVerificationRule};
use talos_pki::{Certificate, CertificateAuthority, SecretString};

use crate::components::Components;

/// The configuration of a machine, as far as the simulator acts on it.
#[derive(Clone, Debug)]
pub(crate) struct NodeConfig {
    /// The text as it was applied. It holds the secrets of the cluster.
    pub(crate) text: SecretString,
    pub(crate) control_plane: bool,
    pub(crate) hostname: Option<String>,
    pub(crate) cluster_name: String,
    pub(crate) cluster_id: String,
    /// URL of the Kubernetes API.
    pub(crate) endpoint: String,
    /// The host in it.
    pub(crate) endpoint_host: String,
    /// The authority of the machine API; the key only on control planes.
    pub(crate) machine_ca: Certificate,
    pub(crate) machine_authority: Option<CertificateAuthority>,
    /// Authorities of clients beside `machine_ca`.
    pub(crate) accepted_cas: Vec<Certificate>,
    pub(crate) token: SecretString,
    pub(crate) cert_sans: Vec<String>,
    /// The authority of Kubernetes, on control planes.
    pub(crate) kubernetes_authority: Option<CertificateAuthority>,
    pub(crate) api_server_sans: Vec<String>,
    /// Tag of the kubelet's image.
    pub(crate) kubernetes_version: String,
    /// Whose signatures images need.
    pub(crate) image_rules: Vec<ImageVerificationRule>,
    /// The first of the configured time servers.
    pub(crate) time_server: Option<String>,
    pub(crate) dns_domain: String,
    pub(crate) service_subnets: Vec<String>,
    pub(crate) admin_kubeconfig_lifetime: Duration,
    pub(crate) node_labels: BTreeMap<String, String>,
    pub(crate) allow_scheduling_on_control_planes: bool,
    /// What it says about programs and secrets of Kubernetes and etcd.
    pub(crate) components: Components,
}

/// The largest user data that is unpacked.
const UNPACKED_LIMIT: u64 = 8 << 20;
const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);

impl NodeConfig {
    /// Reads user data, plain or gzip.
    pub(crate) fn from_user_data(data: &[u8]) -> Result<Self, String> {
        let mut unpacked = Vec::new();
        let data = if data.starts_with(&[0x1f, 0x8b]) {
            let reader = flate2::read::GzDecoder::new(data).take(UNPACKED_LIMIT);
            let mut reader = std::io::BufReader::new(reader);
            reader
                .read_to_end(&mut unpacked)
                .map_err(|error| format!("cannot unpack the user data: {error}"))?;
            &unpacked
        } else {
            data
        };
        Self::from_bytes(data)
    }

    /// Reads YAML, as strictly as Talos.
    pub(crate) fn from_bytes(data: &[u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(data).map_err(|_| "the configuration is not UTF-8".to_owned())?;
        let config = Config::from_yaml(text).map_err(|error| error.to_string())?;
        let main = config.v1alpha1().ok_or("the configuration has no v1alpha1 document")?;
        let machine = main.machine.as_ref().ok_or("machine is missing")?;
        let cluster = main.cluster.as_ref().ok_or("cluster is missing")?;
        let control_plane =
            config.machine_type().ok_or("machine.type is not controlplane or worker")?.is_control_plane();
        let (machine_ca, machine_authority) = authority("machine.ca", config.machine_ca())?;
        let machine_ca = machine_ca.ok_or("machine.ca is missing")?;
        let (_, kubernetes_authority) = authority("cluster.ca", config.kubernetes_ca())?;
        if control_plane && (machine_authority.is_none() || kubernetes_authority.is_none()) {
            return Err("a control plane needs machine.ca and cluster.ca with their keys".to_owned());
        }
        let endpoint = config.endpoint().filter(|url| !url.host().is_empty());
        let endpoint = endpoint.ok_or("cluster.controlPlane.endpoint is not a URL with a host")?;
        let accepted = |ca: &talos_machineconfig::types::Certificate| {
            let pem = ca.crt.as_str().unwrap_or_default();
            Certificate::from_pem(pem).map_err(|error| format!("machine.acceptedCAs: {error}"))
        };
        let network = cluster.network.as_ref();
        let lifetime = cluster.admin_kubeconfig.as_ref().and_then(|admin| admin.cert_lifetime.to_std());
        let kubernetes_version = format!("v{}", config.kubernetes_version().unwrap_or("1.34.0"));
        Ok(Self {
            components: Components::of(&config, cluster, &kubernetes_version),
            text: SecretString::new(text),
            control_plane,
            hostname: config.hostname().map(str::to_owned),
            cluster_name: config.cluster_name().unwrap_or_default().to_owned(),
            cluster_id: config.cluster_id().unwrap_or_default().to_owned(),
            endpoint: endpoint.to_string(),
            endpoint_host: endpoint.host().to_owned(),
            accepted_cas: machine.accepted_cas.iter().map(accepted).collect::<Result<_, _>>()?,
            machine_ca,
            machine_authority,
            token: config.machine_token().cloned().unwrap_or_else(|| SecretString::new("")),
            cert_sans: machine.cert_sans.clone(),
            kubernetes_authority,
            api_server_sans: config.api_server_cert_sans().to_vec(),
            kubernetes_version,
            image_rules: config
                .documents_of::<ImageVerificationConfig>()
                .flat_map(|document| document.rules.clone())
                .collect(),
            time_server: machine.time.as_ref().and_then(|time| time.servers.first().cloned()),
            dns_domain: network
                .map(|network| network.dns_domain.clone())
                .filter(|domain| !domain.is_empty())
                .unwrap_or_else(|| "cluster.local".to_owned()),
            service_subnets: network.map(|network| network.service_subnets.to_vec()).unwrap_or_default(),
            admin_kubeconfig_lifetime: lifetime.filter(|time| !time.is_zero()).unwrap_or(YEAR),
            node_labels: (*machine.node_labels).clone(),
            allow_scheduling_on_control_planes: cluster.allow_scheduling_on_control_planes.unwrap_or(false),
        })
    }
}

/// Splits names of certificates into addresses and DNS names.
pub(crate) fn split_sans<'a>(names: impl IntoIterator<Item = &'a str>) -> (Vec<IpAddr>, Vec<String>) {
    let (mut addresses, mut dns) = (Vec::new(), Vec::new());
    for name in names {
        match name.parse() {
            Ok(address) if !addresses.contains(&address) => addresses.push(address),
            Err(_) if !name.is_empty() && !dns.iter().any(|d| d == name) => dns.push(name.to_owned()),
            _ => {}
        }
    }
    (addresses, dns)
}

/// A certificate and, where its key is there too, the authority that they are.
fn authority(
    what: &str,
    pair: Option<(String, Option<SecretString>)>,
) -> Result<(Option<Certificate>, Option<CertificateAuthority>), String> {
    let Some((crt, key)) = pair else { return Ok((None, None)) };
    let wrong = |error: talos_pki::Error| format!("{what}: {error}");
    let authority = match key {
        Some(key) => Some(CertificateAuthority::from_pem(&crt, key.expose()).map_err(wrong)?),
        None => None,
    };
    Ok((Some(Certificate::from_pem(&crt).map_err(wrong)?), authority))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_named() {
        for (text, word) in [
            ("", "document"),
            ("version: v1alpha1\ncluster: {}\n", "machine is missing"),
            ("version: v1alpha1\nmachine: {type: other}\ncluster: {}\n", "type"),
            ("version: v1alpha1\nmachine: {type: worker}\ncluster: {}\n", "machine.ca"),
            ("version: v1alpha1\nmachine: {typo: worker}\n", "typo"),
        ] {
            let error = NodeConfig::from_bytes(text.as_bytes()).unwrap_err();
            assert!(error.contains(word), "{text:?}: {error}");
        }
        assert!(NodeConfig::from_user_data(&[0x1f, 0x8b, 1]).unwrap_err().contains("unpack"));
    }

    #[test]
    fn names_are_split() {
        let (addresses, names) = split_sans(["a.example", "127.0.0.1", "a.example", "::1", ""]);
        assert_eq!((addresses.len(), names.len()), (2, 1));
    }
}
