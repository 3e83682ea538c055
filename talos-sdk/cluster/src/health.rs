//! A snapshot of how a cluster is.

use std::fmt;

use talos_client::{Service, ServiceState};

use crate::cluster::{Cluster, Member};
use crate::error::chain;
use crate::kubernetes::Kubernetes;
use crate::readiness::find;

/// How one node is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NodeHealth {
    /// The node.
    pub member: Member,
    /// Whether it is a control plane.
    pub control_plane: bool,
    /// The version of Talos that it runs; `None` if it does not answer.
    pub talos_version: Option<String>,
    /// The version of its kubelet, once Kubernetes knows it.
    pub kubernetes_version: Option<String>,
    /// Whether Kubernetes calls it Ready; `None` if Kubernetes was not asked.
    pub ready: Option<bool>,
    /// What is wrong with it, one line each.
    pub problems: Vec<String>,
}

/// How a cluster is: [`Display`](fmt::Display) prints one line a node and one a problem.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Health {
    /// Its nodes, control planes first.
    pub nodes: Vec<NodeHealth>,
    /// What is wrong with the cluster as a whole, one line each.
    pub problems: Vec<String>,
}

impl Health {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.problems.is_empty() && self.nodes.iter().all(|node| node.problems.is_empty())
    }
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in &self.problems {
            writeln!(f, "{problem}")?;
        }
        for node in &self.nodes {
            let version = node.talos_version.as_deref().unwrap_or("no answer");
            let state =
                if node.problems.is_empty() { "healthy".to_owned() } else { node.problems.join("; ") };
            writeln!(f, "{} ({}, Talos {version}): {state}", node.member.name, node.member.address)?;
        }
        Ok(())
    }
}

impl Cluster {
    /// Looks at every node once: does it answer, are its services healthy, is it in etcd, is it Ready.
    ///
    /// It never fails: what can't be seen is a problem in the answer. Kubernetes is asked only if it is given.
    pub async fn health(&self, kubernetes: Option<&Kubernetes>) -> Health {
        let mut problems = Vec::new();
        let registered = match kubernetes {
            Some(kubernetes) => match kubernetes.nodes().await {
                Ok(nodes) => Some(nodes),
                Err(error) => {
                    problems.push(chain(&error));
                    None
                }
            },
            None => None,
        };
        let members: Vec<Member> = self.members().cloned().collect();
        let versions = self.ask(&members, |node| async move { node.version().await }).await;
        let services = self.ask(&members, |node| async move { node.services().await }).await;
        let etcd = self.ask(&self.control_planes, |node| async move { node.etcd_members().await }).await;

        let mut nodes = Vec::with_capacity(members.len());
        for (index, ((member, version), (_, services))) in versions.into_iter().zip(services).enumerate() {
            let mut node = NodeHealth {
                member: member.clone(),
                control_plane: index < self.control_planes.len(),
                talos_version: None,
                kubernetes_version: None,
                ready: None,
                problems: Vec::new(),
            };
            match version {
                Ok(version) => node.talos_version = Some(version.tag),
                Err(error) => node.problems.push(chain(&error)),
            }
            for service in services.iter().flatten() {
                if !is_fine(service) {
                    node.problems.push(format!("service {} is {}", service.id, service.state));
                }
            }
            if let Some((_, list)) = etcd.get(index) {
                match list {
                    Ok(list) if !list.iter().any(|member| crate::bootstrap::is(member, &node.member)) => {
                        node.problems.push("it is not a member of etcd".to_owned());
                    }
                    Ok(_) => {}
                    Err(error) => node.problems.push(format!("its etcd does not answer: {}", chain(error))),
                }
            }
            if let Some(registered) = &registered {
                let found = find(registered, &node.member);
                node.ready = Some(found.is_some_and(|found| found.ready));
                node.kubernetes_version = found.map(|found| found.kubelet_version.clone());
                match found {
                    Some(found) if !found.ready => {
                        node.problems.push(format!("it is not Ready: {}", found.detail))
                    }
                    Some(_) => {}
                    None => node.problems.push("Kubernetes does not know it".to_owned()),
                }
            }
            nodes.push(node);
        }
        Health { nodes, problems }
    }
}

/// Services that only prepare something end as finished, or are skipped where there is nothing to do.
fn is_fine(service: &Service) -> bool {
    service.is_running() || matches!(service.state, ServiceState::Finished | ServiceState::Skipped)
}
