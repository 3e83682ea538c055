//! Policies that a new cluster starts with.

use talos_yaml::Node;

use crate::types::Unstructured;

/// Name of the admission plugin that [`pod_security`] configures.
pub(crate) const POD_SECURITY: &str = "PodSecurity";

/// Pod security: baseline is enforced, what is not restricted is reported.
pub(crate) fn pod_security() -> Unstructured {
    let levels = [
        ("audit", "restricted"),
        ("audit-version", "latest"),
        ("enforce", "baseline"),
        ("enforce-version", "latest"),
        ("warn", "restricted"),
        ("warn-version", "latest"),
    ];
    let exempt = [
        ("namespaces", list([Node::string("kube-system")])),
        ("runtimeClasses", list([])),
        ("usernames", list([])),
    ];
    Unstructured::from_iter([
        ("apiVersion", Node::string("pod-security.admission.config.k8s.io/v1alpha1")),
        ("kind", Node::string("PodSecurityConfiguration")),
        ("defaults", mapping(levels.map(|(key, level)| (key, Node::string(level))))),
        ("exemptions", mapping(exempt)),
    ])
}

/// Audit policy: metadata of every request.
pub(crate) fn audit_policy() -> Unstructured {
    Unstructured::from_iter([
        ("apiVersion", Node::string("audit.k8s.io/v1")),
        ("kind", Node::string("Policy")),
        ("rules", list([mapping([("level", Node::string("Metadata"))])])),
    ])
}

/// Authentication: nobody is let in without credentials but to ask for health.
pub(crate) fn authentication() -> Unstructured {
    let paths = ["/livez", "/readyz", "/healthz"].map(|path| mapping([("path", Node::string(path))]));
    let anonymous = mapping([("conditions", list(paths)), ("enabled", Node::bool(true))]);
    Unstructured::from_iter([("anonymous", anonymous), ("jwt", list([]))])
}

/// Encryption of secrets at rest with one key of secretbox.
pub(crate) fn encryption(name: &str, secret: &str) -> Unstructured {
    let key = mapping([("name", Node::string(name)), ("secret", Node::string(secret))]);
    let provider = mapping([("secretbox", mapping([("keys", list([key]))]))]);
    let secrets = [("providers", list([provider])), ("resources", list([Node::string("secrets")]))];
    Unstructured::from_iter([("resources", list([mapping(secrets)]))])
}

fn list<const N: usize>(items: [Node; N]) -> Node {
    Node::sequence(items.into())
}

fn mapping<const N: usize>(entries: [(&str, Node); N]) -> Node {
    Node::mapping(entries.into_iter().map(|(key, value)| (Node::string(key), value)).collect())
}
