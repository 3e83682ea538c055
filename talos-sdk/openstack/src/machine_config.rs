//! Machine configurations and talosconfig of a cluster: pure, for given addresses.

use std::net::IpAddr;

use talos_cluster::talos_client::talos_pki::{Clock, SystemClock};
use talos_cluster::talos_machineconfig::{GenerateOptions, Generated, SecretsBundle, generate};

use crate::check::{Checked, endpoint};
use crate::error::{Error, ErrorKind, Result};
use crate::spec::{ImageSource, Spec};

/// The addresses of a control plane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Addresses {
    pub(crate) fixed: IpAddr,
    pub(crate) floating: Option<IpAddr>,
}

impl Addresses {
    /// The address by which it is reached from where we are.
    pub(crate) fn reachable(&self) -> IpAddr {
        self.floating.unwrap_or(self.fixed)
    }
}

/// The endpoint of Kubernetes: the spec's, or the first control plane.
pub(crate) fn endpoint_url(spec: &Spec, control_planes: &[Addresses]) -> String {
    match (&spec.endpoint, control_planes.first()) {
        (Some(url), _) => url.clone(),
        (None, Some(first)) => match first.reachable() {
            IpAddr::V4(address) => format!("https://{address}:6443"),
            IpAddr::V6(address) => format!("https://[{address}]:6443"),
        },
        (None, None) => String::new(),
    }
}

/// What the generator is told: nothing of a single node, so all control planes share one configuration, and all workers one.
pub(crate) fn options(
    spec: &Spec,
    checked: &Checked,
    control_planes: &[Addresses],
) -> Result<GenerateOptions> {
    let url = endpoint_url(spec, control_planes);
    let (host, _) = endpoint(&url)?;
    let mut sans = vec![host];
    let addresses = control_planes.iter().flat_map(|node| [Some(node.fixed), node.floating]).flatten();
    for name in addresses.map(|address| address.to_string()).chain(spec.additional_sans.iter().cloned()) {
        if !sans.contains(&name) {
            sans.push(name);
        }
    }
    let talos_endpoints = if spec.talos_endpoints.is_empty() {
        control_planes.iter().map(|node| node.reachable().to_string()).collect()
    } else {
        spec.talos_endpoints.clone()
    };
    let mut options = GenerateOptions::new(&spec.name, url)
        .with_contract(checked.contract)
        .with_additional_sans(sans)
        .with_talosconfig_endpoints(talos_endpoints)
        .with_patches(checked.patches.iter().cloned())
        .with_control_plane_patches(checked.control_plane_patches.iter().cloned())
        .with_worker_patches(checked.worker_patches.iter().cloned());
    if let Some(version) = &spec.kubernetes_version {
        options = options.with_kubernetes_version(version);
    }
    if let Some(disk) = &spec.install_disk {
        options = options.with_install_disk(disk);
    }
    Ok(options.with_install_image(install_image(spec, checked)))
}

/// The installer of the image's own schematic and version, so that an installation or upgrade keeps its extensions.
fn install_image(spec: &Spec, checked: &Checked) -> String {
    match (&spec.install_image, &spec.image) {
        (Some(image), _) => image.clone(),
        (None, ImageSource::Factory { url, schematic }) => {
            let host = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest).trim_end_matches('/');
            format!("{host}/installer/{schematic}:{}", checked.talos_version)
        }
        (None, ImageSource::Existing(_)) => format!("ghcr.io/siderolabs/installer:{}", checked.talos_version),
    }
}

/// Makes secrets where blocking is allowed: an RSA key takes a second or more.
pub(crate) async fn new_secrets(checked: &Checked) -> Result<SecretsBundle> {
    let contract = checked.contract;
    tokio::task::spawn_blocking(move || SecretsBundle::generate(contract, &SystemClock))
        .await
        .map_err(|error| {
            Error::new(ErrorKind::InvalidSpec, "making the secrets was cut off").with_source(error)
        })?
        .map_err(|error| {
            Error::new(ErrorKind::InvalidSpec, format!("no secrets can be made: {error}")).with_source(error)
        })
}

/// Generates both configurations and the talosconfig.
pub(crate) fn machine_configs(secrets: &SecretsBundle, options: &GenerateOptions) -> Result<Generated> {
    let clock: &dyn Clock = &SystemClock;
    generate(secrets, options, clock).map_err(|error| {
        Error::new(ErrorKind::InvalidSpec, format!("the machine configurations can't be made: {error}"))
            .with_source(error)
    })
}
