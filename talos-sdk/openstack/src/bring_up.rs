//! The bring-up as a whole.

use std::net::IpAddr;

use openstack_sdk::Cloud;
use tokio::time::Instant;

use crate::check::check;
use crate::error::Result;
use crate::event::{Observer, Step};
use crate::machine_config::endpoint_url;
use crate::run::{Found, Run};
use crate::spec::Spec;
use crate::state::State;
use crate::store::{StateFile, Store};

/// A cluster that is up.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// Its name.
    pub name: String,
    /// Where clients reach the Kubernetes API.
    pub endpoint: String,
    /// The id of its image in Glance.
    pub image: String,
    /// Its nodes, control planes first.
    pub nodes: Vec<NodeReport>,
    /// Where the talosconfig is.
    pub talosconfig: String,
    /// Where the kubeconfig is.
    pub kubeconfig: String,
}

/// A node that is up.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NodeReport {
    /// Its name.
    pub name: String,
    /// Whether it is a control plane.
    pub control_plane: bool,
    /// Its fixed address.
    pub address: IpAddr,
    /// Its floating address, if it has one.
    pub floating_address: Option<IpAddr>,
    /// The id of its server in Nova.
    pub server: String,
    /// The version of Talos that it runs.
    pub talos_version: String,
}

/// Turns a project of a cloud into a running cluster, or goes on where an earlier run ended, however it ended.
///
/// Every step looks at the cloud first and acts only where needed; the order is that of [`Step::ALL`]. The store
/// keeps what the cloud can't tell again: the secrets, ids, and the intent to bootstrap. What it remembers of things that
/// the cloud does not have any more is forgotten, and the same cluster is made again from the same secrets. Passing
/// failures of the cloud are tried again within the limits of [`Spec::timeouts`](crate::Spec::timeouts).
///
/// Dropping the future stops the work; nothing is left half-written.
///
/// # Errors
///
/// See [`ErrorKind`](crate::ErrorKind). The next call goes on from what is there.
pub async fn bring_up(
    spec: &Spec,
    cloud: &Cloud,
    store: &dyn Store,
    observer: Observer<'_>,
) -> Result<Report> {
    let checked = check(spec).map_err(|error| error.at(Step::Plan))?;
    let _lease = store.lock().await?;
    let state = State::load(store, &spec.name).await?;
    let mut run = Run {
        spec,
        checked,
        cloud,
        store,
        observer,
        state,
        found: Found::default(),
        deadline: Instant::now(),
    };
    let limits = spec.timeouts;

    run.step(Step::Plan, limits.step, |run| Box::pin(run.plan())).await?;
    run.step(Step::Secrets, limits.step, |run| Box::pin(run.store_secrets())).await?;
    run.step(Step::Image, limits.image, |run| Box::pin(run.ensure_image())).await?;
    run.step(Step::Network, limits.step, |run| Box::pin(run.ensure_network())).await?;
    run.step(Step::Ports, limits.step, |run| Box::pin(run.ensure_ports())).await?;
    run.step(Step::LoadBalancer, limits.step, |run| Box::pin(run.ensure_load_balancer())).await?;
    run.step(Step::Dns, limits.step, |run| Box::pin(run.wait_for_dns())).await?;
    run.step(Step::MachineConfigs, limits.step, |run| Box::pin(run.ensure_machine_configs())).await?;
    run.step(Step::Servers, limits.servers, |run| Box::pin(run.ensure_servers())).await?;
    run.step(Step::FirstContact, limits.first_contact, |run| Box::pin(run.first_contact())).await?;
    run.step(Step::Bootstrap, limits.bootstrap, |run| Box::pin(run.ensure_bootstrap())).await?;
    run.step(Step::KubernetesApi, limits.kubernetes_api, |run| Box::pin(run.wait_for_kubernetes_api()))
        .await?;
    run.step(Step::Kubeconfig, limits.step, |run| Box::pin(run.ensure_kubeconfig())).await?;
    run.step(Step::Nodes, limits.nodes, |run| Box::pin(run.wait_for_nodes())).await?;

    Ok(Report {
        name: spec.name.clone(),
        endpoint: endpoint_url(spec, &run.control_plane_addresses()),
        image: run.found.image.unwrap_or_default(),
        nodes: run
            .found
            .nodes
            .into_iter()
            .map(|node| NodeReport {
                name: node.name,
                control_plane: node.control_plane,
                address: node.addresses.fixed,
                floating_address: node.addresses.floating,
                server: node.server.unwrap_or_default(),
                talos_version: node.talos_version,
            })
            .collect(),
        talosconfig: store.location(StateFile::Talosconfig),
        kubeconfig: store.location(StateFile::Kubeconfig),
    })
}
