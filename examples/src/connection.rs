//! Which cluster a tool talks to, and which of its machines.

use std::path::PathBuf;

use clap::Args;
use talos_sdk::client::Nodes;
use talos_sdk::{Client, ClientOptions, TalosConfig};

use crate::failure::{Failure, Outcome};

/// Which cluster, and which machines, in the words of `talosctl`.
#[derive(Debug, Clone, Args)]
pub struct Connection {
    /// The client configuration; else $TALOSCONFIG, else the usual places
    #[arg(long, value_name = "FILE", global = true)]
    pub talosconfig: Option<PathBuf>,
    /// The context in it, instead of the current one
    #[arg(long, value_name = "NAME", global = true)]
    pub context: Option<String>,
    /// Endpoints instead of those of the context
    #[arg(short, long, value_name = "ADDRESS", value_delimiter = ',', global = true)]
    pub endpoints: Vec<String>,
    /// The machines that are meant, instead of the nodes of the context
    #[arg(short, long, value_name = "ADDRESS", value_delimiter = ',', global = true)]
    pub nodes: Vec<String>,
}

impl Connection {
    /// The client configuration.
    pub fn config(&self) -> Outcome<TalosConfig> {
        Ok(match &self.talosconfig {
            Some(path) => TalosConfig::load(path)?,
            None => TalosConfig::find()?,
        })
    }

    /// A client for the cluster. Nothing is sent yet.
    pub fn client(&self) -> Outcome<Client> {
        let config = self.config()?;
        let mut options = ClientOptions::default();
        if let Some(context) = &self.context {
            options = options.with_context(context);
        }
        if !self.endpoints.is_empty() {
            options = options.with_endpoints(&self.endpoints);
        }
        Ok(Client::connect(&config, options)?)
    }

    /// The machines that are meant.
    pub fn nodes(&self, client: &Client) -> Outcome<Nodes> {
        let nodes = if self.nodes.is_empty() { client.default_nodes() } else { &self.nodes };
        if nodes.is_empty() {
            return Err(Failure::new(
                "no machine is named: give its address with -n, or set nodes in the talosconfig",
            ));
        }
        Ok(client.nodes(nodes))
    }
}
