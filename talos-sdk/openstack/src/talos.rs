//! From servers that run to a cluster that is Ready.

use std::collections::BTreeMap;
use std::time::Duration;

use talos_cluster::talos_client::talosconfig::TalosConfig;
use talos_cluster::talos_client::{Client, ClientOptions};
use talos_cluster::{BootstrapOptions, Cluster, Event as ClusterEvent, Kubernetes, wait_for_kubernetes_api};

use crate::error::{Error, ErrorKind, Result};
use crate::event::Event;
use crate::machine_config::endpoint_url;
use crate::run::{Node, Run, each, known};
use crate::state::Intent;
use crate::store::StateFile;

/// The pause between two tries to reach a node.
const PAUSE: Duration = Duration::from_secs(1);

impl Run<'_> {
    /// Every node answers over mutual TLS with a certificate of the cluster.
    pub(crate) async fn first_contact(&mut self) -> Result<()> {
        let cluster = self.cluster().await?;
        let nodes = std::mem::take(&mut self.found.nodes);
        let this = &*self;
        let outcome = each(nodes.clone(), |mut node| {
            let client = &cluster.client;
            async move {
                node.talos_version = this.reach(client, &node).await?;
                Ok(node)
            }
        })
        .await;
        self.found.nodes = match outcome {
            Ok(nodes) => nodes,
            Err(error) => {
                self.found.nodes = nodes;
                return Err(error);
            }
        };
        self.found.cluster = Some(cluster);
        Ok(())
    }

    /// The client of the cluster, and its nodes by the addresses at which control planes reach them.
    async fn cluster(&self) -> Result<Cluster> {
        let text = self.store.read(StateFile::Talosconfig).await?;
        let text = known(&text, "the talosconfig")?;
        let talosconfig = TalosConfig::from_yaml(text.expose()).map_err(|error| {
            let place = self.store.location(StateFile::Talosconfig);
            Error::new(ErrorKind::Store, format!("{place} can't be used: {error}")).with_source(error)
        })?;
        let client = Client::connect(&talosconfig, ClientOptions::default())?;
        let mut cluster = Cluster::new(client);
        for node in &self.found.nodes {
            let address = node.addresses.fixed.to_string();
            cluster = if node.control_plane {
                cluster.with_control_plane(&node.name, address)
            } else {
                cluster.with_worker(&node.name, address)
            };
        }
        Ok(cluster)
    }

    /// The version that a node tells, once it answers.
    async fn reach(&self, client: &Client, node: &Node) -> Result<String> {
        let limit = self.left();
        let target = client.node(node.addresses.fixed.to_string()).with_timeout(Duration::from_secs(10));
        let (mut kind, mut last) = (None, String::new());
        let reaching = async {
            loop {
                match target.version().await {
                    Ok(version) => return version.tag,
                    Err(error) => {
                        let reason = error.to_string();
                        // The same kind of reason in other words is no news.
                        if kind.replace(error.kind()) != Some(error.kind()) {
                            (self.observer)(&Event::NodeUnreachable {
                                name: node.name.clone(),
                                reason: reason.clone(),
                            });
                        }
                        last = reason;
                    }
                }
                tokio::time::sleep(PAUSE).await;
            }
        };
        let outcome = tokio::time::timeout(limit, reaching).await;
        let Ok(version) = outcome else {
            return Err(Error::new(
                ErrorKind::Timeout,
                format!("{} did not answer within {} s: {last}", node.name, limit.as_secs()),
            ));
        };
        (self.observer)(&Event::NodeAnswered { name: node.name.clone(), version: version.clone() });
        Ok(version)
    }

    /// etcd runs on every control plane, after exactly one bootstrap in the life of these servers.
    pub(crate) async fn ensure_bootstrap(&mut self) -> Result<()> {
        let cluster = known(&self.found.cluster, "the cluster")?.clone();
        let servers: BTreeMap<String, String> = self
            .control_planes()
            .filter_map(|node| Some((node.name.clone(), node.server.clone()?)))
            .collect();
        let observer = self.observer;
        let tell = |event: &ClusterEvent| observer(&Event::Cluster(event.clone()));

        let intent = match self.state.bootstrap.take() {
            Some(intent) if intent.applies_to(&servers) => intent,
            // None of those servers is left, so neither is what they had of etcd.
            _ => {
                let first = known(&servers.keys().next().cloned(), "a control plane")?.clone();
                Intent {
                    node: first,
                    servers: servers.clone(),
                    sent: self.control_planes().any(|node| !node.fresh),
                    confirmed: false,
                }
            }
        };
        let lost = intent.servers.get(&intent.node) != servers.get(&intent.node);
        let settle = self.spec.timeouts.bootstrap_settle;
        let options =
            BootstrapOptions::default().with_node(&intent.node).with_timeout(self.left()).with_settle(settle);
        let maybe_sent = intent.sent;
        self.state.bootstrap = Some(Intent { sent: true, ..intent.clone() });
        self.save().await?;

        // Where etcd once ran and some of its members are left, new machines join: nothing may be bootstrapped.
        if !(intent.confirmed && lost) {
            cluster.bootstrap(&options.with_maybe_sent(maybe_sent), &tell).await?;
        }
        cluster.wait_for_etcd(self.left(), &tell).await?;

        self.state.bootstrap = Some(Intent { servers, sent: true, confirmed: true, ..intent });
        self.save().await
    }

    /// The Kubernetes API answers at the endpoint, with a certificate of this cluster.
    pub(crate) async fn wait_for_kubernetes_api(&mut self) -> Result<()> {
        let endpoint = endpoint_url(self.spec, &self.control_plane_addresses());
        let secrets = known(&self.found.secrets, "the secrets bundle")?;
        let authority = known(&secrets.certs.k8s, "the Kubernetes certificate authority")?;
        let kubernetes = Kubernetes::anonymous(&endpoint, &authority.crt)?;
        let observer = self.observer;
        let tell = |event: &ClusterEvent| observer(&Event::Cluster(event.clone()));
        wait_for_kubernetes_api(&kubernetes, self.left(), &tell).await?;
        Ok(())
    }

    /// A kubeconfig that works is stored.
    pub(crate) async fn ensure_kubeconfig(&mut self) -> Result<()> {
        if let Some(stored) = self.store.read(StateFile::Kubeconfig).await? {
            let works = match Kubernetes::from_kubeconfig(stored.expose()) {
                Ok(kubernetes) => kubernetes.nodes().await.is_ok(),
                Err(_) => false,
            };
            if works {
                self.found.kubeconfig = Some(stored);
                return Ok(());
            }
        }
        let cluster = known(&self.found.cluster, "the cluster")?;
        let observer = self.observer;
        let tell = |event: &ClusterEvent| observer(&Event::Cluster(event.clone()));
        let kubeconfig = cluster.kubeconfig(self.left(), &tell).await?;
        self.store.write(StateFile::Kubeconfig, &kubeconfig).await?;
        self.found.kubeconfig = Some(kubeconfig);
        Ok(())
    }

    /// Kubernetes calls every node Ready.
    pub(crate) async fn wait_for_nodes(&mut self) -> Result<()> {
        let cluster = known(&self.found.cluster, "the cluster")?;
        let kubernetes =
            Kubernetes::from_kubeconfig(known(&self.found.kubeconfig, "the kubeconfig")?.expose())?;
        let observer = self.observer;
        let tell = |event: &ClusterEvent| observer(&Event::Cluster(event.clone()));
        cluster.wait_for_nodes_ready(&kubernetes, self.left(), &tell).await?;
        Ok(())
    }
}
