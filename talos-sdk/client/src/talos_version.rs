//! Which Talos a node runs, asked once and remembered.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::OnceCell;

use crate::method::Method;
use crate::reply::malformed;
use crate::target::{self, Target};
use crate::{Error, ErrorKind, Node, Result};

/// A version of Talos, ordered as semantic versions are: `1.13.0-alpha.2` comes before `1.13.0`.
///
/// ```
/// # use talos_client::TalosVersion;
/// # fn main() -> Result<(), talos_client::Error> {
/// let version: TalosVersion = "v1.14.0-rc.1".parse()?;
/// assert!(version < TalosVersion::new(1, 14, 0));
/// assert!(version.is_at_least(1, 14), "what is new in 1.14 is in its release candidates too");
/// assert_eq!(version.to_string(), "v1.14.0-rc.1");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TalosVersion {
    major: u64,
    minor: u64,
    patch: u64,
    pre_release: String,
}

impl TalosVersion {
    /// A release.
    #[must_use]
    pub const fn new(major: u64, minor: u64, patch: u64) -> Self {
        Self { major, minor, patch, pre_release: String::new() }
    }

    /// The first number: 1.
    #[must_use]
    pub fn major(&self) -> u64 {
        self.major
    }

    /// The second number: 13 of `v1.13.9`.
    #[must_use]
    pub fn minor(&self) -> u64 {
        self.minor
    }

    /// The third number: 9 of `v1.13.9`.
    #[must_use]
    pub fn patch(&self) -> u64 {
        self.patch
    }

    /// What comes before the release, such as `rc.1`; none for a release.
    #[must_use]
    pub fn pre_release(&self) -> Option<&str> {
        Some(self.pre_release.as_str()).filter(|text| !text.is_empty())
    }

    /// Whether this belongs to a minor release or a later one, counting its pre-releases in.
    #[must_use]
    pub fn is_at_least(&self, major: u64, minor: u64) -> bool {
        (self.major, self.minor) >= (major, minor)
    }
}

impl FromStr for TalosVersion {
    type Err = Error;

    /// Reads `v1.13.9`, with or without the `v`, a pre-release and build metadata.
    fn from_str(text: &str) -> Result<Self> {
        let refuse = || {
            Error::new(
                ErrorKind::InvalidArgument,
                format!("{text:?} is no version of Talos: it looks like v1.13.9"),
            )
        };
        let rest = text.strip_prefix('v').unwrap_or(text);
        let rest = rest.split_once('+').map_or(rest, |(version, _)| version);
        let (numbers, pre_release) = match rest.split_once('-') {
            None => (rest, ""),
            Some((_, "")) => return Err(refuse()),
            Some(parts) => parts,
        };
        let mut parts = numbers.split('.').map(|part| {
            Some(part).filter(|part| part.bytes().all(|byte| byte.is_ascii_digit()))?.parse().ok()
        });
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(Some(major)), Some(Some(minor)), Some(Some(patch)), None) => {
                Ok(Self { major, minor, patch, pre_release: pre_release.to_owned() })
            }
            _ => Err(refuse()),
        }
    }
}

impl fmt::Display for TalosVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{}.{}.{}", self.major, self.minor, self.patch)?;
        self.pre_release().map_or(Ok(()), |pre_release| write!(f, "-{pre_release}"))
    }
}

impl Ord for TalosVersion {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.major, self.minor, self.patch).cmp(&(other.major, other.minor, other.patch)).then_with(
            || match (self.pre_release(), other.pre_release()) {
                (None, None) => Ordering::Equal,
                (None, Some(_)) => Ordering::Greater,
                (Some(_), None) => Ordering::Less,
                (Some(ours), Some(theirs)) => compare_pre_releases(ours, theirs),
            },
        )
    }
}

impl PartialOrd for TalosVersion {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Part by part; numbers come before words, and a longer one after its beginning.
fn compare_pre_releases(ours: &str, theirs: &str) -> Ordering {
    let key = |part: &str| match part.parse::<u64>() {
        Ok(number) => (0, number, String::new()),
        Err(_) => (1, 0, part.to_owned()),
    };
    // Two spellings of a number are still two texts.
    ours.split('.').map(key).cmp(theirs.split('.').map(key)).then_with(|| ours.cmp(theirs))
}

/// The versions that the nodes of a client run, each asked for once.
#[derive(Default)]
pub(crate) struct Versions(Mutex<HashMap<String, Arc<OnceCell<TalosVersion>>>>);

impl Versions {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Arc<OnceCell<TalosVersion>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where the answer of a node is kept. Callers who ask at the same time wait for one answer.
    fn of(&self, node: &str) -> Arc<OnceCell<TalosVersion>> {
        Arc::clone(self.lock().entry(node.to_owned()).or_default())
    }

