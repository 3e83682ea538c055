//! Patches as the Go machinery applies them. Recorded cases stand beside the repository; without them it is said that
//! they were skipped.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

mod reference;

use std::fs::{self, File};
use std::io::Read as _;

use flate2::read::GzDecoder;
use proptest::prelude::*;
use serde_json::Value;
use talos_machineconfig::{Config, ErrorKind, Patch, Result, patch_text};

use reference::reference;

fn patched(config: &str, patches: &[&str]) -> Result<String> {
    let patches = patches.iter().map(|patch| Patch::parse(patch)).collect::<Result<Vec<_>>>()?;
    patch_text(config, &patches).map(|patched| patched.text.expose().to_owned())
}

/// Why a case does not come out as Go has it: as `wanted`, or as a failure.
fn difference(config: &Value, patches: &Value, wanted: Option<&str>) -> Option<String> {
    let patches: Vec<&str> =
        patches.as_array().unwrap().iter().map(|patch| patch.as_str().unwrap()).collect();
    match (patched(config.as_str().unwrap(), &patches), wanted) {
        (Ok(text), Some(wanted)) if text == wanted => None,
        (Ok(text), Some(wanted)) => {
            let line = text.lines().zip(wanted.lines()).position(|(ours, theirs)| ours != theirs);
            Some(format!("other bytes, first in line {:?}\n{text}", line.map(|line| line + 1)))
        }
        (Ok(_), None) => Some("Go refuses this".to_owned()),
        (Err(error), Some(_)) => Some(error.to_string()),
        (Err(error), None) => error.to_string().contains('\n').then(|| format!("two lines: {error}")),
    }
}

fn assert_none(differences: &[String], cases: usize) {
    assert!(differences.is_empty(), "{} of {cases} differ:\n{}", differences.len(), differences.join("\n"));
}

#[test]
fn recorded_patches() {
    let Some(path) = reference("golden/patch/cases.jsonl") else { return };
    let cases = fs::read_to_string(path).unwrap();
    let mut differences = Vec::new();
    for line in cases.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let wanted = (case["rc"] == 0).then(|| case["stdout"].as_str().unwrap().strip_suffix('\n').unwrap());
        if let Some(difference) = difference(&case["base"], &case["patches"], wanted) {
            differences.push(format!("{}: {difference}", case["name"]));
        }
    }
    assert_eq!(cases.lines().count(), 62);
    assert_none(&differences, 62);
}

#[test]
fn recorded_random_patches() {
    let Some(path) = reference("golden-1.14/patch.jsonl.gz") else { return };
    let mut cases = String::new();
    GzDecoder::new(File::open(path).unwrap()).read_to_string(&mut cases).unwrap();
    let mut differences = Vec::new();
    for line in cases.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let (request, answer) = (&case["request"], &case["answer"]);
        let wanted = (answer["fails"] != true).then(|| answer["out"].as_str().unwrap());
        if let Some(difference) = difference(&request["config"], &request["patches"], wanted) {
            differences.push(format!("{}: {difference}", case["name"]));
        }
    }
    assert_eq!(cases.lines().count(), 600);
    assert_none(&differences, 600);
}

const VOLUME: &str = "apiVersion: v1alpha1\nkind: UserVolumeConfig\nname: data\nprovisioning:\n  diskSelector:\n    \
                      match: disk.transport == 'nvme'\n  minSize: 10GiB\n  maxSize: 50GiB\n";

