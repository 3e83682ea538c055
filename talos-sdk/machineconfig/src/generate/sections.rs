//! The sections `machine` and `cluster` for releases up to 1.13.

use std::collections::BTreeMap;

use talos_pki::SecretString;

use crate::MachineType;
use crate::generate::{defaults, parse_endpoint, registries};
use crate::options::{Cni, GenerateOptions};
use crate::secrets::SecretsBundle;
use crate::types::v1alpha1::{
    AdmissionPluginConfig, ApiServerConfig, ClusterConfig, ClusterDiscoveryConfig, ClusterNetworkConfig,
    CniConfig, Config, ControlPlaneConfig, ControllerManagerConfig, DiscoveryRegistriesConfig, EtcdConfig,
    FeaturesConfig, HostDnsConfig, InstallConfig, KubePrism, KubeletConfig, MachineConfig, NetworkConfig,
    NetworkKubeSpan, ProxyConfig, RegistryKubernetesConfig, SchedulerConfig,
};
use crate::types::{CertificateAndKey, Key, Secret, SecretBase64, Unstructured, Url};
use crate::{Error, ErrorKind, Result};

/// Port of KubePrism, unless it is off.
pub(crate) fn kube_prism_port(options: &GenerateOptions) -> Option<i64> {
    const DEFAULT: u16 = 7445;
    let default = if options.contract.kube_prism_enabled() { DEFAULT } else { 0 };
    Some(i64::from(options.kube_prism_port.unwrap_or(default))).filter(|port| *port != 0)
}

/// Keeps load balancers outside the cluster away from control planes.
pub(crate) const EXCLUDE_FROM_EXTERNAL_LB: &str = "node.kubernetes.io/exclude-from-external-load-balancers";

pub(crate) fn sections(
    role: MachineType,
    secrets: &SecretsBundle,
    options: &GenerateOptions,
) -> Result<Config> {
    Ok(Config {
        version: "v1alpha1".to_owned(),
        debug: Some(options.debug),
        persist: Some(true),
        machine: Some(machine(role, secrets, options)?),
        cluster: Some(cluster(role, secrets, options)?),
    })
}

fn machine(role: MachineType, secrets: &SecretsBundle, options: &GenerateOptions) -> Result<MachineConfig> {
    let contract = options.contract;
    let mut node_labels = BTreeMap::new();
    if role.is_control_plane() && contract.add_exclude_from_external_load_balancer() {
        node_labels.insert(EXCLUDE_FROM_EXTERNAL_LB.to_owned(), String::new());
    }
    let kubespan = NetworkKubeSpan { enabled: options.kubespan, ..Default::default() };
    let network = NetworkConfig { kubespan: options.kubespan.map(|_| kubespan), ..Default::default() };
    Ok(MachineConfig {
        r#type: role.to_string(),
        token: Secret::from(secrets.trustdinfo.token.clone()),
        ca: Some(with_key(present(secrets.certs.os.as_ref(), "os")?, role)),
        cert_sans: options.additional_sans.clone(),
        kubelet: Some(KubeletConfig {
            image: format!("ghcr.io/siderolabs/kubelet:v{}", options.kubernetes_version),
            default_runtime_seccomp_profile_enabled: on(
                contract.kubelet_default_runtime_seccomp_profile_enabled()
            ),
            disable_manifests_directory: on(contract.kubelet_manifests_directory_disabled()),
            ..Default::default()
        }),
        network: (!contract.kube_span_multidoc_config()).then_some(network),
        install: Some(InstallConfig {
            disk: options.install_disk.clone(),
            image: options.install_image.clone(),
            extra_kernel_args: options.install_extra_kernel_args.clone(),
            wipe: Some(false),
            grub_use_uki_cmdline: on(contract.grub_use_uki_cmdline_default()),
            ..Default::default()
        }),
        sysctls: options.sysctls.clone(),
        registries: registries::section(options),
        features: Some(features(options)),
        node_labels: node_labels.into(),
        ..Default::default()
    })
}

fn features(options: &GenerateOptions) -> FeaturesConfig {
    let contract = options.contract;
    let shows_rbac = !contract.hide_rbac_and_key_usage();
    FeaturesConfig {
        rbac: on(shows_rbac),
        stable_hostname: on(
            contract.stable_hostname_enabled() && !contract.multidoc_network_config_supported()
        ),
        apid_check_ext_key_usage: on(shows_rbac && contract.apid_ext_key_usage_check_enabled()),
        disk_quota_support: on(contract.disk_quota_support_enabled()),
        kube_prism: kube_prism_port(options).map(|port| KubePrism { enabled: Some(true), port }),
        host_dns: contract.host_dns_enabled().then(|| HostDnsConfig {
            enabled: Some(true),
            forward_kube_dns_to_host: on(
                options.host_dns_forward_kube_dns_to_host || contract.host_dns_forward_kube_dns_to_host()
            ),
            ..Default::default()
        }),
        ..Default::default()
    }
}

