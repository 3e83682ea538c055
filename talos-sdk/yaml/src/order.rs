//! The order in which Go's YAML writer puts the keys of a map.

use std::cmp::Ordering;

use crate::node::Node;
use crate::resolve::Scalar;

/// Compares two map keys in the natural order of Go's YAML writer.
///
/// At the first character that differs: letters by code point; a letter after anything else, except right
/// behind a common digit, where it comes first; otherwise the runs of digits that start there by their value
/// (no digits count 0), then by their length, then the characters. `a1 a2 a10 ab`, not `a1 a10 a2 ab`.
pub fn natural_cmp(a: &str, b: &str) -> Ordering {
    compare(a, b, true)
}

/// The natural order of yaml.v2, in which a letter comes after anything else also behind a digit.
pub(crate) fn natural_cmp_v2(a: &str, b: &str) -> Ordering {
    compare(a, b, false)
}

fn compare(a: &str, b: &str, looks_back: bool) -> Ordering {
    if a == b {
        return Ordering::Equal;
    }
    let a: Vec<char> = a.chars().collect();
    let b: Vec<char> = b.chars().collect();
    let Some(at) = a.iter().zip(&b).position(|(x, y)| x != y) else {
        return a.len().cmp(&b.len());
    };
    let (x, y) = (a[at], b[at]);
    let after_digit = looks_back && at > 0 && is_digit(a[at - 1]);
    match (is_letter(x), is_letter(y)) {
        (true, true) => return x.cmp(&y),
        (true, false) => return if after_digit { Ordering::Less } else { Ordering::Greater },
        (false, true) => return if after_digit { Ordering::Greater } else { Ordering::Less },
        (false, false) => {}
    }
    // A zero right behind a non-zero digit is part of a larger number, so both runs get that digit in front.
    let in_number =
        (x == '0' || y == '0') && a[..at].iter().rev().take_while(|c| is_digit(**c)).any(|c| *c != '0');
    let start = i64::from(in_number);
    let (a_value, a_end) = digit_run(&a, at, start);
    let (b_value, b_end) = digit_run(&b, at, start);
    a_value.cmp(&b_value).then(a_end.cmp(&b_end)).then(x.cmp(&y))
}

fn digit_run(text: &[char], from: usize, start: i64) -> (i64, usize) {
    let mut value = start;
    let mut at = from;
    while let Some(c) = text.get(at).filter(|c| is_digit(**c)) {
        // Go subtracts '0' from digits of any script and lets the number wrap.
        value = value.wrapping_mul(10).wrapping_add(i64::from(u32::from(*c)) - i64::from(u32::from('0')));
        at += 1;
    }
    (value, at)
}

fn is_digit(c: char) -> bool {
    c.is_ascii_digit() || (!c.is_ascii() && c.is_numeric() && is_decimal_digit(c))
}

/// Unicode decimal digits (category Nd) outside ASCII: blocks of ten with a fixed zero.
fn is_decimal_digit(c: char) -> bool {
    const ZEROS: &[u32] = &[
        0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66,
        0x0DE6, 0x0E50, 0x0ED0, 0x0F20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90,
        0x1B50, 0x1BB0, 0x1C40, 0x1C50, 0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10,
        0x104A0, 0x1D7CE, 0x1D7D8, 0x1D7E2, 0x1D7EC, 0x1D7F6,
    ];
    let c = u32::from(c);
    ZEROS.iter().any(|zero| (*zero..zero + 10).contains(&c))
}

fn is_letter(c: char) -> bool {
    // `is_alphabetic` also takes marks and letter-like numbers, which are rare enough in keys to tell apart
    // only where Go would see a number.
    if c.is_ascii() { c.is_ascii_alphabetic() } else { c.is_alphabetic() && !c.is_numeric() }
}

/// Compares map keys of any type: booleans and numbers by value before everything else, then nulls, then
/// strings in natural order.
pub(crate) fn key_cmp(a: &Node, b: &Node) -> Ordering {
    let (a, b) = (Rank::of(a), Rank::of(b));
    if let (Some(x), Some(y)) = (a.number, b.number) {
        return x.partial_cmp(&y).unwrap_or(Ordering::Equal).then(a.kind.cmp(&b.kind));
    }
    match (a.text, b.text) {
        (Some(x), Some(y)) => natural_cmp(x, y),
        _ => a.kind.cmp(&b.kind),
    }
}

struct Rank<'a> {
    kind: u8,
    number: Option<f64>,
    text: Option<&'a str>,
}

impl<'a> Rank<'a> {
    fn of(node: &'a Node) -> Self {
        let (kind, number, text) = match node.resolve() {
            Ok(Scalar::Bool(v)) => (1, Some(f64::from(u8::from(v))), None),
            Ok(Scalar::Int(v)) => (2, Some(v as f64), None),
            Ok(Scalar::Uint(v)) => (3, Some(v as f64), None),
            Ok(Scalar::Float(v)) => (4, Some(v), None),
            Ok(Scalar::Null) => (5, None, None),
            Ok(Scalar::Str(v)) => (6, None, Some(v)),
            Ok(Scalar::Binary(_)) => (6, None, node.value()),
            Ok(Scalar::Timestamp(_)) | Err(_) => (7, None, None),
        };
        Self { kind, number, text }
    }
}

/// Sorts the entries of a map. The order is not a total one for every set of keys, and the sort of the
/// standard library may panic then; this merge sort does not.
pub(crate) fn sort_entries(entries: &mut Vec<(Node, Node)>) {
    let sorted = entries.windows(2).all(|w| key_cmp(&w[0].0, &w[1].0) != Ordering::Greater);
    if !sorted {
        *entries = merge_sort(std::mem::take(entries), &|a, b| key_cmp(&a.0, &b.0));
    }
}

/// Sorts by an order that may be none for some values.
pub(crate) fn merge_sort<T>(mut entries: Vec<T>, compare: &dyn Fn(&T, &T) -> Ordering) -> Vec<T> {
    if entries.len() < 2 {
        return entries;
    }
    let right = merge_sort(entries.split_off(entries.len() / 2), compare);
    let left = merge_sort(entries, compare);
    let mut out = Vec::with_capacity(left.len() + right.len());
    let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
    while let (Some(l), Some(r)) = (left.peek(), right.peek()) {
        let from = if compare(l, r) == Ordering::Greater { &mut right } else { &mut left };
        out.extend(from.next());
    }
    out.extend(left);
    out.extend(right);
    out
}
