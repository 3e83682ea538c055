//! `patch`, `load` and `redact`.

use std::fs;

use serde::Deserialize;
use serde_json::{Value, json};
use talos_machineconfig::{Config, Mode, Patch, ValidateOptions, patch_text};

/// A configuration and what to change in it.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PatchRequest {
    #[serde(rename = "name")]
    _name: String,
    config: String,
    patches: Option<Vec<String>>,
}

pub(super) fn patch(request: PatchRequest) -> Value {
    match patched(request) {
        Ok(out) => json!({ "out": out, "error": "" }),
        Err(error) => json!({ "out": "", "error": error }),
    }
}

fn patched(request: PatchRequest) -> Result<String, String> {
    let patches = patches(request.patches.as_deref().unwrap_or_default())?;
    let patched = patch_text(&request.config, &patches).map_err(|error| error.to_string())?;
    Ok(patched.text.expose().to_owned())
}

/// Patches from their texts, some of which name a file instead, as for `talosctl`.
pub(super) fn patches(texts: &[String]) -> Result<Vec<Patch>, String> {
    texts.iter().map(|text| read_patch(text)).collect()
}

fn read_patch(text: &str) -> Result<Patch, String> {
    let parse = |text: &str| Patch::parse(text).map_err(|error| error.to_string());
    match Patch::file_name(text) {
        Some(path) => parse(&fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?),
        None => parse(text),
    }
}

/// A configuration to judge.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ValidateRequest {
    #[serde(rename = "name")]
    _name: String,
    config: String,
    mode: String,
    strict: bool,
}

pub(super) fn validate(request: ValidateRequest) -> Value {
    let refused = |stage: &str, errors: &[String], warnings: &[String]| json!({ "ok": false, "stage": stage, "errors": errors, "warnings": warnings, "text": errors.join("\n") });
    let config = match Config::from_yaml(&request.config) {
        Ok(config) => config,
        Err(error) => return refused("load", &[error.to_string()], &[]),
    };
    let mode: Mode = match request.mode.parse() {
        Ok(mode) => mode,
        Err(error) => return refused("mode", &[error.to_string()], &[]),
    };
    let report = config.validate(&ValidateOptions::new(mode).with_strict(request.strict));
    let errors: Vec<String> = report.errors().map(ToString::to_string).collect();
    let warnings: Vec<String> = report.warnings().map(ToString::to_string).collect();
    if report.is_valid() {
        return json!({ "ok": true, "errors": errors, "warnings": warnings, "text": "" });
    }
    refused("validate", &errors, &warnings)
}

/// A configuration to read.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LoadRequest {
    #[serde(rename = "name")]
    _name: String,
    config: String,
}

pub(super) fn redact(request: LoadRequest) -> Value {
    let text = Config::from_yaml(&request.config).and_then(|config| config.redacted()?.encode());
    match text {
        Ok(text) => json!({ "text": text.expose(), "error": "" }),
        Err(error) => json!({ "text": "", "error": error.to_string() }),
    }
}

pub(super) fn load(request: LoadRequest) -> Value {
    let loaded = || {
        let config = Config::from_yaml(&request.config)?;
        // Only the sections `machine` and `cluster` have no version of their own.
        let names: Vec<String> = config
            .documents()
            .iter()
            .map(|document| match document.kind() {
                "v1alpha1" => "/v1alpha1".to_owned(),
                kind => format!("v1alpha1/{kind}"),
            })
            .collect();
        Ok((names, config.encode()?))
    };
    match loaded() {
        Ok((documents, text)) => json!({ "documents": documents, "text": text.expose(), "error": "" }),
        Err::<_, talos_machineconfig::Error>(error) => {
            json!({ "documents": null, "text": "", "error": error.to_string() })
        }
    }
}
