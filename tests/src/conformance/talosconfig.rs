//! `talosconfig`.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use talos_machineconfig::SecretsBundle;
use talos_pki::{Role, RoleSet};
use talosconfig::{Context, TalosConfig};

use super::instant::{Now, clock, duration};

/// What to do with a talosconfig.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Request {
    #[serde(rename = "name")]
    _name: String,
    op: String,
    config: String,
    other: String,
    secrets: String,
    context: String,
    endpoints: Option<Vec<String>>,
    roles: Option<Vec<String>>,
    ttl: String,
    now: Option<Now>,
}

pub(super) fn answer(request: Request) -> Value {
    let failed = |error: String| json!({ "config": null, "text": "", "error": error });
    let (config, renames) = match perform(request) {
        Ok(done) => done,
        Err(error) => return failed(error),
    };
    let text = match config.to_yaml() {
        Ok(text) => text,
        Err(error) => return failed(error.to_string()),
    };
    let contexts: Map<String, Value> =
        config.contexts.iter().map(|(name, context)| (name.clone(), fields(context))).collect();
    let mut answer = json!({
        "config": { "Context": config.context, "Contexts": contexts }, "text": text.expose(), "error": "",
    });
    if !renames.is_empty() {
        answer["renames"] = json!(renames);
    }
    answer
}

fn perform(request: Request) -> Result<(TalosConfig, Vec<String>), String> {
    let read = |text: &str| TalosConfig::from_yaml(text).map_err(|error| error.to_string());
    match request.op.as_str() {
        "parse" => Ok((read(&request.config)?, Vec::new())),
        "merge" => {
            let mut config = read(&request.config)?;
            let renames = config.merge(read(&request.other)?);
            Ok((config, renames.iter().map(ToString::to_string).collect()))
        }
        "issue" => Ok((issue(&request)?, Vec::new())),
        _ => Err("op must be \"parse\", \"merge\" or \"issue\"".into()),
    }
}

fn issue(request: &Request) -> Result<TalosConfig, String> {
    let text = |error: talos_machineconfig::Error| error.to_string();
    let secrets = SecretsBundle::from_yaml(&request.secrets).map_err(text)?;
    let roles = match &request.roles {
        Some(roles) => RoleSet::parse(roles).map_err(|error| error.to_string())?,
        None => [Role::Admin].into(),
    };
    let validity = match request.ttl.as_str() {
        "" => Duration::from_secs(8760 * 3600),
        ttl => duration(ttl).ok_or_else(|| format!("ttl {ttl:?} is no duration"))?,
    };
    let ca = secrets.os_ca().map_err(text)?;
    let identity = secrets.client_certificate(roles, validity, &clock(request.now)).map_err(text)?;
    let endpoints = request.endpoints.clone().unwrap_or_default();
    let context = Context::new(endpoints).with_identity(&ca.certificate, &identity);
    Ok(TalosConfig::new(&request.context, context))
}

/// A context under the names of its fields in Go.
fn fields(context: &Context) -> Value {
    let encoded = |text: Option<&str>| text.map(|text| STANDARD.encode(text)).unwrap_or_default();
    let list = |items: &[String]| if items.is_empty() { Value::Null } else { json!(items) };
    let mut fields = json!({
        "DeprecatedTarget": "",
        "Endpoints": context.endpoints,
        "Nodes": list(&context.nodes),
        "CA": encoded(context.ca.as_ref().map(AsRef::as_ref)),
        "Crt": encoded(context.crt.as_ref().map(AsRef::as_ref)),
        "Key": encoded(context.key.as_ref().map(talos_pki::SecretString::expose)),
        "Auth": {
            "Basic": context.auth.basic.as_ref().map(|basic| {
                json!({ "Username": basic.username, "Password": basic.password.expose() })
            }),
            "SideroV1": context.auth.siderov1.as_ref().map(|siderov1| json!({ "Identity": siderov1.identity })),
        },
        "Cluster": context.cluster.clone().unwrap_or_default(),
    });
    if let Some(url) = &context.proxy_url {
        fields["ProxyURL"] = json!(url);
    }
    fields
}
