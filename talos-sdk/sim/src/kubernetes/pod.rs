//! Pods, and the DaemonSets and Deployments that make them.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::SystemTime;

use serde_json::{Value, json};

use super::node::{CONTROL_PLANE, KubernetesNode, strings};
use super::reply::Failure;
use crate::pods::{self, NAMESPACE, Pod};
use crate::rfc3339;

/// What makes a pod again when it is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Keeper {
    /// The kubelet, for a static pod; what it has in Kubernetes is only a picture of it.
    Kubelet,
    /// A DaemonSet, on the same node.
    DaemonSet,
    /// A Deployment, on whichever node takes it; with the number among its replicas.
    Deployment(usize),
    /// Nothing that runs here, whatever the pod says of its owners.
    Nobody,
}

/// A pod in Kubernetes.
#[derive(Clone, Debug)]
pub(crate) struct KubernetesPod {
    pub(super) pod: Pod,
    pub(super) keeper: Keeper,
    /// How often it was made again.
    pub(super) generation: u32,
    pub(super) labels: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
    owners: Value,
    spec: Value,
    /// The name of its node, once it has one.
    pub(super) node: Option<String>,
    pub(super) created: SystemTime,
    /// The revisions that it came with, and that it was changed by last.
    pub(super) added: u64,
    pub(super) revision: u64,
}

/// The columns of the table of pods.
pub(super) const COLUMNS: [(&str, i32); 9] = [
    ("Name", 0),
    ("Ready", 0),
    ("Status", 0),
    ("Restarts", 0),
    ("Age", 0),
    ("IP", 1),
    ("Node", 1),
    ("Nominated Node", 1),
    ("Readiness Gates", 1),
];

/// How many pods the Deployment of CoreDNS has, as Talos sets it up.
pub(super) const REPLICAS: usize = 2;

/// The annotation of a pod that shows a static one.
const MIRROR: &str = "kubernetes.io/config.mirror";

/// The ReplicaSet of a Deployment.
fn replica_set(deployment: &str) -> String {
    format!("{deployment}-7859998f6")
}

/// The label by which pods of a kind are found, and its value.
fn label(container: &str) -> (String, String) {
    let (key, value) = match container {
        "coredns" => ("k8s-app", "kube-dns"),
        "kube-flannel" => ("app", "flannel"),
        other => ("k8s-app", other),
    };
    (key.to_owned(), value.to_owned())
}

fn owner(version: &str, kind: &str, name: &str, uid: &str) -> Value {
    json!([{"apiVersion": version, "kind": kind, "name": name, "uid": uid, "controller": true}])
}

impl KubernetesPod {
    fn of_system(pod: Pod, keeper: Keeper, owners: Value, now: SystemTime) -> Self {
        Self {
            labels: BTreeMap::from([label(&pod.container)]),
            annotations: BTreeMap::new(),
            spec: json!({"containers": [{"name": pod.container, "image": pod.image}]}),
            pod,
            keeper,
            generation: 0,
            owners,
            node: None,
            created: now,
            added: 0,
            revision: 0,
        }
    }

    /// What the API shows of a static pod.
    pub(super) fn mirror(pod: Pod, node: &KubernetesNode, generation: u32, now: SystemTime) -> Self {
        let annotations = [(MIRROR, pod.uid.as_str()), ("talos.dev/config-version", "1")];
        let annotations = annotations.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
        let owners = owner("v1", "Node", &node.name, &node.uid);
        let uid = pods::uid(&format!("{}/{generation}", pod.uid));
        Self {
            annotations,
            generation,
            node: Some(node.name.clone()),
            ..Self::of_system(Pod { uid, ..pod }, Keeper::Kubelet, owners, now)
        }
    }

    /// The pod of a DaemonSet on a node.
    pub(super) fn daemon(set: &str, image: &str, node: &str, generation: u32, now: SystemTime) -> Self {
        let seed = format!("{node}/{generation}");
        let name = format!("{set}-{}", pods::suffix(&format!("{set}/{seed}")));
        let pod = Pod::of_system(set, name, image, &seed);
        Self {
            generation,
            node: Some(node.to_owned()),
            ..Self::of_system(
                pod,
                Keeper::DaemonSet,
                owner("apps/v1", "DaemonSet", set, &pods::uid(set)),
                now,
            )
        }
    }

