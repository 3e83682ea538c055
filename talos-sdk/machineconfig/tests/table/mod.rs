//! Tables of documents and of what validation finds in them.

use talos_machineconfig::{Config, Finding, Mode, Severity, ValidateOptions};

/// A kind, the text of the document behind its kind, and what is found: severity and path, in order.
pub(crate) type Case<'a> = (&'a str, &'a str, &'a [&'a str]);

/// What is found in the document of `kind` in `text`, beside that it belongs to control planes only.
fn find(kind: &str, text: &str) -> Vec<Finding> {
    let config = Config::from_yaml(text).unwrap_or_else(|error| panic!("{error} in\n{text}"));
    let report = config.validate(&ValidateOptions::new(Mode::Metal));
    let is_meant =
        |finding: &&Finding| finding.document.starts_with(kind) && finding.path.to_string() != "kind";
    report.findings().iter().filter(is_meant).cloned().collect()
}

/// Validates each document alone.
pub(crate) fn check(cases: &[Case<'_>]) {
    for (kind, body, expected) in cases {
        let text = format!("apiVersion: v1alpha1\nkind: {kind}\n{body}\n");
        let describe = |finding: &Finding| {
            assert!(!finding.message.is_empty() && !finding.message.contains('\n'), "{finding}");
            let severity = if finding.severity == Severity::Error { "error" } else { "warning" };
            format!("{severity} {}", finding.path)
        };
        let found: Vec<_> = find(kind, &text).iter().map(describe).collect();
        assert_eq!(found, *expected, "{text}");
    }
}

/// Validates each document, a kind with what makes it valid, beside the sections `machine` and `cluster`: the keys are
/// those that the messages name.
pub(crate) fn check_sections(cases: &[Case<'_>]) {
    for (document, sections, keys) in cases {
        let text = format!("{sections}\n---\napiVersion: v1alpha1\nkind: {document}\n");
        let kind = document.lines().next().unwrap_or_default();
        let found = find(kind, &text);
        let named: Vec<_> = found.iter().filter_map(|finding| finding.message.split(' ').next()).collect();
        assert_eq!(named, *keys, "{text}");
    }
}
