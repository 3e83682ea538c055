//! YAML 1.1 text to values.

use std::collections::BTreeMap;

use crate::compose::parse_first;
use crate::json::{Json, check_depth};
use crate::node::{Content, Node};
use crate::number::go_f32;
use crate::resolve::{self, Plain, Scalar};
use crate::{Error, ErrorKind, Result, ScalarStyle, Tag};

/// The value of the first document of a text; null if there is none.
pub(super) fn document(text: &str) -> Result<Json> {
    if let Some(at) = text.find(|c| !is_readable(c)) {
        let line = text[..at].matches('\n').count() + 1;
        let problem = format!("line {line}: YAML 1.1 has no place for this control character, escape it");
        return Err(Error::new(ErrorKind::Syntax, None, problem));
    }
    match parse_first(text)? {
        Some(node) => value(&node, 0),
        None => Ok(Json::Null),
    }
}

fn is_readable(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{A0}'..='\u{FFFD}' | '\u{10000}'..)
}

fn value(node: &Node, depth: usize) -> Result<Json> {
    check_depth(node, depth)?;
    match &node.content {
        Content::Scalar(text) => scalar(node, text).map_err(|error| error.or_mark(node.mark)),
        Content::Sequence(items) => {
            let item = |(at, item)| value(item, depth + 1).map_err(|error| error.prefix_index(at));
            Ok(Json::List(items.iter().enumerate().map(item).collect::<Result<_>>()?))
        }
        Content::Mapping(_) => {
            let mut entries = Entries::new();
            mapping(node, depth, &mut entries)?;
            let entries = entries.into_iter().map(|(name, entry)| Ok((name, entry?)));
            Ok(Json::Map(entries.collect::<Result<_>>()?))
        }
    }
}

/// The entries of a mapping. What JSON can't hold is no error if a later entry takes its place.
type Entries = BTreeMap<String, Result<Json>>;

/// Entries count in their order: a later key wins, and so does a merged mapping over the keys before it.
fn mapping(node: &Node, depth: usize, into: &mut Entries) -> Result<()> {
    check_depth(node, depth)?;
    for (key, entry) in node.entries() {
        if is_merge(key) {
            merge(entry, depth, into)?;
            continue;
        }
        let name = key_text(key)?;
        match value(entry, depth + 1).map_err(|error| error.prefix_key(&name)) {
            Err(error) if error.kind() != ErrorKind::Unrepresentable => return Err(error),
            entry => into.insert(name, entry),
        };
    }
    Ok(())
}

fn is_merge(key: &Node) -> bool {
    key.value() == Some("<<")
        && (key.tag == Tag::Merge || (key.style.scalar == ScalarStyle::Plain && !key.style.explicit_tag))
}

fn merge(node: &Node, depth: usize, into: &mut Entries) -> Result<()> {
    let mappings = match &node.content {
        Content::Mapping(_) => std::slice::from_ref(node),
        Content::Sequence(items) if items.iter().all(Node::is_mapping) => items.as_slice(),
        _ => {
            let problem = "the merge key << needs a mapping or a list of mappings";
            return Err(Error::new(ErrorKind::Type, Some(node.mark), problem));
        }
    };
    // The first of several wins, so it comes last.
    mappings.iter().rev().try_for_each(|node| mapping(node, depth + 1, into))
}

fn key_text(key: &Node) -> Result<String> {
    Ok(match value(key, 0)? {
        Json::Str(text) => text,
        Json::Int(number) => number.to_string(),
        // Go formats it as if it had 32 bits.
        Json::Float(number) => go_f32(number as f32),
        Json::Bool(value) => value.to_string(),
        other => {
            let structured = matches!(other, Json::List(_) | Json::Map(_));
            let kind = if structured { ErrorKind::Type } else { ErrorKind::Unrepresentable };
            let problem = format!("a key is {}; keys must be strings, numbers or booleans", key.describe());
            return Err(Error::new(kind, Some(key.mark), problem));
        }
    })
}

fn scalar(node: &Node, text: &str) -> Result<Json> {
    let mismatch = || {
        let problem =
            format!("the value does not fit its tag {}; correct the value or drop the tag", node.tag);
        Error::new(ErrorKind::Type, Some(node.mark), problem)
    };
    if !node.style.explicit_tag {
        let implicit = node.style.scalar == ScalarStyle::Plain;
        return Ok(if implicit { plain(text, false) } else { Json::Str(text.to_owned()) });
    }
    let fits = match (&node.tag, plain(text, true)) {
        (Tag::Null, value @ Json::Null)
        | (Tag::Bool, value @ Json::Bool(_))
        | (Tag::Int, value @ (Json::Int(_) | Json::Uint(_)))
        | (Tag::Float, value @ Json::Float(_)) => value,
        (Tag::Float, Json::Int(number)) => Json::Float(number as f64),
        (Tag::Null | Tag::Bool | Tag::Int | Tag::Float, _) => return Err(mismatch()),
        (Tag::Timestamp, _) if !crate::timestamp::is_timestamp(text) => return Err(mismatch()),
        (Tag::Binary, _) => match node.resolve()? {
            Scalar::Binary(bytes) => Json::Str(String::from_utf8_lossy(&bytes).into_owned()),
            _ => return Err(mismatch()),
        },
        _ => Json::Str(text.to_owned()),
    };
    Ok(fits)
}

/// Reads plain text. Dates stay text.
fn plain(text: &str, tagged: bool) -> Json {
    if let Some(value) = resolve::old_bool(text) {
        return Json::Bool(value);
    }
    match resolve::plain(text, tagged) {
        Plain::Null => Json::Null,
        Plain::Bool(value) => Json::Bool(value),
        _ if text == "-0" => Json::Int(0),
        Plain::Int(value) => Json::Int(value),
        Plain::Uint(value) => Json::Uint(value),
        Plain::Float(value) => Json::Float(value),
        Plain::Timestamp | Plain::Merge | Plain::Str => Json::Str(text.to_owned()),
    }
}

/// Whether text stays text without quotes.
pub(super) fn is_text(text: &str) -> bool {
    resolve::old_bool(text).is_none()
        && matches!(resolve::plain(text, false), Plain::Str | Plain::Merge)
        && !resolve::is_base60(text)
}