    /// A pod of a Deployment, on no node yet.
    pub(super) fn replica(
        deployment: &str,
        image: &str,
        number: usize,
        generation: u32,
        now: SystemTime,
    ) -> Self {
        let (set, seed) = (replica_set(deployment), format!("{number}/{generation}"));
        let name = format!("{set}-{}", pods::suffix(&format!("{set}/{seed}")));
        let pod = Pod::of_system(deployment, name, image, &seed);
        let owners = owner("apps/v1", "ReplicaSet", &set, &pods::uid(&set));
        let mut made = Self::of_system(pod, Keeper::Deployment(number), owners, now);
        made.generation = generation;
        made.spec["tolerations"] = json!([{"key": CONTROL_PLANE, "operator": "Exists"}]);
        made
    }

    /// A pod that somebody creates.
    pub(super) fn created(
        namespace: &str,
        wanted: &Value,
        seed: &str,
        now: SystemTime,
    ) -> Result<Self, Failure> {
        let (metadata, spec) = (&wanted["metadata"], &wanted["spec"]);
        let text = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        let generated = || Some(text(&metadata["generateName"])? + &pods::suffix(seed));
        let name = text(&metadata["name"]).or_else(generated);
        let name = name.ok_or_else(|| Failure::invalid("metadata.name is missing"))?;
        let containers = spec["containers"].as_array().map_or(&[][..], Vec::as_slice);
        let [container] = containers else {
            return Err(Failure::invalid("a pod of the simulator has one container"));
        };
        let (Some(container), Some(image)) = (text(&container["name"]), text(&container["image"])) else {
            return Err(Failure::invalid("a container has a name and an image"));
        };
        let uid = pods::uid(&format!("{seed}/{namespace}/{name}"));
        let mut spec = spec.clone();
        let node = spec.as_object_mut().and_then(|spec| spec.remove("nodeName")).as_ref().and_then(text);
        Ok(Self {
            pod: Pod { namespace: namespace.to_owned(), name, uid, container, image, is_static: false },
            keeper: Keeper::Nobody,
            generation: 0,
            labels: strings(&metadata["labels"])?,
            annotations: strings(&metadata["annotations"])?,
            owners: match &metadata["ownerReferences"] {
                Value::Null => json!([]),
                owners => owners.clone(),
            },
            spec,
            node,
            created: now,
            added: 0,
            revision: 0,
        })
    }

    /// The uid of the static pod that it shows, if it shows one.
    pub(super) fn mirrored(&self) -> &str {
        self.annotations.get(MIRROR).map_or("", String::as_str)
    }

    /// Whether a DaemonSet or Deployment of this name keeps it.
    pub(super) fn is_kept_by(&self, name: &str) -> bool {
        matches!(self.keeper, Keeper::DaemonSet | Keeper::Deployment(_)) && self.pod.container == name
    }

