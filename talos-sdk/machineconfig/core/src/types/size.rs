//! Sizes in bytes as people write them.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::{Error, ErrorKind, Result};
use crate::model::{Mismatch, Rule, Shape, Value};

const UNITS: [(&str, u64); 26] = [
    ("", 1),
    ("b", 1),
    ("k", 1_000),
    ("kb", 1_000),
    ("ki", 1 << 10),
    ("kib", 1 << 10),
    ("m", 1_000_000),
    ("mb", 1_000_000),
    ("mi", 1 << 20),
    ("mib", 1 << 20),
    ("g", 1_000_000_000),
    ("gb", 1_000_000_000),
    ("gi", 1 << 30),
    ("gib", 1 << 30),
    ("t", 1_000_000_000_000),
    ("tb", 1_000_000_000_000),
    ("ti", 1 << 40),
    ("tib", 1 << 40),
    ("p", 1_000_000_000_000_000),
    ("pb", 1_000_000_000_000_000),
    ("pi", 1 << 50),
    ("pib", 1 << 50),
    ("e", 1_000_000_000_000_000_000),
    ("eb", 1_000_000_000_000_000_000),
    ("ei", 1 << 60),
    ("eib", 1 << 60),
];

/// Reads a number with an optional unit: `100GB` (powers of ten), `1.5 GiB` (powers of two), `1,000`.
pub(crate) fn parse_bytes(text: &str) -> Result<u64> {
    let invalid = || {
        let problem = format!("{text:?} is not a size: write a number with a unit, such as 100GB or 4GiB");
        Error::new(ErrorKind::InvalidValue, problem)
    };
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == ',')).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let number: f64 = number.replace(',', "").parse().map_err(|_| invalid())?;
    let unit = unit.trim().to_lowercase();
    let (_, unit) = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(invalid)?;
    let bytes = number * *unit as f64;
    if bytes >= u64::MAX as f64 {
        return Err(invalid());
    }
    Ok(bytes as u64)
}

/// The short text of a size in powers of ten, such as `1.5 GB`.
fn humanize(bytes: u64) -> String {
    const NAMES: [&str; 7] = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];
    if bytes < 10 {
        return format!("{bytes} B");
    }
    let exponent = ((bytes as f64).ln() / 1000f64.ln()).floor();
    let value = (bytes as f64 / 1000f64.powf(exponent) * 10.0 + 0.5).floor() / 10.0;
    let name = NAMES.get(exponent as usize).copied().unwrap_or_default();
    if value < 10.0 { format!("{value:.1} {name}") } else { format!("{value:.0} {name}") }
}

/// The size of a partition in bytes. Written as `100 GB` where that loses nothing, else as a number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct DiskSize(pub u64);

impl Serialize for DiskSize {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_multiple_of(1000) {
            let text = humanize(self.0);
            if parse_bytes(&text).is_ok_and(|bytes| bytes == self.0) {
                return serializer.serialize_str(&text);
            }
        }
        serializer.serialize_u64(self.0)
    }
}

impl<'de> Deserialize<'de> for DiskSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        parse_bytes(&String::deserialize(deserializer)?).map(Self).map_err(serde::de::Error::custom)
    }
}

impl Value for DiskSize {
    const SHAPE: &'static Shape = &Shape::Text;

    fn is_zero(&self) -> bool {
        self.0 == 0
    }
}

/// A condition on the size of a disk, such as `>= 100GB`; without an operator the size must be equal.
///
/// A patch can't merge it into another one, as Talos can't.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DiskSizeMatcher {
    condition: String,
}

impl fmt::Display for DiskSizeMatcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.condition)
    }
}

impl std::str::FromStr for DiskSizeMatcher {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let condition = text.trim();
        let size = [">=", "<=", ">", "<", "=="].iter().find_map(|op| condition.strip_prefix(op));
        parse_bytes(size.unwrap_or(condition).trim())?;
        Ok(Self { condition: condition.to_owned() })
    }
}

impl Serialize for DiskSizeMatcher {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.condition)
    }
}

impl<'de> Deserialize<'de> for DiskSizeMatcher {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl Value for DiskSizeMatcher {
    const SHAPE: &'static Shape = &Shape::Text;

    fn is_zero(&self) -> bool {
        self.condition.is_empty()
    }

    fn merge(&mut self, _: Self, _: Rule) -> Result<(), Mismatch> {
        Err(Mismatch::new("a condition already", "a second condition"))
    }
}

/// Permissions of a file, written in octal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FileMode(pub u32);

impl Serialize for FileMode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        talos_yaml::IntText(&format!("0o{:o}", self.0)).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for FileMode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        u32::deserialize(deserializer).map(Self)
    }
}

impl Value for FileMode {
    const SHAPE: &'static Shape = &Shape::Int(0, u32::MAX as u64);

    fn is_zero(&self) -> bool {
        self.0 == 0
    }

    fn text(&self) -> Option<std::borrow::Cow<'_, str>> {
        Some(format!("0o{:o}", self.0).into())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn units_are_powers_of_ten_or_two() {
        for (text, bytes) in [
            ("100", 100),
            ("100GB", 100_000_000_000),
            ("1.5 gib", 1_610_612_736),
            ("1,000", 1000),
            ("4K", 4000),
        ] {
            assert_eq!(parse_bytes(text).unwrap(), bytes, "{text}");
        }
        for text in ["", "GB", "-1", "1 xb", "100EB"] {
            assert!(parse_bytes(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_size_is_shortened_only_without_loss() {
        for (bytes, text) in [
            (100_000_000_000, "100 GB"),
            (1_500_000_000, "1.5 GB"),
            (0, "0 B"),
            (1_234_567_000, "1234567000"),
            (1_073_741_824, "1073741824"),
        ] {
            let yaml = talos_yaml::to_string(&DiskSize(bytes)).unwrap();
            assert_eq!(yaml.trim_end(), text);
        }
    }
}
