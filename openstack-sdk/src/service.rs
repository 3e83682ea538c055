//! The kinds of service that a catalog names.

use std::borrow::Cow;
use std::fmt;

/// The type of a service, as the OpenStack service types authority names it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ServiceType(Cow<'static, str>);

/// Official names and the other names under which catalogs carry them, best first.
const ALIASES: &[(&str, &[&str])] = &[
    ("block-storage", &["volumev3", "volumev2", "volume", "block-store"]),
    ("compute", &["computev21", "computev2"]),
    ("container-infrastructure-management", &["container-infrastructure", "container-infra"]),
    ("identity", &["identityv3"]),
    ("image", &["imagev2"]),
    ("load-balancer", &["octavia"]),
    ("network", &["networking", "neutron"]),
    ("object-store", &["object-storage"]),
    ("shared-file-system", &["sharev2", "share"]),
];

impl ServiceType {
    /// Keystone.
    pub const IDENTITY: ServiceType = ServiceType(Cow::Borrowed("identity"));
    /// Glance.
    pub const IMAGE: ServiceType = ServiceType(Cow::Borrowed("image"));
    /// Nova.
    pub const COMPUTE: ServiceType = ServiceType(Cow::Borrowed("compute"));
    /// Neutron.
    pub const NETWORK: ServiceType = ServiceType(Cow::Borrowed("network"));
    /// Swift, or what speaks its API.
    pub const OBJECT_STORE: ServiceType = ServiceType(Cow::Borrowed("object-store"));

    /// A service by the type that the catalog uses.
    pub fn new(name: impl Into<String>) -> ServiceType {
        ServiceType(Cow::Owned(name.into()))
    }

    /// The type as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The names to look for in a catalog, best first; the first is this one.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        let others = ALIASES
            .iter()
            .find(|(official, aliases)| *official == self.0 || aliases.contains(&self.as_str()))
            .map(|(official, aliases)| std::iter::once(*official).chain(aliases.iter().copied()));
        let own = self.as_str();
        std::iter::once(own).chain(others.into_iter().flatten().filter(move |name| *name != own))
    }
}

impl fmt::Display for ServiceType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::ServiceType;

    #[test]
    fn an_alias_finds_the_official_name_and_back() {
        let names = |name: &str| ServiceType::new(name).names().map(String::from).collect::<Vec<_>>();
        assert_eq!(names("object-store"), ["object-store", "object-storage"]);
        assert_eq!(names("volumev3"), ["volumev3", "block-storage", "volumev2", "volume", "block-store"]);
        assert_eq!(names("odd"), ["odd"]);
    }
}
