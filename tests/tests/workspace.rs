//! The structure that ARCHITECTURE.md promises, asserted from `cargo` itself.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

fn cargo(args: &[&str]) -> String {
    let output = Command::new(env!("CARGO"))
        .args(args)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .output()
        .expect("cargo starts");
    assert!(output.status.success(), "cargo {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("cargo prints UTF-8")
}

/// Package name → the packages of this workspace that its library links.
fn arrows() -> BTreeMap<String, BTreeSet<String>> {
    let metadata: serde_json::Value =
        serde_json::from_str(&cargo(&["metadata", "--no-deps", "--format-version", "1"])).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let ours: BTreeSet<&str> = packages.iter().map(|p| p["name"].as_str().unwrap()).collect();
    packages
        .iter()
        .map(|package| {
            let uses = package["dependencies"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|d| d["kind"].is_null())
                .map(|d| d["name"].as_str().unwrap())
                .filter(|name| ours.contains(name))
                .map(str::to_owned)
                .collect();
            (package["name"].as_str().unwrap().to_owned(), uses)
        })
        .collect()
}

#[test]
fn every_crate_uses_only_what_its_arrow_allows() {
    let allowed: BTreeMap<&str, &[&str]> = BTreeMap::from([
        ("talos-proto", &[] as &[&str]),
        ("talos-yaml", &[]),
        ("talos-secret", &[]),
        ("talos-pki", &["talos-secret"]),
        ("openstack-sdk", &[]),
        ("openstack-sim", &[]),
        ("talos-factory", &[]),
        ("talosconfig", &["talos-yaml", "talos-pki"]),
        ("talos-machineconfig-derive", &[]),
        ("talos-machineconfig-core", &["talos-machineconfig-derive", "talos-yaml", "talos-secret"]),
        ("talos-machineconfig", &["talos-machineconfig-core", "talos-yaml", "talos-pki", "talosconfig"]),
        ("talos-client", &["talos-proto", "talos-pki", "talos-yaml", "talosconfig"]),
        ("talos-cluster", &["talos-client", "talos-machineconfig"]),
        ("talos-openstack", &["talos-cluster", "talos-factory", "openstack-sdk"]),
        ("talos-sim", &["talos-proto", "talos-pki", "talos-yaml", "talos-machineconfig", "openstack-sim"]),
        (
            "talos-sdk",
            &[
                "talos-client",
                "talos-cluster",
                "talos-factory",
                "talos-machineconfig",
                "talos-openstack",
                "talos-pki",
                "talos-yaml",
                "talosconfig",
                "openstack-sdk",
            ],
        ),
    ]);
    // Programs and tests may use anything; nothing may use them.
    let leaves = ["talos-proto-codegen", "talos-examples", "talos-benches", "talos-tests", "talos-contract"];

    let arrows = arrows();
    for (package, uses) in &arrows {
        if leaves.contains(&package.as_str()) {
            continue;
        }
        let allowed = allowed
            .get(package.as_str())
            .unwrap_or_else(|| panic!("{package} has no arrow yet: add it here and to ARCHITECTURE.md"));
        for used in uses {
            assert!(allowed.contains(&used.as_str()), "{package} may not use {used}");
        }
    }
    for package in allowed.keys().chain(&leaves) {
        assert!(arrows.contains_key(*package), "{package} is named here but is not in the workspace");
    }
}

/// Crates that `package` links, itself included, as `cargo tree` names them.
fn crates_of(package: &str) -> BTreeSet<String> {
    cargo(&["tree", "--package", package, "--edges", "normal", "--prefix", "none", "--no-dedupe"])
        .lines()
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_default_facade_stays_under_130_crates() {
    let crates = crates_of("talos-sdk");
    assert!(crates.len() < 130, "talos-sdk links {} crates: {crates:#?}", crates.len());
}

#[test]
fn configuration_links_no_network_code() {
    for package in ["talos-machineconfig", "talosconfig", "talos-pki", "talos-yaml"] {
        for forbidden in ["tokio ", "hyper ", "tonic ", "reqwest "] {
            let found = crates_of(package).into_iter().find(|name| name.starts_with(forbidden));
            assert_eq!(found, None, "{package} must not link {forbidden}");
        }
    }
}

/// It builds while the C code of the cryptography does.
#[test]
fn documents_link_no_cryptography() {
    let crates = crates_of("talos-machineconfig-core");
    let found = crates.iter().find(|name| name.starts_with("aws-lc") || name.starts_with("talos-pki "));
    assert_eq!(found, None, "talos-machineconfig-core must not link cryptography");
}

#[test]
fn libraries_know_nothing_of_the_simulator() {
    for package in ["talos-client", "talos-openstack", "openstack-sdk"] {
        let found = crates_of(package).into_iter().find(|name| name.contains("-sim "));
        assert_eq!(found, None, "{package} must not link a simulator");
    }
    for package in ["talos-sim", "openstack-sim"] {
        let found = crates_of(package)
            .into_iter()
            .find(|name| name.starts_with("talos-client ") || name.starts_with("openstack-sdk "));
        assert_eq!(found, None, "an error in a client must not hide in {package}");
    }
}

#[test]
fn every_package_has_the_workspace_lints_and_is_not_published() {
    let metadata: serde_json::Value =
        serde_json::from_str(&cargo(&["metadata", "--no-deps", "--format-version", "1"])).unwrap();
    for package in metadata["packages"].as_array().unwrap() {
        let name = package["name"].as_str().unwrap();
        assert_eq!(package["publish"], serde_json::json!([]), "{name} must not be published yet");
        let manifest = std::fs::read_to_string(package["manifest_path"].as_str().unwrap()).unwrap();
        assert!(manifest.contains("[lints]\nworkspace = true"), "{name} must take the workspace lints");
    }
}
