//! Nodes.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::time::SystemTime;

use serde_json::{Value, json};

use super::reply::Failure;
use crate::rfc3339;

/// What keeps pods off control planes that do not tolerate it.
pub(super) const CONTROL_PLANE: &str = "node-role.kubernetes.io/control-plane";

/// Whether a node takes no new pods, and who wants that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Cordon {
    #[default]
    No,
    /// The machine, which takes it back once it is up again.
    Machine,
    /// Somebody who uses Kubernetes.
    User,
}

/// A node that the kubelet has registered.
#[derive(Clone, Debug)]
pub(crate) struct KubernetesNode {
    pub(crate) name: String,
    pub(crate) uid: String,
    pub(crate) address: Ipv4Addr,
    pub(crate) created: SystemTime,
    /// Whether pods have to tolerate that it is a control plane.
    pub(crate) tainted: bool,
    /// Whether it takes no new pods, and who wants that.
    pub(crate) cordon: Cordon,
    pub(crate) labels: BTreeMap<String, String>,
    /// The labels that the machine gives it; others are those of users.
    pub(crate) machine_labels: BTreeSet<String>,
    pub(crate) annotations: BTreeMap<String, String>,
    /// The taints that users gave it.
    pub(crate) taints: Vec<Value>,
    pub(crate) kubelet_version: String,
    pub(crate) os_image: String,
    pub(crate) machine_id: String,
    pub(crate) boot_id: String,
    /// Whether the machine says that it is Ready, and since when.
    pub(crate) ready: bool,
    pub(crate) changed: SystemTime,
    /// The revisions that it came with, and that it was changed by last.
    pub(crate) added: u64,
    pub(crate) revision: u64,
}

/// The columns of the table of nodes.
pub(super) const COLUMNS: [(&str, i32); 10] = [
    ("Name", 0),
    ("Status", 0),
    ("Roles", 0),
    ("Age", 0),
    ("Version", 0),
    ("Internal-IP", 1),
    ("External-IP", 1),
    ("OS-Image", 1),
    ("Kernel-Version", 1),
    ("Container-Runtime", 1),
];

impl KubernetesNode {
    /// The cells of its row.
    pub(super) fn cells(&self, value: &Value, now: SystemTime) -> Value {
        let roles: Vec<&str> =
            self.labels.keys().filter_map(|label| label.strip_prefix("node-role.kubernetes.io/")).collect();
        let roles = if roles.is_empty() { "<none>".to_owned() } else { roles.join(",") };
        let age = now.duration_since(self.created).unwrap_or_default().as_secs();
        json!([
            self.name,
            match (self.ready, self.cordon == Cordon::No) {
                (true, true) => "Ready",
                (true, false) => "Ready,SchedulingDisabled",
                (false, true) => "NotReady",
                (false, false) => "NotReady,SchedulingDisabled",
            },
            roles,
            format!("{age}s"),
            self.kubelet_version,
            self.address.to_string(),
            "<none>",
            self.os_image,
            value["status"]["nodeInfo"]["kernelVersion"],
            value["status"]["nodeInfo"]["containerRuntimeVersion"],
        ])
    }

    /// The taints that follow from what the node is, without those of users.
    fn own_taints(&self) -> impl Iterator<Item = Value> {
        let taints = [
            (self.tainted, CONTROL_PLANE),
            (!self.ready, "node.kubernetes.io/not-ready"),
            (self.cordon != Cordon::No, "node.kubernetes.io/unschedulable"),
        ];
        taints.into_iter().filter(|(has, _)| *has).map(|(_, key)| json!({"key": key, "effect": "NoSchedule"}))
    }

    /// All taints.
    pub(super) fn all_taints(&self) -> Vec<Value> {
        self.own_taints().chain(self.taints.iter().cloned()).collect()
    }

