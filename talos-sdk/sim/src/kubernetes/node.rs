//! A node, as Kubernetes shows it.

use std::time::SystemTime;

use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::cluster::{Cordon, KubernetesNode};

/// The list as a table, which is how `kubectl get nodes` asks for it.
pub(super) fn table(nodes: &[&KubernetesNode], revision: u64, now: SystemTime) -> Value {
    let columns = [
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
    super::table(&columns, revision, nodes.iter().map(|node| row(node, now)).collect())
}

fn row(node: &KubernetesNode, now: SystemTime) -> Value {
    let roles: Vec<&str> =
        node.labels.keys().filter_map(|label| label.strip_prefix("node-role.kubernetes.io/")).collect();
    let roles = if roles.is_empty() { "<none>".to_owned() } else { roles.join(",") };
    let age = now.duration_since(node.created).unwrap_or_default().as_secs();
    let value = self::value(node);
    json!({
        "cells": [
            node.name,
            match (node.ready, node.cordon == Cordon::No) {
                (true, true) => "Ready",
                (true, false) => "Ready,SchedulingDisabled",
                (false, true) => "NotReady",
                (false, false) => "NotReady,SchedulingDisabled",
            },
            roles,
            format!("{age}s"),
            node.kubelet_version,
            node.address.to_string(),
            "<none>",
            node.os_image,
            value["status"]["nodeInfo"]["kernelVersion"],
            value["status"]["nodeInfo"]["containerRuntimeVersion"],
        ],
        "object": {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": value["metadata"]},
    })
}

pub(super) fn timestamp(at: SystemTime) -> String {
    let whole = OffsetDateTime::from(at).replace_nanosecond(0).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    whole.format(&Rfc3339).unwrap_or_default()
}

/// The node without its kind, as it stands in a list.
pub(super) fn value(node: &KubernetesNode) -> Value {
    let changed = timestamp(node.changed);
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
    let ready = if node.ready {
        condition("Ready", "True", "KubeletReady", "kubelet is posting ready status")
    } else {
        condition("Ready", "False", "KubeletNotReady", "the network is not ready, or the machine is down")
    };
    let cordoned = node.cordon != Cordon::No;
    let taints: Vec<_> = [
        (node.control_plane && node.unschedulable, "node-role.kubernetes.io/control-plane"),
        (!node.ready, "node.kubernetes.io/not-ready"),
        (cordoned, "node.kubernetes.io/unschedulable"),
    ]
    .into_iter()
    .filter(|(has, _)| *has)
    .map(|(_, key)| json!({"key": key, "effect": "NoSchedule"}))
    .collect();
    json!({
        "metadata": {
            "name": node.name,
            "uid": node.uid,
            "resourceVersion": node.revision.to_string(),
            "creationTimestamp": timestamp(node.created),
            "labels": node.labels,
        },
        "spec": if cordoned { json!({"taints": taints, "unschedulable": true}) } else { json!({"taints": taints}) },
        "status": {
            "addresses": [
                {"type": "InternalIP", "address": node.address.to_string()},
                {"type": "Hostname", "address": node.name},
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
                "bootID": node.boot_id,
                "machineID": node.machine_id,
                "systemUUID": node.machine_id,
                "containerRuntimeVersion": "containerd://2.1.4",
                "kernelVersion": "6.12.0-talos",
                "kubeProxyVersion": node.kubelet_version,
                "kubeletVersion": node.kubelet_version,
                "operatingSystem": "linux",
                "osImage": node.os_image,
            },
        },
    })
}