fn cluster(role: MachineType, secrets: &SecretsBundle, options: &GenerateOptions) -> Result<ClusterConfig> {
    let contract = options.contract;
    let endpoint = parse_endpoint(&options.endpoint)?;
    // What workers join by, and all that these releases can be told of the cluster, hangs on this authority.
    let Some(kubernetes_ca) = &secrets.certs.k8s else {
        return Err(Error::new(
            ErrorKind::InvalidOption,
            format!(
                "for Talos {contract} machines without Kubernetes still need certs.k8s in the secrets bundle: use a complete bundle, or the contract v1.14 or newer"
            ),
        ));
    };
    let shared = ClusterConfig {
        id: secrets.cluster.id.clone(),
        secret: Secret::from(secrets.cluster.secret.clone()),
        network: Some(ClusterNetworkConfig {
            cni: options.cni.as_ref().map(cni),
            dns_domain: options.dns_domain.clone(),
            pod_subnets: options.pod_subnets.clone().into(),
            service_subnets: options.service_subnets.clone().into(),
        }),
        token: bootstrap_token(role, secrets, options),
        ca: Some(with_key(kubernetes_ca, role)),
        discovery: Some(ClusterDiscoveryConfig {
            enabled: Some(options.cluster_discovery),
            registries: DiscoveryRegistriesConfig {
                kubernetes: RegistryKubernetesConfig {
                    disabled: on(contract.kubernetes_discovery_backend_disabled()),
                },
                ..Default::default()
            },
        }),
        ..Default::default()
    };
    if !role.is_control_plane() {
        let named = contract.cluster_name_for_workers();
        return Ok(ClusterConfig {
            control_plane: Some(ControlPlaneConfig { endpoint: Some(endpoint), ..Default::default() }),
            cluster_name: if named { options.cluster_name.clone() } else { String::new() },
            ..shared
        });
    }
    let image = |name| format!("registry.k8s.io/{name}:v{}", options.kubernetes_version);
    let encryption = &secrets.secrets;
    let secretbox = contract.secretbox_encryption_supported();
    let schedules = options.allow_scheduling_on_control_planes;
    let new_name = contract.kubernetes_allow_scheduling_on_control_planes();
    Ok(ClusterConfig {
        api_server: Some(api_server(options, &endpoint, image("kube-apiserver"))),
        control_plane: Some(ControlPlaneConfig {
            endpoint: Some(endpoint),
            local_api_server_port: options.local_api_server_port.unwrap_or_default().into(),
        }),
        cluster_name: options.cluster_name.clone(),
        aescbc_encryption_secret: optional(encryption.aescbcencryptionsecret.as_ref(), !secretbox),
        secretbox_encryption_secret: optional(encryption.secretboxencryptionsecret.as_ref(), secretbox),
        aggregator_ca: secrets.certs.k8saggregator.as_ref().map(|pair| with_key(pair, role)),
        service_account: secrets.certs.k8sserviceaccount.as_ref().map(|key| Key { key: (&key.key).into() }),
        controller_manager: Some(ControllerManagerConfig {
            image: image("kube-controller-manager"),
            ..Default::default()
        }),
        proxy: Some(ProxyConfig { image: image("kube-proxy"), ..Default::default() }),
        scheduler: Some(SchedulerConfig { image: image("kube-scheduler"), ..Default::default() }),
        etcd: etcd(secrets, options),
        allow_scheduling_on_masters: on(schedules && !new_name),
        allow_scheduling_on_control_planes: on(schedules && new_name),
        ..shared
    })
}

fn api_server(options: &GenerateOptions, endpoint: &Url, image: String) -> ApiServerConfig {
    let contract = options.contract;
    let host = contract.populate_cluster_sans_from_endpoint().then(|| endpoint.host().to_owned());
    ApiServerConfig {
        image,
        cert_sans: host.into_iter().chain(options.additional_sans.iter().cloned()).collect(),
        disable_pod_security_policy: on(!contract.hide_disable_psp()),
        admission_control: contract
            .pod_security_admission_enabled()
            .then(|| AdmissionPluginConfig {
                name: defaults::POD_SECURITY.to_owned(),
                configuration: defaults::pod_security(),
            })
            .into_iter()
            .collect(),
        audit_policy: if contract.api_server_audit_policy_supported() {
            defaults::audit_policy()
        } else {
            Unstructured::default()
        },
        ..Default::default()
    }
}

fn cni(cni: &Cni) -> CniConfig {
    let (name, urls) = match cni {
        Cni::Flannel => ("flannel", Vec::new()),
        Cni::None => ("none", Vec::new()),
        Cni::Custom(urls) => ("custom", urls.clone()),
    };
    CniConfig { name: name.to_owned(), urls, flannel: None }
}

/// `true` where a switch is on, and nothing where it is not.
fn on(value: bool) -> Option<bool> {
    value.then_some(true)
}

fn optional(secret: Option<&SecretString>, wanted: bool) -> Secret {
    secret.filter(|_| wanted).cloned().map(Secret::from).unwrap_or_default()
}

pub(crate) fn present<'a, T>(secret: Option<&'a T>, name: &str) -> Result<&'a T> {
    secret.ok_or_else(|| {
        Error::new(ErrorKind::InvalidSecrets, format!("the secrets bundle has no certs.{name}"))
    })
}

/// The token by which kubelets join, which workers keep even where no Kubernetes is asked for.
pub(crate) fn bootstrap_token(
    role: MachineType,
    secrets: &SecretsBundle,
    options: &GenerateOptions,
) -> Secret {
    if role.is_control_plane() && !options.kubernetes {
        return Secret::default();
    }
    Secret::from(secrets.secrets.bootstraptoken.clone())
}

/// The section about etcd of a control plane.
pub(crate) fn etcd(secrets: &SecretsBundle, options: &GenerateOptions) -> Option<EtcdConfig> {
    let ca = secrets.certs.etcd.as_ref().filter(|_| options.kubernetes)?;
    Some(EtcdConfig { ca: Some(with_key(ca, MachineType::ControlPlane)), ..Default::default() })
}

/// A certificate authority with its key on control planes, without it on workers.
pub(crate) fn with_key(pair: &crate::secrets::CertificateAndKey, role: MachineType) -> CertificateAndKey {
    let key = if role.is_control_plane() { (&pair.key).into() } else { SecretBase64::default() };
    CertificateAndKey { crt: pair.crt.as_str().into(), key }
}
