//! Components of the Kubernetes control plane.

use std::collections::BTreeMap;

use talos_machineconfig_derive::Fields;

use crate::types::{Args, List, Unstructured};

/// The API server.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct ApiServerConfig {
    /// Image.
    pub image: String,
    /// More command line arguments.
    pub extra_args: Args,
    /// More directories of the host.
    pub extra_volumes: Vec<VolumeMountConfig>,
    /// Environment variables.
    pub env: BTreeMap<String, String>,
    /// More names and addresses for its certificate.
    #[config(key = "certSANs")]
    pub cert_sans: Vec<String>,
    /// True: pod security policies are off. Only releases up to 1.11 know it.
    pub disable_pod_security_policy: Option<bool>,
    /// Admission plugins. A patch merges by name.
    #[config(merge = super::lists::merge_admission_plugins, by("name"))]
    pub admission_control: List<AdmissionPluginConfig>,
    /// Audit policy. A patch replaces it.
    #[config(replace)]
    pub audit_policy: Unstructured,
    /// Requests and limits.
    pub resources: Option<ResourcesConfig>,
    /// Authorizers, in order.
    pub authorization_config: List<AuthorizationConfigAuthorizerConfig>,
}

/// Configuration of an admission plugin.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct AdmissionPluginConfig {
    /// Name of the plugin.
    #[config(always)]
    pub name: String,
    /// Its configuration.
    #[config(always)]
    pub configuration: Unstructured,
}

/// An authorizer.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct AuthorizationConfigAuthorizerConfig {
    /// `Node`, `RBAC` or `Webhook`.
    #[config(always)]
    pub r#type: String,
    /// Name of the authorizer.
    #[config(always)]
    pub name: String,
    /// Configuration of a webhook.
    pub webhook: Unstructured,
}

/// A directory of the host inside a component.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct VolumeMountConfig {
    /// Path on the host.
    #[config(always)]
    pub host_path: String,
    /// Path inside.
    #[config(always)]
    pub mount_path: String,
    /// Whether it is read-only.
    pub readonly: bool,
}

/// Requests and limits of a component.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct ResourcesConfig {
    /// `cpu` and `memory` it asks for.
    pub requests: Unstructured,
    /// `cpu` and `memory` it may use.
    pub limits: Unstructured,
}

/// The controller manager.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct ControllerManagerConfig {
    /// Image.
    pub image: String,
    /// More command line arguments.
    pub extra_args: Args,
    /// More directories of the host.
    pub extra_volumes: Vec<VolumeMountConfig>,
    /// Environment variables.
    pub env: BTreeMap<String, String>,
    /// Requests and limits.
    pub resources: Option<ResourcesConfig>,
}

/// The kube-proxy.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct ProxyConfig {
    /// True: Talos does not deploy it.
    pub disabled: Option<bool>,
    /// Image.
    pub image: String,
    /// Mode: `iptables`, `ipvs` or `nftables`.
    pub mode: String,
    /// More command line arguments.
    pub extra_args: Args,
}

/// The scheduler.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
pub struct SchedulerConfig {
    /// Image.
    pub image: String,
    /// More command line arguments.
    pub extra_args: Args,
    /// More directories of the host.
    pub extra_volumes: Vec<VolumeMountConfig>,
    /// Environment variables.
    pub env: BTreeMap<String, String>,
    /// Requests and limits.
    pub resources: Option<ResourcesConfig>,
    /// Its own configuration.
    pub config: Unstructured,
}
