//! Microversions, as the API special interest group's guideline defines them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer};

use crate::error::Error;

/// A microversion such as 2.52.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Microversion {
    /// The number before the dot.
    pub major: u16,
    /// The number after the dot; 2.9 is older than 2.10.
    pub minor: u16,
}

impl Microversion {
    /// A microversion from its two numbers.
    pub const fn new(major: u16, minor: u16) -> Microversion {
        Microversion { major, minor }
    }
}

impl fmt::Display for Microversion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

impl FromStr for Microversion {
    type Err = Error;

    fn from_str(text: &str) -> Result<Microversion, Error> {
        let numbers = text.split_once('.').and_then(|(major, minor)| {
            Some(Microversion { major: major.parse().ok()?, minor: minor.parse().ok()? })
        });
        numbers.ok_or_else(|| Error::invalid(format!("`{text}` is no microversion, write it like 2.52")))
    }
}

/// The microversions that a server offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MicroversionRange {
    /// The oldest.
    pub oldest: Microversion,
    /// The newest.
    pub newest: Microversion,
}

impl MicroversionRange {
    /// The newest common one that is not newer than `want`, if it is not older than `need`.
    pub(crate) fn pick(self, need: Microversion, want: Microversion) -> Option<Microversion> {
        let picked = want.min(self.newest);
        (picked >= need && picked >= self.oldest).then_some(picked)
    }
}

/// The version document of a versioned endpoint.
#[derive(Deserialize)]
pub(crate) struct VersionDocument {
    pub(crate) version: VersionEntry,
}

#[derive(Deserialize)]
pub(crate) struct VersionEntry {
    #[serde(default, deserialize_with = "lenient")]
    min_version: Option<Microversion>,
    #[serde(default, deserialize_with = "lenient")]
    version: Option<Microversion>,
}

impl VersionEntry {
    /// The range; one without microversions (both texts empty) has none.
    pub(crate) fn range(&self) -> Option<MicroversionRange> {
        Some(MicroversionRange { oldest: self.min_version?, newest: self.version? })
    }
}

fn lenient<'de, D: Deserializer<'de>>(input: D) -> Result<Option<Microversion>, D::Error> {
    Ok(Option::<String>::deserialize(input)?.and_then(|text| text.parse().ok()))
}

#[cfg(test)]
mod tests {
    use super::{Microversion, MicroversionRange, VersionDocument};

    const fn v(minor: u16) -> Microversion {
        Microversion::new(2, minor)
    }

    #[test]
    fn the_newest_common_one_is_picked() {
        let range = MicroversionRange { oldest: v(1), newest: v(60) };
        assert_eq!(range.pick(v(26), v(93)), Some(v(60)));
        assert_eq!(range.pick(v(26), v(52)), Some(v(52)));
        assert_eq!(range.pick(v(61), v(93)), None);
        assert_eq!(MicroversionRange { oldest: v(70), newest: v(96) }.pick(v(26), v(64)), None);
        assert!(v(9) < v(10));
    }

    #[test]
    fn a_server_without_microversions_has_no_range() {
        let read = |text: &str| serde_json::from_str::<VersionDocument>(text).map(|it| it.version.range());
        assert_eq!(read(r#"{"version": {"id": "v2.0", "version": "", "min_version": ""}}"#).ok(), Some(None));
        let range = Some(MicroversionRange { oldest: v(1), newest: v(93) });
        let text = r#"{"version": {"id": "v2.1", "version": "2.93", "min_version": "2.1", "links": []}}"#;
        assert_eq!(read(text).ok(), Some(range));
    }
}
