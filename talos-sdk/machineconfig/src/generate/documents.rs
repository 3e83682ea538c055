//! The documents that take the place of the sections from release 1.14 on.

use std::collections::BTreeMap;

use crate::Document;
use crate::MachineType;
use crate::generate::sections::{
    EXCLUDE_FROM_EXTERNAL_LB, bootstrap_token, etcd, kube_prism_port, present, with_key,
};
use crate::generate::{defaults, hostname, kubespan, parse_endpoint, registries};
use crate::options::{Cni, GenerateOptions};
use crate::secrets::SecretsBundle;
use crate::types::block::{FilesystemTrimConfig, MountSpec, VolumeConfig};
use crate::types::cluster::{DiscoveryIdentityConfig, DiscoveryServiceConfig};
use crate::types::k8s::{
    IssuerServiceAccountConfig, KubeAdmissionControlConfig, KubeAggregatorCaConfig, KubeApiServerCaConfig,
    KubeApiServerConfig, KubeAuditPolicyConfig, KubeAuthenticationConfig, KubeAuthorizerConfig,
    KubeClusterConfig, KubeControllerManagerConfig, KubeCoreDnsConfig, KubeEtcdEncryptionConfig,
    KubeExternalManifestConfig, KubeFlannelCniConfig, KubeNetworkConfig, KubeNodeConfig, KubePrismConfig,
    KubeProxyConfig, KubeSchedulerConfig, KubeServiceAccountConfig, KubeletConfig,
};
use crate::types::network::{HostDnsConfig, ResolverConfig};
use crate::types::runtime::{
    InstallDiskSelectorSpec, InstallProvisioningSpec, InstallerSpec, SecurityProfileConfig, SysctlConfig,
    UnattendedInstallConfig,
};
use crate::types::v1alpha1::{ClusterConfig, Config, FeaturesConfig, MachineConfig};
use crate::types::{Duration, Expression, PemPair, Prefix, Secret, Url};
use crate::{Error, ErrorKind, Result};

const DISCOVERY_SERVICE: &str = "https://discovery.talos.dev/";
const CONTROL_PLANE: &str = "node-role.kubernetes.io/control-plane";
const WEEK: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Documents of a machine for releases from 1.14 on.
pub(crate) fn documents(
    role: MachineType,
    secrets: &SecretsBundle,
    options: &GenerateOptions,
) -> Result<Vec<Document>> {
    let endpoint = parse_endpoint(&options.endpoint)?;
    let mut documents = vec![Document::from(sections(role, secrets, options)?)];
    documents.extend(system(secrets, options)?);
    documents.extend(registries::documents(options)?);
    documents.push(hostname());
    documents.extend(kubespan(options));
    if !options.kubernetes {
        return Ok(documents);
    }
    documents.extend(node(role, secrets, options, &endpoint)?);
    if role.is_control_plane() {
        documents.extend(api_server(secrets, options, &endpoint)?);
        documents.extend(components(options)?);
    }
    Ok(documents)
}

/// What is left of the sections.
fn sections(role: MachineType, secrets: &SecretsBundle, options: &GenerateOptions) -> Result<Config> {
    Ok(Config {
        version: "v1alpha1".to_owned(),
        debug: Some(options.debug),
        persist: Some(true),
        machine: Some(MachineConfig {
            r#type: role.to_string(),
            token: Secret::from(secrets.trustdinfo.token.clone()),
            ca: Some(with_key(present(secrets.certs.os.as_ref(), "os")?, role)),
            cert_sans: options.additional_sans.clone(),
            features: Some(FeaturesConfig { disk_quota_support: Some(true), ..Default::default() }),
            ..Default::default()
        }),
        cluster: Some(ClusterConfig {
            token: bootstrap_token(role, secrets, options),
            etcd: if role.is_control_plane() { etcd(secrets, options) } else { None },
            ..Default::default()
        }),
    })
}

