//! What the controllers of a machine read and write.

use talos_proto::inspect::{
    ControllerDependencyEdge, ControllerRuntimeDependenciesResponse, ControllerRuntimeDependency,
    DependencyEdgeType as Edge,
};

use super::Context;
use crate::grpc::Answer;
use crate::resources::ResourceType;

/// A controller, how it depends, the type, and the only resource of it that matters.
const EDGES: [(&str, Edge, &str, &str); 12] = [
    ("config.MachineTypeController", Edge::InputWeak, "MachineConfigs.config.talos.dev", "v1alpha1"),
    ("config.MachineTypeController", Edge::OutputExclusive, "MachineTypes.config.talos.dev", ""),
    ("cluster.LocalAffiliateController", Edge::InputWeak, "Identities.cluster.talos.dev", "local"),
    ("cluster.LocalAffiliateController", Edge::InputWeak, "HostnameStatuses.net.talos.dev", "hostname"),
    ("cluster.LocalAffiliateController", Edge::OutputShared, "Affiliates.cluster.talos.dev", ""),
    ("cluster.MemberController", Edge::InputWeak, "Affiliates.cluster.talos.dev", ""),
    ("cluster.MemberController", Edge::OutputExclusive, "Members.cluster.talos.dev", ""),
    ("k8s.NodenameController", Edge::InputWeak, "HostnameStatuses.net.talos.dev", "hostname"),
    ("k8s.NodenameController", Edge::OutputExclusive, "Nodenames.kubernetes.talos.dev", ""),
    ("runtime.MachineStatusController", Edge::InputWeak, "Services.v1alpha1.talos.dev", ""),
    ("runtime.MachineStatusController", Edge::OutputExclusive, "MachineStatuses.runtime.talos.dev", ""),
    ("secrets.RootOSController", Edge::OutputExclusive, "OSRootSecrets.secrets.talos.dev", ""),
];

pub(super) fn dependencies(cx: &Context<'_>) -> Answer {
    let edge = |(controller, edge_type, kind, id): (&str, Edge, &str, &str)| {
        let namespace = ResourceType::find(kind, cx.run.minor())?.namespace;
        Some(ControllerDependencyEdge {
            controller_name: controller.to_owned(),
            edge_type: edge_type.into(),
            resource_namespace: namespace.to_owned(),
            resource_type: kind.to_owned(),
            resource_id: id.to_owned(),
        })
    };
    let edges = EDGES.into_iter().filter_map(edge).collect();
    let reply = ControllerRuntimeDependency { metadata: None, edges };
    Answer::one(&ControllerRuntimeDependenciesResponse { messages: vec![reply] })
}