    /// The node without its kind, as it stands in a list.
    pub(super) fn value(&self) -> Value {
        let changed = rfc3339::seconds(self.changed);
        let condition = |kind: &str, status: &str, reason: &str, message: &str| {
            json!({
                "type": kind,
                "status": status,
                "reason": reason,
                "message": message,
                "lastHeartbeatTime": changed,
                "lastTransitionTime": changed,
            })
        };
        let ready = if self.ready {
            condition("Ready", "True", "KubeletReady", "kubelet is posting ready status")
        } else {
            condition("Ready", "False", "KubeletNotReady", "the network is not ready, or the machine is down")
        };
        let mut spec = json!({"taints": self.all_taints()});
        if self.cordon != Cordon::No {
            spec["unschedulable"] = true.into();
        }
        json!({
            "metadata": {
                "name": self.name,
                "uid": self.uid,
                "resourceVersion": self.revision.to_string(),
                "creationTimestamp": rfc3339::seconds(self.created),
                "labels": self.labels,
                "annotations": self.annotations,
            },
            "spec": spec,
            "status": {
                "addresses": [
                    {"type": "InternalIP", "address": self.address.to_string()},
                    {"type": "Hostname", "address": self.name},
                ],
                "conditions": [
                    condition("MemoryPressure", "False", "KubeletHasSufficientMemory", "memory is sufficient"),
                    condition("DiskPressure", "False", "KubeletHasNoDiskPressure", "disk is sufficient"),
                    condition("PIDPressure", "False", "KubeletHasSufficientPID", "processes are few enough"),
                    ready,
                ],
                "capacity": {"cpu": "2", "memory": "4194304Ki", "pods": "110"},
                "allocatable": {"cpu": "2", "memory": "4194304Ki", "pods": "110"},
                "nodeInfo": {
                    "architecture": "amd64",
                    "bootID": self.boot_id,
                    "machineID": self.machine_id,
                    "systemUUID": self.machine_id,
                    "containerRuntimeVersion": "containerd://2.1.4",
                    "kernelVersion": "6.12.0-talos",
                    "kubeProxyVersion": self.kubelet_version,
                    "kubeletVersion": self.kubelet_version,
                    "operatingSystem": "linux",
                    "osImage": self.os_image,
                },
            },
        })
    }

    /// The node as somebody wants it: labels, annotations, taints, and whether it takes new pods. What is not theirs to
    /// change stays as it is where Kubernetes says nothing either, and is refused elsewhere.
    pub(super) fn changed(&self, wanted: &Value) -> Result<Self, Failure> {
        let (metadata, spec) = (&wanted["metadata"], &wanted["spec"]);
        if metadata["resourceVersion"].as_str().is_some_and(|version| version != self.revision.to_string()) {
            return Err(Failure::conflict(format!("node {} was changed by somebody else", self.name)));
        }
        if metadata["uid"].as_str().is_some_and(|uid| uid != self.uid) {
            return Err(Failure::conflict(format!("node {} is another one than that", self.name)));
        }
        let more = spec.as_object().into_iter().flatten();
        let mut more =
            more.filter(|(key, value)| !value.is_null() && *key != "taints" && *key != "unschedulable");
        if let Some((key, _)) = more.next() {
            return Err(Failure::invalid(format!("the simulator cannot change spec.{key} of a node")));
        }
        let taints = match &spec["taints"] {
            Value::Null => &Vec::new(),
            Value::Array(taints) => taints,
            _ => return Err(Failure::invalid("spec.taints is no list")),
        };
        let same =
            |one: &Value, other: &Value| one["key"] == other["key"] && one["effect"] == other["effect"];
        let own: Vec<Value> = self.own_taints().collect();
        let tainted = self.tainted && taints.iter().any(|taint| taint["key"] == CONTROL_PLANE);
        let theirs = taints.iter().filter(|taint| !own.iter().any(|own| same(own, taint)));
        let cordon = match (spec["unschedulable"] == true, self.cordon) {
            (false, _) => Cordon::No,
            (true, Cordon::No) => Cordon::User,
            (true, cordon) => cordon,
        };
        Ok(Self {
            labels: strings(&metadata["labels"])?,
            annotations: strings(&metadata["annotations"])?,
            taints: theirs.cloned().collect(),
            tainted,
            cordon,
            ..self.clone()
        })
    }
}

/// Labels or annotations.
pub(super) fn strings(object: &Value) -> Result<BTreeMap<String, String>, Failure> {
    let pair = |(key, value): (&String, &Value)| match value {
        Value::String(text) => Ok((key.clone(), text.clone())),
        _ => Err(Failure::invalid(format!("{key} is no text"))),
    };
    match object {
        Value::Null => Ok(BTreeMap::new()),
        Value::Object(object) => object.iter().map(pair).collect(),
        _ => Err(Failure::invalid("labels and annotations are objects")),
    }
}

/// Applies a JSON merge patch (RFC 7386). A strategic one means the same for what can be changed of a node.
pub(super) fn merge(value: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *value = patch.clone();
        return;
    };
    if !value.is_object() {
        *value = json!({});
    }
    for (key, patch) in patch {
        match patch {
            Value::Null => {
                value.as_object_mut().map(|object| object.remove(key));
            }
            patch => merge(&mut value[key], patch),
        }
    }
}
