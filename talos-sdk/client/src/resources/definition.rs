//! The types of resources that a machine has.

use bytes::Bytes;
use talos_proto::cosi::resource::meta::ResourceDefinitionSpec;
use talos_proto::cosi::resource::meta::resource_definition_spec::Sensitivity as ProtoSensitivity;

use super::protobuf;
use super::spec::{ResourceSpec, Sensitivity, SpecData};
use super::{Resources, Untyped};
use crate::{Error, ErrorKind, Node, Result};

/// A type of resources. Its id is the name of the type in lower case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ResourceDefinition {
    /// The full name of the type, such as `Members.cluster.talos.dev`.
    pub kind: String,
    /// The name for people, such as `Member`.
    pub display_type: String,
    /// Where resources of the type usually are.
    pub default_namespace: String,
    /// Every name that the type can be asked for by, in lower case.
    pub aliases: Vec<String>,
    /// Whether only administrators may read it.
    pub sensitive: bool,
}

impl ResourceSpec for ResourceDefinition {
    const TYPE: &'static str = "ResourceDefinitions.meta.cosi.dev";
    const NAMESPACE: &'static str = "meta";
}

impl SpecData for ResourceDefinition {
    fn decode_spec(proto: Bytes, _: String) -> Result<Self> {
        let spec: ResourceDefinitionSpec = protobuf::message(proto)?;
        Ok(Self {
            sensitive: spec.sensitivity() == ProtoSensitivity::Sensitive,
            kind: spec.resource_type,
            display_type: spec.display_type,
            default_namespace: spec.default_namespace,
            aliases: spec.all_aliases,
        })
    }
}

impl ResourceDefinition {
    /// Resources of this type on a node.
    #[must_use]
    pub fn on(&self, node: &Node) -> Resources<Untyped> {
        Resources::new(node, &self.default_namespace, &self.kind)
    }

    /// Who may read resources of this type.
    #[must_use]
    pub fn sensitivity(&self) -> Sensitivity {
        Sensitivity::new(self.sensitive)
    }

    /// The one of these types that has this name, in any case: the full one, such as `Members.cluster.talos.dev`, a
    /// short one, such as `members`, or the beginning of the full one up to a dot, such as `members.cluster`.
    ///
    /// [`ErrorKind::NotFound`]: none has; the error names similar ones. [`ErrorKind::InvalidArgument`]: several have;
    /// the error names them.
    pub fn find<'a>(definitions: &'a [Self], name: &str) -> Result<&'a Self> {
        let wanted = name.to_lowercase();
        // A full name is meant as such, even if it is another type's alias.
        if let Some(exact) = definitions.iter().find(|known| known.kind.to_lowercase() == wanted) {
            return Ok(exact);
        }
        let found: Vec<&Self> = definitions.iter().filter(|known| known.is_called(&wanted)).collect();
        match found[..] {
            [one] => Ok(one),
            [] => Err(Error::new(ErrorKind::NotFound, not_called(definitions, name, &wanted))),
            _ => {
                let kinds: Vec<&str> = found.iter().map(|known| known.kind.as_str()).collect();
                Err(Error::new(
                    ErrorKind::InvalidArgument,
                    format!("{name:?} can be {}: give the full name", kinds.join(" or ")),
                ))
            }
        }
    }

    /// Takes a name in lower case.
    fn is_called(&self, name: &str) -> bool {
        let begins = || {
            let kind = self.kind.to_lowercase();
            kind.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'))
        };
        self.aliases.iter().any(|alias| alias.to_lowercase() == name) || begins()
    }

    /// How far its nearest name is from this one, which is in lower case.
    fn distance(&self, name: &str) -> usize {
        let names = [&self.kind, &self.display_type].into_iter().chain(&self.aliases);
        names.map(|own| distance(&own.to_lowercase(), name)).min().unwrap_or(usize::MAX)
    }
}

