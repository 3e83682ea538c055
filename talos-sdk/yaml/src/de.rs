//! Node trees to values, with the conversions that Go's YAML reader makes.

use std::cell::RefCell;
use std::fmt;

use serde::Deserialize;
use serde::de::{self, DeserializeOwned, DeserializeSeed, IntoDeserializer, Visitor};

use crate::node::{Content, Kind, Node};
use crate::represent::NODE;
use crate::resolve::{self, Scalar};
use crate::{Error, ErrorKind, Result, Tag, merge};

/// Levels of nesting that a value may have while it is deserialized by recursion.
///
/// Fields of type [`Node`] are handed over whole and do not count.
pub const MAX_VALUE_DEPTH: usize = 256;

/// Reads a value out of a node.
///
/// Conversions are those of go-yaml: any scalar but a timestamp goes into a `String` with its text; `yes`, `on`
/// and the like are booleans only where a boolean is wanted; floats without fraction are integers; `null` leaves
/// the default of a struct field (`#[serde(default)]`), is an empty list or map, `None`, or the zero of a plain
/// value, and is dropped from lists of plain values. Merge keys are applied.
///
/// # Errors
/// A value does not fit its type. The error has line, column and path.
pub fn from_node<'de, T: Deserialize<'de>>(node: &'de Node) -> Result<T> {
    T::deserialize(Deserializer { node, depth: 0, element: false })
}

/// Reads a value out of the first document of a text, whatever may stand behind it; an empty text is a `null` document.
///
/// # Errors
/// The text is not YAML, or a value does not fit its type.
pub fn from_str<T: DeserializeOwned>(text: &str) -> Result<T> {
    let node = crate::parse_first(text)?.unwrap_or_else(Node::null);
    node.check_unique_keys()?;
    from_node(&node)
}

#[derive(Clone, Copy)]
struct Deserializer<'de> {
    node: &'de Node,
    depth: usize,
    /// The node stands in a list, where Go drops a null that its type cannot hold.
    element: bool,
}

/// Message by which a null in a list asks to be dropped; it never reaches the caller.
const DROP_NULL: &str = "\0null";

impl<'de> Deserializer<'de> {
    fn wants(&self, wanted: &str) -> Error {
        Error::new(
            ErrorKind::Type,
            Some(self.node.mark),
            format!("expected {wanted}, found {}", self.node.describe()),
        )
    }

    fn at<T>(&self, result: Result<T>) -> Result<T> {
        match result {
            Ok(value) => Ok(value),
            Err(error) => Err(error.or_mark(self.node.mark)),
        }
    }

    /// The error of this value seen from the mapping that has it under `key`.
    fn under(&self, key: &Node, error: Error) -> Error {
        error.prefix_key(key.value().unwrap_or("?")).or_mark(self.node.mark)
    }

    fn scalar(&self, wanted: &str) -> Result<Scalar<'de>> {
        match self.node.kind() {
            Kind::Scalar => self.node.resolve(),
            _ => Err(self.wants(wanted)),
        }
    }

    /// The zero of a plain type for a null, which Go would leave alone.
    fn zero<T>(&self, zero: impl FnOnce() -> Result<T>) -> Result<T> {
        if self.element {
            return Err(Error::new(ErrorKind::Type, None, DROP_NULL));
        }
        zero()
    }

    fn child(&self, node: &'de Node, element: bool) -> Result<Self> {
        if self.depth >= MAX_VALUE_DEPTH {
            return Err(Error::new(
                ErrorKind::Limit,
                Some(node.mark),
                format!("nested deeper than {MAX_VALUE_DEPTH} levels"),
            ));
        }
        Ok(Self { node, depth: self.depth + 1, element })
    }

    fn map<V: Visitor<'de>>(self, visitor: V, fields: bool) -> Result<V::Value> {
        let entries = self.entries(fields)?;
        self.at(visitor.visit_map(entries))
    }

    /// The entries of a map, or of a struct (`fields`).
    fn entries(self, fields: bool) -> Result<Entries<'de>> {
        if self.node.is_null() {
            if fields && self.element {
                return self.zero(|| Err(self.wants("a mapping")));
            }
            return Ok(Entries { parent: self, entries: Vec::new(), next: 0 });
        }
        if !self.node.is_mapping() {
            return Err(self.wants("a mapping"));
        }
        let mut entries = merge::entries(self.node)?;
        if fields {
            entries.retain(|(key, value)| !key.is_null() && !value.is_null());
        }
        Ok(Entries { parent: self, entries, next: 0 })
    }

    fn integer<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let wanted = "an integer";
        let result = match self.scalar(wanted)? {
            Scalar::Int(value) => visitor.visit_i64(value),
            Scalar::Uint(value) => visitor.visit_u64(value),
            Scalar::Float(value) => match (resolve::lossless_i64(value), resolve::lossless_u64(value)) {
                (Some(value), _) => visitor.visit_i64(value),
                (None, Some(value)) => visitor.visit_u64(value),
                (None, None) => return Err(self.wants(wanted)),
            },
            Scalar::Null => return self.zero(|| visitor.visit_u64(0)),
            _ => return Err(self.wants(wanted)),
        };
        self.at(result)
    }

    fn text<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let wanted = "a string";
        let result = match (self.scalar(wanted)?, &self.node.content) {
            (Scalar::Null, _) => return self.zero(|| visitor.visit_borrowed_str("")),
            (Scalar::Timestamp(_), _) => return Err(self.wants("a string; put the date in quotes")),
            (Scalar::Binary(bytes), _) => match String::from_utf8(bytes) {
                Ok(text) => visitor.visit_string(text),
                Err(_) => return Err(self.wants(wanted)),
            },
            (_, Content::Scalar(text)) => visitor.visit_borrowed_str(text),
            _ => return Err(self.wants(wanted)),
        };
        self.at(result)
    }
}

