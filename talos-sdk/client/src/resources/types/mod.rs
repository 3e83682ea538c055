//! The types of resources that Talos has, by area. A type's struct is its specification.
//!
//! ```no_run
//! use talos_client::resources::types::network::LinkStatusSpec;
//!
//! # async fn example(node: talos_client::Node) -> Result<(), talos_client::Error> {
//! for link in node.resources::<LinkStatusSpec>().list().await? {
//!     println!("{} has MTU {}", link.metadata.id, link.spec.mtu);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Most are the protobuf messages that machines send, in the shape of the newest version. What machines of 1.9 and
//! later send in an older shape is read into it. Types without a message are in [`yaml`], those newer than the
//! messages of this library in [`next`].

pub mod next;
pub mod yaml;

use super::{MachineStatus, Member, NodeAddress, ResourceDefinition, Sensitivity, Untyped};
use crate::Result;

/// A type of resources, as far as this library knows without asking a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ResourceType {
    /// The full name, such as `LinkStatuses.net.talos.dev`.
    pub kind: &'static str,
    /// The namespace where Talos keeps the type.
    pub namespace: &'static str,
    /// Who may read it.
    pub sensitivity: Sensitivity,
    /// The first minor version of Talos 1 that has it; 9 stands for any before too.
    pub since: u16,
    /// The first minor version of Talos 1 that does not have it any more.
    pub until: Option<u16>,
    /// The id, where there is only one resource of the type.
    pub id: Option<&'static str>,
}

impl ResourceType {
    /// The type of this full name.
    #[must_use]
    pub fn find(kind: &str) -> Option<&'static Self> {
        Self::all().find(|known| known.kind == kind)
    }

    /// All types that Talos 1.9 or any later version has.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        AREAS.iter().copied().flatten()
    }

    /// Whether Talos 1.`minor` has it.
    #[must_use]
    pub fn is_in(&self, minor: u16) -> bool {
        // What is in 1.9 may be older.
        (self.since == 9 || self.since <= minor) && self.until.is_none_or(|until| minor < until)
    }
}

/// Implements what makes a resource type of a struct, and lists it.
macro_rules! types {
    ($($spec:ident = $kind:literal in $namespace:literal, since $since:literal $(, until $until:literal)?
        $(, sensitive $sensitive:literal)? $(, id $id:literal)?;)*) => {
        $(
            impl $crate::resources::ResourceSpec for $spec {
                const TYPE: &'static str = $kind;
                const NAMESPACE: &'static str = $namespace;
                $(const SENSITIVITY: $crate::resources::Sensitivity = $crate::resources::Sensitivity::new($sensitive);)?
                const SINCE: u16 = $since;
            }

            $(impl $crate::resources::Singleton for $spec {
                const ID: &'static str = $id;
            })?
        )*

        pub(super) const TYPES: &[$crate::resources::types::ResourceType] = &[$({
            let known = $crate::resources::types::known::<$spec>();
            $(let known = known.until($until);)?
            $(let known = known.singleton($id);)?
            known
        }),*];

        pub(super) const READERS: &[$crate::resources::types::Reader] =
            &[$($crate::resources::types::read::<$spec>),*];
    };
}

/// As [`types!`], for protobuf messages.
macro_rules! message_types {
    ($($spec:ident = $kind:literal in $namespace:literal, since $since:literal $(, until $until:literal)?
        $(, sensitive $sensitive:literal)? $(, id $id:literal)? $(, older $older:ident)?;)*) => {
        $crate::resources::types::types! {
            $($spec = $kind in $namespace, since $since $(, until $until)? $(, sensitive $sensitive)? $(, id $id)?;)*
        }

        $(impl $crate::resources::ProtobufSpec for $spec {
            const REDACTED: bool = $crate::resources::types::known::<$spec>().is_sensitive();

            $(fn upgrade(proto: bytes::Bytes) -> bytes::Bytes {
                $crate::resources::older::rewrite(proto, $crate::resources::older::$older)
            })?
        })*
    };
}

/// As [`message_types!`], for messages of the module that is named first.
macro_rules! messages {
    ($first:ident $(:: $module:ident)*: $($spec:ident = $kind:literal in $namespace:literal $(, $key:ident $value:tt)*;)*) => {
        #[doc(no_inline)]
        pub use $first$(::$module)*::{$($spec),*};

        $crate::resources::types::message_types! {
            $($spec = $kind in $namespace $(, $key $value)*;)*
        }
    };
}

