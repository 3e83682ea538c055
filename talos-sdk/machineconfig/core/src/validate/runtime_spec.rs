//! Changes to the OCI runtime specification: whether they have its shape.

use talos_yaml::{Kind, Node, Scalar};

use crate::types::Unstructured;
use crate::validate::Findings;

/// Types as lines of `name field:type …`: `[type]` is a list, `{type}` a map. Version 1.3 of the specification.
const TYPES: &str = include_str!("runtime_spec.txt");
/// What is in fields that the specification does not know.
const ANY: &str = "any";

/// Checks the changes under `key`. Unknown fields are allowed, as the container runtime passes over them.
pub(crate) fn check_runtime_spec(key: &str, changes: &Unstructured, found: &mut Findings) {
    found.within(key, |found| {
        for (name, node) in changes.iter() {
            found.within(name, |found| check(node, field_type("Spec", name), found));
        }
    });
}

/// The type of a field, whose name may be in any case.
fn field_type(structure: &str, field: &str) -> &'static str {
    let fields = TYPES.lines().find_map(|line| line.strip_prefix(structure)?.strip_prefix(' '));
    let mut fields = fields.unwrap_or_default().split(' ').filter_map(|field| field.split_once(':'));
    fields.find(|(name, _)| name.eq_ignore_ascii_case(field)).map_or(ANY, |(_, kind)| kind)
}

fn check(node: &Node, expected: &str, found: &mut Findings) {
    if node.is_null() {
        return;
    }
    let inner = |open, close| expected.strip_prefix(open).and_then(|rest| rest.strip_suffix(close));
    let is_structure = expected.starts_with(char::is_uppercase);
    match node.kind() {
        Kind::Mapping if expected == ANY || is_structure || inner('{', '}').is_some() => {
            for (key, value) in node.entries() {
                let Ok(Scalar::Str(name)) = key.resolve() else {
                    let key = key.value().unwrap_or_default();
                    found.error("", format!("the key {key} is not text: put it in quotes"));
                    continue;
                };
                let expected = inner('{', '}').unwrap_or_else(|| field_type(expected, name));
                found.within(name, |found| check(value, expected, found));
            }
        }
        Kind::Sequence if expected == ANY || inner('[', ']').is_some() => {
            let expected = inner('[', ']').unwrap_or(ANY);
            found.each_item(node.items(), |item, found| check(item, expected, found));
        }
        Kind::Scalar if fits(node, expected) => {}
        _ => found.error("", format!("the OCI runtime specification has {} here", describe(expected))),
    }
}

fn fits(node: &Node, expected: &str) -> bool {
    let Ok(value) = node.resolve() else { return false };
    let number = match value {
        Scalar::Int(value) => Some(i128::from(value)),
        Scalar::Uint(value) => Some(i128::from(value)),
        // Go writes such a number without fraction, and larger ones with an exponent.
        Scalar::Float(value) if value.fract() == 0.0 && value.abs() < 1e21 => Some(value as i128),
        _ => None,
    };
    match expected {
        ANY => !matches!(value, Scalar::Float(value) if !value.is_finite()),
        "string" => matches!(value, Scalar::Str(_) | Scalar::Timestamp(_) | Scalar::Binary(_)),
        "bool" => matches!(value, Scalar::Bool(_)),
        _ => number.is_some_and(|number| {
            range(expected).is_some_and(|(least, most)| (least..=most).contains(&number))
        }),
    }
}

/// Least and most of a whole number.
fn range(expected: &str) -> Option<(i128, i128)> {
    Some(match expected {
        "int32" => (i32::MIN.into(), i32::MAX.into()),
        "int64" => (i64::MIN.into(), i64::MAX.into()),
        "uint16" => (0, u16::MAX.into()),
        "uint32" => (0, u32::MAX.into()),
        "uint64" => (0, u64::MAX.into()),
        _ => return None,
    })
}

fn describe(expected: &str) -> String {
    match expected {
        ANY => "a finite number".to_owned(),
        "string" => "text".to_owned(),
        "bool" => "true or false".to_owned(),
        _ if expected.starts_with('[') => "a list".to_owned(),
        _ => match range(expected) {
            Some((least, most)) => format!("a whole number from {least} to {most}"),
            None => "a mapping".to_owned(),
        },
    }
}