    /// Whether what keeps it wants this one and not the other beside it.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        let same = self.keeper == other.keeper && self.pod.container == other.pod.container;
        // A Deployment does not care on which node it is.
        same && (matches!(self.keeper, Keeper::Deployment(_)) || self.node == other.node)
    }

    pub(super) fn set_image(&mut self, image: &str) {
        self.pod.image = image.to_owned();
        self.spec["containers"][0]["image"] = image.into();
    }

    /// Whether it may be placed on a node.
    pub(super) fn fits(&self, node: &KubernetesNode) -> bool {
        let tolerations = self.spec["tolerations"].as_array().map_or(&[][..], Vec::as_slice);
        let tolerates = |taint: &Value| {
            let matches = |toleration: &Value| {
                let key = toleration["key"].as_str().unwrap_or_default();
                let exists = toleration["operator"] == "Exists";
                let effect = toleration["effect"].as_str().unwrap_or_default();
                (if key.is_empty() { exists } else { taint["key"] == key })
                    && (exists || text_of(&toleration["value"]) == text_of(&taint["value"]))
                    && (effect.is_empty() || taint["effect"] == effect)
            };
            taint["effect"] == "PreferNoSchedule" || tolerations.iter().any(matches)
        };
        let mut selector = self.spec["nodeSelector"].as_object().into_iter().flatten();
        node.ready
            && node.cordon == super::node::Cordon::No
            && node.all_taints().iter().all(tolerates)
            && selector.all(|(key, value)| node.labels.get(key).map(String::as_str) == value.as_str())
    }

    /// The cells of its row.
    pub(super) fn cells(&self, node: Option<&KubernetesNode>, now: SystemTime) -> Value {
        let age = now.duration_since(self.created).unwrap_or_default().as_secs();
        let none = || "<none>".to_owned();
        json!([
            self.pod.name,
            if node.is_some_and(|node| node.ready) { "1/1" } else { "0/1" },
            if node.is_some() { "Running" } else { "Pending" },
            "0",
            format!("{age}s"),
            node.map_or_else(none, |node| node.address.to_string()),
            self.node.clone().unwrap_or_else(none),
            "<none>",
            "<none>",
        ])
    }

    /// The pod without its kind, as it stands in a list; with the node that it is on.
    pub(super) fn value(&self, node: Option<&KubernetesNode>) -> Value {
        let mut spec = self.spec.clone();
        if let Some(name) = &self.node {
            spec["nodeName"] = name.as_str().into();
        }
        json!({
            "metadata": {
                "name": self.pod.name,
                "namespace": self.pod.namespace,
                "uid": self.pod.uid,
                "resourceVersion": self.revision.to_string(),
                "creationTimestamp": rfc3339::seconds(self.created),
                "labels": self.labels,
                "annotations": self.annotations,
                "ownerReferences": self.owners,
            },
            "spec": spec,
            "status": match node {
                Some(node) => status(&self.pod, node.address, node.ready, self.created, node.changed),
                None => json!({
                    "phase": "Pending",
                    "conditions": [{
                        "type": "PodScheduled",
                        "status": "False",
                        "reason": "Unschedulable",
                        "lastTransitionTime": rfc3339::seconds(self.created),
                    }],
                }),
            },
        })
    }
}

fn text_of(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// What the kubelet at `address` says of a pod; `ready` since `changed`.
pub(crate) fn status(
    pod: &Pod,
    address: Ipv4Addr,
    ready: bool,
    started: SystemTime,
    changed: SystemTime,
) -> Value {
    let (started, changed) = (rfc3339::seconds(started), rfc3339::seconds(changed));
    let condition = |kind: &str| json!({"type": kind, "status": if ready { "True" } else { "False" }, "lastTransitionTime": changed});
    json!({
        "phase": "Running",
        "hostIP": address.to_string(),
        "podIP": address.to_string(),
        "startTime": started,
        "conditions": [condition("Initialized"), condition("Ready"), condition("ContainersReady")],
        "containerStatuses": [{
            "name": pod.container,
            "image": pod.image,
            "ready": ready,
            "restartCount": 0,
            "state": {"running": {"startedAt": started}},
        }],
    })
}

/// A DaemonSet or Deployment without its kind; `wanted` pods, of which `ready` are ready.
pub(super) fn owner_value(name: &str, wanted: usize, ready: usize) -> Value {
    let (key, value) = label(name);
    let labels = BTreeMap::from([(key, value)]);
    json!({
        "metadata": {
            "name": name,
            "namespace": NAMESPACE,
            "uid": pods::uid(name),
            "labels": labels,
            "generation": 1,
        },
        "spec": {"replicas": wanted, "selector": {"matchLabels": labels}},
        "status": {
            "observedGeneration": 1,
            "desiredNumberScheduled": wanted,
            "currentNumberScheduled": wanted,
            "numberReady": ready,
            "replicas": wanted,
            "readyReplicas": ready,
            "availableReplicas": ready,
        },
    })
}