fn system(secrets: &SecretsBundle, options: &GenerateOptions) -> Result<Vec<Document>> {
    let mut documents = Vec::new();
    if options.cluster_discovery {
        let endpoint = DISCOVERY_SERVICE.parse()?;
        documents.push(DiscoveryServiceConfig { name: "default".to_owned(), endpoint }.into());
    }
    let identity = DiscoveryIdentityConfig {
        cluster_id: secrets.cluster.id.clone(),
        cluster_secret: Secret::from(secrets.cluster.secret.clone()),
    };
    documents.push(identity.into());
    if options.unattended_install && !options.install_disk.is_empty() {
        let install = UnattendedInstallConfig {
            reboot: None,
            installer: InstallerSpec { image: options.install_image.clone() },
            provisioning: InstallProvisioningSpec {
                disk_selector: InstallDiskSelectorSpec {
                    r#match: Expression::disk_path(&options.install_disk),
                },
                wipe: Some(false),
            },
        };
        documents.push(install.into());
    }
    let host_dns = HostDnsConfig {
        enabled: Some(true),
        forward_kube_dns_to_host: Some(true),
        resolve_member_names: None,
    };
    documents.push(ResolverConfig { host_dns, ..Default::default() }.into());
    if !options.sysctls.is_empty() {
        documents.push(SysctlConfig { params: options.sysctls.clone() }.into());
    }
    let mount = MountSpec { secure: Some(true), disable_access_time: None };
    documents.push(VolumeConfig { name: "EPHEMERAL".to_owned(), mount, ..Default::default() }.into());
    documents.push(FilesystemTrimConfig { interval: WEEK }.into());
    documents.push(SecurityProfileConfig { workload_isolation: Some(true) }.into());
    Ok(documents)
}

/// What every node of Kubernetes has.
fn node(
    role: MachineType,
    secrets: &SecretsBundle,
    options: &GenerateOptions,
    endpoint: &Url,
) -> Result<Vec<Document>> {
    let (mut labels, mut taints) = (BTreeMap::new(), BTreeMap::new());
    if role.is_control_plane() {
        labels
            .extend([CONTROL_PLANE, EXCLUDE_FROM_EXTERNAL_LB].map(|label| (label.to_owned(), String::new())));
        if !options.allow_scheduling_on_control_planes {
            taints.insert(CONTROL_PLANE.to_owned(), "NoSchedule".to_owned());
        }
    }
    let ca = present(secrets.certs.k8s.as_ref(), "k8s")?;
    let ca = if role.is_control_plane() {
        KubeApiServerCaConfig { issuing_ca: Some(pair(ca)), accepted_cas: Vec::new() }
    } else {
        KubeApiServerCaConfig { issuing_ca: None, accepted_cas: vec![ca.crt.clone()] }
    };
    let mut documents = vec![
        KubeClusterConfig { cluster_name: options.cluster_name.clone(), endpoint: endpoint.clone() }.into(),
        KubeNodeConfig { labels, taints, ..Default::default() }.into(),
        KubeletConfig {
            image: format!("ghcr.io/siderolabs/kubelet:v{}", options.kubernetes_version),
            default_runtime_seccomp_profile_enabled: Some(true),
            ..Default::default()
        }
        .into(),
        KubeNetworkConfig {
            dns_domain: options.dns_domain.clone(),
            pod_subnets: subnets(&options.pod_subnets)?.into(),
            service_subnets: subnets(&options.service_subnets)?.into(),
            ..Default::default()
        }
        .into(),
        ca.into(),
    ];
    documents
        .extend(kube_prism_port(options).map(|port| KubePrismConfig { port, ..Default::default() }.into()));
    Ok(documents)
}

fn subnets(texts: &[String]) -> Result<Vec<Prefix>> {
    let subnet = |text: &String| {
        text.parse()
            .map_err(|error: Error| Error::new(ErrorKind::InvalidOption, format!("subnet {text:?}: {error}")))
    };
    texts.iter().map(subnet).collect()
}

