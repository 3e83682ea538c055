//! From etcd to a cluster that Kubernetes calls Ready.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::Duration;

use talos_client::Service;
use talos_client::talos_pki::SecretString;

use crate::cluster::{Cluster, Member};
use crate::error::{ErrorKind, Result, chain};
use crate::event::{Event, Observer};
use crate::kubernetes::{Kubernetes, KubernetesNode};
use crate::wait::{LOOK, Look, until};

/// Waits until the Kubernetes API answers at all: with 401 for a client without an identity, as a rule.
///
/// `kubernetes` is made by [`Kubernetes::anonymous`] with the cluster's own certificate authority.
///
/// # Errors
///
/// [`ErrorKind::Timeout`] with the last answer or reason.
pub async fn wait_for_kubernetes_api(
    kubernetes: &Kubernetes,
    timeout: Duration,
    observer: Observer<'_>,
) -> Result<()> {
    let what = format!("the Kubernetes API at {}", kubernetes.server());
    until(&what, timeout, observer, || async {
        match kubernetes.status().await {
            // 200 and 403 are the answers of clusters that let anonymous clients in.
            Ok(status @ (200 | 401 | 403)) => {
                observer(&Event::KubernetesApi { server: kubernetes.server().to_owned(), status });
                Ok(Look::Done(()))
            }
            Ok(status) => Ok(Look::NotYet(format!("it answers {status}"))),
            Err(error) => Ok(Look::NotYet(chain(&error))),
        }
    })
    .await
}

impl Cluster {
    /// A new administrator's kubeconfig from a control plane, made by the machine on the spot.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Timeout`] with the last reason of a control plane.
    pub async fn kubeconfig(&self, timeout: Duration, observer: Observer<'_>) -> Result<SecretString> {
        self.control_plane(None)?;
        until("a kubeconfig", timeout, observer, || async {
            let mut reason = String::new();
            for member in &self.control_planes {
                match self.client.node(&member.address).with_timeout(LOOK).kubeconfig().await {
                    Ok(kubeconfig) => return Ok(Look::Done(kubeconfig)),
                    Err(error) => reason = format!("{}: {}", member.name, chain(&error)),
                }
            }
            Ok(Look::NotYet(reason))
        })
        .await
    }

    /// Waits until Kubernetes calls every node of the cluster Ready.
    ///
    /// A node of the cluster is the Kubernetes node that has its address as internal one, or its name.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Timeout`] with the name of a node that is missing, and what Kubernetes and its kubelet service say.
    pub async fn wait_for_nodes_ready(
        &self,
        kubernetes: &Kubernetes,
        timeout: Duration,
        observer: Observer<'_>,
    ) -> Result<Vec<KubernetesNode>> {
        let told = Mutex::new(BTreeSet::new());
        until("every node to be Ready", timeout, observer, || async {
            let nodes = match kubernetes.nodes().await {
                Ok(nodes) => nodes,
                Err(error) if error.kind() == ErrorKind::InvalidKubeconfig => return Err(error),
                Err(error) => return Ok(Look::NotYet(chain(&error))),
            };
            let mut ready = Vec::new();
            let mut missing = None;
            for member in self.members() {
                match find(&nodes, member) {
                    Some(node) if node.ready => {
                        if told.lock().is_ok_and(|mut told| told.insert(member.name.clone())) {
                            observer(&Event::NodeReady { node: member.name.clone() });
                        }
                        ready.push(node.clone());
                    }
                    Some(node) => {
                        let detail =
                            if node.detail.is_empty() { "no condition yet" } else { node.detail.as_str() };
                        missing.get_or_insert((member, format!("{} is not Ready: {detail}", member.name)));
                    }
                    None => {
                        missing.get_or_insert((
                            member,
                            format!("{} is not registered with Kubernetes", member.name),
                        ));
                    }
                }
            }
            let Some((member, reason)) = missing else { return Ok(Look::Done(ready)) };
            Ok(Look::NotYet(format!("{reason}; {}", self.service_line(member, "kubelet").await)))
        })
        .await
    }

    /// What one service of a node says, in one line.
    pub(crate) async fn service_line(&self, member: &Member, id: &str) -> String {
        service_line(&self.client.node(&member.address).with_timeout(LOOK).services().await, id)
    }
}

/// What one of the services that a node told says, in one line.
pub(crate) fn service_line(services: &talos_client::Result<Vec<Service>>, id: &str) -> String {
    match services {
        Ok(services) => match services.iter().find(|service| service.id == id) {
            Some(service) => {
                let last = service.events.last().map_or("", |event| event.message.as_str());
                format!("its service {id} is {}: {last}", service.state)
            }
            None => format!("it has no service {id}"),
        },
        Err(error) => format!("it does not tell its services: {}", chain(error)),
    }
}

pub(crate) fn find<'a>(nodes: &'a [KubernetesNode], member: &Member) -> Option<&'a KubernetesNode> {
    nodes
        .iter()
        .find(|node| node.internal_addresses.contains(&member.address))
        .or_else(|| nodes.iter().find(|node| node.name == member.name))
}
