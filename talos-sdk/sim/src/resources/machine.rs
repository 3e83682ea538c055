//! What a machine says about itself.

use serde_json::json;

use super::collection::Spec;
use super::fields::Fields;
use super::item::{Item, item};
use crate::node::Node;
use crate::services::EXTENSION_SERVICE;
use crate::stage::Stage;
use crate::version::TalosVersion;

pub(crate) const META_KEYS: &str = "MetaKeys.runtime.talos.dev";
pub(crate) const SERVICES: &str = "Services.v1alpha1.talos.dev";

/// Numbers of the types of machines.
const CONTROL_PLANE: (u32, &str) = (2, "controlplane");
const WORKER: (u32, &str) = (3, "worker");

pub(super) fn machine_type_of(control_plane: bool) -> (u32, &'static str) {
    if control_plane { CONTROL_PLANE } else { WORKER }
}

/// What is so from power on: who the machine is to its firmware and its platform, what booted, and that udevd is done.
pub(crate) fn booted(node: &Node, boot_id: &str, version: &TalosVersion) -> Vec<Item> {
    let platform = Fields::new().text(1, "platform?", &node.platform).text(2, "hostname?", &node.name);
    let platform = item("PlatformMetadatas.talos.dev", "platformmetadata", platform);
    let information = Fields::new()
        .text(1, "manufacturer?", "Simulated")
        .text(2, "productName?", "Simulated machine")
        .text(5, "uuid?", &node.id);
    vec![
        item(
            "Versions.runtime.talos.dev",
            "version",
            Fields::new().when(version.minor() >= 13, |fields| fields.text(2, "name", "Talos")).text(
                1,
                "version",
                version.tag(),
            ),
        ),
        item("BootIDs.runtime.talos.dev", "boot-id", Fields::new().text(1, "bootID", boot_id)),
        item("SystemInformations.hardware.talos.dev", "systeminformation", information),
        if version.minor() >= 12 { platform } else { platform.owned_by("network.PlatformConfigController") },
        item("SecurityStates.talos.dev", "securitystate", Fields::new().flag(1, "secureBoot", false)),
        item("DevicesStatuses.runtime.talos.dev", "devices", Fields::new().flag(1, "ready", true)),
        item("MetaLoads.runtime.talos.dev", "meta-loaded", Fields::new().flag(1, "done", true)),
        item(
            "KernelCmdlines.runtime.talos.dev",
            "cmdline",
            Fields::new().text(1, "cmdline", crate::rootfs::cmdline(&node.platform)),
        ),
    ]
}

/// The system extension that brings a service. It has only a YAML form.
pub(crate) fn extension() -> Item {
    let name = EXTENSION_SERVICE.trim_start_matches("ext-");
    let metadata = json!({
        "name": name,
        "version": "v1.0.0",
        "author": "the simulator",
        "description": "A service that does nothing.",
        "compatibility": {"talos": {"version": ">= v1.0.0"}},
    });
    let fields = Fields::new()
        .yaml("image", json!(format!("000.ghcr.io-siderolabs-{name}.sqsh")))
        .yaml("metadata", metadata);
    item("ExtensionStatuses.runtime.talos.dev", "0", fields)
}

pub(crate) fn machine_status(stage: Stage, ready: bool, unmet: &[(String, String)]) -> Item {
    let unmet =
        unmet.iter().map(|(name, reason)| Fields::new().text(1, "name", name).text(2, "reason", reason));
    let status = Fields::new().flag(1, "ready", ready).list(2, "unmetConditions", unmet.collect());
    let number = u32::try_from(stage.number()).unwrap_or_default();
    let fields = Fields::new().word(1, "stage", number, stage.word()).inside(2, "status", status);
    item("MachineStatuses.runtime.talos.dev", "machine", fields)
}

/// A service that runs.
pub(crate) fn service(id: &str, healthy: bool, unknown: bool) -> Item {
    let fields =
        Fields::new().flag(1, "running", true).flag(2, "healthy", healthy).flag(3, "unknown", unknown);
    item(SERVICES, id, fields)
}

pub(crate) fn machine_type(control_plane: bool) -> Item {
    let (number, word) = machine_type_of(control_plane);
    let spec = Fields::new().word(1, "", number, word).spec_as(&word.into());
    Item::new("MachineTypes.config.talos.dev", "machine-type", spec)
}

/// Ids of the configuration that is in use, and of the one on the disk.
pub(crate) const ACTIVE: &str = "v1alpha1";
pub(crate) const PERSISTENT: &str = "persistent";

/// A configuration. Its YAML is the configuration itself, which from Talos 1.12 on stands there as a text; `minor` is
/// that of Talos.
pub(crate) fn machine_config(id: &str, text: &str, minor: u16) -> Item {
    let fields = Fields::new().text(1, "", text);
    let spec = match minor {
        12.. => {
            let mark = ("talos.dev/yaml-spec".to_owned(), "1".to_owned());
            Spec { annotations: [mark].into(), ..fields.spec_as(&text.into()) }
        }
        _ => Spec { yaml: text.to_owned(), ..fields.spec() },
    };
    Item::new("MachineConfigs.config.talos.dev", id, spec)
}

/// The id of a META value.
pub(crate) fn meta_id(key: u8) -> String {
    format!("{key:#04x}")
}

pub(crate) fn meta_key(key: u8, value: &str) -> Item {
    item(META_KEYS, meta_id(key), Fields::new().text(1, "value", value))
}
