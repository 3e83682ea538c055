//! How the API server decides.

use talos_machineconfig_derive::Fields;

use crate::model::Shape;
use crate::types::Unstructured;
use crate::types::v1alpha1;
use crate::validate::kubernetes::one_of;
use crate::validate::{Findings, Rules};

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

impl Rules for KubeAdmissionControlConfig {
    fn check(&self, found: &mut Findings) {
        found.require("name", &self.name, "the name of the admission plugin, such as PodSecurity");
    }

    fn check_sections(&self, sections: &v1alpha1::Config, found: &mut Findings) {
        exclude_admission_control(sections, found);
    }
}

fn exclude_admission_control(sections: &v1alpha1::Config, found: &mut Findings) {
    let is_set = api_server(sections).is_some_and(|server| !server.admission_control.is_empty());
    found.exclude("cluster.apiServer.admissionControl", is_set);
}

fn api_server(sections: &v1alpha1::Config) -> Option<&v1alpha1::ApiServerConfig> {
    sections.cluster.as_ref()?.api_server.as_ref()
}

/// The audit policy.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "KubeAuditPolicyConfig", since = "1.14", control_plane)]
pub struct KubeAuditPolicyConfig {
    /// The policy. A patch replaces it.
    #[config(always, replace)]
    pub configuration: Unstructured,
}

impl Rules for KubeAuditPolicyConfig {
    fn check_sections(&self, sections: &v1alpha1::Config, found: &mut Findings) {
        let is_set = api_server(sections).is_some_and(|server| !server.audit_policy.is_empty());
        found.exclude("cluster.apiServer.auditPolicy", is_set);
    }
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

impl Rules for KubeAuthorizerConfig {
    fn check(&self, found: &mut Findings) {
        found.require("name", &self.name, "the name of the authorizer");
        let known = ["Node", "RBAC", "Webhook"];
        if !known.contains(&self.r#type.as_str()) {
            found.error("type", one_of("type", &self.r#type, &known));
        }
        let is_webhook = self.r#type == "Webhook";
        if is_webhook && self.webhook.is_empty() {
            found.missing("webhook", "the configuration of the webhook");
        } else if !is_webhook && !self.webhook.is_empty() {
            found.warn("webhook", "it is used with type: Webhook alone: set that, or remove it");
        }
    }

    // Talos asks for the admission plugins here too.
    fn check_sections(&self, sections: &v1alpha1::Config, found: &mut Findings) {
        exclude_admission_control(sections, found);
    }
}

/// Encryption of what etcd stores.
#[derive(Clone, Debug, Default, PartialEq, Fields)]
#[config(kind = "KubeEtcdEncryptionConfig", since = "1.14", control_plane)]
pub struct KubeEtcdEncryptionConfig {
    /// The configuration.
    #[config(always, shape = Shape::SecretKey("secret"))]
    pub config: Unstructured,
}

impl Rules for KubeEtcdEncryptionConfig {
    fn check(&self, found: &mut Findings) {
        if self.config.is_empty() {
            found.missing("config", "an EncryptionConfiguration of Kubernetes");
        }
    }

    fn check_sections(&self, sections: &v1alpha1::Config, found: &mut Findings) {
        let Some(cluster) = &sections.cluster else { return };
        let is_set = !cluster.aescbc_encryption_secret.is_empty();
        found.exclude("cluster.aescbcEncryptionSecret", is_set);
        let is_set = !cluster.secretbox_encryption_secret.is_empty();
        found.exclude("cluster.secretboxEncryptionSecret", is_set);
    }
}