macro_rules! forward {
    ($to:ident: $($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
            self.$to(visitor)
        })*
    };
}

/// What is generic here is compiled once for each type that is read, so it is kept small.
impl<'de> de::Deserializer<'de> for Deserializer<'de> {
    type Error = Error;

    forward!(integer: deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128);
    forward!(text: deserialize_char deserialize_str deserialize_string deserialize_identifier);
    forward!(deserialize_f64: deserialize_f32);
    forward!(deserialize_bytes: deserialize_byte_buf);

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.node.kind() {
            Kind::Sequence => return self.deserialize_seq(visitor),
            Kind::Mapping => return self.map(visitor, false),
            Kind::Scalar => {}
        }
        self.at(match self.node.resolve()? {
            Scalar::Null => visitor.visit_unit(),
            Scalar::Bool(value) => visitor.visit_bool(value),
            Scalar::Int(value) => visitor.visit_i64(value),
            Scalar::Uint(value) => visitor.visit_u64(value),
            Scalar::Float(value) => visitor.visit_f64(value),
            Scalar::Str(text) => visitor.visit_borrowed_str(text),
            Scalar::Timestamp(text) => visitor.visit_string(text),
            Scalar::Binary(bytes) => visitor.visit_byte_buf(bytes),
        })
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let wanted = "true or false";
        let value = match self.scalar(wanted)? {
            Scalar::Bool(value) => value,
            Scalar::Str(text) if self.node.tag == Tag::Str => {
                resolve::old_bool(text).ok_or_else(|| self.wants(wanted))?
            }
            Scalar::Null => return self.zero(|| visitor.visit_bool(false)),
            _ => return Err(self.wants(wanted)),
        };
        self.at(visitor.visit_bool(value))
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let wanted = "a number";
        let value = match self.scalar(wanted)? {
            Scalar::Float(value) => value,
            Scalar::Int(value) => value as f64,
            Scalar::Uint(value) => value as f64,
            Scalar::Null => return self.zero(|| visitor.visit_f64(0.0)),
            _ => return Err(self.wants(wanted)),
        };
        self.at(visitor.visit_f64(value))
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        if self.node.is_sequence() {
            return self.deserialize_seq(visitor);
        }
        let wanted = "binary data";
        self.at(match self.scalar(wanted)? {
            Scalar::Binary(bytes) => visitor.visit_byte_buf(bytes),
            Scalar::Str(text) => visitor.visit_borrowed_bytes(text.as_bytes()),
            Scalar::Null => visitor.visit_borrowed_bytes(b""),
            _ => return Err(self.wants(wanted)),
        })
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        if self.node.is_null() {
            return self.at(visitor.visit_none());
        }
        visitor.visit_some(Self { element: false, ..self })
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        if self.node.is_null() { self.at(visitor.visit_unit()) } else { Err(self.wants("nothing")) }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _name: &'static str, visitor: V) -> Result<V::Value> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value> {
        if name == NODE {
            HANDOVER.with_borrow_mut(|slot| *slot = Some(self.node.clone()));
            return visitor.visit_unit();
        }
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        if !self.node.is_sequence() && !self.node.is_null() {
            return Err(self.wants("a list"));
        }
        self.at(visitor.visit_seq(Items { parent: self, items: self.node.items(), next: 0 }))
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _len: usize, visitor: V) -> Result<V::Value> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _len: usize,
        visitor: V,
    ) -> Result<V::Value> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.map(visitor, false)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        self.map(visitor, true)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        let result = match &self.node.content {
            Content::Scalar(_) if self.node.is_null() && self.element => {
                return self.zero(|| Err(self.wants("a name")));
            }
            Content::Scalar(text) => visitor.visit_enum(text.as_str().into_deserializer()),
            Content::Mapping(entries) => match entries.as_slice() {
                [(key, value)] => visitor.visit_enum(Variant { key, value: self.child(value, false)? }),
                _ => return Err(self.wants("a mapping with one key")),
            },
            Content::Sequence(_) => return Err(self.wants("a name")),
        };
        self.at(result)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_unit()
    }
}

