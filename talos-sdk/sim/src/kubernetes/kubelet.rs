//! The kubelet: it makes its machine a node.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::node::{CONTROL_PLANE, Cordon, KubernetesNode};
use crate::cluster::ClusterKey;
use crate::config::NodeConfig;
use crate::node::uuid;
use crate::resources::kubernetes::node_status;
use crate::run::Run;

/// Registers the node with Kubernetes once its API is up, and makes it Ready a little later.
pub(crate) async fn register(run: &Arc<Run>, config: &NodeConfig, hostname: &str) {
    let node = &run.node;
    let world = &node.world;
    let cluster = world.cluster(&ClusterKey::of(config));
    let mut changes = cluster.changes();
    while !cluster.has_api() {
        if changes.changed().await.is_err() {
            return;
        }
    }
    let mut labels = config.node_labels.clone();
    for (key, value) in [
        ("beta.kubernetes.io/arch", "amd64"),
        ("beta.kubernetes.io/os", "linux"),
        ("kubernetes.io/arch", "amd64"),
        ("kubernetes.io/os", "linux"),
        ("kubernetes.io/hostname", hostname),
    ] {
        labels.insert(key.to_owned(), value.to_owned());
    }
    if config.control_plane {
        labels.insert(CONTROL_PLANE.to_owned(), String::new());
    }
    let now = run.now();
    let registered = KubernetesNode {
        name: hostname.to_owned(),
        uid: uuid(&mut node.rng()),
        address: node.address,
        created: now,
        tainted: config.control_plane && !config.allow_scheduling_on_control_planes,
        cordon: Cordon::No,
        machine_labels: labels.keys().cloned().collect(),
        annotations: BTreeMap::new(),
        taints: Vec::new(),
        labels: labels.clone(),
        kubelet_version: config.kubernetes_version.clone(),
        os_image: format!("Talos ({})", run.version),
        machine_id: node.id.replace('-', ""),
        boot_id: run.boot_id.clone(),
        ready: false,
        changed: now,
        added: 0,
        revision: 0,
    };
    cluster.kubernetes.register(registered, config);
    run.put(node_status(hostname, false, &labels, run.minor()));
    run.sleep(world.pace.node_ready).await;
    cluster.kubernetes.set_ready(node.address, true, run.now());
    run.put(node_status(hostname, true, &labels, run.minor()));
    run.update_status();
}