/// Says that there is no such type, and which may be meant.
fn not_called(definitions: &[ResourceDefinition], name: &str, wanted: &str) -> String {
    let most = wanted.chars().count().div_ceil(3).min(3);
    let mut near: Vec<(usize, &str)> = definitions
        .iter()
        .map(|known| {
            let inside = wanted.len() > 2 && known.kind.to_lowercase().contains(wanted);
            (if inside { most } else { known.distance(wanted) }, known.kind.as_str())
        })
        .filter(|(distance, _)| *distance <= most)
        .collect();
    near.sort_unstable();
    near.truncate(5);
    let near: Vec<&str> = near.into_iter().map(|(_, kind)| kind).collect();
    match near[..] {
        [] => format!("the machine has no resources called {name:?}"),
        _ => format!("the machine has no resources called {name:?}: is it {}?", near.join(" or ")),
    }
}

/// How many characters must be added, left out or replaced to make one text of the other.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (index, character) in one.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], index + 1);
        for (column, candidate) in other.iter().enumerate() {
            let replaced = diagonal + usize::from(character != *candidate);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(row[column] + 1).min(diagonal + 1);
        }
    }
    row[other.len()]
}

impl Node {
    /// The types of resources that the machine has.
    pub async fn resource_definitions(&self) -> Result<Vec<ResourceDefinition>> {
        let all = self.resources::<ResourceDefinition>().list().await?;
        Ok(all.into_iter().map(|resource| resource.spec).collect())
    }

    /// The type of this name, as [`ResourceDefinition::find`] finds it among those that the machine has.
    pub async fn resource_definition(&self, name: &str) -> Result<ResourceDefinition> {
        let all = self.resource_definitions().await?;
        ResourceDefinition::find(&all, name).cloned().map_err(|error| error.at(None, self.name(), None))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn definitions() -> Vec<ResourceDefinition> {
        let define = |kind: &str, display_type: &str, aliases: &[&str]| ResourceDefinition {
            kind: kind.to_owned(),
            display_type: display_type.to_owned(),
            aliases: aliases.iter().map(|alias| (*alias).to_owned()).collect(),
            ..Default::default()
        };
        vec![
            define("Members.cluster.talos.dev", "Member", &["members", "member"]),
            define("EtcdMembers.etcd.talos.dev", "EtcdMember", &["etcdmembers", "etcdmember", "em"]),
            define("MountStatuses.block.talos.dev", "MountStatus", &["mountstatuses", "mountstatus", "ms"]),
            define(
                "MountStatuses.runtime.talos.dev",
                "MountStatus",
                &["mountstatuses", "mountstatus", "mounts", "ms"],
            ),
            // Its alias is the full name of another type.
            define("Odd.talos.dev", "Odd", &["members.cluster.talos.dev"]),
        ]
    }

    fn find(name: &str) -> Result<String> {
        ResourceDefinition::find(&definitions(), name).map(|found| found.kind.clone())
    }

    #[test]
    fn names_long_and_short_in_any_case() {
        for name in
            ["Members.cluster.talos.dev", "members.cluster.talos.dev", "member", "MEMBERS", "members.cluster"]
        {
            assert_eq!(find(name).unwrap(), "Members.cluster.talos.dev", "{name}");
        }
        assert_eq!(find("mounts").unwrap(), "MountStatuses.runtime.talos.dev");
        assert_eq!(find("mountstatuses.block").unwrap(), "MountStatuses.block.talos.dev");
    }

    #[test]
    fn what_several_are_called_is_said() {
        let error = find("ms").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        let text = error.to_string();
        assert!(text.contains("MountStatuses.block.talos.dev or MountStatuses.runtime.talos.dev"), "{text}");
    }

    #[test]
    fn what_none_is_called_is_said_with_what_is_near() {
        for (name, near) in
            [("memebr", "Members.cluster"), ("mount", "MountStatuses.block"), ("etcdmembrs", "EtcdMembers")]
        {
            let error = find(name).unwrap_err();
            assert!(error.is_not_found() && error.to_string().contains(near), "{error}");
        }
        let error = find("nonsense").unwrap_err();
        assert!(error.is_not_found() && !error.to_string().contains("talos.dev"), "{error}");
        assert!(find("").unwrap_err().is_not_found());
    }
}
