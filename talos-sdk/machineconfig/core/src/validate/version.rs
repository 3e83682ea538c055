//! Whether a Talos version knows the kinds, and runs the Kubernetes versions, of a configuration.

use crate::config::Config;
use crate::contract::Contract;
use crate::document::{Document, V1ALPHA1};
use crate::machine_type::MachineType;
use crate::types::v1alpha1;
use crate::validate::Findings;

pub(super) fn check<'a>(config: &'a Config, contract: Contract, found: &mut Findings<'a>) {
    for document in config.documents() {
        found.set_document(document);
        if document.since() > contract {
            found.warn(
                "kind",
                format!("Talos {contract} does not know this kind, it is there from {} on", document.since()),
            );
        }
        let image = match document {
            Document::KubeletConfig(config) => &config.image,
            Document::KubeApiServerConfig(config) => &config.image,
            Document::KubeControllerManagerConfig(config) if config.enabled != Some(false) => &config.image,
            Document::KubeSchedulerConfig(config) if config.enabled != Some(false) => &config.image,
            Document::KubeProxyConfig(config) if config.enabled != Some(false) => &config.image,
            _ => continue,
        };
        check_image("image", image, contract, found);
    }
    if let Some(sections) = config.v1alpha1() {
        found.set_title(V1ALPHA1);
        check_sections(sections, config.machine_type(), contract, found);
    }
}

fn check_sections(
    sections: &v1alpha1::Config,
    role: Option<MachineType>,
    contract: Contract,
    found: &mut Findings,
) {
    if let Some(kubelet) = sections.machine.as_ref().and_then(|machine| machine.kubelet.as_ref()) {
        check_image("machine.kubelet.image", &kubelet.image, contract, found);
    }
    let Some(cluster) = sections.cluster.as_ref().filter(|_| role.is_some_and(MachineType::is_control_plane))
    else {
        return;
    };
    let images = [
        ("cluster.apiServer.image", cluster.api_server.as_ref().map(|component| &component.image)),
        (
            "cluster.controllerManager.image",
            cluster.controller_manager.as_ref().map(|component| &component.image),
        ),
        ("cluster.scheduler.image", cluster.scheduler.as_ref().map(|component| &component.image)),
    ];
    for (key, image) in images {
        check_image(key, image.map_or("", String::as_str), contract, found);
    }
}

/// Checks the tag of an image. Without an image the machine takes its own, which suits it.
fn check_image(key: &str, image: &str, contract: Contract, found: &mut Findings) {
    if image.is_empty() {
        return;
    }
    let Some((_, tag)) = image.rsplit_once(":v") else {
        let problem = "the image does not say its Kubernetes version: end it with a tag such as :v1.34.0";
        found.error(key, problem);
        return;
    };
    let version = tag.split('@').next().unwrap_or_default();
    if let Err(error) = contract.check_kubernetes_version(version) {
        found.error(key, error.to_string());
    }
}
