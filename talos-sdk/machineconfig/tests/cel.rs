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
    let nested: [(&str, &str, &str, usize); 13] = [
        ("(", "true", ")", 249),
        ("!(", "true", ")", 249),
        ("", "1 > 0 || 1", "+1", 0),
        ("", "1 == 1", "==true", 249),
        ("true?true:", "true", "", 249),
        ("(", "true", "?true:true)", 248),
        ("true==(", "true", ")", 124),
        ("size(string(1+", "1 > 0 || 1", "))", 0),
        ("dyn(", "true", ")==true", 0),
        ("true&&(", "true", ")", 249),
        ("true||(true&&(", "true", "))", 124),
        ("!(true&&(true||(", "true", ")))", 83),
        ("[1].all(x,", "true", ")", 249),
    ];
    for (before, middle, after, limit) in nested.into_iter().filter(|case| case.3 > 0) {
        let text = |count: usize| before.repeat(count) + middle + &after.repeat(count);
        let check = |count| Expression(text(count)).check(Environment::DiskLocator);
        check(limit).unwrap_or_else(|error| panic!("{before}…{after} {limit} times: {error}"));
        let error = check(limit + 1).expect_err(before);
        assert!(error.to_string().contains("deep"), "{error}");
    }
}
