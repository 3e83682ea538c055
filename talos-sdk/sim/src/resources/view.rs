//! What one machine sees of the affiliates that it shares with its cluster.

use std::sync::Arc;

use talos_proto::cosi::resource as cosi;

use super::cluster::AFFILIATES;

/// Every machine writes its own affiliate itself, and is told of the others by the discovery service.
#[derive(Clone)]
pub(crate) struct View {
    /// Id of the affiliate that is not there: what the discovery service knows of the machine itself.
    hidden: Option<Arc<str>>,
    /// Id of the affiliate that the machine wrote.
    own: Option<Arc<str>>,
}

/// The namespace of what the discovery service tells.
pub(crate) const RAW: &str = "cluster-raw";

/// The id of what the discovery service tells of a machine.
pub(crate) fn raw_id(node_id: &str) -> String {
    format!("service/{node_id}")
}

impl View {
    /// What the machine with this identity sees in a namespace.
    pub(crate) fn new(namespace: &str, kind: &str, node_id: Option<String>) -> Self {
        let node_id = node_id.filter(|_| kind == AFFILIATES);
        if namespace == RAW {
            Self { hidden: node_id.map(|id| raw_id(&id).into()), own: None }
        } else {
            Self { hidden: None, own: node_id.map(Into::into) }
        }
    }

    /// Whether the resource with this id is there.
    pub(crate) fn shows(&self, id: &str) -> bool {
        self.hidden.as_deref() != Some(id)
    }

    /// The resource as this machine has it.
    pub(crate) fn of(&self, mut resource: cosi::Resource) -> cosi::Resource {
        if let Some(metadata) =
            resource.metadata.as_mut().filter(|metadata| self.own.as_deref() == Some(&metadata.id))
        {
            "cluster.LocalAffiliateController".clone_into(&mut metadata.owner);
        }
        resource
    }

    /// The event as this machine has it.
    pub(crate) fn of_event(&self, mut event: cosi::Event) -> Option<cosi::Event> {
        let metadata = event.resource.as_ref().and_then(|resource| resource.metadata.as_ref());
        if metadata.is_some_and(|metadata| !self.shows(&metadata.id)) {
            return None;
        }
        event.resource = event.resource.map(|resource| self.of(resource));
        event.old = event.old.map(|resource| self.of(resource));
        Some(event)
    }
}
