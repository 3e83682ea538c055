//! The types of resources that a machine has.

use bytes::Bytes;
use talos_proto::cosi::resource::meta::ResourceDefinitionSpec;
use talos_proto::cosi::resource::meta::resource_definition_spec::Sensitivity;

use super::protobuf;
use super::spec::{ResourceSpec, SpecData};
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
            sensitive: spec.sensitivity() == Sensitivity::Sensitive,
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

    fn is_called(&self, name: &str) -> bool {
        self.kind.to_lowercase() == name || self.aliases.iter().any(|alias| alias.to_lowercase() == name)
    }
}

impl Node {
    /// The type of this name: the full one, or a short one such as `members`, in any case.
    ///
    /// [`ErrorKind::NotFound`]: the machine has no such type. [`ErrorKind::InvalidArgument`]: several have this name.
    pub async fn resource_definition(&self, name: &str) -> Result<ResourceDefinition> {
        let wanted = name.to_lowercase();
        let all = self.resources::<ResourceDefinition>().list().await?;
        let mut found: Vec<ResourceDefinition> = all
            .into_iter()
            .map(|resource| resource.spec)
            .filter(|definition| definition.is_called(&wanted))
            .collect();
        // A full name is meant as such, even if it is another type's alias.
        if let Some(exact) = found.iter().position(|definition| definition.kind.to_lowercase() == wanted) {
            return Ok(found.swap_remove(exact));
        }
        let (kind, message) = match found.len() {
            1 => return Ok(found.swap_remove(0)),
            0 => (ErrorKind::NotFound, format!("the machine has no resources called {name:?}")),
            _ => {
                let kinds: Vec<&str> = found.iter().map(|definition| definition.kind.as_str()).collect();
                (
                    ErrorKind::InvalidArgument,
                    format!("{name:?} can be {}: give the full name", kinds.join(" or ")),
                )
            }
        };
        Err(Error::new(kind, message).at(None, self.name(), None))
    }
}