use {message_types, messages, types};

/// Reads a specification and drops it.
#[doc(hidden)]
pub type Reader = fn(&Untyped) -> Result<()>;

/// A reader for each type of resources, as a message and as a handier struct.
#[doc(hidden)]
pub fn readers() -> impl Iterator<Item = Reader> {
    let handier: [Reader; 4] =
        [read::<MachineStatus>, read::<Member>, read::<NodeAddress>, read::<ResourceDefinition>];
    READERS.iter().copied().flatten().copied().chain(handier)
}

fn read<S: super::ResourceSpec>(spec: &Untyped) -> Result<()> {
    spec.read::<S>().map(drop)
}

const fn known<S: super::ResourceSpec>() -> ResourceType {
    ResourceType {
        kind: S::TYPE,
        namespace: S::NAMESPACE,
        sensitivity: S::SENSITIVITY,
        since: S::SINCE,
        until: None,
        id: None,
    }
}

impl ResourceType {
    const fn until(mut self, until: u16) -> Self {
        self.until = Some(until);
        self
    }

    const fn singleton(mut self, id: &'static str) -> Self {
        self.id = Some(id);
        self
    }

    const fn is_sensitive(&self) -> bool {
        matches!(self.sensitivity, Sensitivity::Sensitive)
    }
}

macro_rules! areas {
    ($($(#[$doc:meta])* $area:ident)*) => {
        $($(#[$doc])* pub mod $area;)*

        const AREAS: &[&[ResourceType]] = &[$($area::TYPES,)* next::TYPES, yaml::TYPES];
        const READERS: &[&[Reader]] = &[$($area::READERS,)* next::READERS, yaml::READERS];
    };
}

areas! {
    /// Disks, volumes, mounts.
    block
    /// Members of the cluster.
    cluster
    /// The machine configuration.
    config
    /// Containers that the machine runs by itself.
    containers
    /// The container runtime.
    cri
    /// etcd.
    etcd
    /// Files below `/etc`.
    files
    /// Processors, memory, devices.
    hardware
    /// Kubernetes.
    k8s
    /// Access to the machine API from Kubernetes.
    kubeaccess
    /// KubeSpan.
    kubespan
    /// Links, addresses, routes, names, time servers, packet filters.
    network
    /// Use of processors and memory.
    perf
    /// The operating system.
    runtime
    /// Keys and certificates.
    secrets
    /// Verification of images.
    security
    /// SideroLink.
    siderolink
    /// LVM and software RAID.
    storage
    /// The clock.
    time
    /// Services.
    v1alpha1
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn every_type_of_the_facts_is_here() {
        let facts = include_str!("../../../../../proto/facts/resources.tsv");
        let mut rows: Vec<String> = ResourceType::all()
            .map(|known| {
                assert!(known.is_in(known.since));
                let minor = |minor: u16| format!("1.{minor}");
                [
                    known.kind,
                    known.namespace,
                    if known.is_sensitive() { "sensitive" } else { "" },
                    known.id.unwrap_or(""),
                    &minor(known.since),
                    &known.until.map(minor).unwrap_or_default(),
                ]
                .join("\t")
            })
            .collect();
        rows.sort();
        let mut expected: Vec<String> = facts
            .lines()
            .skip(1)
            .map(|line| {
                let mut columns: Vec<&str> = line.split('\t').collect();
                columns.remove(3);
                columns.join("\t")
            })
            .collect();
        expected.sort();
        assert_eq!(rows, expected);
        assert_eq!(rows.len(), 199);
    }

    #[test]
    fn types_are_found_with_their_versions() {
        let gone = ResourceType::find("MaintenanceServiceCertificates.secrets.talos.dev").unwrap();
        assert_eq!((gone.is_in(8), gone.is_in(12), gone.is_in(13)), (true, true, false));
        assert_eq!(gone.sensitivity, Sensitivity::Sensitive);
        let new = ResourceType::find("BootIDs.runtime.talos.dev").unwrap();
        assert_eq!((new.is_in(13), new.is_in(14), new.id), (false, true, Some("boot-id")));
        assert_eq!(ResourceType::find("Nothings.talos.dev"), None);
    }
}
