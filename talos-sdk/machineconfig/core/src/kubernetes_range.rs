//! Which Kubernetes releases a Talos release runs.

use std::fmt;

use crate::contract::Contract;
use crate::error::{Error, ErrorKind, Result};

/// The Kubernetes releases that one Talos release runs, from the oldest minor release of Kubernetes 1 to the newest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct KubernetesRange {
    /// The oldest minor release: 31 for Kubernetes 1.31.
    pub oldest: u16,
    /// The newest minor release.
    pub newest: u16,
}

/// Talos stores the newest version it runs as patch 99 of a minor release, which itself is excluded.
const PATCH_LIMIT: u64 = 99;

impl KubernetesRange {
    /// Checks that `version`, such as `1.33.1`, `v1.33` or `1.34.0-rc.1`, lies in the range. What stands behind the
    /// patch number does not count.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidOption`] if the text is no version, [`ErrorKind::UnsupportedKubernetes`] if it is too old or
    /// too new.
    pub fn check(self, version: &str) -> Result<()> {
        let Some(core) = parse(version) else {
            let problem =
                format!("{version:?} is not a Kubernetes version, write one such as 1.{}.0", self.newest);
            return Err(Error::new(ErrorKind::InvalidOption, problem));
        };
        let old = core < (1, self.oldest.into(), 0);
        if !old && core < (1, self.newest.into(), PATCH_LIMIT) {
            return Ok(());
        }
        let problem = if old { "too old" } else { "too new" };
        Err(Error::new(
            ErrorKind::UnsupportedKubernetes,
            format!("Kubernetes {version} is {problem}: use {self}"),
        ))
    }
}

impl fmt::Display for KubernetesRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "1.{} to 1.{}", self.oldest, self.newest)
    }
}

impl Contract {
    /// The Kubernetes version, without `v`, that the last patch of this release takes unless it is told another.
    pub const fn default_kubernetes_version(self) -> &'static str {
        self.kubernetes().0
    }

    /// The Kubernetes releases that this Talos release runs; `None` for 1.0 and 1.1, which don't say. For
    /// [`Contract::CURRENT`] those of the newest release.
    pub const fn kubernetes_range(self) -> Option<KubernetesRange> {
        match self.kubernetes().1 {
            Some((oldest, newest)) => Some(KubernetesRange { oldest, newest }),
            None => None,
        }
    }

    /// Checks that this Talos release runs the Kubernetes release `version`. Neither generating nor validating a
    /// configuration does so by itself; a machine does, and so does an upgrade of Kubernetes.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidOption`] if the text is no version, [`ErrorKind::UnsupportedKubernetes`] if this release
    /// does not run it or does not say what it runs.
    pub fn check_kubernetes_version(self, version: &str) -> Result<()> {
        match self.kubernetes_range() {
            Some(range) => range.check(version).map_err(|error| error.within(format!("Talos {self}"))),
            None => Err(Error::new(
                ErrorKind::UnsupportedKubernetes,
                format!("Talos {self} does not say which Kubernetes it runs: use Talos v1.2 or newer"),
            )),
        }
    }

    /// Default version, and the oldest and the newest minor release.
    const fn kubernetes(self) -> (&'static str, Option<(u16, u16)>) {
        match self {
            Self::V1_0 => ("1.23.6", None),
            Self::V1_1 => ("1.24.3", None),
            Self::V1_2 => ("1.25.5", Some((23, 25))),
            Self::V1_3 => ("1.26.3", Some((24, 26))),
            Self::V1_4 => ("1.27.4", Some((25, 27))),
            Self::V1_5 => ("1.28.3", Some((26, 28))),
            Self::V1_6 => ("1.29.7", Some((24, 29))),
            Self::V1_7 => ("1.30.5", Some((25, 30))),
            Self::V1_8 => ("1.31.4", Some((26, 31))),
            Self::V1_9 => ("1.32.4", Some((27, 32))),
            Self::V1_10 => ("1.33.6", Some((28, 33))),
            Self::V1_11 => ("1.34.1", Some((29, 34))),
            Self::V1_12 => ("1.35.4", Some((30, 35))),
            Self::V1_13 => ("1.36.3", Some((31, 36))),
            Self::V1_14 => ("1.37.0-rc.0", Some((32, 37))),
            _ => ("1.37.0-rc.1", Some((33, 38))),
        }
    }
}

/// The three numbers of a version; missing ones are zero.
fn parse(version: &str) -> Option<(u64, u64, u64)> {
    let version = version.trim();
    let version = version.strip_prefix('v').unwrap_or(version);
    let core = version.split(['-', '+']).next()?;
    // A version with a suffix has to be complete.
    if core.len() < version.len() && core.split('.').count() != 3 {
        return None;
    }
    let mut numbers =
        core.split('.').map(|part| part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse().ok())?);
    let major = numbers.next()??;
    let minor = numbers.next().unwrap_or(Some(0))?;
    let patch = numbers.next().unwrap_or(Some(0))?;
    numbers.next().is_none().then_some((major, minor, patch))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn the_default_of_a_release_is_in_its_range() {
        for contract in Contract::ALL.iter().filter(|contract| contract.kubernetes_range().is_some()) {
            contract.check_kubernetes_version(contract.default_kubernetes_version()).unwrap();
        }
        assert_eq!(Contract::CURRENT.kubernetes_range(), Contract::V1_15.kubernetes_range());
    }

    #[test]
    fn bounds_of_a_release() {
        let check = |version: &str| Contract::V1_13.check_kubernetes_version(version).map_err(|e| e.kind());
        for version in ["1.31.0", "v1.31", "1.36.98", "1.33.1+k3s1", "1.31.0-alpha.1", " v1.35.2"] {
            assert_eq!(check(version), Ok(()), "{version}");
        }
        for version in ["1.30.99", "1.36.99", "1.37.0-rc.0", "0.31.0", "2.31.0", "1"] {
            assert_eq!(check(version), Err(ErrorKind::UnsupportedKubernetes), "{version}");
        }
        for version in ["", "v", "1.x", "1.33.1.2", "latest", "1.33-rc.1", "-1.33"] {
            assert_eq!(check(version), Err(ErrorKind::InvalidOption), "{version}");
        }
        let error = Contract::V1_13.check_kubernetes_version("1.29.2").unwrap_err().to_string();
        assert_eq!(error, "Talos v1.13: Kubernetes 1.29.2 is too old: use 1.31 to 1.36");
        let unknown = Contract::V1_0.check_kubernetes_version("1.23.0").unwrap_err();
        assert_eq!(unknown.kind(), ErrorKind::UnsupportedKubernetes);
    }
}