struct Items<'de> {
    parent: Deserializer<'de>,
    items: &'de [Node],
    next: usize,
}

impl<'de> Items<'de> {
    fn take(&mut self) -> Result<Option<(usize, Deserializer<'de>)>> {
        let index = self.next;
        let Some(node) = self.items.get(index) else { return Ok(None) };
        self.next += 1;
        self.parent.child(node, node.is_null()).map(|child| Some((index, child)))
    }
}

impl<'de> de::SeqAccess<'de> for Items<'de> {
    type Error = Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>> {
        let Some((index, mut child)) = self.take()? else { return Ok(None) };
        // The seed is good for one try, so a null cannot be dropped.
        child.element = false;
        match seed.deserialize(child) {
            Ok(value) => Ok(Some(value)),
            Err(error) => Err(error.prefix_index(index)),
        }
    }

    fn next_element<T: Deserialize<'de>>(&mut self) -> Result<Option<T>> {
        while let Some((index, child)) = self.take()? {
            match T::deserialize(child) {
                Ok(value) => return Ok(Some(value)),
                Err(e) if child.element && e.message() == DROP_NULL => {}
                Err(e) => return Err(e.prefix_index(index)),
            }
        }
        Ok(None)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.items.len() - self.next)
    }
}

struct Entries<'de> {
    parent: Deserializer<'de>,
    entries: Vec<(&'de Node, &'de Node)>,
    next: usize,
}

impl<'de> Entries<'de> {
    fn value(&mut self) -> Result<(&'de Node, Deserializer<'de>)> {
        let Some((key, value)) = self.entries.get(self.next) else {
            return Err(de::Error::custom("a value was asked for without a key"));
        };
        self.next += 1;
        Ok((key, self.parent.child(value, false)?))
    }
}

impl<'de> de::MapAccess<'de> for Entries<'de> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>> {
        let Some((key, _)) = self.entries.get(self.next) else { return Ok(None) };
        seed.deserialize(self.parent.child(key, false)?).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value> {
        let (key, child) = self.value()?;
        match seed.deserialize(child) {
            Ok(value) => Ok(value),
            Err(error) => Err(child.under(key, error)),
        }
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.entries.len() - self.next)
    }
}

struct Variant<'de> {
    key: &'de Node,
    value: Deserializer<'de>,
}

impl<'de> de::EnumAccess<'de> for Variant<'de> {
    type Error = Error;
    type Variant = Deserializer<'de>;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Deserializer<'de>)> {
        let key = Deserializer { node: self.key, ..self.value };
        Ok((seed.deserialize(key)?, self.value))
    }
}

impl<'de> de::VariantAccess<'de> for Deserializer<'de> {
    type Error = Error;

    fn unit_variant(self) -> Result<()> {
        if self.node.is_null() { Ok(()) } else { Err(self.wants("nothing")) }
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _len: usize, visitor: V) -> Result<V::Value> {
        de::Deserializer::deserialize_seq(self, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        self.map(visitor, true)
    }
}

thread_local! {
    /// The node on its way from the deserializer to the visitor that asked for it.
    static HANDOVER: RefCell<Option<Node>> = const { RefCell::new(None) };
}

/// From this crate's reader a node comes with everything it has; from other formats with the values.
impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(NODE, NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(HANDOVER.with_borrow_mut(Option::take).unwrap_or_else(Node::null))
    }

    fn visit_none<E>(self) -> Result<Node, E> {
        Ok(Node::null())
    }

    fn visit_some<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        Node::deserialize(deserializer)
    }

    fn visit_newtype_struct<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::int(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::scalar(Tag::Int, value.to_string()))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Node, E> {
        crate::to_node(&value).map_err(E::custom)
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(crate::ser::string(value))
    }

    fn visit_bytes<E>(self, value: &[u8]) -> Result<Node, E> {
        Ok(crate::ser::bytes(value))
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, mut seq: A) -> Result<Node, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Node::sequence(items))
    }

    fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Node::mapping(entries))
    }
}
