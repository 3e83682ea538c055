//! Components of Kubernetes.

use std::collections::BTreeMap;

use talos_machineconfig_derive::Fields;

use crate::types::v1alpha1;
use crate::types::{Args, Unstructured};
use crate::validate::kubernetes::{check_kubelet_config, check_resources, one_of};
use crate::validate::{Findings, Rules};

/// What a missing image should be.
const IMAGE: &str = "the image with the Kubernetes version as its tag";

/// The kubelet.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "KubeletConfig", since = "1.14")]
pub struct KubeletConfig {
    /// Image, whose tag is the Kubernetes version.
    #[config(always)]
    pub image: String,
    /// Fields of the kubelet's own configuration.
    #[config(always)]
    pub config: Unstructured,
    /// More command line arguments.
    pub extra_args: Args,
    /// DNS servers of pods, if not the default.
    #[config(key = "clusterDNS")]
    pub cluster_dns: Vec<String>,
    /// Whether pods get the runtime's default seccomp profile.
    pub default_runtime_seccomp_profile_enabled: Option<bool>,
}

impl Rules for KubeletConfig {
    fn check(&self, found: &mut Findings) {
        found.require("image", &self.image, IMAGE);
        check_kubelet_config("config", &self.config, found);
    }

    fn check_sections(&self, sections: &v1alpha1::Config, found: &mut Findings) {
        exclude_kubelet(sections, found);
    }
}

fn exclude_kubelet(sections: &v1alpha1::Config, found: &mut Findings) {
    let is_set = sections.machine.as_ref().is_some_and(|machine| machine.kubelet.is_some());
    found.exclude("machine.kubelet", is_set);
}

/// Credential provider plugins of the kubelet.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "KubeCredentialProviderConfig", since = "1.14")]
pub struct KubeCredentialProviderConfig {
    /// Their configuration. A patch replaces it.
    #[config(always, replace)]
    pub configuration: Unstructured,
}

impl Rules for KubeCredentialProviderConfig {
    fn check_sections(&self, sections: &v1alpha1::Config, found: &mut Findings) {
        exclude_kubelet(sections, found);
    }
}

/// The API server.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "KubeAPIServerConfig", since = "1.14", control_plane)]
pub struct KubeApiServerConfig {
    /// Image.
    #[config(always)]
    pub image: String,
    /// More command line arguments.
    pub extra_args: Args,
    /// Environment variables.
    pub env: BTreeMap<String, String>,
    /// Requests and limits.
    pub resources: ResourcesConfig,
    /// Port on the machine.
    pub api_port: Option<i64>,
    /// More names and addresses for its certificate.
    #[config(key = "certExtraSANs")]
    pub cert_extra_sans: Vec<String>,
    /// Whether it has a startup probe.
    pub startup_probes: Option<bool>,
}

/// Arguments by which they start, and the kind of document that sets them.
const API_SERVER_ARGS: [(&str, &str); 6] = [
    ("anonymous-auth", "KubeAuthenticationConfig"),
    ("oidc-", "KubeAuthenticationConfig"),
    ("authentication-config", "KubeAuthenticationConfig"),
    ("authorization-config", "KubeAuthorizerConfig"),
    ("authorization-mode", "KubeAuthorizerConfig"),
    ("authorization-webhook-", "KubeAuthorizerConfig"),
];

impl Rules for KubeApiServerConfig {
    fn check(&self, found: &mut Findings) {
        found.require("image", &self.image, IMAGE);
        found.within("extraArgs", |found| {
            for arg in self.extra_args.keys() {
                if let Some((_, kind)) = API_SERVER_ARGS.iter().find(|(start, _)| arg.starts_with(start)) {
                    found.within(arg, |found| {
                        found.error("", format!("use a document of kind {kind} instead"))
                    });
                }
            }
        });
        self.resources.check(found);
    }

    fn check_sections(&self, sections: &v1alpha1::Config, found: &mut Findings) {
        let Some(cluster) = &sections.cluster else { return };
        found.exclude("cluster.apiServer", cluster.api_server.is_some());
        let port = cluster.control_plane.as_ref().map(|plane| plane.local_api_server_port);
        found.exclude("cluster.controlPlane.localAPIServerPort", port.is_some_and(|port| port != 0));
    }
}

