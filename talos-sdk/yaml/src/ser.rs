//! Values to node trees, as Go's YAML writer represents its values.

use serde::ser::{self, Serialize};

use crate::node::Node;
use crate::number::{go_f32, go_f64};
use crate::order::sort_entries;
use crate::represent::{NODE, hand_over, request};
use crate::resolve::{self, Scalar};
use crate::{Error, ErrorKind, Result, ScalarStyle, Tag};

/// The node tree of a value: structs in the order of their fields, maps in the natural order of their keys
/// ([`crate::natural_cmp`]), `None` and `()` as `null`, bytes as text or, if they are none, as `!!binary`.
///
/// # Errors
/// The value refuses to be serialized, or holds an integer of more than 64 bits.
pub fn to_node<T: Serialize + ?Sized>(value: &T) -> Result<Node> {
    value.serialize(Serializer)
}

/// A string as Go represents it: block or quotes where another reader could take it for something else.
pub(crate) fn string(text: &str) -> Node {
    let mut node = Node::string(text);
    node.style.scalar = if text.contains('\n') {
        if text.len() >= 2 && text.chars().any(|c| !is_go_space(c)) {
            ScalarStyle::Literal
        } else {
            ScalarStyle::DoubleQuoted
        }
    } else if resolve::old_bool(text).is_some() || text == "<<" || resolve::is_base60(text) {
        ScalarStyle::SingleQuoted
    } else {
        ScalarStyle::Plain
    };
    node
}

/// Unicode white space as Go's `unicode.IsSpace` counts it.
fn is_go_space(c: char) -> bool {
    c.is_whitespace()
}

pub(crate) fn bytes(value: &[u8]) -> Node {
    match std::str::from_utf8(value) {
        Ok(text) => string(text),
        Err(_) => {
            use base64::Engine as _;
            let encoded = base64::engine::general_purpose::STANDARD.encode(value);
            let mut node = Node::scalar(Tag::Binary, wrapped(&encoded));
            if encoded.len() >= 70 {
                node.style.scalar = ScalarStyle::Literal;
            }
            node
        }
    }
}

/// Base64 in lines of 70, each ended, once it does not fit on one.
fn wrapped(encoded: &str) -> String {
    const LINE: usize = 70;
    if encoded.len() < LINE {
        return encoded.to_owned();
    }
    let mut out = String::with_capacity(encoded.len() + encoded.len() / LINE + 1);
    let mut rest = encoded;
    while !rest.is_empty() {
        let (line, tail) = rest.split_at(rest.len().min(LINE));
        out.push_str(line);
        out.push('\n');
        rest = tail;
    }
    out
}

/// Text that is written as a plain integer although it is not decimal, such as `0o644`.
///
/// Outside this crate's own writer it serializes as a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IntText<'a>(pub &'a str);

/// Text that is written as Go writes a string node without a style: plain where a YAML 1.2 reader takes it for a
/// string, though `yes` or `1:30` would be quoted as a value.
///
/// Outside this crate's own writer it serializes as a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StrText<'a>(pub &'a str);

const STR_TEXT: &str = "$talos_yaml::StrText";
const INT_TEXT: &str = "$talos_yaml::IntText";
const TIMESTAMP_TEXT: &str = "$talos_yaml::Timestamp";

impl Serialize for IntText<'_> {
    fn serialize<S: ser::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(INT_TEXT, self.0)
    }
}

impl Serialize for StrText<'_> {
    fn serialize<S: ser::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(STR_TEXT, self.0)
    }
}

struct TimestampText<'a>(&'a str);

impl Serialize for TimestampText<'_> {
    fn serialize<S: ser::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(TIMESTAMP_TEXT, self.0)
    }
}

/// Serializes what the node means, not how it was written: numbers become numbers, styles are dropped, mappings
/// are maps and so come out in natural order. Use [`crate::emit`] to keep the form.
impl Serialize for Node {
    fn serialize<S: ser::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(NODE, &Parts(self))
    }
}

/// A node, part by part, for writers of other formats.
struct Parts<'a>(&'a Node);

impl Serialize for Parts<'_> {
    fn serialize<S: ser::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use ser::{Error as _, SerializeMap as _};
        let node = self.0;
        if hand_over(node) {
            return serializer.serialize_unit();
        }
        if node.is_sequence() {
            return serializer.collect_seq(node.items());
        }
        if node.is_mapping() {
            let entries = crate::merge::entries(node).map_err(S::Error::custom)?;
            let mut map = serializer.serialize_map(Some(entries.len()))?;
            for (key, value) in entries {
                if !key.is_scalar() {
                    return Err(S::Error::custom("a list or mapping is no key for a value"));
                }
                map.serialize_entry(key, value)?;
            }
            return map.end();
        }
        serialize_scalar(node, serializer)
    }
}

