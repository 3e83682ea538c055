//! What a caller asks for, taken apart.

use bytes::Bytes;
use http::{Method, Request, header};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use serde_json::Value;

use super::protobuf;
use super::reply::Failure;
use super::selector::Selector;

/// The largest body that is read, as with the real API server.
const LIMIT: usize = 3 << 20;

/// A request with its body.
pub(super) struct Call {
    pub(super) method: Method,
    pub(super) path: String,
    /// Whether the answer is wanted as a table.
    pub(super) table: bool,
    pub(super) content_type: String,
    parameters: Vec<(String, String)>,
    body: Bytes,
}

impl Call {
    pub(super) async fn read(request: Request<Incoming>) -> Result<Self, Failure> {
        let (parts, body) = request.into_parts();
        let body = http_body_util::Limited::new(body, LIMIT).collect().await;
        let body =
            body.map_err(|_| Failure::bad_request("the body is too large, or ended early"))?.to_bytes();
        let text = |name| parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let content_type = text(header::CONTENT_TYPE).split(';').next().unwrap_or_default().trim().to_owned();
        let pairs = parts.uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
        let pair = |pair: &str| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        };
        Ok(Self {
            table: text(header::ACCEPT).contains("as=Table"),
            content_type,
            parameters: pairs.map(pair).collect(),
            path: parts.uri.path().trim_end_matches('/').to_owned(),
            method: parts.method,
            body,
        })
    }

    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn is_watch(&self) -> bool {
        matches!(self.parameter("watch"), Some("true" | "1"))
    }

    /// Whether nothing is to be changed, by a query or by what the body says of it.
    pub(super) fn is_dry_run(&self, options: &Value) -> bool {
        self.parameter("dryRun") == Some("All")
            || options["dryRun"].as_array().is_some_and(|stages| stages.iter().any(|stage| stage == "All"))
    }

    /// The body, as JSON has it; nothing if it is empty.
    pub(super) fn json(&self) -> Result<Value, Failure> {
        if self.body.is_empty() {
            return Ok(Value::Null);
        }
        if self.content_type == "application/vnd.kubernetes.protobuf" {
            let read = protobuf::read(&self.body);
            return read.ok_or_else(|| Failure::media_type("the simulator reads such objects as JSON only"));
        }
        serde_json::from_slice(&self.body).map_err(|error| Failure::bad_request(format!("no JSON: {error}")))
    }

    /// The objects that are asked for; `fields` are those that objects can be selected by.
    pub(super) fn selection(&self, fields: &[&str]) -> Result<Selection, Failure> {
        let parse =
            |name| Selector::parse(self.parameter(name).unwrap_or_default()).map_err(Failure::bad_request);
        let selection = Selection { labels: parse("labelSelector")?, fields: parse("fieldSelector")? };
        if let Some(key) = selection.fields.keys().find(|key| !fields.contains(key)) {
            return Err(Failure::bad_request(format!("there is no selection by the field {key}")));
        }
        Ok(selection)
    }
}

/// Which objects are asked for.
#[derive(Clone, Debug, Default)]
pub(super) struct Selection {
    labels: Selector,
    fields: Selector,
}

impl Selection {
    pub(super) fn has(&self, object: &Value) -> bool {
        let field = |path: &str| {
            let found = object.pointer(&format!("/{}", path.replace('.', "/")));
            // A field that is not set selects as an empty one.
            Some(found.and_then(Value::as_str).unwrap_or_default())
        };
        self.fields.selects(field) && self.labels.selects(|name| object["metadata"]["labels"][name].as_str())
    }
}

/// Undoes what a query is escaped by.
fn decode(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        let escaped = tail.get(..2).filter(|_| byte == b'%').and_then(|digits| {
            let digit =
                |at: usize| char::from(digits[at]).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
            Some(digit(0)? << 4 | digit(1)?)
        });
        out.push(escaped.unwrap_or(if byte == b'+' { b' ' } else { byte }));
        rest = if escaped.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_decoded() {
        assert_eq!(decode("spec.nodeName%3Dworker-1"), "spec.nodeName=worker-1");
        assert_eq!(decode("app%20in+%28a%2cb%29"), "app in (a,b)");
        assert_eq!(decode("100%"), "100%");
        assert_eq!(decode("%zz%+4%4"), "%zz% 4%4");
    }
}
