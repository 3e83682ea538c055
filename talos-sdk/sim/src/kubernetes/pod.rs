//! Pods and what owns them, as Kubernetes shows them.

use std::net::Ipv4Addr;
use std::time::SystemTime;

use serde_json::{Value, json};

use super::node::timestamp;
use crate::cluster::KubernetesNode;
use crate::pods::{self, NAMESPACE, Pod};

/// What makes pods on every node.
pub(super) const DAEMON_SETS: [&str; 2] = ["kube-flannel", "kube-proxy"];
/// What makes pods anywhere.
pub(super) const DEPLOYMENTS: [&str; 1] = ["coredns"];

/// The pods of a node.
pub(super) fn of(node: &KubernetesNode) -> Vec<Pod> {
    pods::pods(&node.name, node.control_plane, &node.kubelet_version)
}

/// The label by which pods of a kind are found, and its value.
fn label(container: &str) -> (&'static str, &str) {
    match container {
        "coredns" => ("k8s-app", "kube-dns"),
        "kube-flannel" => ("app", "flannel"),
        "kube-proxy" => ("k8s-app", "kube-proxy"),
        other => ("k8s-app", other),
    }
}

/// A pod without its kind, as it stands in a list.
pub(super) fn value(node: &KubernetesNode, pod: &Pod) -> Value {
    let (key, value) = label(pod.container);
    let owner = |kind: &str, name: String| json!([{"apiVersion": "apps/v1", "kind": kind, "name": name, "uid": pod.uid, "controller": true}]);
    let owners = if pod.is_static {
        json!([{"apiVersion": "v1", "kind": "Node", "name": node.name, "uid": node.uid, "controller": true}])
    } else if DAEMON_SETS.contains(&pod.container) {
        owner("DaemonSet", pod.container.to_owned())
    } else {
        let set = pod.name.rsplit_once('-').map_or(pod.name.as_str(), |(set, _)| set);
        owner("ReplicaSet", set.to_owned())
    };
    let annotations = match pod.is_static {
        true => json!({"kubernetes.io/config.mirror": pod.uid, "talos.dev/config-version": "1"}),
        false => json!({}),
    };
    let started = timestamp(node.created);
    json!({
        "metadata": {
            "name": pod.name,
            "namespace": NAMESPACE,
            "uid": pod.uid,
            "resourceVersion": node.revision.to_string(),
            "creationTimestamp": started,
            "labels": {key: value},
            "annotations": annotations,
            "ownerReferences": owners,
        },
        "spec": {
            "nodeName": node.name,
            "containers": [{"name": pod.container, "image": pod.image}],
        },
        "status": status(pod, node.address, node.ready, node.created, node.changed),
    })
}

/// What the kubelet at `address` says of a pod; `ready` since `changed`.
pub(crate) fn status(
    pod: &Pod,
    address: Ipv4Addr,
    ready: bool,
    started: SystemTime,
    changed: SystemTime,
) -> Value {
    let (started, changed) = (timestamp(started), timestamp(changed));
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

/// A row of the table of pods.
pub(super) fn row(node: &KubernetesNode, pod: &Pod, now: SystemTime) -> Value {
    let age = now.duration_since(node.created).unwrap_or_default().as_secs();
    json!({
        "cells": [
            pod.name,
            if node.ready { "1/1" } else { "0/1" },
            "Running",
            "0",
            format!("{age}s"),
            node.address.to_string(),
            node.name,
            "<none>",
            "<none>",
        ],
        "object": {
            "kind": "PartialObjectMetadata",
            "apiVersion": "meta.k8s.io/v1",
            "metadata": value(node, pod)["metadata"],
        },
    })
}

/// A DaemonSet or Deployment without its kind; `wanted` pods, of which `ready` are ready.
pub(super) fn owner(name: &str, wanted: usize, ready: usize) -> Value {
    let (key, value) = label(name);
    json!({
        "metadata": {"name": name, "namespace": NAMESPACE, "labels": {key: value}, "generation": 1},
        "spec": {"replicas": wanted, "selector": {"matchLabels": {key: value}}},
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
