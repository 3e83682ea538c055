//! Verdicts of validation, and what findings say.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

use talos_machineconfig::{Config, Contract, ErrorKind, Mode, Severity, ValidateOptions};

fn options() -> ValidateOptions {
    ValidateOptions::new(Mode::Metal)
}

#[test]
fn a_finding_says_document_line_and_path() {
    let text = "apiVersion: v1alpha1\nkind: HostnameConfig\nhostname: a\nauto: stable\n";
    let report = Config::from_yaml(text).unwrap().validate(&options());
    let finding = report.errors().next().unwrap();
    assert!(finding.to_string().starts_with("line 4: HostnameConfig: auto: "), "{finding}");
    let error = report.clone().into_result().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidConfig);
    assert_eq!(error.to_string(), finding.to_string());
}

#[test]
fn kinds_newer_than_the_machine_are_warned_of() {
    let config = Config::from_yaml("apiVersion: v1alpha1\nkind: HostnameConfig\nhostname: a\n").unwrap();
    assert!(config.validate(&options().with_contract(Contract::V1_12)).findings().is_empty());
    let report = config.validate(&options().with_contract(Contract::V1_11));
    assert!(report.is_valid());
    let finding = &report.findings()[0];
    assert_eq!((finding.severity, finding.line), (Severity::Warning, Some(2)));
}