/// The controller manager.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "KubeControllerManagerConfig", since = "1.14", control_plane)]
pub struct KubeControllerManagerConfig {
    /// Whether it runs.
    pub enabled: Option<bool>,
    /// Image.
    #[config(always)]
    pub image: String,
    /// More command line arguments.
    pub extra_args: Args,
    /// Environment variables.
    pub env: BTreeMap<String, String>,
    /// Requests and limits.
    pub resources: ResourcesConfig,
}

impl Rules for KubeControllerManagerConfig {
    fn check(&self, found: &mut Findings) {
        if self.enabled != Some(false) {
            found.require("image", &self.image, IMAGE);
            self.resources.check(found);
        }
    }

    fn check_sections(&self, sections: &v1alpha1::Config, found: &mut Findings) {
        let is_set = sections.cluster.as_ref().is_some_and(|cluster| cluster.controller_manager.is_some());
        found.exclude("cluster.controllerManager", is_set);
        let machine = sections.machine.as_ref().and_then(|machine| machine.control_plane.as_ref());
        let is_set = machine.is_some_and(|plane| plane.controller_manager.is_some());
        found.exclude("machine.controlPlane.controllerManager", is_set);
    }
}

/// The scheduler.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "KubeSchedulerConfig", since = "1.14", control_plane)]
pub struct KubeSchedulerConfig {
    /// Whether it runs.
    pub enabled: Option<bool>,
    /// Image.
    #[config(always)]
    pub image: String,
    /// Its own configuration.
    #[config(always)]
    pub config: Unstructured,
    /// More command line arguments.
    pub extra_args: Args,
    /// Environment variables.
    pub env: BTreeMap<String, String>,
    /// Requests and limits.
    pub resources: ResourcesConfig,
}

impl Rules for KubeSchedulerConfig {
    fn check(&self, found: &mut Findings) {
        if self.enabled != Some(false) {
            found.require("image", &self.image, IMAGE);
            self.resources.check(found);
        }
    }

    fn check_sections(&self, sections: &v1alpha1::Config, found: &mut Findings) {
        let is_set = sections.cluster.as_ref().is_some_and(|cluster| cluster.scheduler.is_some());
        found.exclude("cluster.scheduler", is_set);
        let machine = sections.machine.as_ref().and_then(|machine| machine.control_plane.as_ref());
        found.exclude(
            "machine.controlPlane.scheduler",
            machine.is_some_and(|plane| plane.scheduler.is_some()),
        );
    }
}

/// The kube-proxy.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "KubeProxyConfig", since = "1.14", control_plane)]
pub struct KubeProxyConfig {
    /// Whether it runs.
    pub enabled: Option<bool>,
    /// Image.
    pub image: String,
    /// Mode: `iptables`, `ipvs` or `nftables`.
    pub mode: String,
    /// Its own configuration.
    #[config(always)]
    pub config: Unstructured,
    /// More command line arguments.
    pub extra_args: Args,
    /// Requests and limits.
    pub resources: ResourcesConfig,
}

impl Rules for KubeProxyConfig {
    fn check(&self, found: &mut Findings) {
        if self.enabled == Some(false) {
            return;
        }
        found.require("image", &self.image, IMAGE);
        match self.mode.as_str() {
            "" | "nftables" => {}
            "iptables" | "ipvs" => found.warn("mode", "Kubernetes is leaving this mode behind: use nftables"),
            mode => found.error("mode", one_of("mode", mode, &["nftables", "iptables", "ipvs"])),
        }
        if !self.extra_args.is_empty() {
            found.warn(
                "extraArgs",
                "arguments may be overruled by the configuration: set the fields of config instead",
            );
        }
        self.resources.check(found);
    }

    fn check_sections(&self, sections: &v1alpha1::Config, found: &mut Findings) {
        let is_set = sections.cluster.as_ref().is_some_and(|cluster| cluster.proxy.is_some());
        found.exclude("cluster.proxy", is_set);
    }
}

/// Requests and limits of a component.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct ResourcesConfig {
    /// `cpu` and `memory` it asks for.
    pub requests: Unstructured,
    /// `cpu` and `memory` it may use.
    pub limits: Unstructured,
}

impl ResourcesConfig {
    /// Checks the field `resources`.
    pub(super) fn check(&self, found: &mut Findings) {
        found.within("resources", |found| check_resources(&self.requests, &self.limits, found));
    }
}
