//! Configurations for the machines of a new cluster.

mod defaults;
mod documents;
mod endpoint;
mod registries;
mod sections;

use talos_pki::{Clock, LeafOptions};
use talosconfig::TalosConfig;

use crate::Config;
use crate::Contract;
use crate::Document;
use crate::MachineType;
use crate::options::GenerateOptions;
use crate::secrets::SecretsBundle;
use crate::types::network::{AutoHostnameKind, HostnameConfig, KubeSpanConfig};
use crate::{Error, ErrorKind, Result};
use crate::{Patch, PatchWarning, Patched};

pub(crate) use endpoint::parse_endpoint;

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
    /// What the patches lost though their author hardly meant it. Patches for all machines and those for one role are
    /// counted apart.
    pub warnings: Vec<PatchWarning>,
}

/// Generates what `talosctl gen config` does with comments off, byte for byte for one bundle.
///
/// # Errors
///
/// [`ErrorKind::InvalidOption`] for an endpoint or a version that can't be used and for a document of a patch that the
/// contract's release does not know, [`ErrorKind::InvalidSecrets`] for a bundle that lacks something, and what
/// [`Config::patch`] returns for the patches.
pub fn generate(secrets: &SecretsBundle, options: &GenerateOptions, clock: &dyn Clock) -> Result<Generated> {
    if options.kubernetes {
        secrets.validate()?;
    } else {
        secrets.validate_without_kubernetes()?;
    }
    let client = LeafOptions::client(options.talosconfig_roles.clone());
    let endpoints = options.talosconfig_endpoints.clone();
    let control_plane = generate_config(MachineType::ControlPlane, secrets, options)?;
    let worker = generate_config(MachineType::Worker, secrets, options)?;
    let mut warnings = control_plane.warnings;
    for warning in worker.warnings {
        // Both roles may have lost the same.
        if !warnings.contains(&warning) {
            warnings.push(warning);
        }
    }
    Ok(Generated {
        control_plane: control_plane.config,
        worker: worker.config,
        talosconfig: secrets.talosconfig_with(&options.cluster_name, endpoints, client, clock)?,
        warnings,
    })
}

/// Generates the configuration of one role only, without a client certificate, from a bundle whose keys and
/// certificates are taken as they are: [`SecretsBundle::validate`] is for bundles that come from elsewhere.
///
/// # Errors
///
/// As [`generate`], but for keys and certificates that can't be read.
pub fn generate_config(
    role: MachineType,
    secrets: &SecretsBundle,
    options: &GenerateOptions,
) -> Result<Patched> {
    if options.kubernetes_version.is_empty() {
        return Err(Error::new(
            ErrorKind::InvalidOption,
            "the Kubernetes version is empty, give one such as 1.30.4",
        ));
    }
    let patches: &[Patch] = match role {
        MachineType::Worker => &options.worker_patches,
        _ => &options.control_plane_patches,
    };
    let common = Config::new(documents(role, secrets, options)?)?.patch(&options.patches)?;
    // Written anew, whatever form operations left it in.
    let mut patched = Config::new(common.config.into_documents())?.patch(patches)?;
    patched.config = Config::new(patched.config.into_documents())?;
    patched.warnings.splice(..0, common.warnings);
    if !options.newer_documents {
        check_age(&patched.config, options.contract)?;
    }
    Ok(patched)
}

/// A machine refuses its whole configuration for one document that its release does not know.
fn check_age(config: &Config, contract: Contract) -> Result<()> {
    match config.documents().iter().find(|document| document.since() > contract) {
        None => Ok(()),
        Some(document) => Err(Error::new(
            ErrorKind::InvalidOption,
            format!(
                "{} is known from Talos {} on, and the configuration is for {contract}: leave it out of the patches or choose a newer contract",
                document.title(),
                document.since(),
            ),
        )),
    }
}

fn documents(role: MachineType, secrets: &SecretsBundle, options: &GenerateOptions) -> Result<Vec<Document>> {
    let contract = options.contract;
    if contract.multidoc_kubernetes_config_supported() {
        return documents::documents(role, secrets, options);
    }
    let mut documents = vec![Document::from(sections::sections(role, secrets, options)?)];
    if contract.multidoc_network_config_supported() {
        documents.extend(registries::documents(options)?);
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
