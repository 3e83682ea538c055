//! Configurations for the machines of a new cluster.

mod defaults;
mod documents;
mod endpoint;
mod sections;

use talos_pki::Clock;
use talosconfig::TalosConfig;

use crate::config::Config;
use crate::document::Document;
use crate::error::{Error, ErrorKind, Result};
use crate::machine_type::MachineType;
use crate::options::GenerateOptions;
use crate::patch::Patch;
use crate::secrets::SecretsBundle;
use crate::types::cri::{RegistryEndpoint, RegistryMirrorConfig};
use crate::types::network::{AutoHostnameKind, HostnameConfig, KubeSpanConfig};

/// What [`generate`] gives.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Generated {
    /// For control planes.
    pub control_plane: Config,
    /// For workers.
    pub worker: Config,
    /// For administrators: one context named after the cluster, with a fresh client certificate of role `os:admin`.
    pub talosconfig: TalosConfig,
}

/// Generates what `talosctl gen config` does with comments off, byte for byte for one bundle.
///
/// # Errors
///
/// [`ErrorKind::InvalidOption`] for an endpoint or a version that can't be used, [`ErrorKind::InvalidSecrets`] for a
/// bundle that lacks something, and what [`Config::patch`] returns for the patches.
pub fn generate(secrets: &SecretsBundle, options: &GenerateOptions, clock: &dyn Clock) -> Result<Generated> {
    if options.kubernetes_version.is_empty() {
        return Err(Error::new(
            ErrorKind::InvalidOption,
            "the Kubernetes version is empty, give one such as 1.30.4",
        ));
    }
    secrets.validate()?;
    Ok(Generated {
        control_plane: machine(MachineType::ControlPlane, secrets, options, &options.control_plane_patches)?,
        worker: machine(MachineType::Worker, secrets, options, &options.worker_patches)?,
        talosconfig: secrets.talosconfig(&options.cluster_name, &options.talosconfig_endpoints, clock)?,
    })
}

fn machine(
    role: MachineType,
    secrets: &SecretsBundle,
    options: &GenerateOptions,
    patches: &[Patch],
) -> Result<Config> {
    let documents = documents(role, secrets, options)?;
    Config::new(documents)?.patch(&options.patches)?.patch(patches)
}

fn documents(role: MachineType, secrets: &SecretsBundle, options: &GenerateOptions) -> Result<Vec<Document>> {
    let contract = options.contract;
    if contract.multidoc_kubernetes_config_supported() {
        return documents::documents(role, secrets, options);
    }
    let mut documents = vec![Document::from(sections::sections(role, secrets, options)?)];
    if contract.multidoc_network_config_supported() {
        documents.extend(registry_mirrors(options)?);
        documents.push(hostname());
    }
    if contract.kube_span_multidoc_config() {
        documents.extend(kubespan(options));
    }
    Ok(documents)
}

fn hostname() -> Document {
    HostnameConfig { auto: Some(AutoHostnameKind::Stable), ..Default::default() }.into()
}

fn kubespan(options: &GenerateOptions) -> Option<Document> {
    options.kubespan.map(|enabled| KubeSpanConfig { enabled: Some(enabled), ..Default::default() }.into())
}

fn registry_mirrors(options: &GenerateOptions) -> Result<Vec<Document>> {
    let mirror = |(host, urls): (&String, &Vec<String>)| {
        let endpoint = |url: &String| {
            let url = url.parse().map_err(|error: Error| {
                Error::new(ErrorKind::InvalidOption, format!("registry mirror of {host}: {error}"))
            })?;
            Ok(RegistryEndpoint { url, override_path: None })
        };
        let endpoints = urls.iter().map(endpoint).collect::<Result<_>>()?;
        Ok(RegistryMirrorConfig { name: host.clone(), endpoints, skip_fallback: None }.into())
    };
    options.registry_mirrors.iter().map(mirror).collect()
}