    fn known(&self, node: &str) -> Option<TalosVersion> {
        self.lock().get(node)?.get().cloned()
    }

    fn set(&self, node: &str, version: TalosVersion) {
        self.lock().insert(node.to_owned(), Arc::new(OnceCell::new_with(Some(version))));
    }

    fn forget(&self, node: &str) {
        self.lock().remove(node);
    }
}

impl Node {
    /// The version of Talos on the machine, asked for once by each client and remembered
    /// (`machine.MachineService/Version`, any role).
    ///
    /// What has changed between versions is chosen by it. Whatever reboots the machine through this client, an upgrade
    /// or a rollback too, has it asked for again. After an upgrade by others call
    /// [`forget_server_version`](Self::forget_server_version); [`version`](Self::version) always asks.
    /// Nothing is remembered for [`Client::endpoint`](crate::Client::endpoint) of a client with several endpoints,
    /// where each call may land on another machine.
    ///
    /// In maintenance mode before 1.13 only administrators may ask:
    /// [`ErrorKind::PermissionDenied`](crate::ErrorKind::PermissionDenied).
    pub async fn server_version(&self) -> Result<TalosVersion> {
        let Some(key) = self.version_key() else { return parse(&self.version().await?.tag) };
        let cell = self.channel().shared.versions.of(&key);
        cell.get_or_try_init(|| async { parse(&self.version().await?.tag) }).await.cloned()
    }

    /// Has [`server_version`](Self::server_version) ask again at its next call.
    pub fn forget_server_version(&self) {
        if let Some(key) = self.version_key() {
            self.channel().shared.versions.forget(&key);
        }
    }

    /// The version that the machine ran when it was asked last; none if it never was.
    pub(crate) fn known_version(&self) -> Option<TalosVersion> {
        self.channel().shared.versions.known(&self.version_key()?)
    }

    /// Whether the version that the machine ran when it was asked last lacks the method at this path.
    pub(crate) fn is_known_without(&self, path: &str) -> bool {
        let version = self.known_version();
        version.is_some_and(|version| Method::find(path).is_some_and(|method| !method.is_in(&version)))
    }

    /// Remembers what the machine said of itself.
    pub(crate) fn note_version(&self, tag: &str) {
        if let (Some(key), Ok(version)) = (self.version_key(), parse(tag)) {
            self.channel().shared.versions.set(&key, version);
        }
    }

    /// Whether the version of Talos on the machine has this method, by its path on the wire
    /// (`/package.Service/Name`). Asks for the version if it is not known yet.
    ///
    /// A machine may have a method and still not offer it in its present mode.
    pub async fn has_method(&self, path: &str) -> Result<bool> {
        let Some(method) = Method::find(path) else {
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                format!("{path} is no method of the Talos API"),
            ));
        };
        Ok(method.is_in(&self.server_version().await?))
    }

    fn version_key(&self) -> Option<String> {
        let shared = &self.channel().shared;
        match &self.channel().target {
            Target::Node { name, .. } => Some(target::canonical(name)),
            // No node has an empty name.
            Target::Endpoint => (shared.balancer.len() == 1).then(String::new),
            Target::Invalid { .. } => None,
        }
    }
}

fn parse(tag: &str) -> Result<TalosVersion> {
    tag.parse().map_err(|error: Error| malformed("the machine told no version of Talos").with_source(error))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ordered_as_semantic_versions() {
        let ordered = [
            "v1.9.6",
            "v1.13.0-alpha.2",
            "v1.13.0-alpha.2-17-g0123abc",
            "v1.13.0-alpha.10",
            "v1.13.0-beta.0",
            "v1.13.0-rc.0",
            "v1.13.0",
            "v1.13.9",
            "v1.14.0-rc.1",
            "v2.0.0",
        ];
        let versions: Vec<TalosVersion> = ordered.iter().map(|text| text.parse().unwrap()).collect();
        // A word comes after a number, so that one is behind `alpha.10`.
        let mut sorted = versions.clone();
        sorted.sort();
        let texts: Vec<String> = sorted.iter().map(ToString::to_string).collect();
        let mut expected = ordered;
        expected.swap(2, 3);
        assert_eq!(texts, expected);
        assert_eq!("1.13.9+build".parse::<TalosVersion>().unwrap(), TalosVersion::new(1, 13, 9));
    }

    #[test]
    fn what_is_no_version_is_refused() {
        for text in [
            "",
            "v",
            "1.13",
            "v1.13.x",
            "1.13.9.1",
            "v1.+1.0",
            "v1.13.0-",
            "latest",
            "v99999999999999999999.0.0",
        ] {
            assert_eq!(
                text.parse::<TalosVersion>().unwrap_err().kind(),
                ErrorKind::InvalidArgument,
                "{text}"
            );
        }
    }
}
