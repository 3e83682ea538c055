//! Generating, patching, reading, writing and checking machine configurations.
//!
//! `cargo bench -p talos-benches -- NAME SECONDS FOLDER` measures one operation, once to warm up and then for so many
//! seconds, and prints a line of JSON. FOLDER holds `secrets.yaml` and `config.yaml`, which `-- input 0 FOLDER` makes,
//! so that another program can be given the same; `../run.sh` does that. Without a name all are measured.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a benchmark stops at what fails")]
#![allow(clippy::print_stdout, reason = "a benchmark prints what it measured")]

use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use talos_benches::{cpu_time, summary};
use talos_sdk::machineconfig::{
    Config, Contract, GenerateOptions, MachineType, Mode, Patch, SecretsBundle, ValidateOptions, generate,
    generate_config,
};
use talos_sdk::pki::SystemClock;
use talos_sdk::yaml::{emit, parse_documents};

const NAMES: [&str; 10] = [
    "generate",
    "generate_patched",
    "patch",
    "load",
    "encode",
    "validate",
    "load_and_validate",
    "secrets",
    "parse_yaml",
    "write_yaml",
];

const PATCHES: [&str; 3] = [
    include_str!("../../tests/interop/patches/all.yaml"),
    include_str!("../../tests/interop/patches/control-plane.yaml"),
    include_str!("../../tests/interop/patches/worker.yaml"),
];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let name = arguments.first().map(String::as_str);
    let seconds = arguments.get(1).map_or(1.0, |text| text.parse().unwrap());
    let folder = arguments.get(2).map(Path::new);
    match name {
        Some("input") => make_input(folder.unwrap()),
        Some(name) => measure(name, seconds, folder),
        None => NAMES.iter().for_each(|name| measure(name, seconds, folder)),
    }
}

fn contract() -> Contract {
    Contract::parse("v1.13").unwrap()
}

fn options() -> GenerateOptions {
    GenerateOptions::new("bench", "https://bench.example.org:6443").with_contract(contract())
}

/// Both configurations, encoded.
fn make(secrets: &SecretsBundle, options: &GenerateOptions) -> usize {
    let one = |role| generate_config(role, secrets, options).unwrap().config.encode().unwrap().expose().len();
    one(MachineType::ControlPlane) + one(MachineType::Worker)
}

fn make_input(folder: &Path) {
    let secrets = SecretsBundle::generate(contract(), &SystemClock).unwrap();
    let config = generate(&secrets, &options(), &SystemClock).unwrap().control_plane;
    fs::write(folder.join("secrets.yaml"), secrets.to_yaml().unwrap().expose()).unwrap();
    fs::write(folder.join("config.yaml"), config.encode().unwrap().expose()).unwrap();
}

fn measure(name: &str, seconds: f64, folder: Option<&Path>) {
    let read = |file: &str| folder.map(|folder| fs::read_to_string(folder.join(file)).unwrap());
    let secrets = || match read("secrets.yaml") {
        Some(text) => SecretsBundle::from_yaml(&text).unwrap(),
        None => SecretsBundle::generate(contract(), &SystemClock).unwrap(),
    };
    let text = || match read("config.yaml") {
        Some(text) => text,
        None => {
            let made = generate(&secrets(), &options(), &SystemClock).unwrap();
            made.control_plane.encode().unwrap().expose().to_owned()
        }
    };
    let patch = |at: usize| Patch::parse(PATCHES[at]).unwrap();
    let validate = ValidateOptions::new(Mode::Metal);
    match name {
        "generate" => {
            let (secrets, options) = (secrets(), options());
            repeat(name, seconds, || make(&secrets, &options));
        }
        "generate_patched" => {
            let (secrets, options) = (secrets(), options());
            repeat(name, seconds, || {
                let options = options
                    .clone()
                    .with_patches([patch(0)])
                    .with_control_plane_patches([patch(1)])
                    .with_worker_patches([patch(2)]);
                make(&secrets, &options)
            });
        }
        "patch" => {
            let text = text();
            repeat(name, seconds, || {
                let config = Config::from_yaml(&text).unwrap();
                config.patch(&[patch(0), patch(1)]).unwrap().config.to_yaml().unwrap()
            });
        }
        "load" => {
            let text = text();
            repeat(name, seconds, || Config::from_yaml(&text).unwrap());
        }
        "encode" => {
            let config = Config::from_yaml(&text()).unwrap();
            repeat(name, seconds, || config.encode().unwrap());
        }
        "validate" => {
            let config = Config::from_yaml(&text()).unwrap();
            repeat(name, seconds, || config.validate(&validate));
        }
        "load_and_validate" => {
            let text = text();
            repeat(name, seconds, || Config::from_yaml(&text).unwrap().validate(&validate));
        }
        "secrets" => repeat(name, seconds, || SecretsBundle::generate(contract(), &SystemClock).unwrap()),
        "parse_yaml" => {
            let text = text();
            repeat(name, seconds, || parse_documents(&text).unwrap());
        }
        "write_yaml" => {
            let documents = parse_documents(&text()).unwrap();
            repeat(name, seconds, || documents.iter().map(emit).collect::<String>());
        }
        other => panic!("no operation {other}, only {}", NAMES.join(", ")),
    }
}

fn repeat<T>(name: &str, seconds: f64, mut operation: impl FnMut() -> T) {
    black_box(operation());
    let mut times = Vec::new();
    let (began, cpu) = (Instant::now(), cpu_time());
    while times.is_empty() || began.elapsed().as_secs_f64() < seconds {
        let start = Instant::now();
        black_box(operation());
        times.push(start.elapsed());
    }
    println!("{}", summary(name, &mut times, began.elapsed(), cpu_time() - cpu));
}
