//! What a scalar means: the rules of go-yaml v4, YAML 1.2 with leftovers of 1.1.

use base64::Engine as _;

use crate::{Error, ErrorKind, Result, Tag, timestamp};

/// The typed value of a scalar.
#[derive(Debug, Clone, PartialEq)]
pub enum Scalar<'a> {
    /// `null`, `~`, or nothing.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// An integer of 64 bits with sign.
    Int(i64),
    /// An integer above `i64::MAX`.
    Uint(u64),
    /// Any other number, with `.inf` and `.nan`.
    Float(f64),
    /// Text, also that of a scalar with a tag of its own.
    Str(&'a str),
    /// A date or time, as RFC 3339 text with the fraction it needs.
    Timestamp(String),
    /// Decoded `!!binary`.
    Binary(Vec<u8>),
}

/// The tag of a plain scalar without one.
pub(crate) fn implicit_tag(text: &str) -> Tag {
    match plain(text, false) {
        Plain::Null => Tag::Null,
        Plain::Bool(_) => Tag::Bool,
        Plain::Int(_) | Plain::Uint(_) => Tag::Int,
        Plain::Float(_) => Tag::Float,
        Plain::Timestamp => Tag::Timestamp,
        Plain::Merge => Tag::Merge,
        Plain::Str => Tag::Str,
    }
}

/// The value of a scalar of type `tag`.
pub(crate) fn scalar<'a>(tag: &Tag, text: &'a str) -> Result<Scalar<'a>> {
    let mismatch = || {
        Error::new(
            ErrorKind::Type,
            None,
            format!("the value does not fit its tag {tag}; correct the value or drop the tag"),
        )
    };
    match tag {
        Tag::Str | Tag::Other(_) | Tag::Seq | Tag::Map | Tag::Merge => Ok(Scalar::Str(text)),
        Tag::Binary => {
            match base64::engine::general_purpose::STANDARD.decode(without_breaks(text).as_ref()) {
                Ok(bytes) => Ok(Scalar::Binary(bytes)),
                Err(_) => Err(Error::new(ErrorKind::Type, None, "the value of !!binary is not base64")),
            }
        }
        Tag::Null => match plain(text, false) {
            Plain::Null => Ok(Scalar::Null),
            _ => Err(mismatch()),
        },
        Tag::Timestamp => timestamp::canonical(text).map(Scalar::Timestamp).ok_or_else(mismatch),
        Tag::Bool => match plain(text, true) {
            Plain::Bool(value) => Ok(Scalar::Bool(value)),
            _ => Err(mismatch()),
        },
        Tag::Int => match plain(text, true) {
            Plain::Int(value) => Ok(Scalar::Int(value)),
            Plain::Uint(value) => Ok(Scalar::Uint(value)),
            _ => Err(mismatch()),
        },
        Tag::Float => match plain(text, true) {
            Plain::Float(value) => Ok(Scalar::Float(value)),
            Plain::Int(value) => Ok(Scalar::Float(value as f64)),
            _ => Err(mismatch()),
        },
    }
}

/// What a plain scalar without a tag means.
pub(crate) enum Plain {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Float(f64),
    Timestamp,
    Merge,
    Str,
}

/// Reads plain text. Dates are only looked for where no explicit tag says otherwise.
pub(crate) fn plain(text: &str, tagged: bool) -> Plain {
    let Some(first) = text.bytes().next() else { return Plain::Null };
    match first {
        b'~' if text.len() == 1 => Plain::Null,
        b'<' if text == "<<" => Plain::Merge,
        b'n' | b'N' if matches!(text, "null" | "Null" | "NULL") => Plain::Null,
        b't' | b'T' if matches!(text, "true" | "True" | "TRUE") => Plain::Bool(true),
        b'f' | b'F' if matches!(text, "false" | "False" | "FALSE") => Plain::Bool(false),
        b'.' => match text {
            ".nan" | ".NaN" | ".NAN" => Plain::Float(f64::NAN),
            ".inf" | ".Inf" | ".INF" => Plain::Float(f64::INFINITY),
            _ => separated_float(text).map_or(Plain::Str, Plain::Float),
        },
        b'+' | b'-' | b'0'..=b'9' => number(text, tagged),
        _ => Plain::Str,
    }
}

