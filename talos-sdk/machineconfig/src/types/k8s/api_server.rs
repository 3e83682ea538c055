//! How the API server decides.

use talos_machineconfig_derive::Fields;

use crate::model::Shape;
use crate::types::Unstructured;

/// Configuration of an admission plugin.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "KubeAdmissionControlConfig", since = "1.14", control_plane)]
pub struct KubeAdmissionControlConfig {
    /// Name of the plugin.
    #[config(always)]
    pub name: String,
    /// Its configuration.
    #[config(always)]
    pub configuration: Unstructured,
}

/// The audit policy.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "KubeAuditPolicyConfig", since = "1.14", control_plane)]
pub struct KubeAuditPolicyConfig {
    /// The policy. A patch replaces it.
    #[config(always, replace)]
    pub configuration: Unstructured,
}

/// Authentication.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "KubeAuthenticationConfig", since = "1.14", control_plane)]
pub struct KubeAuthenticationConfig {
    /// The configuration. A patch replaces it.
    #[config(always, replace)]
    pub configuration: Unstructured,
}

/// An authorizer.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "KubeAuthorizerConfig", since = "1.14", control_plane)]
pub struct KubeAuthorizerConfig {
    /// Name of the authorizer.
    #[config(always)]
    pub name: String,
    /// `Node`, `RBAC` or `Webhook`.
    #[config(always)]
    pub r#type: String,
    /// Configuration of a webhook.
    pub webhook: Unstructured,
}

/// Encryption of what etcd stores.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "KubeEtcdEncryptionConfig", since = "1.14", control_plane)]
pub struct KubeEtcdEncryptionConfig {
    /// The configuration.
    #[config(always, shape = Shape::SecretKey("secret"))]
    pub config: Unstructured,
}
