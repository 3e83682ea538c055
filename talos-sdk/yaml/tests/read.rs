//! The reader: what scalars mean, limits, positions, and conversion to values.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

use std::collections::BTreeMap;

use serde::Deserialize;
use talos_yaml::{
    Error, ErrorKind, IntText, Mark, Node, ScalarStyle, StrText, Tag, emit, from_str, parse_documents,
    to_string,
};

fn one(text: &str) -> Node {
    let mut documents = parse_documents(text).unwrap_or_else(|e| panic!("{e}: {text}"));
    assert_eq!(documents.len(), 1, "{text}");
    documents.remove(0)
}

fn error(text: &str) -> Error {
    parse_documents(text).unwrap_err()
}

/// What is left of a plain scalar after Go reads it without knowing its type and writes it again.
#[test]
fn scalars_as_go_resolves_them() {
    for (text, written) in [
        ("017", "15"),
        ("0o17", "15"),
        ("0x1F", "31"),
        ("-0b101", "-5"),
        ("1_000", "1000"),
        ("1__0_", "10"),
        ("089", "89"),
        ("18446744073709551615", "18446744073709551615"),
        ("18446744073709551616", "1.8446744073709552e+19"),
        ("1e3", "1000"),
        (".1_0", "0.1"),
        ("1.", "1"),
        ("-.INF", "-.inf"),
        (".NaN", ".nan"),
        ("-0", "-0"),
        ("2001-01-01", "2001-01-01T00:00:00Z"),
        ("2001-1-2 3:4:5.60", "2001-01-02T03:04:05.6Z"),
        ("2001-01-01t00:00:00+02:00", "2001-01-01T00:00:00+02:00"),
        ("2001-02-29", "2001-02-29"),
        ("~", "null"),
        ("NULL", "null"),
        ("TRUE", "true"),
        ("tRUE", "tRUE"),
        ("yes", "'yes'"),
        ("12:30", "'12:30'"),
        ("0o8", "0o8"),
        ("1e400", "1e400"),
        ("'017'", "\"017\""),
        ("!!str 017", "\"017\""),
        ("!!float 1", "1"),
        ("!!int \"0x10\"", "16"),
        ("!!binary aGk=", "hi"),
        ("!local 1", "\"1\""),
    ] {
        assert_eq!(to_string(&one(text)).unwrap(), format!("{written}\n"), "{text}");
    }
    assert_eq!(to_string(&one("!!int x")).unwrap_err().kind(), ErrorKind::Unrepresentable);
}

#[test]
fn documents() {
    assert!(parse_documents("").unwrap().is_empty());
    assert!(parse_documents("# nothing\n").unwrap().is_empty());
    let documents = parse_documents("a: 1\n---\n---\n# comment\nb: 2 # more\n...\n").unwrap();
    let kinds: Vec<_> = documents.iter().map(|d| d.tag().to_string()).collect();
    assert_eq!(kinds, ["!!map", "!!null", "!!map"]);
    assert_eq!(documents[2].get("b").unwrap().as_i64(), Some(2));
}

#[test]
fn positions_and_styles() {
    let node = one("a: 'é'\nb:\n  - !t {k: v}\n");
    assert_eq!(node.get("a").unwrap().style().scalar, ScalarStyle::SingleQuoted);
    let item = &node.get("b").unwrap().items()[0];
    assert_eq!(item.mark(), Mark { line: 3, column: 5 });
    assert_eq!(item.tag(), &Tag::Other("!t".into()));
    assert!(item.style().flow && item.style().explicit_tag);
    assert_eq!(item.get("k").unwrap().mark(), Mark { line: 3, column: 12 });
}

#[test]
fn last_line_without_a_break() {
    assert_eq!(one("k: |\n  a").get("k").unwrap().as_str(), Some("a"));
    assert_eq!(one("k: |\n  a\n").get("k").unwrap().as_str(), Some("a\n"));
    assert_eq!(one("k: |+\n  a\n\n").get("k").unwrap().as_str(), Some("a\n\n"));
    assert_eq!(one("k: >-\n  x\n\n  y").get("k").unwrap().as_str(), Some("x\ny"));
    assert_eq!(error("k: \"\\").kind(), ErrorKind::Syntax);
}

