//! Configurations and patches as the Go machinery made them; `tests/data/README.md` says how they were recorded.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use talos_machineconfig::{
    Config, Contract, GenerateOptions, Patch, Result, SecretsBundle, generate, patch_text,
};
use talos_pki::SystemClock;

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

fn cases(name: &str) -> Vec<(Value, Value)> {
    let text = fs::read_to_string(data(name)).unwrap();
    let case = |line: &str| {
        let mut case: Value = serde_json::from_str(line).unwrap();
        (case["request"].take(), case["answer"].take())
    };
    text.lines().map(case).collect()
}

fn texts(value: &Value) -> Vec<String> {
    let texts = value.as_array().map(Vec::as_slice).unwrap_or_default();
    texts.iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

fn patches(value: &Value) -> Result<Vec<Patch>> {
    texts(value).iter().map(|text| Patch::parse(text)).collect()
}

fn options(request: &Value) -> GenerateOptions {
    let text = |key: &str| request[key].as_str();
    let mut options = GenerateOptions::new(text("cluster").unwrap(), text("endpoint").unwrap())
        .with_contract(Contract::parse(text("contract").unwrap()).unwrap())
        .with_kubernetes_version(text("k8s_version").unwrap())
        .with_install_image(text("install_image").unwrap())
        .with_additional_sans(texts(&request["additional_sans"]))
        .with_patches(patches(&request["patches"]).unwrap())
        .with_control_plane_patches(patches(&request["patches_controlplane"]).unwrap())
        .with_worker_patches(patches(&request["patches_worker"]).unwrap());
    if let Some(disk) = text("install_disk") {
        options = options.with_install_disk(disk);
    }
    if let Some(domain) = text("dns_domain") {
        options = options.with_dns_domain(domain);
    }
    for (host, urls) in request["registry_mirrors"].as_object().into_iter().flatten() {
        options = options.with_registry_mirror(host, texts(urls));
    }
    if let Some(on) = request["with_kubespan"].as_bool() {
        options = options.with_kubespan(on);
    }
    if let Some(on) = request["with_cluster_discovery"].as_bool() {
        options = options.with_cluster_discovery(on);
    }
    options
}

#[test]
fn generated_configurations() {
    let cases = cases("gen.jsonl");
    assert!(cases.len() > 15, "{}", cases.len());
    for (request, answer) in cases {
        let name = request["name"].as_str().unwrap();
        let secrets = fs::read_to_string(data(request["secrets"].as_str().unwrap())).unwrap();
        let secrets = SecretsBundle::from_yaml(&secrets).unwrap();
        let made = generate(&secrets, &options(&request), &SystemClock).unwrap();
        for (config, key) in [(made.control_plane, "controlplane"), (made.worker, "worker")] {
            let wanted = answer[key].as_str().unwrap();
            assert_eq!(config.to_yaml().unwrap().expose(), wanted, "{name}: {key}");
            let again = Config::from_yaml(wanted).unwrap();
            assert_eq!(again.encode().unwrap().expose(), wanted, "{name}: {key} read and written again");
        }
        let context = made.talosconfig.current(None).unwrap();
        assert!(context.crt.is_some() && context.key.is_some() && context.endpoints.is_empty(), "{name}");
    }
}

#[test]
fn patched_configurations() {
    let cases = cases("patch.jsonl");
    assert!(cases.len() > 35, "{}", cases.len());
    for (request, answer) in cases {
        let name = request["name"].as_str().unwrap();
        let patched = patches(&request["patches"]).and_then(|patches| {
            patch_text(request["config"].as_str().unwrap(), &patches).map(|patched| patched.text)
        });
        match (patched, answer["out"].as_str()) {
            (Ok(text), Some(wanted)) => {
                assert_eq!(text.expose(), wanted.replace("    controlPlane: null\n", ""), "{name}");
            }
            (Err(error), None) => assert!(!error.to_string().contains('\n'), "{name}: {error}"),
            (Ok(_), None) => panic!("{name}: Go refuses this"),
            (Err(error), Some(_)) => panic!("{name}: {error}"),
        }
    }
}
