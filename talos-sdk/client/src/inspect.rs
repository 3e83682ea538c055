//! The inside of a machine: what its controllers read and write.

use talos_proto::inspect::{ControllerDependencyEdge, DependencyEdgeType};

use crate::{Node, Result};

/// That a controller reads or writes resources.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct ControllerDependency {
    /// The name of the controller.
    pub controller: String,
    /// What it does with the resources.
    pub kind: DependencyKind,
    /// Their namespace; empty for outputs, which are of a type in any namespace.
    pub namespace: String,
    /// Their type.
    pub resource_type: String,
    /// The id, if it is about one resource only.
    pub id: Option<String>,
}

/// What a controller does with resources.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DependencyKind {
    /// It alone writes them.
    OutputExclusive,
    /// It and others write them.
    OutputShared,
    /// It reads them, and they are not destroyed before it is done with them.
    InputStrong,
    /// It reads them.
    InputWeak,
    /// It wants to know when they can be destroyed.
    InputDestroyReady,
    /// A number that this version of the library does not know.
    Unknown(i32),
}

impl Node {
    /// What the controllers of the machine read and write
    /// (`inspect.InspectService/ControllerRuntimeDependencies`, any role).
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/example.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> { example(async |node| {
    /// use talos_client::DependencyKind;
    ///
    /// for edge in node.controller_dependencies().await? {
    ///     if edge.kind == DependencyKind::OutputExclusive {
    ///         println!("{} writes {}", edge.controller, edge.resource_type);
    ///     }
    /// }
    /// # Ok(()) }) }
    /// ```
    pub async fn controller_dependencies(&self) -> Result<Vec<ControllerDependency>> {
        let reply =
            self.call((), |raw, request| async move {
                raw.inspect().controller_runtime_dependencies(request).await
            })
            .await?;
        Ok(reply.single()?.edges.into_iter().map(ControllerDependency::from).collect())
    }
}

impl From<ControllerDependencyEdge> for ControllerDependency {
    fn from(edge: ControllerDependencyEdge) -> Self {
        Self {
            kind: match DependencyEdgeType::try_from(edge.edge_type) {
                Ok(DependencyEdgeType::OutputExclusive) => DependencyKind::OutputExclusive,
                Ok(DependencyEdgeType::OutputShared) => DependencyKind::OutputShared,
                Ok(DependencyEdgeType::InputStrong) => DependencyKind::InputStrong,
                Ok(DependencyEdgeType::InputWeak) => DependencyKind::InputWeak,
                Ok(DependencyEdgeType::InputDestroyReady) => DependencyKind::InputDestroyReady,
                Err(_) => DependencyKind::Unknown(edge.edge_type),
            },
            controller: edge.controller_name,
            namespace: edge.resource_namespace,
            resource_type: edge.resource_type,
            id: Some(edge.resource_id).filter(|id| !id.is_empty()),
        }
    }
}