#[test]
fn duplicate_keys_name_both_lines() {
    let e = error("a: 1\nb: 2\na: 3\n");
    assert_eq!((e.kind(), e.line()), (ErrorKind::DuplicateKey, Some(3)));
    assert!(e.to_string().contains("line 1"), "{e}");
    // Keys are compared as text, as Go does.
    assert_eq!(error("1: a\n\"1\": b\n").kind(), ErrorKind::DuplicateKey);
    let many: String = (0..100).map(|n| format!("k{n}: x\n")).chain(["k7: y\n".into()]).collect();
    assert_eq!(error(&many).line(), Some(101));
}

#[test]
fn syntax_errors_have_a_place() {
    let e = error("a: b\n  c: d\n");
    assert_eq!((e.kind(), e.line(), e.column()), (ErrorKind::Syntax, Some(2), Some(4)));
    assert_eq!(error("%YAML 1.2\n---\na: b\n").kind(), ErrorKind::Syntax);
    assert_eq!(error("a: *nowhere\n").line(), Some(1));
}

#[test]
fn merge_keys_and_aliases() {
    let text = "base: &b {x: 1, y: 2}\nmore: &m {y: 3, z: 4}\nout:\n  <<: [*b, *m]\n  x: 0\n";
    let mut node = one(text);
    assert_eq!(
        to_string(node.get("out").unwrap()).unwrap(),
        "x: 0\n\"y\": 2\nz: 4\n".replace("\"y\"", "'y'")
    );
    node.expand_merge_keys().unwrap();
    let out: BTreeMap<String, i32> = talos_yaml::from_node(node.get("out").unwrap()).unwrap();
    assert_eq!(out, BTreeMap::from([("x".into(), 0), ("y".into(), 2), ("z".into(), 4)]));
    assert!(from_str::<BTreeMap<String, i32>>("<<: 1\n").is_err());
    assert_eq!(error("a: &a [*a]\n").kind(), ErrorKind::Syntax);
}

#[test]
fn alias_bomb_is_refused() {
    let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for n in 1..10 {
        let item = format!("*a{}", n - 1);
        text.push_str(&format!("a{n}: &a{n} [{}]\n", [item.as_str(); 10].join(", ")));
    }
    assert_eq!(error(&text).kind(), ErrorKind::Limit);
    let fair: String =
        std::iter::once("a: &a {k: v}\n".into()).chain((0..40).map(|n| format!("b{n}: *a\n"))).collect();
    assert_eq!(one(&fair).entries().len(), 41);
}

/// On a small stack, so that recursion would show.
fn on_small_stack(test: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().stack_size(256 << 10).spawn(test).unwrap().join().unwrap();
}

