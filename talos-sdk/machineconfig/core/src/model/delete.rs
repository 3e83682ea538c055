//! Deleting a part of a value.

use crate::model::Value;

/// The list entry that a patch deletes: the first one whose `key` has the text `value`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Item {
    pub(crate) key: String,
    pub(crate) value: String,
}

/// Why nothing was deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DeleteError {
    /// There is nothing at the path.
    Missing,
    /// The path leads through a list.
    InsideList,
}

/// Deletes a field, or what is at `rest` below it.
pub(crate) fn delete_value<T: Value>(
    value: &mut T,
    rest: &[String],
    item: Option<&Item>,
) -> Result<(), DeleteError> {
    if rest.is_empty() {
        *value = T::default();
        return Ok(());
    }
    value.delete(rest, item)
}
