//! What this SDK answers to the questions of the interop programs, one JSON line each.
//!
//! | command | request | answer |
//! |---|---|---|
//! | `gen` | [`gen::Request`](generation::Request) | `controlplane`, `worker`, `talosconfig`, `error` |
//! | `secrets` | `contract`, `now` | `secrets`, `error` |
//! | `bundle-from-config` | `config` | `secrets`, `error` |
//! | `patch` | `config`, `patches` | `out`, `error` |
//! | `validate` | `config`, `mode`, `strict` | `ok`, `stage` (load, mode, validate), `errors`, `warnings`, `text` |
//! | `load` | `config` | `documents`, `text`, `error` |
//! | `redact` | `config` | `text`, `error` |
//! | `yaml` | `value` (numbers enter as 64-bit floats) | `text`, `error` |
//! | `read` | `text` (YAML) | `tree` (a line a node), `error` |
//! | `talosconfig` | `op`: parse, merge, issue | `config`, `text`, `renames`, `error` |
//! | `cert` | `op`: parse, verify | `items`, or `ok` and `error` |
//! | `cel` | `environment` (disk, volume, link, trigger, scoring), `expression` | `error` |
//!
//! A request with an unknown field, or that is no JSON, is answered with `"bad_request": true`. Every request may
//! have a `name`, which is ignored.

pub mod certificate;
pub mod configuration;
pub mod generation;
pub mod instant;
pub mod talosconfig;
pub mod tree;

use std::io::{self, BufRead, Write};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use talos_machineconfig::cel::Environment;
use talos_machineconfig::types::Expression;

/// Answers one request.
pub type Command = fn(&str) -> Value;

/// Commands that other programs know and this SDK does not offer yet.
pub const NOT_OFFERED: &[&str] = &["types", "golden", "serve", "client", "bench"];

/// The command of this name.
pub fn command(name: &str) -> Option<Command> {
    Some(match name {
        "gen" => |line| answer(line, generation::generate),
        "secrets" => |line| answer(line, generation::secrets),
        "bundle-from-config" => |line| answer(line, generation::bundle_from_config),
        "patch" => |line| answer(line, configuration::patch),
        "validate" => |line| answer(line, configuration::validate),
        "load" => |line| answer(line, configuration::load),
        "redact" => |line| answer(line, configuration::redact),
        "yaml" => |line| answer(line, yaml),
        "read" => |line| answer(line, tree::read),
        "talosconfig" => |line| answer(line, talosconfig::answer),
        "cert" => |line| answer(line, certificate::answer),
        "cel" => |line| answer(line, cel),
        _ => return None,
    })
}

/// Answers every line of `input` with a line of `output`, in order. Answers are flushed one by one.
pub fn serve(command: Command, input: impl BufRead, mut output: impl Write) -> io::Result<()> {
    for line in input.lines() {
        let line = line?;
        if line.trim().is_empty() {
            continue;
        }
        writeln!(output, "{}", command(&line))?;
        output.flush()?;
    }
    Ok(())
}

fn answer<R: DeserializeOwned>(line: &str, respond: impl FnOnce(R) -> Value) -> Value {
    match serde_json::from_str(line) {
        Ok(request) => respond(request),
        Err(error) => json!({ "error": format!("bad request: {error}"), "bad_request": true }),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct YamlRequest {
    #[serde(default, rename = "name")]
    _name: String,
    #[serde(default)]
    value: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CelRequest {
    #[serde(default, rename = "name")]
    _name: String,
    environment: String,
    expression: Expression,
}

fn cel(request: CelRequest) -> Value {
    let environment = match request.environment.as_str() {
        "disk" => Environment::DiskLocator,
        "volume" => Environment::VolumeLocator,
        "link" => Environment::LinkLocator,
        "trigger" => Environment::OomTrigger,
        "scoring" => Environment::OomCgroupScoring,
        other => return json!({ "error": format!("no environment {other:?}") }),
    };
    let error = request.expression.check(environment).err().map(|error| error.to_string());
    json!({ "error": error.unwrap_or_default() })
}

fn yaml(request: YamlRequest) -> Value {
    match talos_yaml::to_string(&floats(request.value)) {
        Ok(text) => json!({ "text": text, "error": "" }),
        Err(error) => json!({ "text": "", "error": error.to_string() }),
    }
}

/// JSON as Go reads it without knowing types: every number is a 64-bit float.
pub fn floats(value: Value) -> Value {
    match value {
        Value::Number(number) => number.as_f64().map_or(Value::Number(number), Value::from),
        Value::Array(items) => items.into_iter().map(floats).collect(),
        Value::Object(map) => map.into_iter().map(|(key, value)| (key, floats(value))).collect(),
        other => other,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn ask(name: &str, lines: &str) -> Vec<Value> {
        let mut out = Vec::new();
        serve(command(name).unwrap(), lines.as_bytes(), &mut out).unwrap();
        out.split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
            .map(|line| serde_json::from_slice(line).unwrap())
            .collect()
    }

    #[test]
    fn one_answer_a_line() {
        let answers =
            ask("yaml", "{\"name\":\"a\",\"value\":{\"b\":1,\"a\":\"y\"}}\n\n{\"nonsense\":1}\nnothing\n");
        assert_eq!(answers.len(), 3);
        assert_eq!(answers[0], json!({ "text": "a: 'y'\nb: 1\n", "error": "" }));
        assert!(answers[1..].iter().all(|answer| answer["bad_request"] == true));
    }

    #[test]
    fn errors_are_answers() {
        let answers =
            ask("gen", "{\"endpoint\":\"a:6443\"}\n{\"endpoint\":\"https://a:1\",\"output\":[\"x\"]}\n");
        assert!(answers.iter().all(|answer| answer["error"] != "" && answer["worker"] == ""));
        assert_eq!(ask("talosconfig", "{\"op\":\"x\"}\n")[0]["config"], Value::Null);
        assert!(command("types").is_none() && NOT_OFFERED.contains(&"types"));
    }

    #[test]
    fn a_verdict_says_where_it_fell() {
        let answers = ask(
            "validate",
            "{\"config\":\"a\"}\n{\"config\":\"machine: {}\",\"mode\":\"x\"}\n\
             {\"config\":\"machine: {}\",\"mode\":\"metal\"}\n\
             {\"config\":\"apiVersion: v1alpha1\\nkind: HostnameConfig\\nhostname: a\",\"mode\":\"metal\"}\n",
        );
        let stages: Vec<_> = answers.iter().map(|answer| answer["stage"].clone()).collect();
        assert_eq!(stages, [json!("load"), json!("mode"), json!("validate"), Value::Null]);
        assert!(answers[2]["errors"].as_array().unwrap().len() > 1 && answers[3]["ok"] == true);
    }
}
