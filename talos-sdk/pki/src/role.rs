//! What a Talos API client may do: the organizations of its certificate.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use crate::{Error, ErrorKind, Result};

/// A role of the Talos API. Declared, and so ordered, by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Role {
    /// `os:admin`: everything.
    Admin,
    /// `os:etcd:backup`: etcd snapshots.
    EtcdBackup,
    /// `os:image:verifier`: verify container images (Talos 1.13 and later).
    ImageVerifier,
    /// `os:impersonator`: act with the roles a request names. Talos gives it to its own forwarding daemon only.
    Impersonator,
    /// `os:meta:writer`: write and delete META values (Talos 1.13 and later).
    MetaWriter,
    /// `os:operator`: read, and restart, reboot or shut down.
    Operator,
    /// `os:reader`: read what is not secret.
    Reader,
}

impl Role {
    /// Every role, by name.
    pub const ALL: [Self; 7] = [
        Self::Admin,
        Self::EtcdBackup,
        Self::ImageVerifier,
        Self::Impersonator,
        Self::MetaWriter,
        Self::Operator,
        Self::Reader,
    ];

    /// The name as it stands in a certificate, for instance `os:admin`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "os:admin",
            Self::EtcdBackup => "os:etcd:backup",
            Self::ImageVerifier => "os:image:verifier",
            Self::Impersonator => "os:impersonator",
            Self::MetaWriter => "os:meta:writer",
            Self::Operator => "os:operator",
            Self::Reader => "os:reader",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == name).ok_or_else(|| unknown(&[name]))
    }
}

/// A set of roles, in the order of their names.
#[derive(Debug, Clone, PartialEq, Eq, Default, Hash)]
pub struct RoleSet(BTreeSet<Role>);

impl RoleSet {
    /// Reads names such as `os:admin`. Surrounding blanks and empty names are ignored; all unknown names are
    /// reported in one error of kind [`ErrorKind::Role`].
    pub fn parse<I>(names: I) -> Result<Self>
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        let mut roles = BTreeSet::new();
        let mut strangers = Vec::new();
        for name in names {
            let name = name.as_ref().trim();
            match name.parse() {
                Ok(role) => _ = roles.insert(role),
                Err(_) if name.is_empty() => {}
                Err(_) => strangers.push(name.to_owned()),
            }
        }
        if strangers.is_empty() { Ok(Self(roles)) } else { Err(unknown(&strangers)) }
    }

    /// The roles among the organizations of a certificate; organizations that are no roles grant nothing.
    pub fn from_organizations<I>(organizations: I) -> Self
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        Self(organizations.into_iter().filter_map(|name| name.as_ref().parse().ok()).collect())
    }

    /// Whether `role` is in the set.
    #[must_use]
    pub fn contains(&self, role: Role) -> bool {
        self.0.contains(&role)
    }

    /// Whether at least one of `roles` is in the set.
    pub fn contains_any(&self, roles: impl IntoIterator<Item = Role>) -> bool {
        roles.into_iter().any(|role| self.contains(role))
    }

    /// Whether the set is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The roles, by name.
    pub fn iter(&self) -> impl Iterator<Item = Role> + '_ {
        self.0.iter().copied()
    }

    /// The organizations that a certificate with these roles carries.
    #[must_use]
    pub fn to_organizations(&self) -> Vec<String> {
        self.iter().map(|role| role.to_string()).collect()
    }
}

impl FromIterator<Role> for RoleSet {
    fn from_iter<I: IntoIterator<Item = Role>>(roles: I) -> Self {
        Self(roles.into_iter().collect())
    }
}

impl<const N: usize> From<[Role; N]> for RoleSet {
    fn from(roles: [Role; N]) -> Self {
        roles.into_iter().collect()
    }
}

impl From<Role> for RoleSet {
    fn from(role: Role) -> Self {
        Self::from([role])
    }
}

/// The names, joined with commas: `os:admin,os:reader`.
impl fmt::Display for RoleSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_organizations().join(","))
    }
}

fn unknown<S: AsRef<str>>(names: &[S]) -> Error {
    let names: Vec<_> = names.iter().map(|name| format!("{:?}", name.as_ref())).collect();
    let known: Vec<_> = Role::ALL.iter().map(|role| role.as_str()).collect();
    Error::new(ErrorKind::Role, format!("no such role: {}; roles are {}", names.join(", "), known.join(", ")))
}