#[test]
fn what_a_merge_loses_is_said() {
    let header = "apiVersion: v1alpha1\nkind: UserVolumeConfig\nname: data\n";
    let warnings = |patch: &str| {
        let patches = [Patch::parse("machine: {type: worker}\n"), Patch::parse(&format!("{header}{patch}"))];
        let patched = Config::from_yaml(VOLUME).unwrap().patch(&patches.map(Result::unwrap)).unwrap();
        let text = patched.config.to_yaml().unwrap();
        (patched.warnings.iter().map(ToString::to_string).collect::<Vec<_>>(), text.expose().to_owned())
    };
    let (said, text) = warnings("filesystem: {type: xfs}\n");
    assert!(
        !text.contains("match") && !text.contains("minSize") && text.contains("maxSize: 50GiB"),
        "{text}"
    );
    let place = "patch 2: UserVolumeConfig data: provisioning";
    let hint = "because the patch does not repeat it, add it to the patch to keep it";
    assert_eq!(
        said,
        [
            format!("{place}.diskSelector.match: Talos drops \"disk.transport == 'nvme'\" {hint}"),
            format!("{place}.minSize: Talos drops \"10GiB\" {hint}"),
        ]
    );
    let (said, text) = warnings(
        "provisioning: {minSize: 20GiB, maxSize: 50%, diskSelector: {match: \"disk.transport == 'nvme'\"}}\n",
    );
    assert!(text.contains("minSize: 20GiB") && text.contains("maxSize: 50GiB"), "{text}");
    let wanted = "patch 2: UserVolumeConfig data: provisioning.maxSize: Talos keeps \"50GiB\", delete it in a patch \
                  before this one to change it";
    assert_eq!(said, [wanted]);
}

#[test]
fn a_check_names_places_and_no_values() {
    let config = Config::from_yaml(&format!(
        "machine:\n  token: hush\n  certSANs: [a]\n  network:\n    interfaces:\n      - {{interface: eth0, mtu: 1}}\n---\n\
         {VOLUME}"
    ))
    .unwrap();
    let patch = "machine:\n  token: hush-2\n  certSANs: [b]\n  type: worker\n  network:\n    interfaces:\n      \
                 - {interface: eth0, mtu: 2}\n---\napiVersion: v1alpha1\nkind: HostnameConfig\nhostname: h\n---\n\
                 apiVersion: v1alpha1\nkind: UserVolumeConfig\nname: data\n$patch: delete\n---\n\
                 apiVersion: v1alpha1\nkind: LinkConfig\nname: eth9\n$patch: delete\n";
    let changes = Patch::parse(patch).unwrap().check(&config).unwrap();
    let changes: Vec<String> = changes.iter().map(ToString::to_string).collect();
    assert_eq!(
        changes,
        [
            "adds v1alpha1: machine.type",
            "replaces v1alpha1: machine.token",
            "appends 1 entry to v1alpha1: machine.certSANs",
            "replaces v1alpha1: machine.network.interfaces[0].mtu",
            "deletes UserVolumeConfig data",
            "adds HostnameConfig",
            "leaves alone LinkConfig eth9",
        ]
    );

    let config = Config::from_yaml("machine:\n  token: hush\n  certSANs: [a, b, c]\n").unwrap();
    let patch = "- {op: remove, path: /machine/certSANs/1}\n- {op: test, path: /machine/token, value: hush}\n\
                 - {op: add, path: /machine/type, value: worker}\n";
    let changes = Patch::parse(patch).unwrap().check(&config).unwrap();
    let changes: Vec<String> = changes.iter().map(ToString::to_string).collect();
    assert_eq!(
        changes,
        [
            "adds v1alpha1: machine.type",
            "deletes v1alpha1: machine.certSANs[1]",
            "leaves alone v1alpha1: machine.token",
        ]
    );
}

