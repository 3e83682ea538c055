//! Hardware addresses.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, ErrorKind, Result};
use crate::model::{Shape, text_value};

/// A hardware address or another string of bytes, written in hexadecimal with colons.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct HardwareAddr(pub Vec<u8>);

impl FromStr for HardwareAddr {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let digits: Vec<u8> = text.bytes().filter(|b| *b != b':').collect();
        let byte = |pair: &[u8]| match pair {
            [high, low] => {
                Some(char::from(*high).to_digit(16)? as u8 * 16 + char::from(*low).to_digit(16)? as u8)
            }
            _ => None,
        };
        digits.chunks(2).map(byte).collect::<Option<_>>().map(Self).ok_or_else(|| {
            Error::new(
                ErrorKind::InvalidValue,
                format!("{text:?} is no hardware address, such as 00:1a:2b:3c:4d:5e"),
            )
        })
    }
}

impl fmt::Display for HardwareAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, byte) in self.0.iter().enumerate() {
            let colon = if at == 0 { "" } else { ":" };
            write!(f, "{colon}{byte:02x}")?;
        }
        Ok(())
    }
}

text_value!(HardwareAddr: Shape::Pattern { regex: r"^([0-9A-Fa-f]{2}:?)*$", or_number: false });
