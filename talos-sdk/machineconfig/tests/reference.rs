//! Cases recorded from the Go machinery that stand beside the repository; skipped, saying so, where they do not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use talos_machineconfig::{Config, Patch};

fn reference() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/reference/golden");
    if path.is_dir() {
        return Some(path);
    }
    eprintln!("skipped: there is no {}", path.display());
    None
}

#[test]
fn patches_give_what_go_gives() {
    let Some(reference) = reference() else { return };
    let cases = fs::read_to_string(reference.join("patch/cases.jsonl")).unwrap();
    let mut checked = 0;
    for line in cases.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let name = case["name"].as_str().unwrap();
        let patches: Vec<&str> =
            case["patches"].as_array().unwrap().iter().map(|p| p.as_str().unwrap()).collect();
        // Operations of RFC 6902, for which Go also takes a patch that says nothing.
        let operations = |patch: &&str| {
            patch.trim_start().starts_with(['[', '-']) || [" ", "null ", "# comment only\n"].contains(patch)
        };
        if patches.iter().any(operations) {
            continue;
        }
        let patched =
            patches.iter().map(|patch| Patch::parse(patch)).collect::<Result<Vec<_>, _>>().and_then(
                |patches| {
                    let base = case["base"].as_str().unwrap();
                    Config::from_yaml(base)?.patch(&patches)?.to_yaml()
                },
            );
        let fails = case["rc"].as_i64() != Some(0);
        match patched {
            Ok(text) if !fails => {
                let wanted = case["stdout"].as_str().unwrap().strip_suffix('\n').unwrap();
                assert_eq!(text.expose(), wanted, "{name}");
            }
            Ok(_) => panic!("{name}: Go says {}", case["stderr"]),
            Err(error) => assert!(fails, "{name}: {error}"),
        }
        checked += 1;
    }
    assert_eq!(checked, 42);
}