#[test]
fn a_failure_says_which_patch_and_where() {
    let config = "machine:\n  type: worker\n  certSANs: [a]\n";
    for (patches, kind, message) in [
        (
            &["machine: {token: t}\n", "[{\"op\": \"remove\", \"path\": \"/machine/nope\"}]"] as &[&str],
            ErrorKind::PatchTargetMissing,
            "patch 2, operation 1 (remove /machine/nope): /machine/nope: there is no such key",
        ),
        (
            &["- {op: add, path: /machine/certSANs/5, value: x}\n"],
            ErrorKind::PatchTargetMissing,
            "patch 1, operation 1 (add /machine/certSANs/5): /machine/certSANs/5: the list has only 1 entries",
        ),
        (
            &["[]", "- {op: test, path: /machine/type, value: hush}\n"],
            ErrorKind::PatchTestFailed,
            "patch 2, operation 1 (test /machine/type): /machine/type has another value than the patch expects",
        ),
        (
            &["- {op: ad, path: /machine/type}\n"],
            ErrorKind::InvalidValue,
            "patch 1, operation 1 (ad /machine/type): there is no operation \"ad\", use add, remove, replace, move, copy or \
             test",
        ),
        (
            &["machine:\n  token: t\n---\napiVersion: v1alpha1\nkind: HostnameConfig\n", "[]"],
            ErrorKind::Unsupported,
            "patch 2: operations (RFC 6902) change a configuration of one document, this one has 2; write the patch as a \
             piece of configuration",
        ),
        (&["[{\"op\":\n \"add\",]"], ErrorKind::Syntax, "line 2, column 8: expected a key in double quotes"),
    ] {
        let error = patched(config, patches).unwrap_err();
        assert_eq!((error.kind(), error.to_string().as_str()), (kind, message), "{patches:?}");
    }
    let broken = Config::from_yaml(config).unwrap();
    let patch = Patch::parse("- {op: add, path: /machine/tokn, value: hush}\n").unwrap();
    let error = broken.patch(std::slice::from_ref(&patch)).unwrap_err().to_string();
    assert_eq!(
        error,
        "the patched configuration: line 4: machine.tokn: unknown key, did you mean \"token\"?"
    );
    assert!(!format!("{patch:?}").contains("hush"), "{patch:?}");
}

#[test]
fn keys_of_a_deleted_part_may_stand_twice() {
    let patch = "machine:\n  sysctls:\n    $patch: delete\n    a: b\n    a: c\n";
    let text = patched("machine: {sysctls: {x: y}}\n", &[patch]).unwrap();
    assert!(!text.contains("sysctls"), "{text}");
    assert!(patched("machine: {}\n", &["machine: {token: a, token: b}\n"]).is_err());
}

proptest! {
    #[test]
    fn merging_nothing_changes_nothing(sysctls in prop::collection::btree_map("[a-z.]{1,6}", "\\PC{0,8}", 0..5)) {
        let config: String = sysctls.iter().fold("machine:\n  type: worker\n".into(), |config, (key, value)| {
            let start = if config.contains("sysctls") { "" } else { "  sysctls:\n" };
            format!("{config}{start}    {key}: {}\n", serde_json::to_string(value).unwrap())
        });
        let Ok(once) = patched(&config, &["machine: {type: worker}\n"]) else { return Ok(()) };
        prop_assert_eq!(&patched(&once, &["machine: {}\n"]).unwrap(), &once);
        prop_assert_eq!(patched(&config, &["machine: {type: worker}\n", "machine: {type: worker}\n"]).unwrap(), once);
    }

    #[test]
    fn replacing_twice_is_replacing_once(value in "\\PC{0,40}", key in "\\PC{1,6}") {
        let pointer = key.replace('~', "~0").replace('/', "~1");
        let operation = serde_json::json!([{"op": "add", "path": format!("/machine/{pointer}"), "value": value}]);
        let patch = operation.to_string();
        let Ok(once) = patched("machine: {}\n", &[&patch]) else { return Ok(()) };
        prop_assert_eq!(&patched("machine: {}\n", &[&patch, &patch]).unwrap(), &once);
        match patched(&once, &["[]"]) {
            Ok(again) => prop_assert_eq!(again, once),
            // Written as Go writes it, plainly, it is a merge of a text to the next reader, which Go refuses too.
            Err(_) => prop_assert_eq!(key, "<<"),
        }
    }

    #[test]
    fn any_operation_is_answered(text in "[\\[\\]{}\":,a-z0-9/ ~\\\\-]{0,60}", path in "(/[a-z0-9~-]{0,3}){0,4}") {
        let _ = patched("machine: {a: [1, {b: null}]}\n", &[&text]).is_ok();
        for op in ["add", "remove", "replace", "test", "move", "copy"] {
            let patch = serde_json::json!([{"op": op, "path": path, "from": "/machine/a", "value": {"c": [1]}}]);
            let _ = patched("machine: {a: [1, {b: null}]}\n", &[&patch.to_string()]).is_ok();
        }
    }
}

