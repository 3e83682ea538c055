//! What every resource has.

use std::collections::BTreeMap;
use std::time::SystemTime;

use talos_proto::cosi::resource as proto;

use crate::instant::instant;

/// Which resource this is, and its history.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metadata {
    /// The namespace, such as `network`.
    pub namespace: String,
    /// The full name of the type, such as `NodeAddresses.net.talos.dev`.
    pub kind: String,
    /// The id, unique among the resources of a type in a namespace.
    pub id: String,
    /// Grows with each change; `None` where the machine has not given one.
    pub version: Option<u64>,
    /// The controller that writes it; empty for none.
    pub owner: String,
    /// Whether it is about to go.
    pub phase: Phase,
    /// When it was made.
    pub created: Option<SystemTime>,
    /// When it changed last.
    pub updated: Option<SystemTime>,
    /// Who must agree before it goes.
    pub finalizers: Vec<String>,
    /// What can be selected by.
    pub labels: BTreeMap<String, String>,
    /// What can't.
    pub annotations: BTreeMap<String, String>,
}

/// Whether a resource is about to go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// It stays.
    #[default]
    Running,
    /// It goes as soon as its finalizers are gone.
    TearingDown,
}

impl Phase {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::TearingDown => "tearingDown",
        }
    }
}

impl Metadata {
    pub(super) fn into_proto(self) -> proto::Metadata {
        proto::Metadata {
            namespace: self.namespace,
            r#type: self.kind,
            id: self.id,
            version: self.version.map_or_else(|| "undefined".to_owned(), |version| version.to_string()),
            owner: self.owner,
            phase: self.phase.as_str().to_owned(),
            created: self.created.map(Into::into),
            updated: self.updated.map(Into::into),
            finalizers: self.finalizers,
            labels: self.labels,
            annotations: self.annotations,
        }
    }

    pub(crate) fn from_proto(metadata: proto::Metadata) -> Self {
        Self {
            namespace: metadata.namespace,
            kind: metadata.r#type,
            id: metadata.id,
            version: metadata.version.parse().ok(),
            owner: metadata.owner,
            phase: if metadata.phase == "tearingDown" { Phase::TearingDown } else { Phase::Running },
            created: instant(metadata.created),
            updated: instant(metadata.updated),
            finalizers: metadata.finalizers,
            labels: metadata.labels,
            annotations: metadata.annotations,
        }
    }
}
