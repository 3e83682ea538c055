//! How the configuration tree behaves, whatever its documents say: what counts as nothing, how two values merge, how
//! a part is deleted, which keys are known.
//!
//! The rules are those of Go values, because the format is defined by Go structs. Here alone they are translated:
//!
//! | Go | here | zero, so left out | merged |
//! |---|---|---|---|
//! | `string`, numbers | the same | `""`, `0` | right wins unless zero |
//! | `bool` | `bool` | `false` | right wins |
//! | pointer | `Option` | `None` | right wins if it is `Some`, into what is there; a zero behind it counts |
//! | slice | `Vec` | empty | appended |
//! | slice, `merge:"replace"` | [`ReplaceList`](crate::types::ReplaceList) | unset or empty | right wins if it is set |
//! | map | `BTreeMap` | empty | key by key |
//! | struct | struct | all fields are | field by field |
//! | untyped map | [`Unstructured`](crate::types::Unstructured) | empty | deeply; types must agree |

mod check;
mod delete;
mod merge;
#[cfg(test)]
mod reference;
mod shape;
mod value;

pub(crate) use check::{Check, nearest};
pub(crate) use delete::{DeleteError, Item, delete_value};
pub(crate) use merge::{Mismatch, Rule, merge_by, merge_field, merge_struct, merge_value, replace_value};
pub(crate) use shape::{Field, Header, Merge, Shape, Struct, doc_text};
pub(crate) use value::{
    Fields, Value, pass_value, read_struct, read_value, text_enum, text_value, write_value,
};
