//! The suite against the simulator in each version, or against the server that the environment names.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

use std::env::{var, var_os};

use talos_contract::{Address, Allow, Case, Report, VERSIONS, at, cases, simulated, table};
use talosconfig::TalosConfig;

/// The cases that the environment asks for: all, or those whose names begin so.
fn chosen() -> Vec<Case> {
    let wanted = var("TALOS_CONTRACT_CASES").unwrap_or_default();
    let wanted: Vec<&str> = wanted.split(',').collect();
    cases().into_iter().filter(|case| wanted.iter().any(|start| case.name().starts_with(start))).collect()
}

fn judge(report: &Report) {
    eprintln!("{report}");
    assert_eq!(report.failed().count(), 0, "cases failed: see above");
}

/// One thread a version: the cases of each are played one after the other.
#[test]
fn every_version_of_the_simulator() {
    let playing: Vec<_> = VERSIONS
        .iter()
        .map(|version| {
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(simulated(version, &chosen())).unwrap()
            })
        })
        .collect();
    let reports: Vec<Report> = playing.into_iter().map(|version| version.join().unwrap()).collect();
    for report in &reports {
        eprintln!("{report}");
    }
    for report in &reports {
        assert_eq!(report.failed().count(), 0, "cases failed: see above");
        // What nobody can judge is fine on somebody else's server, but not on our own.
        assert_eq!(report.listed().count(), 0, "cases were not judged: see above");
    }
    if var_os("TALOS_CONTRACT_CASES").is_none() {
        the_table_is_right(&reports);
    }
}

fn the_table_is_right(reports: &[Report]) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/METHODS.md");
    let table =
        table(&cases(), reports).unwrap_or_else(|missing| panic!("the table of methods lacks\n{missing}"));
    if var("TALOS_CONTRACT_BLESS").is_ok_and(|value| value == "1") {
        std::fs::write(path, &table).unwrap();
    }
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert!(written == table, "METHODS.md is out of date: run this with TALOS_CONTRACT_BLESS=1");
}

#[tokio::test]
async fn by_address() {
    let Some(file) = var_os("TALOS_CONTRACT_TALOSCONFIG") else {
        eprintln!("skipped: TALOS_CONTRACT_TALOSCONFIG is not set");
        return;
    };
    let mut address = Address::new(TalosConfig::from_yaml(&std::fs::read_to_string(file).unwrap()).unwrap());
    if let Ok(endpoint) = var("TALOS_CONTRACT_ENDPOINT") {
        address = address.with_endpoint(endpoint);
    }
    if let Ok(endpoint) = var("TALOS_CONTRACT_MAINTENANCE") {
        address = address.with_maintenance(endpoint);
    }
    let allow = Allow::default().with_changes(var("TALOS_CONTRACT_CHANGES").is_ok_and(|value| value == "1"));
    judge(&at(address, &chosen(), allow).await.unwrap());
}
