//! JSON text as Go's encoder writes it.

use std::collections::BTreeMap;

use crate::merge;
use crate::node::{Content, Node};
use crate::resolve::Scalar;
use crate::{Error, ErrorKind, MAX_VALUE_DEPTH, Result, Tag};

/// A value that JSON can hold, with Go's kinds of numbers.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Float(f64),
    Str(String),
    List(Vec<Json>),
    Map(BTreeMap<String, Json>),
}

/// The tree as compact JSON, byte for byte as Go's encoders make it of the value that go-yaml v4 reads: keys sorted,
/// dates as RFC 3339, `<`, `>` and `&` escaped.
///
/// # Errors
/// [`ErrorKind::Unrepresentable`] for keys that are no strings, infinity and not-a-number, and [`ErrorKind::Limit`]
/// for trees nested deeper than [`MAX_VALUE_DEPTH`].
pub fn to_json(node: &Node) -> Result<String> {
    value(node, 0)?.to_text()
}

/// A text as a JSON string, with the escapes of Go's encoder.
pub fn json_string(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    string(text, &mut out);
    out
}

fn value(node: &Node, depth: usize) -> Result<Json> {
    check_depth(node, depth)?;
    Ok(match &node.content {
        Content::Scalar(_) => match node.resolve()? {
            Scalar::Null => Json::Null,
            Scalar::Bool(value) => Json::Bool(value),
            Scalar::Int(value) => Json::Int(value),
            Scalar::Uint(value) => Json::Uint(value),
            Scalar::Float(value) => Json::Float(value),
            Scalar::Str(text) => Json::Str(text.to_owned()),
            Scalar::Timestamp(text) => Json::Str(text),
            Scalar::Binary(bytes) => Json::Str(String::from_utf8_lossy(&bytes).into_owned()),
        },
        Content::Sequence(items) => {
            let item = |(at, item)| value(item, depth + 1).map_err(|error| error.prefix_index(at));
            Json::List(items.iter().enumerate().map(item).collect::<Result<_>>()?)
        }
        Content::Mapping(_) => {
            let mut map = BTreeMap::new();
            for (key, entry) in merge::entries(node)? {
                let name = key.value().filter(|_| key.tag == Tag::Str).ok_or_else(|| {
                    Error::new(
                        ErrorKind::Unrepresentable,
                        Some(key.mark),
                        format!("a key is {}; only strings can be keys here, quote it", key.describe()),
                    )
                })?;
                let entry = value(entry, depth + 1).map_err(|error| error.prefix_key(name))?;
                map.insert(name.to_owned(), entry);
            }
            Json::Map(map)
        }
    })
}

pub(crate) fn check_depth(node: &Node, depth: usize) -> Result<()> {
    if depth <= MAX_VALUE_DEPTH {
        return Ok(());
    }
    let problem = format!("nested deeper than {MAX_VALUE_DEPTH} levels");
    Err(Error::new(ErrorKind::Limit, Some(node.mark), problem))
}

impl Json {
    pub(crate) fn to_text(&self) -> Result<String> {
        let mut out = String::new();
        self.write(&mut out)?;
        Ok(out)
    }

    fn write(&self, out: &mut String) -> Result<()> {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Self::Int(value) => out.push_str(&value.to_string()),
            Self::Uint(value) => out.push_str(&value.to_string()),
            Self::Float(value) => out.push_str(&float(*value)?),
            Self::Str(text) => string(text, out),
            Self::List(items) => {
                out.push('[');
                for (at, item) in items.iter().enumerate() {
                    if at > 0 {
                        out.push(',');
                    }
                    item.write(out)?;
                }
                out.push(']');
            }
            Self::Map(entries) => {
                out.push('{');
                for (at, (key, entry)) in entries.iter().enumerate() {
                    if at > 0 {
                        out.push(',');
                    }
                    string(key, out);
                    out.push(':');
                    entry.write(out)?;
                }
                out.push('}');
            }
        }
        Ok(())
    }
}

fn string(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\x08' => out.push_str("\\b"),
            '\x0c' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\0'..='\x1f' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                out.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            _ => out.push(c),
        }
    }
    out.push('"');
}

fn float(value: f64) -> Result<String> {
    if !value.is_finite() {
        let problem = "infinity and not-a-number can't be turned into JSON";
        return Err(Error::new(ErrorKind::Unrepresentable, None, problem));
    }
    let magnitude = value.abs();
    if magnitude == 0.0 || (1e-6..1e21).contains(&magnitude) {
        return Ok(value.to_string());
    }
    let text = format!("{value:e}");
    Ok(if text.contains("e-") { text } else { text.replace('e', "e+") })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::to_json;
    use crate::{ErrorKind, parse_documents};

    fn json(text: &str) -> Result<String, ErrorKind> {
        to_json(&parse_documents(text).unwrap()[0]).map_err(|error| error.kind())
    }

    #[test]
    fn values_are_those_of_yaml_1_2() {
        for (text, wanted) in [
            ("{b: yes, a: 0o17, c: ~}", r#"{"a":15,"b":"yes","c":null}"#),
            ("[1.0, 1e30, 1e-7, -0.0, 2024-01-01]", r#"[1,1e+30,1e-7,-0,"2024-01-01T00:00:00Z"]"#),
            ("\"<a> & \\u2028\\x01\\x7f\"", "\"\\u003ca\\u003e \\u0026 \\u2028\\u0001\x7f\""),
        ] {
            assert_eq!(json(text).as_deref(), Ok(wanted), "{text}");
        }
    }

    #[test]
    fn what_json_lacks_is_refused() {
        for text in ["{1: a}", "{~: a}", ".inf", "[.nan]"] {
            assert_eq!(json(text), Err(ErrorKind::Unrepresentable), "{text}");
        }
        assert_eq!(json(&format!("{}{}", "[".repeat(300), "]".repeat(300))), Err(ErrorKind::Limit));
    }
}