#[test]
fn deep_trees_need_no_stack() {
    on_small_stack(|| {
        let flow = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let node = one(&flow(10_000));
        let copy = node.clone();
        assert!(node == copy);
        assert_eq!(emit(&node).trim_end(), flow(10_000));
        assert_eq!(to_string(&node).unwrap().len(), 2 * 10_000 + 1);
        assert!(!format!("{node:?}").is_empty());
        drop(copy);
        assert_eq!(error(&flow(10_001)).kind(), ErrorKind::Limit);
        let block: String = (0..10_001).map(|_| "- ").collect();
        assert_eq!(error(&block).kind(), ErrorKind::Limit);
    });
    std::thread::Builder::new()
        .stack_size(2 << 20)
        .spawn(|| {
            let text = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
            assert_eq!(from_str::<serde_json::Value>(&text).unwrap_err().kind(), ErrorKind::Limit);
            // A field that takes a node takes it whole.
            assert!(from_str::<Node>(&text).unwrap().is_sequence());
        })
        .unwrap()
        .join()
        .unwrap();
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
struct Machine {
    kind: String,
    enabled: bool,
    port: u16,
    ratio: f64,
    sans: Vec<String>,
    labels: BTreeMap<String, String>,
    extra: Option<Box<Machine>>,
    list: Vec<Machine>,
    options: Vec<Option<String>>,
}

#[test]
fn conversions_as_go_makes_them() {
    let machine: Machine = from_str(
        "kind: 0x10\nenabled: On\nport: 0o17\nratio: 1\nsans: [yes, 1.50, ~, '']\n\
         labels: {a: true, b: 017}\nextra: {kind: ~}\nlist: [~, {port: 1e3}]\noptions: [~, x]\n",
    )
    .unwrap();
    assert_eq!(machine.kind, "0x10");
    assert!(machine.enabled);
    assert_eq!(machine.port, 15);
    assert!((machine.ratio - 1.0).abs() < f64::EPSILON);
    assert_eq!(machine.sans, ["yes", "1.50", ""]);
    assert_eq!(machine.labels, BTreeMap::from([("a".into(), "true".into()), ("b".into(), "017".into())]));
    assert_eq!(machine.extra, Some(Box::new(Machine::default())));
    assert_eq!(machine.list.len(), 1);
    assert_eq!(machine.list[0].port, 1000);
    assert_eq!(machine.options, [None, Some("x".into())]);
    assert_eq!(from_str::<Machine>("").unwrap(), Machine::default());
    assert_eq!(from_str::<Machine>("port: null\nsans: null\nlabels: null\n").unwrap(), Machine::default());
}

#[test]
fn type_errors_have_place_and_path() {
    let e = from_str::<Machine>("kind: x\nextra:\n  list:\n    - port: 1\n    - port: high\n").unwrap_err();
    assert_eq!((e.kind(), e.line(), e.column()), (ErrorKind::Type, Some(5), Some(13)));
    assert_eq!(e.path(), "extra.list[1].port");
    assert!(!e.to_string().contains("high"), "values stay out of messages: {e}");
    for (text, path) in [
        ("kind: 2001-01-01\n", "kind"),
        ("kind: [a]\n", "kind"),
        ("enabled: 1\n", "enabled"),
        ("port: 70000\n", "port"),
        ("port: 1.5\n", "port"),
        ("sans: a\n", "sans"),
        ("labels: [a]\n", "labels"),
    ] {
        let e = from_str::<Machine>(text).unwrap_err();
        assert_eq!((e.path(), e.line()), (path, Some(1)), "{text}");
    }
    assert!(from_str::<Machine>("- a\n").is_err());
}

#[test]
fn editing_a_tree() {
    let mut node = one("a: 1\nb: {c: [x]}\n");
    assert_eq!(node.get_path(&["b", "c"]).unwrap().items()[0].as_str(), Some("x"));
    assert_eq!(node.set("a", Node::string("true")).unwrap().as_i64(), Some(1));
    assert!(node.set("mode", talos_yaml::to_node(&IntText("0o644")).unwrap()).is_none());
    assert!(node.remove("b").unwrap().is_mapping());
    assert_eq!(emit(&node), "a: \"true\"\nmode: 0o644\n");
}

#[test]
fn strings_in_the_form_of_nodes() {
    for (text, written) in
        [("y", "y"), ("12:30", "12:30"), ("<<", "\"<<\""), ("true", "\"true\""), ("\n", "|+\n\n")]
    {
        assert_eq!(to_string(&StrText(text)).unwrap().trim_end(), written.trim_end(), "{text:?}");
    }
}

#[test]
fn form_of_a_tree_is_kept() {
    for text in [
        "a: 'x'\nb: \"y\"\nc: [1, {d: e}]\nf: |\n    text\ng: >-\n    folded\n    text\n",
        "!t\na: !!str 1\nb: !u [x]\nc: 0x10\nd: <<\n",
        "? - a\n  - b\n: - c\n",
        "- - a\n  - b: c\n- []\n- {}\n",
    ] {
        let written = emit(&one(text));
        assert_eq!(emit(&one(&written)), written, "{text}");
    }
    assert_eq!(emit(&one("a: 'x'\nc: [1, {d: 'e'}]\n")), "a: 'x'\nc: [1, {d: 'e'}]\n");
}

#[test]
fn debug_shows_no_values() {
    let node = one("token: hunter2\n");
    assert!(!format!("{node:?}{:?}", node.get("token")).contains("hunter2"));
}

/// go-yaml v4 rc.4 and rc.6 on the same texts.
#[test]
fn a_comment_behind_a_tab_follows_only_comments_that_have_their_own_line() {
    for text in ["a:\n# x\n\t# y\n", "a: b\n# x\n\t# y\n", "- # x\n\t# y\n", "a: b # x\n# z\n\t# y\n"] {
        assert!(parse_documents(text).is_ok(), "{text:?}");
    }
    for text in ["a: #\n\t# y\n", "a: !p # x\n\t# y\n", "a: b # x\n\n\t# y\n", "- !p #\n\t# y\n"] {
        assert!(parse_documents(text).is_err(), "{text:?}");
    }
}
