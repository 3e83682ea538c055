//! Bytes that are to be YAML text.

use std::borrow::Cow;

use crate::error::{Error, ErrorKind, Result};
use crate::node::Mark;

/// The text that `bytes` are: UTF-8, or UTF-16 if they start with its byte order mark (YAML 1.2.2, 5.2).
///
/// # Errors
/// [`ErrorKind::Syntax`] with the place of the first byte that is no text.
///
/// ```
/// assert_eq!(talos_yaml::decode(b"a: 1\n")?, "a: 1\n");
/// let error = talos_yaml::decode(b"a: 1\nb: \xff\n").err().ok_or("no error")?;
/// assert_eq!(error.mark().map(|mark| (mark.line, mark.column)), Some((2, 4)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn decode(bytes: &[u8]) -> Result<Cow<'_, str>> {
    match bytes {
        [0xff, 0xfe, rest @ ..] => decode_utf16(rest, u16::from_le_bytes).map(Cow::Owned),
        [0xfe, 0xff, rest @ ..] => decode_utf16(rest, u16::from_be_bytes).map(Cow::Owned),
        _ => match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Cow::Borrowed(text)),
            Err(error) => {
                let before = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
                Err(broken("this byte is not UTF-8 text: save the file as UTF-8", &before))
            }
        },
    }
}

fn decode_utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String> {
    let (units, rest) = bytes.as_chunks();
    let mut text = String::with_capacity(units.len());
    for character in char::decode_utf16(units.iter().map(|bytes| unit(*bytes))) {
        match character {
            Ok(character) => text.push(character),
            Err(_) => return Err(broken("half of a surrogate pair is missing here", &text)),
        }
    }
    if rest.is_empty() { Ok(text) } else { Err(broken("the text ends in half of a character", &text)) }
}

/// The error right behind the text `before`.
fn broken(problem: &str, before: &str) -> Error {
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let line = before.matches('\n').count() + 1;
    let column = before[line_start..].chars().count() + 1;
    let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    Error::new(ErrorKind::Syntax, Some(Mark { line: number(line), column: number(column) }), problem)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn encodings() {
        let utf16 = |order: fn(u16) -> [u8; 2]| -> Vec<u8> {
            "\u{feff}a: é\u{1f600}\n".encode_utf16().flat_map(order).collect()
        };
        for bytes in [utf16(u16::to_le_bytes), utf16(u16::to_be_bytes)] {
            assert_eq!(decode(&bytes).unwrap(), "a: é\u{1f600}\n");
            assert!(decode(&bytes[..bytes.len() - 1]).unwrap_err().to_string().contains("half"));
        }
        let lone = decode(b"\xff\xfea\0\n\0\x00\xd8b\0").unwrap_err();
        assert_eq!(lone.mark().unwrap().line, 2);
        assert_eq!(decode(b"").unwrap(), "");
    }
}
