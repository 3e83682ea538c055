//! The suite against the simulator in each version, or against the server that the environment names.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

use std::env::{var, var_os};

use talos_contract::{Address, Allow, Case, Report, VERSIONS, at, cases, simulated};
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

async fn play(version: &str) -> Report {
    let report = simulated(version, &chosen()).await.unwrap();
    judge(&report);
    report
}

macro_rules! versions {
    ($($name:ident: $version:expr;)*) => {
        $(
            #[tokio::test]
            async fn $name() {
                play($version).await;
            }
        )*
    };
}

versions! {
    talos_1_9: VERSIONS[0];
    talos_1_10: VERSIONS[1];
    talos_1_11: VERSIONS[2];
    talos_1_12: VERSIONS[3];
    talos_1_13: VERSIONS[4];
    talos_1_14: VERSIONS[5];
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