/// How the API server decides, and with which keys.
fn api_server(secrets: &SecretsBundle, options: &GenerateOptions, endpoint: &Url) -> Result<Vec<Document>> {
    let aggregator = present(secrets.certs.k8saggregator.as_ref(), "k8saggregator")?;
    let service_account = present(secrets.certs.k8sserviceaccount.as_ref(), "k8sserviceaccount")?;
    let authorizer = |name: &str, r#type: &str| KubeAuthorizerConfig {
        name: name.to_owned(),
        r#type: r#type.to_owned(),
        ..Default::default()
    };
    let mut documents = vec![
        KubeAggregatorCaConfig { issuing_ca: Some(pair(aggregator)), accepted_cas: Vec::new() }.into(),
        KubeAdmissionControlConfig {
            name: defaults::POD_SECURITY.to_owned(),
            configuration: defaults::pod_security(),
        }
        .into(),
        KubeAuditPolicyConfig { configuration: defaults::audit_policy() }.into(),
        KubeAuthenticationConfig { configuration: defaults::authentication() }.into(),
        authorizer("node", "Node").into(),
        authorizer("rbac", "RBAC").into(),
    ];
    // Talos writes an old AES-CBC key as one of secretbox, under another name.
    let encryption = &secrets.secrets;
    let key = match (&encryption.secretboxencryptionsecret, &encryption.aescbcencryptionsecret) {
        (Some(secret), _) => Some(("key2", secret)),
        (None, Some(secret)) => Some(("key1", secret)),
        (None, None) => None,
    };
    documents.extend(key.map(|(name, secret)| {
        KubeEtcdEncryptionConfig { config: defaults::encryption(name, secret.expose()) }.into()
    }));
    let issuer = IssuerServiceAccountConfig {
        private_key: Secret::from(service_account.key.clone()),
        issuer_url: endpoint.clone(),
    };
    documents.push(KubeServiceAccountConfig { issuer, ..Default::default() }.into());
    let api_server = KubeApiServerConfig {
        image: image("kube-apiserver", options),
        api_port: options.local_api_server_port.filter(|port| *port != 0).map(Into::into),
        cert_extra_sans: options.additional_sans.clone(),
        ..Default::default()
    };
    documents.push(api_server.into());
    Ok(documents)
}

fn components(options: &GenerateOptions) -> Result<Vec<Document>> {
    let mut documents: Vec<Document> = vec![
        KubeControllerManagerConfig {
            image: image("kube-controller-manager", options),
            ..Default::default()
        }
        .into(),
        KubeSchedulerConfig { image: image("kube-scheduler", options), ..Default::default() }.into(),
        KubeProxyConfig { image: image("kube-proxy", options), ..Default::default() }.into(),
    ];
    if matches!(options.cni, None | Some(Cni::Flannel)) {
        let flannel = KubeFlannelCniConfig {
            backend_type: "vxlan".to_owned(),
            backend_port: 4789,
            ..Default::default()
        };
        documents.push(flannel.into());
    }
    documents.push(KubeCoreDnsConfig { enabled: Some(true), image: String::new() }.into());
    if let Some(Cni::Custom(urls)) = &options.cni {
        for (at, url) in urls.iter().enumerate() {
            let name = if at == 0 { "custom-cni".to_owned() } else { format!("custom-cni-{at}") };
            let manifest = KubeExternalManifestConfig { name, url: url.parse()?, ..Default::default() };
            documents.push(manifest.into());
        }
    }
    Ok(documents)
}

fn image(name: &str, options: &GenerateOptions) -> String {
    format!("registry.k8s.io/{name}:v{}", options.kubernetes_version)
}

fn pair(pair: &crate::secrets::CertificateAndKey) -> PemPair {
    PemPair { cert: pair.crt.clone(), key: Secret::from(pair.key.clone()) }
}
