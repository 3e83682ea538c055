//! `gen`, `secrets` and `bundle-from-config`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};
use talos_machineconfig::{
    Cni, Config, Contract, DEFAULT_INSTALL_IMAGE, GenerateOptions, SecretsBundle,
    generate as generate_configs,
};

use super::configuration::patches;
use super::instant::{Now, clock};

/// The Kubernetes version of the release whose answers these are compared with, whatever the contract.
const KUBERNETES_VERSION: &str = "1.36.3";

/// What configurations to make. Fields left out have the defaults of `gen config`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Request {
    #[serde(rename = "name")]
    _name: String,
    /// A bundle as YAML; a new one is made without it.
    secrets: Option<String>,
    contract: String,
    cluster: String,
    endpoint: String,
    k8s_version: Option<String>,
    install_disk: Option<String>,
    install_image: Option<String>,
    additional_sans: Option<Vec<String>>,
    dns_domain: Option<String>,
    registry_mirrors: Option<BTreeMap<String, Vec<String>>>,
    persist: Option<bool>,
    with_kubespan: bool,
    with_cluster_discovery: Option<bool>,
    patches: Option<Vec<String>>,
    patches_controlplane: Option<Vec<String>>,
    patches_worker: Option<Vec<String>>,
    output: Option<Vec<String>>,
    now: Option<Now>,
    skip_k8s_etcd: bool,
    library: LibraryOptions,
}

/// Options that `gen config` has no flags for.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LibraryOptions {
    kernel_args: Vec<String>,
    sysctls: BTreeMap<String, String>,
    api_port: u16,
    cni_url: String,
    scheduling: bool,
    registry_cas: BTreeMap<String, String>,
    registry_insecure: Vec<String>,
    kubeprism_port: Option<u16>,
    forward_dns: bool,
    debug: bool,
    endpoints: Vec<String>,
}

impl LibraryOptions {
    fn apply(self, mut options: GenerateOptions) -> GenerateOptions {
        options = options
            .with_install_extra_kernel_args(self.kernel_args)
            .with_local_api_server_port(self.api_port)
            .with_allow_scheduling_on_control_planes(self.scheduling)
            .with_host_dns_forward_kube_dns_to_host(self.forward_dns)
            .with_debug(self.debug)
            .with_talosconfig_endpoints(self.endpoints);
        options.sysctls = self.sysctls;
        options.kube_prism_port = self.kubeprism_port;
        if !self.cni_url.is_empty() {
            options = options.with_cni(Cni::Custom(vec![self.cni_url]));
        }
        for (host, ca) in self.registry_cas {
            options = options.with_registry_ca(host, ca);
        }
        for host in self.registry_insecure {
            options = options.with_registry_insecure_skip_verify(host);
        }
        options
    }
}

#[derive(Default)]
struct Outputs {
    control_plane: String,
    worker: String,
    talosconfig: String,
}

pub(super) fn generate(request: Request) -> Value {
    let (outputs, error) = match outputs(request) {
        Ok(outputs) => (outputs, String::new()),
        Err(error) => (Outputs::default(), error),
    };
    json!({
        "controlplane": outputs.control_plane, "worker": outputs.worker, "talosconfig": outputs.talosconfig,
        "error": error,
    })
}

fn outputs(request: Request) -> Result<Outputs, String> {
    let text = |error: talos_machineconfig::Error| error.to_string();
    if request.persist == Some(false) {
        return Err("persist: false is not offered".into());
    }
    let wanted = match &request.output {
        Some(wanted) if wanted.is_empty() => return Err("output is empty: name an output type".into()),
        Some(wanted) => wanted.iter().map(String::as_str).collect(),
        None => vec!["controlplane", "worker", "talosconfig"],
    };
    if let Some(unknown) = wanted.iter().find(|o| !["controlplane", "worker", "talosconfig"].contains(o)) {
        return Err(format!("there is no output type {unknown:?}: use controlplane, worker, talosconfig"));
    }
    let contract = contract(&request.contract).map_err(text)?;
    let read = |texts: &Option<Vec<String>>| patches(texts.as_deref().unwrap_or_default());
    let mut options = GenerateOptions::new(&request.cluster, &request.endpoint)
        .with_contract(contract)
        .with_kubernetes_version(request.k8s_version.as_deref().unwrap_or(KUBERNETES_VERSION))
        .with_install_disk(request.install_disk.as_deref().unwrap_or("/dev/sda"))
        .with_install_image(request.install_image.as_deref().unwrap_or(DEFAULT_INSTALL_IMAGE))
        .with_additional_sans(request.additional_sans.unwrap_or_default())
        .with_dns_domain(request.dns_domain.as_deref().unwrap_or("cluster.local"))
        .with_cluster_discovery(request.with_cluster_discovery.unwrap_or(true))
        .with_kubernetes(!request.skip_k8s_etcd)
        .with_newer_documents(true)
        .with_patches(read(&request.patches)?)
        .with_control_plane_patches(read(&request.patches_controlplane)?)
        .with_worker_patches(read(&request.patches_worker)?);
    for (host, endpoints) in request.registry_mirrors.unwrap_or_default() {
        options = options.with_registry_mirror(host, endpoints);
    }
    if request.with_kubespan {
        options = options.with_kubespan(true);
    }
    options = request.library.apply(options);
    let clock = clock(request.now);
    let secrets = match &request.secrets {
        Some(yaml) => SecretsBundle::from_yaml(yaml).map_err(text)?,
        None if request.skip_k8s_etcd => {
            SecretsBundle::generate_without_kubernetes(contract, &clock).map_err(text)?
        }
        None => SecretsBundle::generate(contract, &clock).map_err(text)?,
    };
    let made = generate_configs(&secrets, &options, &clock).map_err(text)?;
    let mut outputs = Outputs::default();
    for output in wanted {
        match output {
            "controlplane" => {
                outputs.control_plane = made.control_plane.to_yaml().map_err(text)?.expose().into();
            }
            "worker" => outputs.worker = made.worker.to_yaml().map_err(text)?.expose().into(),
            _ => {
                outputs.talosconfig = made.talosconfig.to_yaml().map_err(|e| e.to_string())?.expose().into();
            }
        }
    }
    Ok(outputs)
}

fn contract(version: &str) -> talos_machineconfig::Result<Contract> {
    if version.is_empty() { Ok(Contract::CURRENT) } else { Contract::parse(version) }
}

/// Which secrets to make.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SecretsRequest {
    #[serde(rename = "name")]
    _name: String,
    contract: String,
    now: Option<Now>,
}

pub(super) fn secrets(request: SecretsRequest) -> Value {
    match new_bundle(&request.contract, request.now) {
        Ok(text) => json!({ "secrets": text, "error": "" }),
        Err(error) => json!({ "secrets": "", "error": error }),
    }
}

/// The configuration of a control plane.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BundleRequest {
    #[serde(rename = "name")]
    _name: String,
    config: String,
}

pub(super) fn bundle_from_config(request: BundleRequest) -> Value {
    let read = || SecretsBundle::from_config(&Config::from_yaml(&request.config)?)?.to_yaml();
    match read() {
        Ok(secrets) => json!({ "secrets": secrets.expose(), "error": "" }),
        Err(error) => json!({ "secrets": "", "error": error.to_string() }),
    }
}

/// A new bundle as YAML.
pub fn new_bundle(version: &str, now: Option<Now>) -> Result<String, String> {
    let make = || SecretsBundle::generate(contract(version)?, &clock(now))?.to_yaml();
    make().map(|yaml| yaml.expose().to_owned()).map_err(|error| error.to_string())
}
