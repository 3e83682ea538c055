//! A cluster: a client, and which nodes are what.

use futures_util::future::join_all;
use talos_client::Client;

use crate::error::{Error, ErrorKind, Result};

/// One machine of a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its name, for people: the host name as a rule.
    pub name: String,
    /// The address by which the client's endpoints reach it: its own address, without a port.
    pub address: String,
}

/// A cluster: a client, and which nodes are what.
///
/// Cheap to clone. Every function looks at the cluster, acts only if needed and confirms, so it can be called again
/// after any failure.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Cluster {
    /// The client, with control planes as its endpoints.
    pub client: Client,
    /// The control planes.
    pub control_planes: Vec<Member>,
    /// The workers.
    pub workers: Vec<Member>,
}

impl Cluster {
    /// A cluster without nodes: name them with [`with_control_plane`](Self::with_control_plane) and
    /// [`with_worker`](Self::with_worker).
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self { client, control_planes: Vec::new(), workers: Vec::new() }
    }

    /// Adds a control plane.
    #[must_use]
    pub fn with_control_plane(mut self, name: impl Into<String>, address: impl Into<String>) -> Self {
        self.control_planes.push(Member { name: name.into(), address: address.into() });
        self
    }

    /// Adds a worker.
    #[must_use]
    pub fn with_worker(mut self, name: impl Into<String>, address: impl Into<String>) -> Self {
        self.workers.push(Member { name: name.into(), address: address.into() });
        self
    }

    /// All nodes, control planes first.
    pub fn members(&self) -> impl Iterator<Item = &Member> {
        self.control_planes.iter().chain(&self.workers)
    }

    /// The control plane of this name, or the first one.
    pub(crate) fn control_plane(&self, name: Option<&str>) -> Result<&Member> {
        let found = match name {
            Some(name) => self.control_planes.iter().find(|member| member.name == name),
            None => self.control_planes.first(),
        };
        found.ok_or_else(|| {
            let what =
                name.map_or_else(|| "no control plane".to_owned(), |name| format!("no control plane {name}"));
            Error::new(ErrorKind::InvalidCluster, format!("the cluster has {what}: name it before"))
        })
    }

    /// Asks every one of `members` at once; the answers are in their order.
    pub(crate) async fn ask<'a, T, F>(
        &self,
        members: &'a [Member],
        ask: impl Fn(talos_client::Node) -> F,
    ) -> Vec<(&'a Member, talos_client::Result<T>)>
    where
        F: Future<Output = talos_client::Result<T>>,
    {
        let asked = members.iter().map(|member| {
            let answer = ask(self.client.node(&member.address).with_timeout(crate::wait::LOOK));
            async move { (member, answer.await) }
        });
        join_all(asked).await
    }
}