#[test]
fn deletions_in_sections_come_first() {
    let patch = "machine: {token: b}\n---\nmachine:\n  sysctls:\n    $patch: delete\n  token:\n    $patch: delete\n---\n\
                 apiVersion: v1alpha1\nkind: v1alpha1\n$patch: delete\n";
    let text = patched("machine: {token: a, sysctls: {x: y}}\n", &[patch]).unwrap();
    assert!(text.contains("token: b") && !text.contains("sysctls"), "{text}");
}

#[test]
fn corners_of_json_patches() {
    // What Go gives, where readings could differ.
    let add = |value: &str| format!("[{{\"op\": \"add\", \"path\": \"/v\", \"value\": {value}}}]");
    for (config, patch, wanted) in [
        ("a: 1\na: 2\n", "[]".to_owned(), Some("a: 2\n")),
        ("a: &x {k: 1}\nb:\n  k: 2\n  <<: *x\n", "# nothing\n".into(), Some("a:\n  k: 1\nb:\n  k: 1\n")),
        ("- 1\n- yes\n", "null ".into(), Some("- 1\n- true\n")),
        ("null\n", "[]".into(), Some("null\n")),
        ("null\n", add("1"), None),
        ("a\n", "[]".into(), None),
        ("", "[]".into(), None),
        ("a: 1\n---\n", "[]".into(), None),
        ("a: .inf\n", "[]".into(), None),
        ("yes: {~: a}\non: 1\n", "[]".into(), Some("\"true\": 1\n")),
        ("yes: {~: a}\n", "[]".into(), None),
        ("a: \"\\x7f\"\n", "[]".into(), None),
        ("{}\n", add("\"\\/\""), None),
        ("{}\n", add("\"\\ud83d\\ude00\""), None),
        ("{}\n", add("\"\\u00e9 <\""), Some("v: é <\n")),
        ("{}\n", add("1E400"), Some("v: 1E400\n")),
        ("{}\n", add("12345678901234567890123"), Some("v: 1.2345678901234568e+22\n")),
        ("{}\n", add("-0"), Some("v: 0\n")),
        (
            "{}\n",
            "- {op: add, path: /v, value: 1.0}\n- {op: test, path: /v, value: 1}\n".into(),
            Some("v: 1\n"),
        ),
        ("v: 1\n", "[{\"op\": \"test\", \"path\": \"/v\", \"value\": 1.0}]".into(), None),
        ("v: '<'\n", "[{\"op\": \"test\", \"path\": \"/v\", \"value\": \"<\"}]".into(), None),
        ("v: '<'\n", "- {op: test, path: /v, value: '<'}\n".into(), Some("v: <\n")),
        ("v: []\n", "- {op: test, path: /v, value: ~}\n".into(), Some("v: []\n")),
        ("v: ~\n", "- {op: test, path: /v, value: []}\n".into(), None),
        ("v: [~]\n", "- {op: test, path: /v, value: [~]}\n".into(), None),
        ("{}\n", format!("{} x", add("1")), Some("v: 1\n")),
        ("{}\n", format!("{},]", add("1").trim_end_matches(']')), Some("v: 1\n")),
        ("{}\n", "- {op: add, path: /v, value: {1: a}}\n".into(), None),
        ("{}\n", "- {op: replace, path: x/v, value: yes}\n".into(), Some("v: \"yes\"\n")),
    ] {
        let text = patched(config, &[&patch]).ok();
        assert_eq!(text.as_deref(), wanted, "{config:?} {patch}");
    }
}
