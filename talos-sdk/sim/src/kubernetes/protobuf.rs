//! Requests in Kubernetes' protobuf, which Go's typed clients send unasked: options of a deletion, evictions, budgets.

use std::collections::HashMap;

use prost::Message;
use serde_json::{Value, json};

/// What every message begins with.
const MAGIC: &[u8] = b"k8s\0";

/// The envelope around an object.
#[derive(Message)]
struct Envelope {
    #[prost(message, optional, tag = "1")]
    kind: Option<TypeMeta>,
    #[prost(bytes = "bytes", tag = "2")]
    object: bytes::Bytes,
}

#[derive(Message)]
struct TypeMeta {
    #[prost(string, tag = "2")]
    kind: String,
}

#[derive(Message)]
struct ObjectMeta {
    #[prost(string, tag = "1")]
    name: String,
}

#[derive(Message)]
struct DeleteOptions {
    #[prost(message, optional, tag = "2")]
    preconditions: Option<Preconditions>,
    #[prost(string, repeated, tag = "5")]
    dry_run: Vec<String>,
}

#[derive(Message)]
struct Preconditions {
    #[prost(string, optional, tag = "1")]
    uid: Option<String>,
}

#[derive(Message)]
struct Eviction {
    #[prost(message, optional, tag = "2")]
    options: Option<DeleteOptions>,
}

#[derive(Message)]
struct PodDisruptionBudget {
    #[prost(message, optional, tag = "1")]
    metadata: Option<ObjectMeta>,
    #[prost(message, optional, tag = "2")]
    spec: Option<PodDisruptionBudgetSpec>,
}

#[derive(Message)]
struct PodDisruptionBudgetSpec {
    #[prost(message, optional, tag = "1")]
    min_available: Option<IntOrString>,
    #[prost(message, optional, tag = "2")]
    selector: Option<LabelSelector>,
    #[prost(message, optional, tag = "3")]
    max_unavailable: Option<IntOrString>,
    #[prost(string, optional, tag = "4")]
    unhealthy_pod_eviction_policy: Option<String>,
}

#[derive(Message)]
struct IntOrString {
    /// 1 for text.
    #[prost(int64, tag = "1")]
    kind: i64,
    #[prost(int32, tag = "2")]
    number: i32,
    #[prost(string, tag = "3")]
    text: String,
}

#[derive(Message)]
struct LabelSelector {
    #[prost(map = "string, string", tag = "1")]
    labels: HashMap<String, String>,
    #[prost(message, repeated, tag = "2")]
    expressions: Vec<Requirement>,
}

#[derive(Message)]
struct Requirement {
    #[prost(string, tag = "1")]
    key: String,
    #[prost(string, tag = "2")]
    operator: String,
    #[prost(string, repeated, tag = "3")]
    values: Vec<String>,
}

impl From<DeleteOptions> for Value {
    fn from(options: DeleteOptions) -> Self {
        let uid = options.preconditions.and_then(|preconditions| preconditions.uid);
        json!({"preconditions": {"uid": uid}, "dryRun": options.dry_run})
    }
}

impl From<IntOrString> for Value {
    fn from(value: IntOrString) -> Self {
        if value.kind == 1 { value.text.into() } else { value.number.into() }
    }
}

impl From<LabelSelector> for Value {
    fn from(selector: LabelSelector) -> Self {
        let expression =
            |it: Requirement| json!({"key": it.key, "operator": it.operator, "values": it.values});
        let expressions: Vec<_> = selector.expressions.into_iter().map(expression).collect();
        json!({"matchLabels": selector.labels, "matchExpressions": expressions})
    }
}

impl From<PodDisruptionBudget> for Value {
    fn from(budget: PodDisruptionBudget) -> Self {
        let spec = budget.spec.unwrap_or_default();
        let parts = [
            ("minAvailable", spec.min_available.map(Self::from)),
            ("maxUnavailable", spec.max_unavailable.map(Self::from)),
            ("selector", spec.selector.map(Self::from)),
            ("unhealthyPodEvictionPolicy", spec.unhealthy_pod_eviction_policy.map(Self::from)),
        ];
        let parts = parts.into_iter().filter_map(|(name, part)| Some((name.to_owned(), part?)));
        json!({
            "metadata": {"name": budget.metadata.unwrap_or_default().name},
            "spec": Self::Object(parts.collect()),
        })
    }
}

/// The object as JSON has it, if it is of a kind that is read.
pub(super) fn read(body: &[u8]) -> Option<Value> {
    let envelope = Envelope::decode(body.strip_prefix(MAGIC)?).ok()?;
    let object = envelope.object;
    match envelope.kind?.kind.as_str() {
        "DeleteOptions" => DeleteOptions::decode(object).ok().map(Value::from),
        "Eviction" => {
            let options = Eviction::decode(object).ok()?.options.unwrap_or_default();
            Some(json!({"deleteOptions": Value::from(options)}))
        }
        "PodDisruptionBudget" => PodDisruptionBudget::decode(object).ok().map(Value::from),
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn wrapped(kind: &str, object: &impl Message) -> Vec<u8> {
        let envelope = Envelope {
            kind: Some(TypeMeta { kind: kind.to_owned() }),
            object: object.encode_to_vec().into(),
        };
        [MAGIC, &envelope.encode_to_vec()].concat()
    }

    #[test]
    fn what_go_sends_is_what_json_would_say() {
        let options = DeleteOptions {
            preconditions: Some(Preconditions { uid: Some("u".to_owned()) }),
            dry_run: vec!["All".to_owned()],
        };
        let said = json!({"preconditions": {"uid": "u"}, "dryRun": ["All"]});
        assert_eq!(read(&wrapped("DeleteOptions", &options)).unwrap(), said);
        assert_eq!(
            read(&wrapped("Eviction", &Eviction { options: Some(options) })).unwrap(),
            json!({"deleteOptions": said})
        );
        let budget = PodDisruptionBudget {
            metadata: Some(ObjectMeta { name: "web".to_owned() }),
            spec: Some(PodDisruptionBudgetSpec {
                min_available: Some(IntOrString { kind: 1, number: 0, text: "50%".to_owned() }),
                selector: Some(LabelSelector {
                    labels: [("app".to_owned(), "web".to_owned())].into(),
                    expressions: Vec::new(),
                }),
                ..PodDisruptionBudgetSpec::default()
            }),
        };
        let said = json!({"metadata": {"name": "web"}, "spec": {"minAvailable": "50%",
            "selector": {"matchLabels": {"app": "web"}, "matchExpressions": []}}});
        assert_eq!(read(&wrapped("PodDisruptionBudget", &budget)).unwrap(), said);
        for body in [&b"k8s\0"[..], b"{}", b"", &wrapped("Node", &Eviction::default())] {
            assert_eq!(read(body), None);
        }
    }
}
