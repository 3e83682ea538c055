//! Merging a patch into a value.

use std::{fmt, mem};

use crate::model::{Fields, Value};

/// How two values are merged where their type leaves a choice.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rule {
    /// The right value takes the place of the left one.
    pub(crate) replace: bool,
    /// A zero on the right counts, since it was given explicitly.
    pub(crate) overwrite: bool,
}

impl Rule {
    pub(crate) const MERGE: Self = Self { replace: false, overwrite: false };
    pub(crate) const REPLACE: Self = Self { replace: true, overwrite: false };
}

/// Two untyped values that can't be merged, and where they are.
#[derive(Debug)]
pub(crate) struct Mismatch {
    path: String,
    left: &'static str,
    right: &'static str,
}

impl Mismatch {
    pub(crate) fn new(left: &'static str, right: &'static str) -> Self {
        Self { path: String::new(), left, right }
    }

    /// The same mismatch seen from one level up.
    pub(crate) fn under(mut self, key: &str) -> Self {
        let dot = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        self.path = format!("{key}{dot}{}", self.path);
        self
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, left, right } = self;
        write!(
            f,
            "{path}: the patch has {right} where the configuration has {left}; delete it first or keep its type"
        )
    }
}

/// Merges two structs field by field, or as a whole if the rule says so.
pub(crate) fn merge_struct<T: Fields>(left: &mut T, mut right: T, rule: Rule) -> Result<(), Mismatch> {
    if !rule.replace {
        return left.merge_fields(&mut right);
    }
    if !right.is_zero() {
        *left = right;
    }
    Ok(())
}

/// Merges one field, whose value is taken out of the right struct.
pub(crate) fn merge_field<T: Default>(
    left: &mut T,
    right: &mut T,
    key: &str,
    merge: fn(&mut T, T) -> Result<(), Mismatch>,
) -> Result<(), Mismatch> {
    merge(left, mem::take(right)).map_err(|mismatch| mismatch.under(key))
}

/// Merges as is usual for the type.
pub(crate) fn merge_value<T: Value>(left: &mut T, right: T) -> Result<(), Mismatch> {
    left.merge(right, Rule::MERGE)
}

/// Lets the right value take the place of the left one, unless it is zero.
pub(crate) fn replace_value<T: Value>(left: &mut T, right: T) -> Result<(), Mismatch> {
    left.merge(right, Rule::REPLACE)
}

/// Merges each entry of `right` into the first one that is the same, or appends it.
pub(crate) fn merge_by<T: Value>(
    left: &mut Vec<T>,
    right: Vec<T>,
    is_same: impl Fn(&T, &T) -> bool,
) -> Result<(), Mismatch> {
    for entry in right {
        match left.iter().position(|left| is_same(left, &entry)) {
            Some(at) => {
                left[at].merge(entry, Rule::MERGE).map_err(|mismatch| mismatch.under(&format!("[{at}]")))?;
            }
            None => left.push(entry),
        }
    }
    Ok(())
}
