//! The messages that carry secrets, and a `Debug` for them that keeps these.

use std::error::Error;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{DescriptorProto, FileDescriptorSet};

/// A package, a message in it, and those of its fields that are never printed.
type Secret = (&'static str, &'static str, &'static [&'static str]);

/// Every message with a field of its own that is secret, or that may hold anything.
pub const SECRETS: &[Secret] = &[
    ("common", "Data", &["bytes"]),
    ("common", "PEMEncodedCertificateAndKey", &["key"]),
    ("common", "PEMEncodedKey", &["key"]),
    ("cosi.resource", "Spec", &["proto_spec", "yaml_spec"]),
    ("machine", "ApplyConfigurationRequest", &["data"]),
    ("machine", "DebugContainerRunRequestSpec", &["env"]),
    ("machine", "GenerateClientConfiguration", &["key", "talosconfig"]),
    ("machine", "GenerateConfiguration", &["data", "talosconfig"]),
    ("machine", "ImageServiceCredentials", &["password"]),
    ("machine", "MetaWriteRequest", &["value"]),
    ("resource.config", "MachineConfigSpec", &["yaml_marshalled"]),
    ("resource.network", "DeviceConfigSpecSpec", &["yaml_marshalled"]),
    ("talos.resource.definitions.block", "EncryptionKey", &["static_passphrase"]),
    ("talos.resource.definitions.cluster", "ConfigSpec", &["service_encryption_key"]),
    ("talos.resource.definitions.cri", "CustomizationConfigSpec", &["content"]),
    (
        "talos.resource.definitions.cri",
        "RegistryAuthConfig",
        &["registry_password", "registry_auth", "registry_identity_token"],
    ),
    ("talos.resource.definitions.k8s", "ExtraManifest", &["extra_headers"]),
    ("talos.resource.definitions.kubespan", "ConfigSpec", &["shared_secret"]),
    ("talos.resource.definitions.kubespan", "IdentitySpec", &["private_key"]),
    ("talos.resource.definitions.network", "VIPEquinixMetalSpec", &["api_token"]),
    ("talos.resource.definitions.network", "VIPHCloudSpec", &["api_token"]),
    ("talos.resource.definitions.network", "WireguardPeer", &["preshared_key"]),
    ("talos.resource.definitions.network", "WireguardSpec", &["private_key"]),
    ("talos.resource.definitions.runtime", "UniqueMachineTokenSpec", &["token"]),
    ("talos.resource.definitions.secrets", "EncryptionSaltSpec", &["disk_salt"]),
    ("talos.resource.definitions.secrets", "KubeletSpec", &["bootstrap_token_secret"]),
    (
        "talos.resource.definitions.secrets",
        "KubernetesCertsSpec",
        &[
            "scheduler_kubeconfig",
            "controller_manager_kubeconfig",
            "localhost_admin_kubeconfig",
            "admin_kubeconfig",
        ],
    ),
    (
        "talos.resource.definitions.secrets",
        "KubernetesRootSpec",
        &[
            "aescbc_encryption_secret",
            "bootstrap_token_secret",
            "secretbox_encryption_secret",
            "etcd_encryption_config",
        ],
    ),
    ("talos.resource.definitions.secrets", "OSRootSpec", &["token"]),
    ("talos.resource.definitions.siderolink", "ConfigSpec", &["join_token"]),
];

/// The full names of these messages, as prost-build takes them.
pub(crate) fn paths() -> impl Iterator<Item = String> {
    SECRETS.iter().map(|(package, message, _)| format!(".{package}.{message}"))
}

/// Adds the `Debug` of these messages to the files of their packages in `out`.
pub(crate) fn write(descriptors: &FileDescriptorSet, out: &Path) -> Result<(), Box<dyn Error>> {
    for (package, name, secret) in SECRETS {
        let message = descriptors
            .file
            .iter()
            .filter(|file| file.package() == *package)
            .flat_map(|file| &file.message_type)
            .find(|message| message.name() == *name)
            .ok_or_else(|| format!("there is no message {package}.{name}"))?;
        if let Some(lost) = secret.iter().find(|field| message.field.iter().all(|it| it.name() != **field)) {
            return Err(format!("{package}.{name} has no field {lost}").into());
        }
        let path = out.join(format!("{package}.rs"));
        let mut code = fs::read_to_string(&path)?;
        let rust_name =
            crate::rust_name(&code, name).ok_or_else(|| format!("no code for {name}"))?.to_owned();
        code.push_str(&redacted(&rust_name, message, secret)?);
        fs::write(path, code)?;
    }
    Ok(())
}

fn redacted(rust_name: &str, message: &DescriptorProto, secret: &[&str]) -> Result<String, Box<dyn Error>> {
    let mut code = format!(
        "impl ::core::fmt::Debug for {rust_name} {{\n    \
             fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {{\n        \
                 f.debug_struct(\"{rust_name}\")\n"
    );
    for field in &message.field {
        let name = field.name();
        let rust = if name == "type" { "r#type" } else { name };
        let value = match () {
            () if secret.contains(&name) => "\"[redacted]\"".to_owned(),
            // Its name says more than its number.
            () if field.r#type() == Type::Enum && field.label() != Label::Repeated => {
                format!("self.{rust}()")
            }
            () => format!("self.{rust}"),
        };
        writeln!(code, "            .field(\"{name}\", &{value})")?;
    }
    code.push_str("            .finish()\n    }\n}\n");
    Ok(code)
}
