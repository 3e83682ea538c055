//! The version of Talos that a node plays.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, ErrorKind};

/// A Talos version, such as `v1.9.4`. Behaviour follows its minor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TalosVersion {
    tag: String,
    minor: u16,
}

impl TalosVersion {
    /// The version as a tag, with its `v`.
    #[must_use]
    pub fn tag(&self) -> &str {
        &self.tag
    }

    /// The minor: 9 for `v1.9.4`.
    #[must_use]
    pub fn minor(&self) -> u16 {
        self.minor
    }
}

impl Default for TalosVersion {
    fn default() -> Self {
        Self { tag: "v1.13.9".to_owned(), minor: 13 }
    }
}

impl fmt::Display for TalosVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.tag)
    }
}

impl FromStr for TalosVersion {
    type Err = Error;

    /// Reads `v1.9.4`, `1.9.4` or `v1.14.0-rc.1`. Versions before 1.9 are refused, those after 1.14 behave like 1.14.
    fn from_str(text: &str) -> Result<Self, Error> {
        let bare = text.strip_prefix('v').unwrap_or(text);
        let mut parts = bare.splitn(3, '.');
        let number = |part: Option<&str>| part.and_then(|p| p.parse::<u16>().ok());
        let (major, minor) = (number(parts.next()), number(parts.next()));
        match (major, minor, parts.next()) {
            (Some(1), Some(minor @ 9..), Some(patch)) if patch.starts_with(|c: char| c.is_ascii_digit()) => {
                Ok(Self { tag: format!("v{bare}"), minor })
            }
            _ => Err(Error::new(
                ErrorKind::Options,
                format!("the simulator plays Talos v1.9.0 and later, not {text:?}"),
            )),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn reads_tags_with_and_without_v() {
        for (text, tag, minor) in
            [("v1.9.4", "v1.9.4", 9), ("1.13.9", "v1.13.9", 13), ("v1.14.0-rc.1", "v1.14.0-rc.1", 14)]
        {
            let version: TalosVersion = text.parse().unwrap();
            assert_eq!((version.tag(), version.minor()), (tag, minor));
        }
        for text in ["", "v1", "v1.9", "v1.8.4", "v2.0.0", "v1.x.1", "v1.9."] {
            assert!(text.parse::<TalosVersion>().is_err(), "{text}");
        }
    }
}
