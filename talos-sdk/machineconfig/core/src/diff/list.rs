//! Which entries of two lists belong together.

use std::collections::HashSet;

use talos_yaml::Node;

use crate::model::{Merge, Shape};

/// Above this many comparisons, entries of a long list are matched by their places only.
const MOST_COMPARISONS: usize = 1_000_000;

/// Keys by which entries are told apart where no merge rule says it.
const NAMES: [&str; 4] = ["name", "path", "mountPath", "mountpoint"];

/// An index of the first list, of the second, or of both where the entries belong together.
pub(super) type Pair = (Option<usize>, Option<usize>);

/// Pairs the entries of two lists, in their order.
pub(super) fn align(before: &[Node], after: &[Node], entry: &Shape, merge: Merge) -> Vec<Pair> {
    let names = identities(before, entry, merge).zip(identities(after, entry, merge));
    let is_same = |left: usize, right: usize| match &names {
        Some((left_names, right_names)) => left_names[left] == right_names[right],
        None => before[left] == after[right],
    };
    let start = (0..before.len().min(after.len())).take_while(|at| is_same(*at, *at)).count();
    let rest = before.len().min(after.len()) - start;
    let end = (1..=rest).take_while(|at| is_same(before.len() - at, after.len() - at)).count();
    let (left_end, right_end) = (before.len() - end, after.len() - end);

    let mut pairs: Vec<Pair> = (0..start).map(|at| (Some(at), Some(at))).collect();
    let (mut left, mut right) = (start, start);
    let common = common(start..left_end, start..right_end, is_same);
    for (left_match, right_match) in common.into_iter().chain([(left_end, right_end)]) {
        // Without names, what stands in the same place of a gap is taken for the same entry, changed.
        while names.is_none() && left < left_match && right < right_match {
            pairs.push((Some(left), Some(right)));
            (left, right) = (left + 1, right + 1);
        }
        pairs.extend((left..left_match).map(|at| (Some(at), None)));
        pairs.extend((right..right_match).map(|at| (None, Some(at))));
        if left_match < left_end {
            pairs.push((Some(left_match), Some(right_match)));
        }
        (left, right) = (left_match + 1, right_match + 1);
    }
    pairs.extend((0..end).map(|at| (Some(left_end + at), Some(right_end + at))));
    pairs
}

/// What tells each entry from the others, if something does.
fn identities<'a>(list: &'a [Node], entry: &Shape, merge: Merge) -> Option<Vec<&'a Node>> {
    let by = |keys: &[&str]| -> Option<Vec<&Node>> {
        let names: Vec<_> = list
            .iter()
            .map(|node| keys.iter().find_map(|key| node.get(key).filter(|value| !value.is_empty())))
            .collect::<Option<_>>()?;
        let texts: HashSet<_> = names.iter().map(|name| talos_yaml::emit(name)).collect();
        (texts.len() == names.len()).then_some(names)
    };
    match (merge, entry) {
        (Merge::By(keys), _) => by(keys),
        (_, Shape::Struct(entry)) => {
            let first = entry.flat().first().map(|field| field.key);
            NAMES
                .iter()
                .copied()
                .find(|name| entry.field(name).is_some())
                .or(first)
                .and_then(|key| by(&[key]))
        }
        _ => by(&["name"]),
    }
}

/// The longest series of pairs that are the same, by the usual table of lengths.
fn common(
    left: std::ops::Range<usize>,
    right: std::ops::Range<usize>,
    is_same: impl Fn(usize, usize) -> bool,
) -> Vec<(usize, usize)> {
    let (rows, columns) = (left.len(), right.len());
    if rows == 0 || columns == 0 || rows.saturating_mul(columns) > MOST_COMPARISONS {
        return Vec::new();
    }
    let width = columns + 1;
    let mut lengths = vec![0_u32; (rows + 1) * width];
    for row in (0..rows).rev() {
        for column in (0..columns).rev() {
            lengths[row * width + column] = if is_same(left.start + row, right.start + column) {
                lengths[(row + 1) * width + column + 1] + 1
            } else {
                lengths[(row + 1) * width + column].max(lengths[row * width + column + 1])
            };
        }
    }
    let (mut row, mut column) = (0, 0);
    let mut pairs = Vec::new();
    while row < rows && column < columns {
        if is_same(left.start + row, right.start + column) {
            pairs.push((left.start + row, right.start + column));
            (row, column) = (row + 1, column + 1);
        } else if lengths[(row + 1) * width + column] >= lengths[row * width + column + 1] {
            row += 1;
        } else {
            column += 1;
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(text: &str) -> Vec<Node> {
        text.chars().map(|c| Node::string(c.to_string())).collect()
    }

    fn pairs(before: &str, after: &str) -> String {
        let letter = |text: &str, at: Option<usize>| at.and_then(|at| text.chars().nth(at)).unwrap_or('.');
        let pairs = align(&list(before), &list(after), &Shape::Text, Merge::Common);
        let pairs: Vec<_> =
            pairs.iter().map(|(l, r)| format!("{}{}", letter(before, *l), letter(after, *r))).collect();
        pairs.join(" ")
    }

    #[test]
    fn entries_that_stay_are_found() {
        for (before, after, wanted) in [
            ("", "", ""),
            ("ab", "ab", "aa bb"),
            ("ab", "xab", ".x aa bb"),
            ("xab", "ab", "x. aa bb"),
            ("ab", "axb", "aa .x bb"),
            ("axb", "ayb", "aa xy bb"),
            ("abcd", "bxd", "a. bb cx dd"),
            ("abc", "cab", ".c aa bb c."),
            ("aa", "a", "aa a."),
            ("ab", "", "a. b."),
            ("", "ab", ".a .b"),
        ] {
            assert_eq!(pairs(before, after), wanted, "{before} {after}");
        }
    }

    #[test]
    fn very_long_lists_are_matched_by_place() {
        let before: Vec<Node> = (0..2000).map(Node::int).collect();
        let after: Vec<Node> = (1..2002).map(Node::int).rev().collect();
        assert_eq!(align(&before, &after, &Shape::Text, Merge::Common).len(), 2001);
    }
}
