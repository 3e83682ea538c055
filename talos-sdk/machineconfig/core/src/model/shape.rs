//! What a value looks like in the text, as data. One description serves the search for unknown keys, redaction,
//! comparison and the JSON schema, so that none of them needs code of its own for each struct.

use crate::contract::Contract;
use crate::document::V1ALPHA1;

/// What a value looks like in the text. Any value may be `null` there, which says nothing.
#[derive(Debug)]
#[cfg_attr(not(feature = "schema"), allow(dead_code, reason = "only the schema tells all"))]
pub(crate) enum Shape {
    /// `true` or `false`.
    Bool,
    /// A whole number in a range.
    Int(i64, u64),
    /// Text.
    Text,
    /// Text that a regular expression describes, as far as one can; in some places a number will do, too.
    Pattern { regex: &'static str, or_number: bool },
    /// One of a few words.
    Words(&'static [&'static str]),
    /// Text that nobody else may see.
    Secret,
    /// A URL whose parameter of this name is secret.
    SecretParameter(&'static str),
    /// Text or a list of texts by name.
    Args,
    /// Any mapping.
    Any,
    /// Any mapping; what stands under this key, however deep, is secret.
    SecretKey(&'static str),
    /// A list.
    List(&'static Shape),
    /// A list that a patch replaces.
    ReplaceList(&'static Shape),
    /// Values of one kind by name.
    Map(&'static Shape),
    /// A struct.
    Struct(&'static Struct),
}

/// A struct as the text has it.
#[derive(Debug)]
#[cfg_attr(not(feature = "schema"), allow(dead_code, reason = "names and descriptions are for the schema"))]
pub(crate) struct Struct {
    /// The name of the type.
    pub(crate) name: &'static str,
    /// The module of the type.
    pub(crate) module: &'static str,
    /// What a document starts with; none in other structs.
    pub(crate) header: Option<Header>,
    /// What it is; empty without the feature `schema`.
    pub(crate) doc: &'static str,
    /// Its fields in the order in which they are written.
    pub(crate) fields: &'static [Field],
}

/// What is known of a kind of document.
#[derive(Debug)]
pub(crate) struct Header {
    pub(crate) kind: &'static str,
    /// The first Talos version that knows it.
    pub(crate) since: Contract,
    /// Whether only control planes may have it.
    pub(crate) control_plane: bool,
}

/// A field of a struct.
#[derive(Debug)]
#[allow(dead_code, reason = "some of it is for the schema and for tests only")]
pub(crate) struct Field {
    /// The key; empty if the keys of the field's struct stand among those around it.
    pub(crate) key: &'static str,
    pub(crate) shape: &'static Shape,
    /// Whether it is written even if it is zero.
    pub(crate) always: bool,
    /// Whether it is kept for older releases only.
    pub(crate) deprecated: bool,
    pub(crate) merge: Merge,
    /// What it is; empty without the feature `schema`.
    pub(crate) doc: &'static str,
}

/// What a patch does to a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Merge {
    /// What is usual for its type.
    Common,
    /// It replaces the value.
    Replace,
    /// It merges entries of a list that have the same value under one of these keys.
    By(&'static [&'static str]),
}

/// Keys that every document with a kind starts with.
pub(crate) const HEADER_KEYS: [&str; 2] = ["apiVersion", "kind"];

/// The document with the sections has no header in its text.
const SECTIONS: Header = Header { kind: V1ALPHA1, since: Contract::V1_0, control_plane: false };

impl Shape {
    /// What is known of the kind of this document.
    pub(crate) const fn header(&self) -> &Header {
        match self {
            Self::Struct(Struct { header: Some(header), .. }) => header,
            _ => &SECTIONS,
        }
    }
}

impl Struct {
    /// The fields with keys, those of inlined structs among them.
    pub(crate) fn flat(&self) -> Vec<&'static Field> {
        let mut flat = Vec::new();
        for field in self.fields {
            match field.shape {
                Shape::Struct(inner) if field.key.is_empty() => flat.extend(inner.flat()),
                _ => flat.push(field),
            }
        }
        flat
    }

    /// The field of this key.
    pub(crate) fn field(&self, key: &str) -> Option<&'static Field> {
        self.fields.iter().find_map(|field| match field.shape {
            Shape::Struct(inner) if field.key.is_empty() => inner.field(key),
            _ => (field.key == key).then_some(field),
        })
    }
}

/// A doc comment, where something will show it.
macro_rules! doc_text {
    ($text:expr) => {
        if cfg!(feature = "schema") { $text } else { "" }
    };
}
pub(crate) use doc_text;
