//! The writer and the reader against what Go's made.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]
#![allow(clippy::print_stdout, reason = "a skipped test says so")]

use std::path::Path;

use serde_json::Value;
use talos_yaml::{parse_documents, to_string};

/// JSON numbers enter Go's writer as `float64`.
fn as_go(value: Value) -> Value {
    match value {
        Value::Number(n) => serde_json::json!(n.as_f64().unwrap()),
        Value::Array(items) => Value::Array(items.into_iter().map(as_go).collect()),
        Value::Object(map) => Value::Object(map.into_iter().map(|(k, v)| (k, as_go(v))).collect()),
        other => other,
    }
}

/// Go writes two kinds of block text that no reader takes back, its own neither: with a hint for indentation
/// inside lists, and with a tab at the start of the first line.
fn readable(text: &str) -> bool {
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let hinted = line.ends_with("|4") || line.ends_with("|4-") || line.ends_with("|4+");
        let header = hinted || line.ends_with('|') || line.ends_with("|-") || line.ends_with("|+");
        let tab = lines.peek().is_some_and(|next| next.trim_start_matches(' ').starts_with('\t'));
        if (hinted && text.contains("- ")) || (header && tab) {
            return false;
        }
    }
    true
}

/// Compares every case of a file of `{"in": value, "out": text}` lines; gives their number.
fn compare(path: &Path) -> usize {
    let text = std::fs::read_to_string(path).unwrap();
    let mut failures = Vec::new();
    let mut cases = 0;
    for line in text.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let wanted = case["out"].as_str().unwrap();
        let got = to_string(&as_go(case["in"].clone())).unwrap();
        cases += 1;
        if got != wanted {
            failures.push(format!("{}\n  wanted {wanted:?}\n  got    {got:?}", case["in"]));
        }
        // What was written means the same when read again, and is written the same again.
        if readable(&got) {
            let again = parse_documents(&got).unwrap_or_else(|e| panic!("{e}: {got:?}"));
            assert_eq!(to_string(&again[0]).unwrap(), got);
        }
    }
    assert!(failures.is_empty(), "{} of {cases} differ:\n{}", failures.len(), failures.join("\n"));
    cases
}

#[test]
fn own_recordings() {
    assert!(compare(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/written.jsonl"))) > 0);
}

#[test]
fn own_recordings_of_the_reader() {
    let text = include_str!("data/read.jsonl");
    let mut failures = Vec::new();
    for line in text.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let text = case["text"].as_str().unwrap();
        let wanted: Option<Vec<String>> = serde_json::from_value(case["out"].clone()).unwrap();
        let got = parse_documents(text)
            .and_then(|documents| documents.iter().map(to_string).collect::<Result<Vec<_>, _>>())
            .ok();
        if got != wanted {
            failures.push(format!("{text:?}\n  wanted {wanted:?}\n  got    {got:?}"));
        }
    }
    assert!(failures.is_empty(), "{} differ:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn reference_recordings() {
    let path = Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../shared/reference/golden/yaml/strings.jsonl"
    ));
    if !path.exists() {
        println!("skipped: {} is not here", path.display());
        return;
    }
    assert_eq!(compare(path), 493);
}
