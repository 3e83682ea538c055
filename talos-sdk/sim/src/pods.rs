//! The pods that run on a machine once its kubelet does.

use crate::images::sha256;

/// The namespace of all of them.
pub(crate) const NAMESPACE: &str = "kube-system";
/// The image of the sandbox around a pod.
pub(crate) const SANDBOX_IMAGE: &str = "registry.k8s.io/pause:3.10";

pub(crate) const CORE_DNS_IMAGE: &str = "registry.k8s.io/coredns/coredns:v1.12.4";
pub(crate) const FLANNEL_IMAGE: &str = "ghcr.io/siderolabs/flannel:v0.27.4";

/// A pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pod {
    pub(crate) name: String,
    pub(crate) uid: String,
    /// The only container in it.
    pub(crate) container: &'static str,
    pub(crate) image: String,
    /// Whether the kubelet runs it from a file, without the Kubernetes API.
    pub(crate) is_static: bool,
}

impl Pod {
    /// Namespace and name, as containerd shows a pod.
    pub(crate) fn id(&self) -> String {
        format!("{NAMESPACE}/{}", self.name)
    }
}

/// The pods of a machine with this hostname; `version` is that of Kubernetes, `v1.34.0`.
pub(crate) fn pods(hostname: &str, control_plane: bool, version: &str) -> Vec<Pod> {
    let pod = |container: &'static str, name: String, image: String, is_static: bool| {
        let uid = uid(&format!("{hostname}/{name}"));
        Pod { name, uid, container, image, is_static }
    };
    // Part of the name of a pod that a DaemonSet or a ReplicaSet makes.
    let suffix = |of: &str| uid(&format!("{hostname}/{of}"))[..5].to_owned();
    let mut pods = Vec::new();
    if control_plane {
        for name in ["kube-apiserver", "kube-controller-manager", "kube-scheduler"] {
            let image = format!("registry.k8s.io/{name}:{version}");
            pods.push(pod(name, format!("{name}-{hostname}"), image, true));
        }
        let image = CORE_DNS_IMAGE.to_owned();
        pods.push(pod("coredns", format!("coredns-7859998f6-{}", suffix("coredns")), image, false));
    }
    let flannel = FLANNEL_IMAGE.to_owned();
    pods.push(pod("kube-flannel", format!("kube-flannel-{}", suffix("flannel")), flannel, false));
    let proxy = format!("registry.k8s.io/kube-proxy:{version}");
    pods.push(pod("kube-proxy", format!("kube-proxy-{}", suffix("proxy")), proxy, false));
    pods
}

/// A UUID that is always the same for the same text.
fn uid(text: &str) -> String {
    let hex = sha256(text.as_bytes());
    let hex = hex.trim_start_matches("sha256:");
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..32]].join("-")
}

/// The id that containerd gives a container, 64 hexadecimal digits.
pub(crate) fn container_id(text: &str) -> String {
    sha256(text.as_bytes()).trim_start_matches("sha256:").to_owned()
}
