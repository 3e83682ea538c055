//! A specification in both of its forms at once.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use prost::Message;
use prost::encoding::{WireType, encode_key, encode_varint};
use serde::ser::{Serialize, SerializeStruct, Serializer};
use serde_json::{Value, json};

use super::collection::Spec;
use crate::components::Arguments;

/// The first minor version of Talos whose arguments may have several values.
const ARGUMENT_LISTS: u16 = 13;

/// What a resource says, field by field: each has a number in protobuf and a key in YAML, in the order of the YAML.
///
/// A key that ends in `?` is left out of the YAML while the field is empty; one that is empty itself stands only in
/// protobuf.
#[derive(Default)]
pub(super) struct Fields {
    proto: Vec<u8>,
    yaml: Vec<(&'static str, Yaml)>,
}

enum Yaml {
    Value(Value),
    Fields(Vec<(&'static str, Yaml)>),
    List(Vec<Yaml>),
}

impl Yaml {
    fn is_empty(&self) -> bool {
        match self {
            Self::Value(Value::Null) => true,
            Self::Value(Value::Bool(value)) => !value,
            Self::Value(Value::Number(number)) => number.as_u64() == Some(0),
            Self::Value(Value::String(text)) => text.is_empty(),
            Self::Value(Value::Array(values)) => values.is_empty(),
            Self::Value(Value::Object(map)) => map.is_empty(),
            Self::Fields(fields) => fields.iter().all(|(_, value)| value.is_empty()),
            Self::List(values) => values.is_empty(),
        }
    }
}

impl Serialize for Yaml {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Value(value) => value.serialize(serializer),
            Self::List(values) => values.serialize(serializer),
            Self::Fields(fields) => {
                // As a struct, because the keys of a map would be sorted.
                let mut out = serializer.serialize_struct("", fields.len())?;
                for (key, value) in fields {
                    out.serialize_field(key, value)?;
                }
                out.end()
            }
        }
    }
}

/// PEM of a certificate and of its key, which may be missing.
pub(super) type Pair<'a> = (&'a str, &'a str);

impl Fields {
    pub(super) fn new() -> Self {
        Self::default()
    }

    pub(super) fn text(self, number: u32, key: &'static str, value: impl AsRef<str>) -> Self {
        let value = value.as_ref();
        self.bytes_of(number, value.as_bytes()).yaml(key, value.into())
    }

    pub(super) fn texts<T: AsRef<str>>(mut self, number: u32, key: &'static str, values: &[T]) -> Self {
        for value in values {
            self.put(number, value.as_ref().as_bytes());
        }
        let values = values.iter().map(|value| Value::from(value.as_ref())).collect();
        self.yaml(key, Value::Array(values))
    }

    pub(super) fn flag(self, number: u32, key: &'static str, value: bool) -> Self {
        self.varint(number, value.into()).yaml(key, value.into())
    }

    pub(super) fn number(self, number: u32, key: &'static str, value: impl Into<u64>) -> Self {
        let value = value.into();
        self.varint(number, value).yaml(key, value.into())
    }

    /// A number in protobuf that has a word in YAML.
    pub(super) fn word(self, number: u32, key: &'static str, value: impl Into<u64>, word: &str) -> Self {
        self.varint(number, value.into()).yaml(key, word.into())
    }

    /// Bytes in protobuf that are text in YAML.
    pub(super) fn bytes(self, number: u32, key: &'static str, value: &[u8], text: &str) -> Self {
        self.bytes_of(number, value).yaml(key, text.into())
    }

    pub(super) fn inside(mut self, number: u32, key: &'static str, fields: Self) -> Self {
        self.put(number, &fields.proto);
        self.add(key, Yaml::Fields(fields.yaml))
    }

    pub(super) fn list(mut self, number: u32, key: &'static str, all: Vec<Self>) -> Self {
        for fields in &all {
            self.put(number, &fields.proto);
        }
        self.add(key, Yaml::List(all.into_iter().map(|fields| Yaml::Fields(fields.yaml)).collect()))
    }

    /// A message that is text in YAML.
    pub(super) fn message(mut self, number: u32, key: &'static str, fields: Self, text: &str) -> Self {
        self.put(number, &fields.proto);
        self.yaml(key, text.into())
    }

    pub(super) fn address(self, number: u32, key: &'static str, address: Ipv4Addr) -> Self {
        self.message(number, key, ip(address), &address.to_string())
    }

    pub(super) fn addresses(mut self, number: u32, key: &'static str, addresses: &[Ipv4Addr]) -> Self {
        for address in addresses {
            self.put(number, &ip(*address).proto);
        }
        self.yaml(key, addresses.iter().map(Ipv4Addr::to_string).collect())
    }

    pub(super) fn prefixes(mut self, number: u32, key: &'static str, prefixes: &[(Ipv4Addr, u8)]) -> Self {
        for (address, bits) in prefixes {
            self.put(number, &prefix(*address, *bits).proto);
        }
        self.yaml(key, prefixes.iter().map(|(address, bits)| format!("{address}/{bits}")).collect())
    }

