//! `gen` and `secrets`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};
use talos_machineconfig::{
    Contract, DEFAULT_INSTALL_IMAGE, GenerateOptions, SecretsBundle, generate as generate_configs,
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
    if request.skip_k8s_etcd {
        return Err("skip_k8s_etcd is not offered yet".into());
    }
    let wanted = match &request.output {
        Some(wanted) if !wanted.is_empty() => wanted.iter().map(String::as_str).collect(),
        _ => vec!["controlplane", "worker", "talosconfig"],
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
        .with_patches(read(&request.patches)?)
        .with_control_plane_patches(read(&request.patches_controlplane)?)
        .with_worker_patches(read(&request.patches_worker)?);
    for (host, endpoints) in request.registry_mirrors.unwrap_or_default() {
        options = options.with_registry_mirror(host, endpoints);
    }
    if request.with_kubespan {
        options = options.with_kubespan(true);
    }
    let clock = clock(request.now);
    let secrets = match &request.secrets {
        Some(yaml) => SecretsBundle::from_yaml(yaml).map_err(text)?,
        None => SecretsBundle::generate(contract, &clock).map_err(text)?,
    };
    secrets.validate().map_err(text)?;
    let made = generate_configs(&secrets, &options, &clock).map_err(text)?;
    let mut outputs = Outputs::default();
    for output in wanted {
        match output {
            "controlplane" => {
                outputs.control_plane = made.control_plane.to_yaml().map_err(text)?.expose().into();
            }
            "worker" => outputs.worker = made.worker.to_yaml().map_err(text)?.expose().into(),
            _ => {
                let talosconfig = secrets.talosconfig(&request.cluster, [""; 0], &clock).map_err(text)?;
                outputs.talosconfig = talosconfig.to_yaml().map_err(|e| e.to_string())?.expose().into();
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

/// A new bundle as YAML.
pub fn new_bundle(version: &str, now: Option<Now>) -> Result<String, String> {
    let make = || SecretsBundle::generate(contract(version)?, &clock(now))?.to_yaml();
    make().map(|yaml| yaml.expose().to_owned()).map_err(|error| error.to_string())
}
