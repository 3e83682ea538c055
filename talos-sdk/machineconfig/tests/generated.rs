//! What `generate` makes against what the Go machinery made: recorded cases that stand beside the repository; skipped,
//! saying so, where they do not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

mod reference;

use std::fs::{self, File};
use std::io::Read;
use std::time::{Duration, SystemTime};

use flate2::read::GzDecoder;
use serde_json::Value;
use talos_machineconfig::{
    Config, Contract, GenerateOptions, Generated, Patch, Result, SecretsBundle, generate,
};
use talos_pki::FixedClock;

use reference::reference;

fn clock() -> FixedClock {
    FixedClock::new(SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000))
}

/// Flags of `talosctl gen config` as the list of recorded files has them: options, and the file of the bundle.
fn options_of(argv: &str) -> (GenerateOptions, String) {
    let mut words = argv.split_whitespace();
    let (mut flags, mut positional) = (Vec::new(), Vec::new());
    while let Some(word) = words.next() {
        let Some(flag) = word.strip_prefix('-') else {
            positional.push(word);
            continue;
        };
        let (flag, value) = match flag.trim_start_matches('-').split_once('=') {
            Some((flag, value)) => (flag, value),
            None if ["with-kubespan", "with-cluster-discovery", "skip-k8s-etcd"].contains(&flag) => {
                (flag, "true")
            }
            None => (flag, words.next().unwrap()),
        };
        flags.push((flag, value.trim_matches('"')));
    }
    let of = |name: &str| flags.iter().find(|(flag, _)| *flag == name).map(|(_, value)| *value);
    let contract = of("talos-version").map_or(Contract::CURRENT, |version| version.parse().unwrap());
    let mut options = GenerateOptions::new(positional[0], positional[1])
        .with_contract(contract)
        .with_kubernetes_version("1.33.1")
        .with_install_image("img:v1");
    let mut secrets = String::new();
    for (flag, value) in flags {
        options = match flag {
            "with-secrets" => {
                secrets = value.to_owned();
                options
            }
            "talos-version" | "t" | "output-types" => options,
            "san" | "additional-sans" => options.with_additional_sans(value.split(',')),
            "dns-domain" => options.with_dns_domain(value),
            "install-disk" => options.with_install_disk(value),
            "install-image" => options.with_install_image(value),
            "registry-mirror" => {
                let (host, url) = value.split_once('=').unwrap();
                options.with_registry_mirror(host, [url])
            }
            "with-kubespan" if value == "false" => options,
            "with-kubespan" => options.with_kubespan(true),
            "with-cluster-discovery" => options.with_cluster_discovery(value != "false"),
            "skip-k8s-etcd" => options.with_kubernetes(false),
            other => panic!("flag {other} of {argv}"),
        };
    }
    (options, secrets)
}

#[test]
fn recorded_files_are_made_byte_for_byte() {
    let Some(reference) = reference("golden") else { return };
    let manifest = fs::read_to_string(reference.join("MANIFEST.tsv")).unwrap();
    let mut failing = Vec::new();
    let mut count = 0;
    for line in manifest.lines().skip(1).filter(|line| line.starts_with("gen/")) {
        let (file, argv) = line.split_once('\t').unwrap();
        let (options, secrets) = options_of(argv);
        let secrets =
            SecretsBundle::from_yaml(&fs::read_to_string(reference.join(secrets)).unwrap()).unwrap();
        let wanted = fs::read_to_string(reference.join(file)).unwrap();
        let made = generate(&secrets, &options, &clock()).and_then(|made| {
            let config = if file.contains("worker") { made.worker } else { made.control_plane };
            let read = Config::from_yaml(&wanted)?;
            Ok((config.to_yaml()?, read.encode()?))
        });
        match made {
            Ok((made, read)) if made.expose() == wanted && read.expose() == wanted => {}
            Ok(_) => failing.push(file.to_owned()),
            Err(error) => failing.push(format!("{file}: {error}")),
        }
        count += 1;
    }
    assert_eq!(count, 106);
    assert!(failing.is_empty(), "{} of {count} differ:\n{}", failing.len(), failing.join("\n"));
}

fn texts(value: &Value) -> Vec<String> {
    let texts = value.as_array().map(Vec::as_slice).unwrap_or_default();
    texts.iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

fn patches(value: &Value) -> Result<Vec<Patch>> {
    texts(value).iter().map(|text| Patch::parse(text)).collect()
}

fn make(request: &Value) -> Result<Generated> {
    let text = |key: &str| request[key].as_str();
    let mut options = GenerateOptions::new(text("cluster").unwrap(), text("endpoint").unwrap())
        .with_contract(Contract::parse(text("contract").unwrap())?)
        .with_kubernetes_version(text("k8s_version").unwrap())
        .with_install_image(text("install_image").unwrap())
        .with_newer_documents(true)
        .with_additional_sans(texts(&request["additional_sans"]))
        .with_patches(patches(&request["patches"])?)
        .with_control_plane_patches(patches(&request["patches_controlplane"])?)
        .with_worker_patches(patches(&request["patches_worker"])?);
    if let Some(disk) = text("install_disk") {
        options = options.with_install_disk(disk);
    }
    if let Some(domain) = text("dns_domain") {
        options = options.with_dns_domain(domain);
    }
    for (host, urls) in request["registry_mirrors"].as_object().into_iter().flatten() {
        options = options.with_registry_mirror(host, texts(urls));
    }
    if request["with_kubespan"] == true {
        options = options.with_kubespan(true);
    }
    if let Some(on) = request["with_cluster_discovery"].as_bool() {
        options = options.with_cluster_discovery(on);
    }
    generate(&SecretsBundle::from_yaml(text("secrets").unwrap())?, &options, &clock())
}

/// Why the answer to a request is not the recorded one.
fn difference(request: &Value, answer: &Value) -> Option<String> {
    // Which outputs there are is not the library's concern.
    let outputs = texts(&request["output"]);
    let known = |output: &String| ["controlplane", "worker", "talosconfig"].contains(&output.as_str());
    if outputs.is_empty() || !outputs.iter().all(known) {
        return (answer["fails"] != true).then(|| "Go takes these outputs".to_owned());
    }
    match (make(request), answer["fails"] == true) {
        (Err(error), true) => error.to_string().contains('\n').then(|| format!("more than a line: {error}")),
        (Err(error), false) => Some(error.to_string()),
        (Ok(_), true) => Some("Go refuses this".to_owned()),
        (Ok(made), false) => [("controlplane", made.control_plane), ("worker", made.worker)]
            .into_iter()
            .filter(|(key, config)| config.to_yaml().unwrap().expose() != answer[*key].as_str().unwrap())
            .map(|(key, _)| format!("{key} has other bytes"))
            .next(),
    }
}

#[test]
fn random_requests_give_what_go_gives() {
    let Some(path) = reference("golden-1.14/gen.jsonl.gz") else { return };
    let mut lines = String::new();
    GzDecoder::new(File::open(path).unwrap()).read_to_string(&mut lines).unwrap();
    let cases: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(cases.len(), 600);
    let failing: Vec<String> = cases
        .iter()
        .filter_map(|case| {
            let difference = difference(&case["request"], &case["answer"])?;
            Some(format!("{}: {difference}", case["name"].as_str().unwrap()))
        })
        .collect();
    assert!(failing.is_empty(), "{} of {} differ:\n{}", failing.len(), cases.len(), failing.join("\n"));
}
