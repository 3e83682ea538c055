//! Sizes of volumes, which keep their text.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::{Error, ErrorKind, Result};
use crate::model::{Mismatch, Rule, Shape, Value};
use crate::types::size::parse_bytes;

/// A size in bytes, such as `10GiB`, written as it was given. May be negative: so much less than all.
///
/// A patch that touches the surrounding document replaces it, even by none: give it again in such a patch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ByteSize {
    text: String,
}

/// A size in bytes, such as `10GiB`, or a part of the whole, such as `50%`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VolumeSize {
    bytes: Option<ByteSize>,
    /// Kept beside `bytes`, as a patch may bring one to the other; bytes win.
    percentage: Option<String>,
}

impl ByteSize {
    /// The size without its sign, `None` if it is not given.
    pub fn bytes(&self) -> Option<u64> {
        parse_bytes(self.text.strip_prefix('-').unwrap_or(&self.text)).ok()
    }

    pub(crate) fn is_negative(&self) -> bool {
        self.text.starts_with('-')
    }
}

impl VolumeSize {
    pub(crate) fn is_negative(&self) -> bool {
        match (&self.bytes, &self.percentage) {
            (Some(bytes), _) => bytes.is_negative(),
            (None, Some(percentage)) => percentage.starts_with('-'),
            (None, None) => false,
        }
    }

    /// Whether it is a number of bytes, and less than `least`. What is left of the whole can't be compared.
    pub(crate) fn is_below(&self, least: &ByteSize) -> bool {
        if self.percentage.is_some() || self.is_negative() {
            return false;
        }
        let bytes = self.bytes.as_ref().and_then(ByteSize::bytes);
        bytes.is_some_and(|bytes| least.bytes().is_some_and(|least| least > bytes))
    }
}

impl std::str::FromStr for ByteSize {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        if !text.is_empty() {
            parse_bytes(text.strip_prefix('-').unwrap_or(text))?;
        }
        Ok(Self { text: text.to_owned() })
    }
}

impl std::str::FromStr for VolumeSize {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        if text.is_empty() {
            return Ok(Self::default());
        }
        if !text.contains('%') {
            return Ok(Self { bytes: Some(text.parse()?), percentage: None });
        }
        let number = text.strip_suffix('%').map(|number| number.strip_prefix('-').unwrap_or(number));
        match number.and_then(|number| number.parse::<f64>().ok()) {
            Some(number) if (0.0..=100.0).contains(&number) => {
                Ok(Self { bytes: None, percentage: Some(text.to_owned()) })
            }
            _ => Err(Error::new(
                ErrorKind::InvalidValue,
                format!("{text:?} is not a percentage from 0% to 100%"),
            )),
        }
    }
}

impl Serialize for ByteSize {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for ByteSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl Value for ByteSize {
    const SHAPE: &'static Shape = &Shape::Text;

    fn is_zero(&self) -> bool {
        self.text.is_empty()
    }

    fn merge(&mut self, right: Self, _: Rule) -> Result<(), Mismatch> {
        *self = right;
        Ok(())
    }
}

impl Serialize for VolumeSize {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match (&self.bytes, &self.percentage) {
            (Some(bytes), _) => bytes.serialize(serializer),
            (None, Some(percentage)) => serializer.serialize_str(percentage),
            (None, None) => serializer.serialize_str(""),
        }
    }
}

impl<'de> Deserialize<'de> for VolumeSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl Value for VolumeSize {
    const SHAPE: &'static Shape = &Shape::Text;

    fn is_zero(&self) -> bool {
        self.bytes.is_none() && self.percentage.is_none()
    }

    fn merge(&mut self, right: Self, _: Rule) -> Result<(), Mismatch> {
        self.bytes = right.bytes.or(self.bytes.take());
        self.percentage = right.percentage.or(self.percentage.take());
        Ok(())
    }
}
