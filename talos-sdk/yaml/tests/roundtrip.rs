//! Whatever is written is read back the same.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

use proptest::prelude::*;
use serde_json::Value;
use talos_yaml::{from_str, to_string};

/// Text of the characters that YAML cares about. A space or tab at the start of a block is left out: Go writes
/// those so that no reader takes them back.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[ab01:\\-#'\"\n,\\[\\]{}!&*?|>%@`~.\\\\_+<=é\u{85}\u{2028}\r\u{1F600}]{0,4}",
        Just(" ".to_owned()),
        Just("true".to_owned()),
        Just("2001-01-01".to_owned()),
    ];
    proptest::collection::vec(piece, 0..6)
        .prop_map(|pieces| pieces.concat())
        .prop_filter("block text that starts with a blank", |s| {
            !s.contains('\n') || !s.trim_start_matches(['\n', '\u{85}', '\u{2028}']).starts_with([' ', '\t'])
        })
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        text().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            proptest::collection::vec((text(), inner), 0..5)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn values(value in value()) {
        let written = to_string(&value).unwrap();
        let read: Value = from_str(&written).unwrap_or_else(|e| panic!("{e}\n{written:?}"));
        prop_assert_eq!(sorted(read), sorted(value), "{:?}", written);
    }

    #[test]
    fn floats(value in any::<f64>().prop_filter("NaN is equal to nothing", |v| !v.is_nan())) {
        let read: f64 = from_str(&to_string(&value).unwrap()).unwrap();
        prop_assert_eq!(read, value);
    }

    #[test]
    fn any_text_is_read_or_refused(text in "[ab:\\-#'\"\n ,\\[\\]{}!&*?|>%@`~.\\\\<\t]{0,24}") {
        if let Ok(documents) = talos_yaml::parse_documents(&text) {
            for document in &documents {
                prop_assert!(talos_yaml::emit(document).ends_with('\n'));
            }
        }
    }
}

/// The order of keys is the writer's business.
fn sorted(value: Value) -> Value {
    match value {
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        Value::Object(map) => {
            let mut entries: Vec<_> = map.into_iter().map(|(k, v)| (k, sorted(v))).collect();
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Object(entries.into_iter().collect())
        }
        other => other,
    }
}

#[test]
fn one_key_in_other_words_is_written_once() {
    let written = |text| to_string(&talos_yaml::parse_first(text).unwrap().unwrap()).unwrap();
    assert_eq!(written("~: 1\n? "), "null: null\n");
    assert_eq!(written("16: a\n0x10: b\n"), "16: b\n");
}
