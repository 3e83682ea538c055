//! Tags: the YAML type of a node.

use std::fmt;

/// The type of a node, resolved from its text or given in the document.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Tag {
    /// `!!null`
    Null,
    /// `!!bool`
    Bool,
    /// `!!int`
    Int,
    /// `!!float`
    Float,
    /// `!!str`
    Str,
    /// `!!timestamp`
    Timestamp,
    /// `!!binary`: base64 of bytes
    Binary,
    /// `!!merge`: the key `<<`
    Merge,
    /// `!!seq`
    Seq,
    /// `!!map`
    Map,
    /// Any other tag in full, such as `!local`, the bare `!`, or `tag:example.com,2000:x`.
    Other(Box<str>),
}

/// What the handle `!!` stands for.
pub(crate) const CORE_PREFIX: &str = "tag:yaml.org,2002:";

impl Tag {
    /// The tag of a full tag URI as it comes out of a parser.
    pub(crate) fn from_uri(uri: &str) -> Self {
        let known = uri.strip_prefix(CORE_PREFIX).and_then(|name| {
            Some(match name {
                "null" => Self::Null,
                "bool" => Self::Bool,
                "int" => Self::Int,
                "float" => Self::Float,
                "str" => Self::Str,
                "timestamp" => Self::Timestamp,
                "binary" => Self::Binary,
                "merge" => Self::Merge,
                "seq" => Self::Seq,
                "map" => Self::Map,
                _ => return None,
            })
        });
        known.unwrap_or_else(|| Self::Other(uri.into()))
    }

    fn core_name(&self) -> Option<&'static str> {
        Some(match self {
            Self::Null => "null",
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Float => "float",
            Self::Str => "str",
            Self::Timestamp => "timestamp",
            Self::Binary => "binary",
            Self::Merge => "merge",
            Self::Seq => "seq",
            Self::Map => "map",
            Self::Other(_) => return None,
        })
    }
}

/// The short form, `!!int`, or the tag itself where there is no short form.
impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.core_name(), self) {
            (Some(name), _) => write!(f, "!!{name}"),
            (None, Self::Other(uri)) => match uri.strip_prefix(CORE_PREFIX) {
                Some(name) => write!(f, "!!{name}"),
                None => f.write_str(uri),
            },
            (None, _) => Ok(()),
        }
    }
}
