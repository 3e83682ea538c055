//! Types of CEL, and how they are written in the tables of this module.

use std::fmt;
use std::sync::Arc;

const MAX_DEPTH: usize = 300;
const MAX_PARTS: usize = 10_000;

/// A type of CEL. Compound types share their parts, so that a copy is cheap.
#[derive(Clone, Debug)]
pub(crate) enum Type {
    /// Known only when the expression runs.
    Dyn,
    /// `google.protobuf.Any`, to the checker the same as [`Type::Dyn`].
    Any,
    Null,
    Bool,
    Int,
    Uint,
    Double,
    String,
    Bytes,
    Duration,
    Timestamp,
    /// A `google.protobuf` wrapper: the type inside, or null.
    Wrapper(Arc<Type>),
    List(Arc<Type>),
    Map(Arc<(Type, Type)>),
    Optional(Arc<Type>),
    /// The type of a type.
    Meta(Option<Arc<Type>>),
    /// A protobuf message, by its full name.
    Message(Arc<str>),
    /// To be found out: a parameter of a declaration, or a variable of the checker.
    Param(u32),
}

impl Type {
    pub(crate) fn list(item: Self) -> Self {
        Self::List(Arc::new(item))
    }

    pub(crate) fn map(key: Self, value: Self) -> Self {
        Self::Map(Arc::new((key, value)))
    }

    pub(crate) fn optional(value: Self) -> Self {
        Self::Optional(Arc::new(value))
    }

    pub(crate) fn type_of(inner: Self) -> Self {
        Self::Meta(Some(Arc::new(inner)))
    }

    pub(crate) fn is_dyn(&self) -> bool {
        matches!(self, Self::Dyn | Self::Any)
    }

    /// The type of values of a message: well-known messages are types of their own.
    pub(crate) fn of_message(name: &str) -> Self {
        let wrapper = |inner| Self::Wrapper(Arc::new(inner));
        match name.strip_prefix("google.protobuf.") {
            Some("Any") => Self::Any,
            Some("Duration") => Self::Duration,
            Some("Timestamp") => Self::Timestamp,
            Some("Value") => Self::Dyn,
            Some("NullValue") => Self::Null,
            Some("ListValue") => Self::list(Self::Dyn),
            Some("Struct") => Self::map(Self::String, Self::Dyn),
            Some("BoolValue") => wrapper(Self::Bool),
            Some("BytesValue") => wrapper(Self::Bytes),
            Some("StringValue") => wrapper(Self::String),
            Some("DoubleValue" | "FloatValue") => wrapper(Self::Double),
            Some("Int64Value" | "Int32Value") => wrapper(Self::Int),
            Some("UInt64Value" | "UInt32Value") => wrapper(Self::Uint),
            _ => Self::Message(name.into()),
        }
    }

    /// Reads a type as the tables write it: `uint`, `list(A)`, `map(string, dyn)`, the name of a message.
    /// A capital letter is a parameter.
    pub(crate) fn parse(text: &str) -> Self {
        if let Some((outer, inner)) = text.strip_suffix(')').and_then(|text| text.split_once('(')) {
            return match outer {
                "list" => Self::list(Self::parse(inner)),
                "optional" => Self::optional(Self::parse(inner)),
                "map" => match inner.split_once(", ") {
                    Some((key, value)) => Self::map(Self::parse(key), Self::parse(value)),
                    None => Self::Dyn,
                },
                _ => Self::type_of(Self::parse(inner)),
            };
        }
        match text {
            "null" => Self::Null,
            "bool" => Self::Bool,
            "int" => Self::Int,
            "uint" => Self::Uint,
            "double" => Self::Double,
            "string" => Self::String,
            "bytes" => Self::Bytes,
            "duration" => Self::Duration,
            "timestamp" => Self::Timestamp,
            "dyn" => Self::Dyn,
            _ => match text.as_bytes() {
                [letter @ b'A'..=b'Z'] => Self::Param(u32::from(letter - b'A')),
                _ => Self::of_message(text),
            },
        }
    }

    /// The same type with `base` added to the number of each parameter.
    pub(crate) fn shifted(&self, base: u32) -> Self {
        match self {
            Self::Param(number) => Self::Param(base + number),
            Self::List(item) => Self::list(item.shifted(base)),
            Self::Optional(value) => Self::optional(value.shifted(base)),
            Self::Map(entry) => Self::map(entry.0.shifted(base), entry.1.shifted(base)),
            Self::Meta(Some(inner)) => Self::type_of(inner.shifted(base)),
            other => other.clone(),
        }
    }

    /// Whether it has no more parts than a sensible type.
    pub(crate) fn is_small(&self) -> bool {
        fn fits(of: &Type, depth: usize, parts: &mut usize) -> bool {
            *parts += 1;
            depth < MAX_DEPTH
                && *parts < MAX_PARTS
                && match of {
                    Type::List(inner) | Type::Optional(inner) | Type::Meta(Some(inner)) => {
                        fits(inner, depth + 1, parts)
                    }
                    Type::Map(entry) => fits(&entry.0, depth + 1, parts) && fits(&entry.1, depth + 1, parts),
                    _ => true,
                }
        }
        fits(self, 0, &mut 0)
    }

    /// What a wrapper wraps, else the type itself.
    fn unwrapped(&self) -> &Self {
        match self {
            Self::Wrapper(inner) => inner,
            other => other,
        }
    }
}

/// Exactly the same type; a wrapper equals what it wraps.
impl PartialEq for Type {
    fn eq(&self, other: &Self) -> bool {
        match (self.unwrapped(), other.unwrapped()) {
            (Self::List(left), Self::List(right)) | (Self::Optional(left), Self::Optional(right)) => {
                left == right
            }
            (Self::Map(left), Self::Map(right)) => left == right,
            (Self::Meta(left), Self::Meta(right)) => left == right,
            (Self::Message(left), Self::Message(right)) => left == right,
            (Self::Param(left), Self::Param(right)) => left == right,
            (left, right) => std::mem::discriminant(left) == std::mem::discriminant(right),
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dyn | Self::Param(_) => f.write_str("dyn"),
            Self::Any => f.write_str("any"),
            Self::Null => f.write_str("null"),
            Self::Bool => f.write_str("bool"),
            Self::Int => f.write_str("int"),
            Self::Uint => f.write_str("uint"),
            Self::Double => f.write_str("double"),
            Self::String => f.write_str("string"),
            Self::Bytes => f.write_str("bytes"),
            Self::Duration => f.write_str("duration"),
            Self::Timestamp => f.write_str("timestamp"),
            Self::Wrapper(inner) => write!(f, "{inner} or null"),
            Self::List(item) => write!(f, "list({item})"),
            Self::Map(entry) => write!(f, "map({}, {})", entry.0, entry.1),
            Self::Optional(value) => write!(f, "optional({value})"),
            Self::Meta(_) => f.write_str("type"),
            Self::Message(name) => f.write_str(name.rsplit('.').next().unwrap_or(name)),
        }
    }
}
