//! Generating, patching, reading and writing machine configurations. `cargo bench -p talos-benches`.
//!
//! Each row is the time of one operation: the least and the median of as many as fit into a second.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark stops at what fails, and prints")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use talos_sdk::machineconfig::{Config, Contract, GenerateOptions, Patch, SecretsBundle, generate};
use talos_sdk::pki::SystemClock;

const PATCH: &str = "machine:\n  sysctls:\n    user.max_user_namespaces: \"11255\"\n  kubelet:\n    extraArgs:\n      \
                     rotate-server-certificates: true\ncluster:\n  network:\n    cni:\n      name: none\n";

fn measure<T>(name: &str, mut operation: impl FnMut() -> T) {
    for _ in 0..3 {
        black_box(operation());
    }
    let mut times = Vec::new();
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(1) {
        let start = Instant::now();
        black_box(operation());
        times.push(start.elapsed());
    }
    times.sort_unstable();
    println!(
        "| {name} | {:.1} | {:.1} | {} |",
        micros(times[0]),
        micros(times[times.len() / 2]),
        times.len()
    );
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

fn main() {
    let contract = Contract::parse("v1.13").unwrap();
    let bundle = SecretsBundle::generate(contract, &SystemClock).unwrap();
    let options = GenerateOptions::new("bench", "https://bench.example.org:6443").with_contract(contract);
    let generated = generate(&bundle, &options, &SystemClock).unwrap();
    let config = generated.control_plane;
    let text = config.encode().unwrap();
    let patches = [Patch::parse(PATCH).unwrap()];
    let secrets = bundle.to_yaml().unwrap();

    println!("| operation | least µs | median µs | times |\n|---|---|---|---|");
    measure("generate control plane, worker, talosconfig", || {
        generate(&bundle, &options, &SystemClock).unwrap()
    });
    measure("patch a control plane's configuration", || config.patch(&patches).unwrap());
    measure("read it, strictly", || Config::from_yaml(text.expose()).unwrap());
    measure("write it", || config.encode().unwrap());
    measure("read and check a secrets bundle", || {
        let bundle = SecretsBundle::from_yaml(secrets.expose()).unwrap();
        bundle.validate().unwrap();
        bundle
    });
    measure("read a patch", || Patch::parse(PATCH).unwrap());
}
