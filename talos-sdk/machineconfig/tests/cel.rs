//! Expressions: verdicts recorded from Go, limits, messages, and input of any kind.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

use proptest::prelude::*;
use talos_machineconfig::cel::Environment;
use talos_machineconfig::types::Expression;

const ENVIRONMENTS: [(&str, Environment); 5] = [
    ("disk", Environment::DiskLocator),
    ("volume", Environment::VolumeLocator),
    ("link", Environment::LinkLocator),
    ("trigger", Environment::OomTrigger),
    ("scoring", Environment::OomCgroupScoring),
];

#[test]
fn the_recorded_expressions_are_taken_where_go_takes_them() {
    let mut wrong = Vec::new();
    for line in include_str!("data/cel.jsonl").lines() {
        let case: serde_json::Value = serde_json::from_str(line).unwrap();
        let expression = Expression::from(case["expression"].as_str().unwrap());
        let go: Vec<_> =
            case["taken_by"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
        let taken = |environment: Environment| expression.check(environment).is_ok();
        let here: Vec<_> = ENVIRONMENTS.iter().filter(|(_, at)| taken(*at)).map(|(name, _)| *name).collect();
        if here != go {
            wrong.push(format!("{:?}: go {go:?}, here {here:?}", expression.0));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// How often the pieces can be repeated, found by asking cel-go.
#[test]
fn expressions_nest_as_deep_as_in_go_and_no_deeper() {
    let nested = [
        ("(", "true", ")", "", 249),
        ("!(", "true", ")", "", 249),
        ("", "1", "+1", " > 0", 249),
        ("1+(", "1", ")", " > 0", 124),
        ("1+1*(", "1", ")", " > 0", 83),
        ("", "true", "==true", "", 250),
        ("true==(", "true", ")", "", 124),
        ("true?true:", "true", "", "", 249),
        ("(", "true", "?true:true)", "", 248),
        ("", "dyn(1)", ".a", " == true", 249),
        ("dyn(", "1", ")", " == 1", 249),
        ("-(", "1", ")", " > 0", 249),
        ("!(true&&(true||(", "true", ")))", "", 83),
        ("[1].all(x,", "true", ")", "", 249),
        ("", "[1]", ".map(x,x)", " == [1]", 249),
        ("", "[1]", ".filter(x,true)", " == [1]", 249),
    ];
    for (before, middle, after, end, limit) in nested {
        let check = |count: usize| {
            let text = before.repeat(count) + middle + &after.repeat(count) + end;
            Expression(text).check(Environment::DiskLocator)
        };
        check(limit).unwrap_or_else(|error| panic!("{before}{middle}{after} {limit} times: {error}"));
        let error = check(limit + 1).expect_err(before).to_string();
        assert!(error.ends_with("nested more than 250 deep"), "{before}{middle}{after}: {error}");
    }
}

#[test]
fn long_expressions_are_answered_up_to_the_limit_of_go() {
    let chain = |count: usize| Expression("true".to_owned() + &"&&true".repeat(count));
    assert!(chain(16_666).check(Environment::DiskLocator).is_ok(), "100,000 characters");
    let error = chain(16_667).check(Environment::DiskLocator).unwrap_err().to_string();
    assert!(error.contains("longer than 100000 characters"), "{error}");
}

/// cel-go does not come back from these.
#[test]
fn expressions_whose_types_explode_are_refused() {
    let doubled = "[1]".to_owned() + &".map(x, {x: x})".repeat(100) + " == []";
    let copied = "optional.of(1u)".to_owned() + &".optMap(x, x)".repeat(100) + ".value() == 1u ? 1.0 : 2.0";
    for (text, environment) in [(doubled, Environment::DiskLocator), (copied, Environment::OomCgroupScoring)]
    {
        let error = Expression(text).check(environment).unwrap_err().to_string();
        assert!(error.contains("too complex"), "{error}");
    }
    let lists = "[".repeat(240) + &"]".repeat(240) + " == []";
    assert!(Expression(lists).check(Environment::DiskLocator).is_ok());
}

#[test]
fn messages_say_where_and_what_to_write() {
    let disk = Environment::DiskLocator;
    for (text, environment, message) in [
        ("disk.sise > 1u", disk, r#"column 5: unknown field of DiskSpec "sise", did you mean "size"?"#),
        ("dsk.size > 1u", disk, r#"column 1: unknown name "dsk", did you mean "disk"?"#),
        (
            "link.mtu > 1",
            Environment::LinkLocator,
            "column 10: `>` can't join uint and int, write unsigned numbers with u",
        ),
        ("disk.size", disk, "column 5: the whole expression is uint, write one that is bool"),
        ("glb('a', 'b')", disk, r#"column 1: unknown function "glb", did you mean "glob"?"#),
        ("glob('a')", disk, "column 1: glob() doesn't take (string)"),
        ("disk.size = 1u", disk, "column 11: `=` is no operator, write =="),
        ("disk.model == 'a", disk, "column 15: the text has no end quote"),
        ("(system_disk", disk, "column 13: the expression ends where `)` should stand"),
        ("true &&\n dsk", disk, r#"line 2, column 2: unknown name "dsk", did you mean "disk"?"#),
        ("'é' == 'é' || x", disk, r#"column 15: unknown name "x""#),
        (
            "memory_max > 1u",
            Environment::OomCgroupScoring,
            "column 12: `>` can't join optional(uint) and uint",
        ),
    ] {
        let error = Expression::from(text).check(environment).unwrap_err().to_string();
        assert!(error.starts_with(&format!("expression: {message}")), "{text}: {error}");
        assert!(!error.contains('\n'), "{error}");
    }
}

#[test]
fn the_selector_of_a_disk_path_is_taken_whatever_the_path() {
    for (path, text) in [
        ("/dev/sda", r#"disk.dev_path == "/dev/sda""#),
        ("a\"b\\c\n\u{7f}é", r#"disk.dev_path == "a\"b\\c\n\x7fé""#),
    ] {
        let expression = Expression::disk_path(path);
        assert_eq!(expression.0, text);
        expression.check(Environment::DiskLocator).unwrap();
    }
}

/// Pieces that together are nearly an expression.
fn fragment() -> impl Strategy<Value = String> {
    let pieces = [
        "disk",
        ".size",
        ".symlinks",
        "link",
        "memory_max",
        "system_disk",
        "optional",
        ".none()",
        "[",
        "]",
        "(",
        ")",
        "{",
        "}",
        "[?",
        ".?",
        ",",
        ":",
        "?",
        "!",
        "-",
        "+",
        "==",
        "<",
        "&&",
        "||",
        " in ",
        "1",
        "1u",
        "1.5",
        "1e9",
        "0x",
        "'a'",
        "b'",
        "\"",
        "'''",
        "r'",
        "\\x",
        "\\u00",
        ".all(x, ",
        ".map(x, ",
        ".optMap(x, ",
        "has(",
        "dyn(",
        "type(",
        "x",
        "//",
        "\n",
        "é",
        "\0",
        "`",
        "google.protobuf.Value",
        "null",
        "true",
        "GiB",
        "as",
        ".",
        "size(",
    ];
    prop::collection::vec(prop::sample::select(pieces.to_vec()), 0..30).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_text_is_answered(text in prop_oneof![fragment(), ".*"]) {
        for (_, environment) in ENVIRONMENTS {
            if let Err(error) = Expression::from(text.as_str()).check(environment) {
                prop_assert!(error.to_string().starts_with("expression: "), "{}", error);
            }
        }
    }
}
