//! Text that is made to hurt: it is answered with a line, on a small stack, and costs no more than it is long.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

use talos_machineconfig::{Config, Patch, SecretsBundle};
use talosconfig::TalosConfig;

/// A document with a free-form value of so many levels: mappings, or lists.
fn nested(open: &str, close: &str, depth: usize) -> String {
    let value = format!("{}x{}", open.repeat(depth), close.repeat(depth));
    format!("machine:\n  type: worker\n  seccompProfiles:\n    - name: p\n      value: {{a: {value}}}\n")
}

fn on_small_stack(test: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().stack_size(2 << 20).spawn(test).unwrap().join().unwrap();
}

#[test]
fn nesting_needs_no_stack() {
    on_small_stack(|| {
        // Mappings indent, so their text grows with the square of the depth.
        for (open, close, depth) in [("[", "]", 9_990), ("{a: ", "}", 1_500)] {
            let text = nested(open, close, depth);
            let config = Config::from_yaml(&text).unwrap();
            let written = config.encode().unwrap();
            assert!(config == Config::from_yaml(&text).unwrap());
            assert!(!config.redacted().unwrap().encode().unwrap().expose().is_empty());
            assert!(config.clone().documents() == config.documents());
            let patched = config.patch(&[Patch::parse(&text).unwrap()]).unwrap().config.encode().unwrap();
            assert!(patched.expose().len() >= written.expose().len());
            let deletion = format!("{text}  sysctls:\n    a:\n      $patch: delete\n");
            drop(Patch::parse(&deletion));
            assert!(
                Config::from_yaml(&nested(open, close, 10_010)).unwrap_err().to_string().contains("line 5")
            );
        }
    });
}

#[test]
fn every_refusal_is_short_and_says_where() {
    let long = "x".repeat(1 << 20);
    let deep = "- ".repeat(20_000);
    let brackets = "[".repeat(1 << 20);
    for text in [
        "machine: \u{0}\n",
        "machine:\n  token: \"\\ud800\"\n",
        "machine:\n\ttype: worker\n",
        "%YAML 1.2\n---\nmachine: {}\n",
        "machine: {type: worker\n",
        "machine: *none\n",
        "machine: {}\nmachine: {}\n",
        "a: &a [*a]\n",
        deep.as_str(),
        brackets.as_str(),
        &format!("machine: '{long}\n"),
        &format!("{long}: 1\n{long}: 2\n"),
        &format!("machine:\n  {long}: 1\n"),
    ] {
        let start = &text[..text.len().min(30)];
        for error in [
            Config::from_yaml(text).unwrap_err().to_string(),
            Patch::parse(text).unwrap_err().to_string(),
            SecretsBundle::from_yaml(text).err().map_or("line".into(), |error| error.to_string()),
            TalosConfig::from_yaml(text).err().map_or("line".into(), |error| error.to_string()),
        ] {
            assert!(error.contains("line"), "{start:?}: {error:.200}");
            assert!(error.len() < 2000 && !error.contains('\n'), "{start:?}: {} bytes", error.len());
        }
    }
}

#[test]
fn bytes_that_are_no_text_are_refused_with_their_place() {
    let error = Config::from_slice(b"machine:\n  type: \xc3(\n").unwrap_err();
    assert!(error.to_string().starts_with("line 2, column 9"), "{error}");
    for text in ["machine:\r\n  type: worker\r\n", "\u{feff}machine:\n  type: worker\n"] {
        assert!(Config::from_slice(text.as_bytes()).is_ok(), "{text:?}");
    }
    for text in ["machine:\n\ttype: worker\n", "machine:\n  type: \"\\ud800\"\n", "machine:\n  type: a\0b\n"]
    {
        let error = Config::from_slice(text.as_bytes()).unwrap_err();
        assert!(error.to_string().starts_with("line "), "{error}");
    }
}
