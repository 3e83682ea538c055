//! Routing tables.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, ErrorKind, Result};
use crate::model::{Shape, text_value};

/// A routing table by its number; `default`, `main` and `local` have names. Zero says nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoutingTable(pub u8);

const NAMES: [(&str, u8); 4] = [("unspec", 0), ("default", 253), ("main", 254), ("local", 255)];

impl FromStr for RoutingTable {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let lower = text.to_lowercase();
        if let Some((_, number)) = NAMES.iter().find(|(name, _)| *name == lower) {
            return Ok(Self(*number));
        }
        match text.parse() {
            Ok(number @ 1..=252) if !text.starts_with(['0', '+']) => Ok(Self(number)),
            _ => Err(Error::new(
                ErrorKind::InvalidValue,
                format!("{text:?} is no routing table: write 1 to 252, default, main or local"),
            )),
        }
    }
}

impl fmt::Display for RoutingTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match NAMES.iter().find(|(_, number)| *number == self.0) {
            Some((name, _)) => f.write_str(name),
            None => write!(f, "{}", self.0),
        }
    }
}

text_value!(RoutingTable: Shape::Text);
