//! Credentials that a control plane hands out.

use std::io::Write;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::Serialize;
use talos_pki::{LeafOptions, RoleSet, Usage};
use talos_proto::{common, machine};
use tonic::Status;

use super::Context;
use crate::grpc::Answer;

/// A kubeconfig for an administrator, in the archive in which Talos sends it.
pub(super) fn kubeconfig(cx: &Context<'_>) -> Result<Answer, Status> {
    cx.control_plane("kubeconfig")?;
    let missing = || Status::failed_precondition("the machine has no authority for Kubernetes");
    let config = cx.run.config().ok_or_else(missing)?;
    let authority = config.kubernetes_authority.as_ref().ok_or_else(missing)?;
    let options = LeafOptions::client(RoleSet::default())
        .with_organizations(["system:masters"])
        .with_common_name("admin")
        .with_usages([Usage::Client])
        .with_validity(config.admin_kubeconfig_lifetime);
    let identity = authority.issue(&options, &cx.run.node.world.clock).map_err(internal)?;
    let user = format!("admin@{}", config.cluster_name);
    let kubeconfig = Kubeconfig {
        api_version: "v1",
        kind: "Config",
        clusters: [NamedCluster {
            name: &config.cluster_name,
            cluster: ClusterEntry {
                server: &config.endpoint,
                certificate_authority_data: STANDARD.encode(authority.certificate.to_pem()),
            },
        }],
        users: [NamedUser {
            name: &user,
            user: UserEntry {
                client_certificate_data: STANDARD.encode(identity.certificates_to_pem()),
                client_key_data: STANDARD.encode(identity.key_to_pem().expose()),
            },
        }],
        contexts: [NamedContext {
            name: &user,
            context: ContextEntry { cluster: &config.cluster_name, namespace: "default", user: &user },
        }],
        current_context: &user,
    };
    let text = talos_yaml::to_string(&kubeconfig).map_err(internal)?;
    let archive = archive(&text, cx.run.now()).map_err(internal)?;
    let data = common::Data { metadata: None, bytes: archive };
    Ok(Answer::many(futures_util::stream::iter([Ok(data)])))
}

fn internal(error: impl std::fmt::Display) -> Status {
    Status::internal(error.to_string())
}

/// gzip around a tar of one file, without the padding and the empty blocks that end a tar: Talos leaves them out.
fn archive(text: &str, now: std::time::SystemTime) -> std::io::Result<Bytes> {
    let mut header = tar::Header::new_gnu();
    header.set_path("kubeconfig")?;
    header.set_size(text.len() as u64);
    header.set_mode(0o644);
    header.set_mtime(now.duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_secs());
    header.set_entry_type(tar::EntryType::Regular);
    header.set_cksum();
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(header.as_bytes())?;
    packed.write_all(text.as_bytes())?;
    Ok(packed.finish()?.into())
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Kubeconfig<'a> {
    api_version: &'a str,
    kind: &'a str,
    clusters: [NamedCluster<'a>; 1],
    users: [NamedUser<'a>; 1],
    contexts: [NamedContext<'a>; 1],
    #[serde(rename = "current-context")]
    current_context: &'a str,
}

#[derive(Serialize)]
struct NamedCluster<'a> {
    name: &'a str,
    cluster: ClusterEntry<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct ClusterEntry<'a> {
    server: &'a str,
    certificate_authority_data: String,
}

#[derive(Serialize)]
struct NamedUser<'a> {
    name: &'a str,
    user: UserEntry,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct UserEntry {
    client_certificate_data: String,
    client_key_data: String,
}

#[derive(Serialize)]
struct NamedContext<'a> {
    name: &'a str,
    context: ContextEntry<'a>,
}

#[derive(Serialize)]
struct ContextEntry<'a> {
    cluster: &'a str,
    namespace: &'a str,
    user: &'a str,
}

#[derive(Serialize)]
struct Talosconfig<'a> {
    context: &'a str,
    contexts: std::collections::BTreeMap<&'a str, TalosContext>,
}

#[derive(Serialize)]
struct TalosContext {
    endpoints: [String; 0],
    ca: String,
    crt: String,
    key: String,
}

/// A client certificate with the roles asked for, also as a talosconfig without endpoints.
pub(super) fn client_configuration(
    cx: &Context<'_>,
    request: machine::GenerateClientConfigurationRequest,
) -> Result<Answer, Status> {
    cx.control_plane("client configuration")?;
    let lifetime = request.crt_ttl.and_then(|ttl| Duration::try_from(ttl).ok()).filter(|ttl| !ttl.is_zero());
    let lifetime = lifetime.ok_or_else(|| Status::invalid_argument("crt_ttl must be positive"))?;
    let config =
        cx.run.config().ok_or_else(|| Status::failed_precondition("the machine has no configuration"))?;
    let authority = config
        .machine_authority
        .as_ref()
        .ok_or_else(|| Status::failed_precondition("the machine cannot issue certificates"))?;
    // Talos drops roles that it does not know instead of refusing them.
    let roles = RoleSet::from_organizations(&request.roles);
    let options = LeafOptions::client(roles.clone()).with_validity(lifetime);
    let identity = authority.issue(&options, &cx.run.node.world.clock).map_err(internal)?;
    let (ca, crt) = (authority.certificate.to_pem(), identity.certificates_to_pem());
    let key = identity.key_to_pem();
    let mut known = roles.iter();
    let name = match (known.next(), known.next()) {
        (Some(role), None) => {
            format!("{}@{}", role.as_str().trim_start_matches("os:"), config.cluster_name)
        }
        _ => config.cluster_name.clone(),
    };
    let context = TalosContext {
        endpoints: [],
        ca: STANDARD.encode(&ca),
        crt: STANDARD.encode(&crt),
        key: STANDARD.encode(key.expose()),
    };
    let talosconfig = Talosconfig { context: &name, contexts: [(name.as_str(), context)].into() };
    let reply = machine::GenerateClientConfiguration {
        metadata: None,
        ca: ca.into(),
        crt: crt.into(),
        key: key.expose().to_owned().into(),
        talosconfig: talos_yaml::to_string(&talosconfig).map_err(internal)?.into(),
    };
    Ok(Answer::one(&machine::GenerateClientConfigurationResponse { messages: vec![reply] }))
}
