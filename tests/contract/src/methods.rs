//! The table of all methods: what calls each of them, what the simulator answers, and which cases judge it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::case::Case;
use crate::facts::{self, Method};
use crate::runner::{Outcome, Report};

/// Services that Go's client of v1.13.9 has no stubs for.
const NEWER_THAN_GO: [&str; 2] = ["/machine.LVMService/", "/machine.MDService/"];

/// Methods that no machine serves on its API, and who does.
const ELSEWHERE: [(&str, &str); 2] = [
    ("/securityapi.", "trustd, on port 50001 of control plane nodes: workers get their certificates there"),
    ("/signerapi.", "the image builder, on a local socket and never on the network"),
];

/// Writes the table as Markdown. `reports` say what the simulator answered, one a version.
///
/// # Errors
/// What the table lacks: a method without a typed call, a case or an answer, or a case that says it calls a method and
/// never did.
pub fn table(cases: &[Case], reports: &[Report]) -> Result<String, String> {
    let mut missing = unknown_methods(cases);
    missing.extend(never_called(cases, reports));
    let mut text = String::from(
        "# Methods\n\nEvery method of the API, what calls it, and what judges it. Written by `TALOS_CONTRACT_BLESS=1 \
         cargo test -p talos-contract`, from the cases and from the calls that the simulator recorded while they \
         were played.\n\n* typed call: the function of `talos-client` that makes it. Its case `typed/…` calls it in \
         every version.\n* simulator: the versions in which it answered a case, other than with `Unimplemented`.\n* \
         cases: how many call it, and the first of them; `contract list` has all.\n* Go: commands of Go's client that \
         call it in the suite.\n\n| method | typed call | simulator | cases | Go |\n|---|---|---|---|---|\n",
    );
    for method in facts::methods() {
        let row = match ELSEWHERE.iter().find(|(start, _)| method.path.starts_with(start)) {
            Some((_, who)) => format!("none | none | none | none: {who}"),
            None => row(method, cases, reports, &mut missing),
        };
        // Writing to a string can't fail.
        _ = writeln!(text, "| `{}` | {row} |", method.path.trim_start_matches('/'));
    }
    if missing.is_empty() { Ok(text) } else { Err(missing.join("\n")) }
}

fn row(method: &Method, cases: &[Case], reports: &[Report], missing: &mut Vec<String>) -> String {
    let short = method.short();
    let of: Vec<&Case> = cases.iter().filter(|case| case.methods.iter().any(|name| name == short)).collect();
    let typed: Vec<String> = of
        .iter()
        .filter_map(|case| case.name.strip_prefix("typed/"))
        .map(|name| format!("`{name}`"))
        .collect();
    let judged: Vec<&str> = of
        .iter()
        .map(|case| case.name.as_str())
        .filter(|name| !["typed/", "roles/", "maintenance/may/"].iter().any(|start| name.starts_with(start)))
        .collect();
    let answered: Vec<&str> = reports
        .iter()
        .filter(|report| answers(report, method, &of))
        .map(|report| report.version.as_str())
        .collect();
    let commands: BTreeSet<&str> = of.iter().flat_map(|case| commands(case, short)).collect();
    if typed.is_empty() {
        missing.push(format!("{short}: no typed call"));
    }
    if judged.is_empty() {
        missing.push(format!("{short}: no case of its own"));
    }
    if answered.is_empty() {
        missing.push(format!("{short}: the simulator answers in no version"));
    }
    let go = match commands.is_empty() {
        false => commands.iter().map(|command| format!("`{command}`")).collect::<Vec<_>>().join(", "),
        true if NEWER_THAN_GO.iter().any(|start| method.path.starts_with(start)) => {
            "none: Go's client of v1.13.9 has no stub".to_owned()
        }
        true if method.removed.is_some() => "none: gone from Go's client of v1.13.9".to_owned(),
        true if method.path.starts_with("/cosi.") => "none: Go's client writes nothing".to_owned(),
        true if method.client_streaming => "none: the program sends no streams of bytes".to_owned(),
        true => {
            missing.push(format!("{short}: no command of Go's client"));
            String::new()
        }
    };
    let versions = match answered[..] {
        [first, .., last] => format!("{first} to {last}"),
        [only] => only.to_owned(),
        [] => String::new(),
    };
    let named = judged.first().map(|name| format!("`{name}`")).unwrap_or_default();
    format!("{} | {versions} | {}: {named} | {go}", typed.join(", "), of.len())
}

/// The commands of a case that call this method.
fn commands<'a>(case: &'a Case, short: &'a str) -> impl Iterator<Item = &'a str> {
    let first = case.methods.first().is_some_and(|method| method == short);
    case.go.iter().filter_map(move |go| match go.command.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["call", path, ..] => path.ends_with(short).then_some(path),
        [name, ..] => first.then_some(name),
        [] => None,
    })
}

/// Whether a case of these passed that is about more than who may call.
fn answers(report: &Report, method: &Method, of: &[&Case]) -> bool {
    if !method.exists(report.minor()) {
        return false;
    }
    report.cases.iter().any(|played| {
        matches!(played.outcome, Outcome::Passed)
            && of.iter().any(|case| {
                case.name == played.case && !case.name.starts_with("roles/") && report.minor() >= case.since
            })
    })
}

/// Names of methods that are none.
fn unknown_methods(cases: &[Case]) -> Vec<String> {
    let named = cases.iter().flat_map(|case| case.methods.iter().map(move |method| (case, method)));
    named
        .filter(|(_, method)| facts::find(method).is_none())
        .map(|(case, method)| format!("{}: there is no method {method}", case.name))
        .collect()
}

/// Cases that name a method and called it in no version.
fn never_called(cases: &[Case], reports: &[Report]) -> Vec<String> {
    let mut called: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for played in reports.iter().flat_map(|report| &report.cases) {
        let methods = called.entry(&played.case).or_default();
        methods.extend(played.called.iter().map(String::as_str));
    }
    let mut missing = Vec::new();
    for case in cases {
        for method in case.methods.iter().filter_map(|name| facts::find(name)) {
            if !called.get(case.name.as_str()).is_some_and(|methods| methods.contains(method.path.as_str())) {
                missing.push(format!("{}: does not call {} in any version", case.name, method.short()));
            }
        }
    }
    missing
}