fn serialize_scalar<S: ser::Serializer>(node: &Node, serializer: S) -> Result<S::Ok, S::Error> {
    use ser::Error as _;
    match node.resolve().map_err(S::Error::custom)? {
        Scalar::Null => serializer.serialize_unit(),
        Scalar::Bool(value) => serializer.serialize_bool(value),
        Scalar::Int(value) => serializer.serialize_i64(value),
        Scalar::Uint(value) => serializer.serialize_u64(value),
        Scalar::Float(value) => serializer.serialize_f64(value),
        Scalar::Str(text) => serializer.serialize_str(text),
        Scalar::Binary(value) => serializer.serialize_bytes(&value),
        Scalar::Timestamp(text) => TimestampText(&text).serialize(serializer),
    }
}

/// What the scalar means, as Go represents it.
pub(crate) fn scalar(node: &Node) -> Result<Node> {
    serialize_scalar(node, Serializer)
}

#[derive(Clone, Copy)]
struct Serializer;

impl Serializer {
    fn int(self, text: impl ToString) -> Result<Node> {
        Ok(Node::scalar(Tag::Int, text.to_string()))
    }
}

impl ser::Serializer for Serializer {
    type Ok = Node;
    type Error = Error;
    type SerializeSeq = SeqSerializer;
    type SerializeTuple = SeqSerializer;
    type SerializeTupleStruct = SeqSerializer;
    type SerializeTupleVariant = SeqSerializer;
    type SerializeMap = MapSerializer;
    type SerializeStruct = MapSerializer;
    type SerializeStructVariant = MapSerializer;

    fn serialize_bool(self, v: bool) -> Result<Node> {
        Ok(Node::bool(v))
    }
    fn serialize_i8(self, v: i8) -> Result<Node> {
        self.int(v)
    }
    fn serialize_i16(self, v: i16) -> Result<Node> {
        self.int(v)
    }
    fn serialize_i32(self, v: i32) -> Result<Node> {
        self.int(v)
    }
    fn serialize_i64(self, v: i64) -> Result<Node> {
        self.int(v)
    }
    fn serialize_u8(self, v: u8) -> Result<Node> {
        self.int(v)
    }
    fn serialize_u16(self, v: u16) -> Result<Node> {
        self.int(v)
    }
    fn serialize_u32(self, v: u32) -> Result<Node> {
        self.int(v)
    }
    fn serialize_u64(self, v: u64) -> Result<Node> {
        self.int(v)
    }
    fn serialize_i128(self, v: i128) -> Result<Node> {
        match i64::try_from(v) {
            Ok(v) => self.int(v),
            Err(_) => match u64::try_from(v) {
                Ok(v) => self.int(v),
                Err(_) => Err(Error::new(ErrorKind::Unrepresentable, None, "integer does not fit 64 bits")),
            },
        }
    }
    fn serialize_u128(self, v: u128) -> Result<Node> {
        match u64::try_from(v) {
            Ok(v) => self.int(v),
            Err(_) => Err(Error::new(ErrorKind::Unrepresentable, None, "integer does not fit 64 bits")),
        }
    }
    fn serialize_f32(self, v: f32) -> Result<Node> {
        Ok(Node::scalar(Tag::Float, go_f32(v)))
    }
    fn serialize_f64(self, v: f64) -> Result<Node> {
        Ok(Node::scalar(Tag::Float, go_f64(v)))
    }
    fn serialize_char(self, v: char) -> Result<Node> {
        Ok(string(v.encode_utf8(&mut [0; 4])))
    }
    fn serialize_str(self, v: &str) -> Result<Node> {
        Ok(string(v))
    }
    fn serialize_bytes(self, v: &[u8]) -> Result<Node> {
        Ok(bytes(v))
    }
    fn serialize_none(self) -> Result<Node> {
        Ok(Node::null())
    }
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Node> {
        value.serialize(self)
    }
    fn serialize_unit(self) -> Result<Node> {
        Ok(Node::null())
    }
    fn serialize_unit_struct(self, _name: &'static str) -> Result<Node> {
        Ok(Node::null())
    }
    fn serialize_unit_variant(self, _name: &'static str, _index: u32, variant: &'static str) -> Result<Node> {
        Ok(string(variant))
    }
    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, name: &'static str, value: &T) -> Result<Node> {
        if name == NODE {
            return request(|| value.serialize(self));
        }
        let mut node = value.serialize(self)?;
        let tag = match name {
            STR_TEXT => Tag::Str,
            INT_TEXT => Tag::Int,
            TIMESTAMP_TEXT => Tag::Timestamp,
            _ => return Ok(node),
        };
        node.tag = tag;
        node.style.scalar = ScalarStyle::Plain;
        Ok(node)
    }
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<Node> {
        Ok(Node::mapping(vec![(string(variant), value.serialize(self)?)]))
    }
    fn serialize_seq(self, len: Option<usize>) -> Result<SeqSerializer> {
        Ok(SeqSerializer { items: Vec::with_capacity(len.unwrap_or(0)), variant: None })
    }
    fn serialize_tuple(self, len: usize) -> Result<SeqSerializer> {
        self.serialize_seq(Some(len))
    }
    fn serialize_tuple_struct(self, _name: &'static str, len: usize) -> Result<SeqSerializer> {
        self.serialize_seq(Some(len))
    }
    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<SeqSerializer> {
        Ok(SeqSerializer { items: Vec::with_capacity(len), variant: Some(variant) })
    }
    fn serialize_map(self, len: Option<usize>) -> Result<MapSerializer> {
        Ok(MapSerializer {
            entries: Vec::with_capacity(len.unwrap_or(0)),
            key: None,
            variant: None,
            sorted: true,
        })
    }
    fn serialize_struct(self, _name: &'static str, len: usize) -> Result<MapSerializer> {
        Ok(MapSerializer { entries: Vec::with_capacity(len), key: None, variant: None, sorted: false })
    }
    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<MapSerializer> {
        Ok(MapSerializer {
            entries: Vec::with_capacity(len),
            key: None,
            variant: Some(variant),
            sorted: false,
        })
    }
}

