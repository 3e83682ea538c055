//! The pods that Talos and its manifests make.

use crate::config::NodeConfig;
use crate::images::sha256;

/// The namespace of what Talos and its manifests make.
pub(crate) const NAMESPACE: &str = "kube-system";
/// The image of the sandbox around a pod.
pub(crate) const SANDBOX_IMAGE: &str = "registry.k8s.io/pause:3.10";

pub(crate) const CORE_DNS_IMAGE: &str = "registry.k8s.io/coredns/coredns:v1.12.4";
pub(crate) const FLANNEL_IMAGE: &str = "ghcr.io/siderolabs/flannel:v0.27.4";

/// A pod, as the kubelet of its machine knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pod {
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) uid: String,
    /// The only container in it.
    pub(crate) container: String,
    pub(crate) image: String,
    /// Whether the kubelet runs it from a file, without the Kubernetes API.
    pub(crate) is_static: bool,
}

impl Pod {
    /// A pod of kube-system. The same name and `seed` always give the same uid.
    pub(crate) fn of_system(container: &str, name: String, image: &str, seed: &str) -> Self {
        Self {
            namespace: NAMESPACE.to_owned(),
            uid: uid(&format!("{seed}/{name}")),
            name,
            container: container.to_owned(),
            image: image.to_owned(),
            is_static: false,
        }
    }

    /// Namespace and name, as containerd shows a pod.
    pub(crate) fn id(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }
}

/// The static pods of a machine with this hostname.
pub(crate) fn static_pods(hostname: &str, config: &NodeConfig) -> Vec<Pod> {
    if !config.control_plane {
        return Vec::new();
    }
    let components = &config.components;
    let pod = |name: &str, image: &str| Pod {
        is_static: true,
        ..Pod::of_system(name, format!("{name}-{hostname}"), image, hostname)
    };
    vec![
        pod("kube-apiserver", &components.api_server.image),
        pod("kube-controller-manager", &components.controller_manager.image),
        pod("kube-scheduler", &components.scheduler.image),
    ]
}

/// The end of the name of a pod that something else makes: five digits that follow from `text`.
pub(crate) fn suffix(text: &str) -> String {
    uid(text)[..5].to_owned()
}

/// A UUID that is always the same for the same text.
pub(crate) fn uid(text: &str) -> String {
    let hex = sha256(text.as_bytes());
    let hex = hex.trim_start_matches("sha256:");
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..32]].join("-")
}

/// The id that containerd gives a container, 64 hexadecimal digits.
pub(crate) fn container_id(text: &str) -> String {
    sha256(text.as_bytes()).trim_start_matches("sha256:").to_owned()
}