    /// A URL with a host and without query, user or path, which YAML takes apart as Go's type for it does.
    pub(super) fn url(mut self, number: u32, key: &'static str, url: &str) -> Self {
        self.put(number, &Self::new().text(1, "", url).proto);
        let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
        let (host, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
        let parts = Self::new()
            .yaml("scheme", scheme.into())
            .yaml("opaque", "".into())
            .yaml("user", Value::Null)
            .yaml("host", host.into())
            .yaml("path", path.into());
        let parts = ["fragment", "rawquery", "rawpath", "rawfragment"]
            .into_iter()
            .fold(parts, |parts, key| parts.yaml(key, "".into()));
        let parts = parts.yaml("forcequery", false.into()).yaml("omithost", false.into());
        self.add(key, Yaml::Fields(parts.yaml))
    }

    pub(super) fn pair(self, number: u32, key: &'static str, (crt, private): Pair<'_>) -> Self {
        self.inside(number, key, Self::new().base64(1, "crt", crt).base64(2, "key", private))
    }

    /// Certificates without keys.
    pub(super) fn certificates(self, number: u32, key: &'static str, pem: &[&str]) -> Self {
        self.list(number, key, pem.iter().map(|crt| Self::new().base64(1, "crt", crt)).collect())
    }

    /// A key without a certificate.
    pub(super) fn private_key(self, number: u32, key: &'static str, pem: &str) -> Self {
        self.inside(number, key, Self::new().base64(1, "key", pem))
    }

    fn base64(self, number: u32, key: &'static str, text: &str) -> Self {
        use base64::Engine as _;
        let encoded = base64::engine::general_purpose::STANDARD.encode(text);
        self.bytes(number, key, text.as_bytes(), &encoded)
    }

    /// Anything that has the form of JSON.
    pub(super) fn structure(mut self, number: u32, key: &'static str, value: Value) -> Self {
        if !value.is_null() {
            self.put(number, &proto_struct(&value).encode_to_vec());
        }
        self.yaml(key, value)
    }

    /// A list of numbers in YAML that is bytes in protobuf, as Go shows bytes.
    pub(super) fn numbers_of(self, number: u32, key: &'static str, bytes: &[u8]) -> Self {
        self.bytes_of(number, bytes).yaml(key, bytes.iter().copied().map(Value::from).collect())
    }

    pub(super) fn map(mut self, number: u32, key: &'static str, map: &BTreeMap<String, String>) -> Self {
        for (name, value) in map {
            self.put(number, &Self::new().text(1, "", name).text(2, "", value).proto);
        }
        self.yaml(key, map.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect())
    }

    /// Arguments of a program. The YAML of Talos before 1.13 has one value for each.
    pub(super) fn arguments(mut self, number: u32, key: &'static str, map: &Arguments, minor: u16) -> Self {
        for (name, values) in map {
            let values = Self::new().texts(1, "", values);
            self.put(number, &Self::new().text(1, "", name).inside(2, "", values).proto);
        }
        let value = |values: &[String]| match minor {
            ARGUMENT_LISTS.. => json!({"values": values}),
            _ => values.last().map_or(Value::Null, |value| value.as_str().into()),
        };
        self.yaml(key, map.iter().map(|(name, values)| (name.clone(), value(values))).collect())
    }

    /// More fields, if this holds.
    pub(super) fn when(self, holds: bool, more: impl FnOnce(Self) -> Self) -> Self {
        if holds { more(self) } else { self }
    }

    /// What stands only in YAML.
    pub(super) fn yaml(self, key: &'static str, value: Value) -> Self {
        self.add(key, Yaml::Value(value))
    }

    pub(super) fn spec(self) -> Spec {
        Spec { yaml: text(&Yaml::Fields(self.yaml)), proto: self.proto.into(), ..Spec::default() }
    }

    /// A specification whose YAML is only this value.
    pub(super) fn spec_as(self, value: &Value) -> Spec {
        Spec { yaml: text(value), proto: self.proto.into(), ..Spec::default() }
    }

    fn varint(mut self, number: u32, value: u64) -> Self {
        if value != 0 {
            encode_key(number, WireType::Varint, &mut self.proto);
            encode_varint(value, &mut self.proto);
        }
        self
    }

    fn bytes_of(mut self, number: u32, value: &[u8]) -> Self {
        if !value.is_empty() {
            self.put(number, value);
        }
        self
    }

    fn put(&mut self, number: u32, value: &[u8]) {
        encode_key(number, WireType::LengthDelimited, &mut self.proto);
        encode_varint(value.len() as u64, &mut self.proto);
        self.proto.extend_from_slice(value);
    }

    fn add(mut self, key: &'static str, value: Yaml) -> Self {
        match key.strip_suffix('?') {
            Some(_) if value.is_empty() => {}
            Some(key) => self.yaml.push((key, value)),
            None if key.is_empty() => {}
            None => self.yaml.push((key, value)),
        }
        self
    }
}

fn ip(address: Ipv4Addr) -> Fields {
    Fields::new().bytes_of(1, &address.octets())
}

/// A network, or an address with the size of its network.
pub(super) fn prefix(address: Ipv4Addr, bits: u8) -> Fields {
    ip(address).varint(2, bits.into())
}

/// YAML as Talos writes it.
pub(super) fn text(value: &impl Serialize) -> String {
    // Mappings and lists of text, numbers and booleans always have a YAML form.
    talos_yaml::to_string(value).unwrap_or_default()
}

fn proto_struct(value: &Value) -> prost_types::Struct {
    let fields = value.as_object().into_iter().flatten();
    prost_types::Struct { fields: fields.map(|(key, value)| (key.clone(), proto_value(value))).collect() }
}

fn proto_value(value: &Value) -> prost_types::Value {
    use prost_types::value::Kind;
    let kind = match value {
        Value::Null => Kind::NullValue(0),
        Value::Bool(value) => Kind::BoolValue(*value),
        Value::Number(number) => Kind::NumberValue(number.as_f64().unwrap_or_default()),
        Value::String(text) => Kind::StringValue(text.clone()),
        Value::Array(values) => {
            Kind::ListValue(prost_types::ListValue { values: values.iter().map(proto_value).collect() })
        }
        Value::Object(_) => Kind::StructValue(proto_struct(value)),
    };
    prost_types::Value { kind: Some(kind) }
}