struct SeqSerializer {
    items: Vec<Node>,
    variant: Option<&'static str>,
}

impl SeqSerializer {
    fn push(&mut self, value: Result<Node>) -> Result<()> {
        let index = self.items.len();
        self.items.push(value.map_err(|e| e.prefix_index(index))?);
        Ok(())
    }

    fn finish(self) -> Node {
        in_variant(self.variant, Node::sequence(self.items))
    }
}

fn in_variant(variant: Option<&str>, node: Node) -> Node {
    match variant {
        Some(variant) => Node::mapping(vec![(string(variant), node)]),
        None => node,
    }
}

impl ser::SerializeSeq for SeqSerializer {
    type Ok = Node;
    type Error = Error;
    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.push(to_node(value))
    }
    fn end(self) -> Result<Node> {
        Ok(self.finish())
    }
}

impl ser::SerializeTuple for SeqSerializer {
    type Ok = Node;
    type Error = Error;
    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.push(to_node(value))
    }
    fn end(self) -> Result<Node> {
        Ok(self.finish())
    }
}

impl ser::SerializeTupleStruct for SeqSerializer {
    type Ok = Node;
    type Error = Error;
    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.push(to_node(value))
    }
    fn end(self) -> Result<Node> {
        Ok(self.finish())
    }
}

impl ser::SerializeTupleVariant for SeqSerializer {
    type Ok = Node;
    type Error = Error;
    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.push(to_node(value))
    }
    fn end(self) -> Result<Node> {
        Ok(self.finish())
    }
}

struct MapSerializer {
    entries: Vec<(Node, Node)>,
    key: Option<Node>,
    variant: Option<&'static str>,
    sorted: bool,
}

impl MapSerializer {
    fn push(&mut self, key: Node, value: Result<Node>) -> Result<()> {
        let value = value.map_err(|e| e.prefix_key(key.value().unwrap_or("?")))?;
        self.entries.push((key, value));
        Ok(())
    }

    fn finish(mut self) -> Node {
        if self.sorted {
            sort_entries(&mut self.entries);
        }
        in_variant(self.variant, Node::mapping(self.entries))
    }
}

impl ser::SerializeMap for MapSerializer {
    type Ok = Node;
    type Error = Error;
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<()> {
        self.key = Some(to_node(key)?);
        Ok(())
    }
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        let key = self.key.take().unwrap_or_else(Node::null);
        self.push(key, to_node(value))
    }
    fn end(self) -> Result<Node> {
        Ok(self.finish())
    }
}

impl ser::SerializeStruct for MapSerializer {
    type Ok = Node;
    type Error = Error;
    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<()> {
        self.push(string(key), to_node(value))
    }
    fn end(self) -> Result<Node> {
        Ok(self.finish())
    }
}

impl ser::SerializeStructVariant for MapSerializer {
    type Ok = Node;
    type Error = Error;
    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<()> {
        self.push(string(key), to_node(value))
    }
    fn end(self) -> Result<Node> {
        Ok(self.finish())
    }
}
