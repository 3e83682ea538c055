//! Answers, in the shapes that all kinds of objects share.

use std::convert::Infallible;

use bytes::Bytes;
use http::{Response, StatusCode, header};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};

pub(super) type Body = UnsyncBoxBody<Bytes, Infallible>;

/// Why a request is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    code: StatusCode,
    /// The word that clients tell failures apart by.
    reason: &'static str,
    message: String,
    causes: Vec<Value>,
}

impl Failure {
    fn new(code: StatusCode, reason: &'static str, message: impl Into<String>) -> Self {
        Self { code, reason, message: message.into(), causes: Vec::new() }
    }

    pub(super) fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "Unauthorized", "a client certificate of the cluster is needed")
    }

    pub(super) fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "Forbidden", message)
    }

    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BadRequest", message)
    }

    pub(super) fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "NotFound", format!("{what} not found"))
    }

    pub(super) fn exists(what: &str) -> Self {
        Self::new(StatusCode::CONFLICT, "AlreadyExists", format!("{what} exists already"))
    }

    pub(super) fn conflict(message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "Conflict", message)
    }

    pub(super) fn expired() -> Self {
        Self::new(StatusCode::GONE, "Expired", "the resource version is too old: list again")
    }

    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "Invalid", message)
    }

    pub(super) fn media_type(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UnsupportedMediaType", message)
    }

    pub(super) fn not_allowed() -> Self {
        let message = "the simulated Kubernetes API does not serve this; see what talos-sim says of it";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", message)
    }

    pub(super) fn internal(message: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", message)
    }

    /// What a client reads.
    pub(super) fn status(&self) -> Value {
        json!({
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
            "details": {"causes": self.causes},
            "code": self.code.as_u16(),
        })
    }

    /// A pod that cannot be evicted now, as this budget would be overdrawn.
    pub(super) fn budget(name: &str, message: String) -> Self {
        Self {
            causes: vec![json!({"reason": "DisruptionBudget", "message": message})],
            ..Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                "TooManyRequests",
                format!("the disruption budget {name} does not allow this eviction now"),
            )
        }
    }
}

impl From<Failure> for Response<Body> {
    fn from(failure: Failure) -> Self {
        json(failure.code, &failure.status())
    }
}

/// An answer in JSON.
pub(super) fn json(status: StatusCode, body: &Value) -> Response<Body> {
    respond(status, "application/json", body.to_string().into())
}

pub(super) fn respond(status: StatusCode, kind: &'static str, body: Bytes) -> Response<Body> {
    let mut response = Response::new(Full::new(body).boxed_unsync());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(kind));
    response
}

/// What is said of work that leaves nothing to show.
pub(super) fn success(code: StatusCode) -> Response<Body> {
    let body = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": code.as_u16()});
    json(code, &body)
}

/// An object with its kind, which those in lists go without.
pub(super) fn alone(mut object: Value, version: &str, kind: &str) -> Value {
    object["kind"] = kind.into();
    object["apiVersion"] = version.into();
    object
}

/// A list of objects of one kind.
pub(super) fn list(version: &str, kind: &str, revision: u64, items: Vec<Value>) -> Value {
    json!({
        "kind": format!("{kind}List"),
        "apiVersion": version,
        "metadata": {"resourceVersion": revision.max(1).to_string()},
        "items": items,
    })
}

/// What `kubectl get` asks for: columns by name and priority (those of 1 are shown by `-o wide`), and rows.
pub(super) fn table(columns: &[(&str, i32)], revision: u64, rows: Vec<Value>) -> Value {
    let column = |(name, priority): &(&str, i32)| {
        let format = if *name == "Name" { "name" } else { "" };
        json!({"name": name, "type": "string", "format": format, "description": "", "priority": priority})
    };
    json!({
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": {"resourceVersion": revision.max(1).to_string()},
        "columnDefinitions": columns.iter().map(column).collect::<Vec<_>>(),
        "rows": rows,
    })
}

/// A row of a table: its cells, and what it shows an object of.
pub(super) fn row(cells: &Value, object: &Value) -> Value {
    json!({
        "cells": cells,
        "object": {
            "kind": "PartialObjectMetadata",
            "apiVersion": "meta.k8s.io/v1",
            "metadata": object["metadata"],
        },
    })
}