fn number(text: &str, tagged: bool) -> Plain {
    match text {
        "+.inf" | "+.Inf" | "+.INF" => return Plain::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => return Plain::Float(f64::NEG_INFINITY),
        "-0" | "-0.0" => return Plain::Float(-0.0),
        _ => {}
    }
    if !tagged && timestamp::is_timestamp(text) {
        return Plain::Timestamp;
    }
    let stripped;
    let digits = if text.contains('_') {
        stripped = text.replace('_', "");
        stripped.as_str()
    } else {
        text
    };
    if let Some(value) = go_int(digits) {
        return value;
    }
    decimal_float(digits).map_or(Plain::Str, Plain::Float)
}

/// An integer with the prefix rules of Go: `0x`, `0o`, `0b`, and a leading zero for octal.
fn go_int(text: &str) -> Option<Plain> {
    let (negative, signed, unsigned) = match text.as_bytes() {
        [b'-', ..] => (true, true, &text[1..]),
        [b'+', ..] => (false, true, &text[1..]),
        _ => (false, false, text),
    };
    let (radix, digits) = match unsigned.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &unsigned[2..]),
        [b'0', b'o' | b'O', ..] => (8, &unsigned[2..]),
        [b'0', b'b' | b'B', ..] => (2, &unsigned[2..]),
        [b'0', _, ..] => (8, &unsigned[1..]),
        _ => (10, unsigned),
    };
    // `from_str_radix` takes a sign of its own.
    if !digits.bytes().next()?.is_ascii_alphanumeric() {
        return None;
    }
    let value = u64::from_str_radix(digits, radix).ok()?;
    if negative {
        return 0i64.checked_sub_unsigned(value).map(Plain::Int);
    }
    match i64::try_from(value) {
        Ok(value) => Some(Plain::Int(value)),
        // Go reads numbers past the signed range only without a sign.
        Err(_) if signed => None,
        Err(_) => Some(Plain::Uint(value)),
    }
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`, finite.
fn decimal_float(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
        Some(at) => (&unsigned[..at], Some(&unsigned[at + 1..])),
        None => (unsigned, None),
    };
    let all_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let digits = whole.len() + fraction.map_or(0, str::len);
    if digits == 0 || !all_digits(whole) || !fraction.is_none_or(all_digits) {
        return None;
    }
    if let Some(exponent) = exponent {
        let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        if exponent.is_empty() || !all_digits(exponent) {
            return None;
        }
    }
    text.parse::<f64>().ok().filter(|value| value.is_finite())
}

/// A float in which underscores stand between digits, and nowhere else.
fn separated_float(text: &str) -> Option<f64> {
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let between = |at: usize| at > 0 && digit(at - 1) && digit(at + 1);
    if (0..bytes.len()).any(|at| bytes[at] == b'_' && !between(at)) {
        return None;
    }
    decimal_float(&text.replace('_', ""))
}

fn without_breaks(text: &str) -> std::borrow::Cow<'_, str> {
    // Go's base64 decoder ignores line breaks only.
    if text.contains(['\n', '\r']) { text.replace(['\n', '\r'], "").into() } else { text.into() }
}

/// The boolean words of YAML 1.1 that are strings today.
pub(crate) fn old_bool(text: &str) -> Option<bool> {
    match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Some(true),
        "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => Some(false),
        _ => None,
    }
}

/// Whether YAML 1.1 would read the text as a number in base 60, such as `12:30`.
pub(crate) fn is_base60(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let mut parts = unsigned.split(':');
    let first = parts.next().unwrap_or_default();
    let whole_ok = first.starts_with(|c: char| c.is_ascii_digit())
        && first.bytes().all(|b| b.is_ascii_digit() || b == b'_');
    let mut groups = parts.peekable();
    if !whole_ok || groups.peek().is_none() {
        return false;
    }
    while let Some(group) = groups.next() {
        let digits = match group.split_once('.') {
            Some((digits, fraction)) if groups.peek().is_none() => {
                if !fraction.bytes().all(|b| b.is_ascii_digit() || b == b'_') {
                    return false;
                }
                digits
            }
            _ => group,
        };
        match digits.as_bytes() {
            [b'0'..=b'9'] | [b'0'..=b'5', b'0'..=b'9'] => {}
            _ => return false,
        }
    }
    true
}

/// A float without fraction as an integer, if it fits.
pub(crate) fn lossless_i64(value: f64) -> Option<i64> {
    let bound = 9_223_372_036_854_775_808.0;
    (value >= -bound && value < bound && value.fract() == 0.0).then_some(value as i64)
}

/// A float without fraction as an unsigned integer, if it fits.
pub(crate) fn lossless_u64(value: f64) -> Option<u64> {
    (0.0..18_446_744_073_709_551_616.0).contains(&value).then_some(()).filter(|()| value.fract() == 0.0)?;
    Some(value as u64)
}
