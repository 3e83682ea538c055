//! The servers of a cluster, each on the port that was made for it.

use std::collections::BTreeMap;

use openstack_sdk::compute::{NewServer, Server, ServerQuery, ServerStatus};
use talos_cluster::talos_machineconfig::Config;

use crate::error::{Error, ErrorKind, Result};
use crate::event::{Event, Resource};
use crate::run::{CLUSTER_ID, Node, Run, each, gone, known};
use crate::user_data;

impl Run<'_> {
    /// Every node has an active server with its configuration as user data, on its own port.
    pub(crate) async fn ensure_servers(&mut self) -> Result<()> {
        let configs = known(&self.found.configs, "the machine configuration")?;
        let control_plane = user_data_of("control plane", &configs.control_plane)?;
        let worker = user_data_of("worker", &configs.worker)?;
        let existing = self.cluster_servers().await?;

        let nodes = std::mem::take(&mut self.found.nodes);
        let this = &*self;
        let outcome = each(nodes.clone(), |mut node| {
            let data = if node.control_plane { &control_plane } else { &worker };
            let server = existing.get(&node.name);
            async move {
                let id = match server {
                    Some(server) => this.reuse(server).await?,
                    None => None,
                };
                if let Some(id) = id {
                    node.server = Some(id);
                } else {
                    node.server = Some(this.create(&node, data).await?);
                    node.fresh = true;
                }
                Ok(node)
            }
        })
        .await;
        match outcome {
            Ok(nodes) => self.found.nodes = nodes,
            Err(error) => {
                // A retry must still know the ports.
                self.found.nodes = nodes;
                return Err(error);
            }
        }
        for node in &self.found.nodes {
            if let Some(id) = &node.server {
                self.state.servers.insert(node.name.clone(), id.clone());
            }
        }
        self.save().await?;
        self.wait_for_servers().await
    }

    /// The servers that carry the cluster's tag, by name.
    pub(crate) async fn cluster_servers(&self) -> Result<BTreeMap<String, Server>> {
        let query = ServerQuery::new().with_tag(self.spec.tag());
        let mut servers = BTreeMap::new();
        for server in self.cloud.compute().servers(&query).await? {
            if matches!(server.status, ServerStatus::Deleted | ServerStatus::SoftDeleted) {
                continue;
            }
            if let Some(other) = servers.insert(server.name.clone(), server) {
                return Err(Error::new(
                    ErrorKind::OpenStack,
                    format!(
                        "two servers are called {} and carry the cluster's tag: delete {}",
                        other.name, other.id
                    ),
                ));
            }
        }
        Ok(servers)
    }

    /// The id of a server that is there and good; one that failed is deleted, so that its port is free again.
    async fn reuse(&self, server: &Server) -> Result<Option<String>> {
        if server.status != ServerStatus::Error {
            self.found_one(Resource::Server, &server.name, &server.id);
            return Ok(Some(server.id.clone()));
        }
        let compute = self.cloud.compute();
        gone(compute.delete_server(&server.id).await)?;
        compute.wait_for_server_deleted(&server.id, self.left()).await?;
        self.deleted_one(Resource::Server, &server.name, &server.id);
        Ok(None)
    }

    async fn create(&self, node: &Node, user_data: &[u8]) -> Result<String> {
        let flavor =
            if node.control_plane { &self.found.control_plane_flavor } else { &self.found.worker_flavor };
        let mut server = NewServer::new(&node.name, &known(flavor, "the flavor")?.id)
            .with_image(known(&self.found.image, "the image")?)
            .with_port(&node.port)
            .with_user_data(user_data)
            .with_tag(self.spec.tag())
            .with_metadata(CLUSTER_ID, self.cluster_id()?);
        if node.control_plane {
            server = server.with_group(known(&self.found.server_group, "the server group")?);
        }
        let id = self.cloud.compute().create_server(&server).await?;
        self.created_one(Resource::Server, &node.name, &id);
        Ok(id)
    }

    async fn wait_for_servers(&self) -> Result<()> {
        each(self.found.nodes.clone(), |node| async move {
            let id = known(&node.server, "the server")?;
            let outcome = self.cloud.compute().wait_for_server(id, &ServerStatus::Active, self.left()).await;
            let status = match &outcome {
                Ok(server) => server.status.to_string(),
                Err(_) => "not usable".to_owned(),
            };
            (self.observer)(&Event::ServerStatus { name: node.name.clone(), status });
            outcome.map(drop).map_err(|error| server_error(&node, error))
        })
        .await
        .map(drop)
    }
}

fn server_error(node: &Node, error: openstack_sdk::Error) -> Error {
    match error.kind() {
        openstack_sdk::ErrorKind::ServerFault { code, message } => Error::new(
            ErrorKind::ServerFailed,
            format!(
                "Nova could not build {}: {code} {message}; run it again to delete the server and build it on the same port",
                node.name
            ),
        )
        .with_source(error),
        // It was deleted under our hands: the step looks again and makes it anew.
        openstack_sdk::ErrorKind::NotFound => Error::from(error).with_retryable(true),
        _ => error.into(),
    }
}

pub(crate) fn user_data_of(what: &str, config: &Config) -> Result<Vec<u8>> {
    let text = config.to_yaml().map_err(|error| {
        Error::new(ErrorKind::InvalidSpec, format!("the {what} configuration can't be written: {error}"))
            .with_source(error)
    })?;
    user_data::encode(what, text.expose())
}
