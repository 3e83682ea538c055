//! Verdicts of validation against those recorded from the Go machinery, which stand beside the repository; skipped,
//! saying so, where they do not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

mod reference;

use std::fs::{self, File};
use std::io::Read;

use flate2::read::GzDecoder;
use serde_json::Value;
use talos_machineconfig::{Config, Mode, ValidateOptions};

use reference::reference;

/// What became of a configuration: the stage at which it failed, and the number of warnings.
#[derive(Debug, PartialEq)]
struct Verdict {
    failed: Option<&'static str>,
    warnings: Option<usize>,
}

fn verdict(text: &str, mode: &str, strict: bool) -> Verdict {
    let failed = |stage| Verdict { failed: Some(stage), warnings: Some(0) };
    let Ok(config) = Config::from_yaml(text) else { return failed("load") };
    let Ok(mode) = mode.parse::<Mode>() else { return failed("mode") };
    let report = config.validate(&ValidateOptions::new(mode).with_strict(strict));
    Verdict { failed: (!report.is_valid()).then_some("validate"), warnings: Some(report.warnings().count()) }
}

/// Compares all cases and names those that differ.
fn judge(cases: impl IntoIterator<Item = (String, Verdict, Verdict)>) {
    let (mut total, mut wrong) = (0, Vec::new());
    for (name, expected, mut found) in cases {
        total += 1;
        if expected.warnings.is_none() {
            found.warnings = None;
        }
        if expected != found {
            wrong.push(format!("{name}\n    Go:   {expected:?}\n    here: {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {total} verdicts differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn recorded_from_the_command() {
    let Some(dir) = reference("golden") else { return };
    let text = fs::read_to_string(dir.join("validate/cases.jsonl")).unwrap();
    let cases: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(cases.len(), 546);
    judge(cases.iter().map(|case| {
        let (name, mode, strict) =
            (case["name"].as_str().unwrap(), case["mode"].as_str().unwrap(), case["strict"] == true);
        let config = match case["config"].as_str() {
            Some(config) => config.to_owned(),
            None => fs::read_to_string(dir.join("gen").join(name.trim_start_matches("gen:"))).unwrap(),
        };
        let stderr = case["stderr"].as_str().unwrap();
        // The command prints what validation finds as a numbered list, and any other error as it is.
        let validated = stderr
            .lines()
            .any(|line| line.ends_with("occurred:") && line.starts_with(|c: char| c.is_ascii_digit()));
        let expected = Verdict {
            failed: (case["rc"] != 0).then_some(if validated { "validate" } else { "load" }),
            warnings: Some(stderr.lines().filter(|line| line.starts_with("WARNING: ")).count()),
        };
        let strictly = if strict { " strict" } else { "" };
        (format!("{name} {mode}{strictly}"), expected, verdict(&config, mode, strict))
    }));
}

#[test]
fn recorded_from_random_input() {
    let Some(path) = reference("golden-1.14/validate.jsonl.gz") else { return };
    let mut text = String::new();
    GzDecoder::new(File::open(path).unwrap()).read_to_string(&mut text).unwrap();
    let cases: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(cases.len(), 600);
    judge(cases.iter().map(|case| {
        let (request, answer) = (&case["request"], &case["answer"]);
        let stages = ["load", "mode", "validate"];
        let expected =
            Verdict { failed: stages.into_iter().find(|stage| answer["stage"] == *stage), warnings: None };
        let text = |key: &str| request[key].as_str().unwrap();
        let found = verdict(text("config"), text("mode"), request["strict"] == true);
        (case["name"].as_str().unwrap().to_owned(), expected, found)
    }));
}
