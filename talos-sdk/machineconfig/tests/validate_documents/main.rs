//! What validation finds in documents, by kind.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

mod block;
mod container;
mod cri;
mod runtime;

use talos_machineconfig::{Config, Mode, Severity, ValidateOptions};

/// What follows `kind` in a document, and the paths of what is found in it, in order. `? ` marks a warning.
type Case<'a> = (&'a str, &'a [&'a str]);

/// Validates documents of a kind.
fn of_kind(kind: &str, cases: &[Case]) {
    beside("", kind, cases);
}

/// Validates documents of a kind, each beside other documents that are right.
fn beside(others: &str, kind: &str, cases: &[Case]) {
    for (body, expected) in cases {
        let text = format!("{others}apiVersion: v1alpha1\nkind: {kind}\n{body}");
        let config = Config::from_yaml(&text).unwrap_or_else(|error| panic!("{error}:\n{text}"));
        let report = config.validate(&ValidateOptions::new(Mode::Cloud));
        let found: Vec<String> = report
            .findings()
            .iter()
            .filter(|finding| finding.document.starts_with(kind))
            .map(|finding| {
                let mark = if finding.severity == Severity::Warning { "? " } else { "" };
                format!("{mark}{}", finding.path)
            })
            .collect();
        let all: Vec<String> = report.findings().iter().map(ToString::to_string).collect();
        assert_eq!(found, *expected, "{text}\n{}", all.join("\n"));
    }
}
