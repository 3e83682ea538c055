//! Cases recorded from the Go machinery that stand beside the repository; skipped, saying so, where they do not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde_json::Value;
use talos_machineconfig::{Config, Contract, GenerateOptions, Patch, SecretsBundle, generate};
use talos_pki::FixedClock;

fn reference() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/reference/golden");
    if path.is_dir() {
        return Some(path);
    }
    eprintln!("skipped: there is no {}", path.display());
    None
}

fn options_of(argv: &str) -> (Option<Contract>, String, Vec<String>, GenerateOptions) {
    let mut words = argv.split_whitespace();
    let mut contract = None;
    let mut secrets = String::new();
    let mut unknown = Vec::new();
    let mut options = GenerateOptions::new("c1", "https://1.2.3.4:6443");
    let mut positional = Vec::new();
    let mut edits: Vec<Box<dyn Fn(GenerateOptions) -> GenerateOptions>> = Vec::new();
    while let Some(word) = words.next() {
        let (flag, inline) = word.split_once('=').map_or((word, None), |(flag, value)| (flag, Some(value)));
        let mut value = || inline.unwrap_or_else(|| words.next().unwrap()).trim_matches('"').to_owned();
        match flag.trim_start_matches('-') {
            _ if !flag.starts_with('-') => positional.push(word.to_owned()),
            "talos-version" => contract = Some(Contract::parse(&value()).unwrap()),
            "with-secrets" => secrets = value(),
            "t" | "output-types" => drop(value()),
            "san" | "additional-sans" => {
                let sans: Vec<String> = value().split(',').map(str::to_owned).collect();
                edits.push(Box::new(move |options| options.with_additional_sans(sans.clone())));
            }
            "dns-domain" => {
                let domain = value();
                edits.push(Box::new(move |options| options.with_dns_domain(domain.clone())));
            }
            "install-disk" => {
                let disk = value();
                edits.push(Box::new(move |options| options.with_install_disk(disk.clone())));
            }
            "install-image" => {
                let image = value();
                edits.push(Box::new(move |options| options.with_install_image(image.clone())));
            }
            "registry-mirror" => {
                let mirror = value();
                edits.push(Box::new(move |options| {
                    let (host, url) = mirror.split_once('=').unwrap();
                    options.with_registry_mirror(host, [url])
                }));
            }
            "with-kubespan" => {
                let on = inline != Some("false");
                edits.push(Box::new(move |options| if on { options.with_kubespan(true) } else { options }));
            }
            "with-cluster-discovery" => {
                let on = inline != Some("false");
                edits.push(Box::new(move |options| options.with_cluster_discovery(on)));
            }
            other => unknown.push(other.to_owned()),
        }
    }
    if let [cluster, endpoint] = positional.as_slice() {
        options = GenerateOptions::new(cluster, endpoint);
    }
    options = options
        .with_contract(contract.unwrap_or(Contract::CURRENT))
        .with_kubernetes_version("1.33.1")
        .with_install_image("img:v1");
    for edit in edits {
        options = edit(options);
    }
    (contract, secrets, unknown, options)
}

#[test]
fn generated_configurations_are_those_of_go() {
    let Some(reference) = reference() else { return };
    let manifest = fs::read_to_string(reference.join("MANIFEST.tsv")).unwrap();
    let clock = FixedClock::new(SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000));
    let mut checked = 0;
    for line in manifest.lines().skip(1) {
        let (file, argv) = line.split_once('\t').unwrap();
        let (contract, secrets, unknown, options) = options_of(argv);
        if contract.is_none() || !file.starts_with("gen/") {
            continue;
        }
        assert!(unknown.is_empty(), "{file}: flags {unknown:?}");
        let secrets = fs::read_to_string(reference.join(secrets)).unwrap();
        let secrets = SecretsBundle::from_yaml(&secrets).unwrap();
        let generated =
            generate(&secrets, &options, &clock).unwrap_or_else(|error| panic!("{file}: {error}"));
        let config = if file.contains("worker") { generated.worker } else { generated.control_plane };
        let wanted = fs::read_to_string(reference.join(file)).unwrap();
        assert_eq!(config.to_yaml().unwrap().expose(), wanted, "{file}");
        let read = Config::from_yaml(&wanted).unwrap_or_else(|error| panic!("{file}: {error}"));
        assert_eq!(read.encode().unwrap().expose(), wanted, "{file} read and written again");
        checked += 1;
    }
    assert_eq!(checked, 104);
}

#[test]
fn patches_give_what_go_gives() {
    let Some(reference) = reference() else { return };
    let cases = fs::read_to_string(reference.join("patch/cases.jsonl")).unwrap();
    let mut checked = 0;
    for line in cases.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let name = case["name"].as_str().unwrap();
        let patches: Vec<&str> =
            case["patches"].as_array().unwrap().iter().map(|p| p.as_str().unwrap()).collect();
        // Operations of RFC 6902, for which Go also takes a patch that says nothing.
        let operations = |patch: &&str| {
            patch.trim_start().starts_with(['[', '-']) || [" ", "null ", "# comment only\n"].contains(patch)
        };
        if patches.iter().any(operations) {
            continue;
        }
        let patched =
            patches.iter().map(|patch| Patch::parse(patch)).collect::<Result<Vec<_>, _>>().and_then(
                |patches| {
                    let base = case["base"].as_str().unwrap();
                    Config::from_yaml(base)?.patch(&patches)?.to_yaml()
                },
            );
        let fails = case["rc"].as_i64() != Some(0);
        match patched {
            Ok(text) if !fails => {
                let wanted = case["stdout"].as_str().unwrap().strip_suffix('\n').unwrap();
                assert_eq!(text.expose(), wanted, "{name}");
            }
            Ok(_) => panic!("{name}: Go says {}", case["stderr"]),
            Err(error) => assert!(fails, "{name}: {error}"),
        }
        checked += 1;
    }
    assert_eq!(checked, 42);
}
