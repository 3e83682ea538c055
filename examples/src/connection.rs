//! Which cluster a tool talks to, and which of its machines.

use std::path::PathBuf;

use clap::Args;
use futures_util::future::join_all;
use talos_sdk::client::{self, Nodes, danger};
use talos_sdk::pki::Fingerprint;
use talos_sdk::{Client, ClientOptions, Node, TalosConfig};

use crate::answers::Answers;
use crate::failure::{Failure, Outcome};

/// Which cluster, and which machines, in the words of `talosctl`.
#[derive(Debug, Clone, Args)]
pub struct Connection {
    /// The client configuration; else $TALOSCONFIG, else the usual places
    #[arg(long, value_name = "FILE", global = true, help_heading = "Which machines")]
    pub talosconfig: Option<PathBuf>,
    /// The context in it, instead of the current one
    #[arg(long, value_name = "NAME", global = true, help_heading = "Which machines")]
    pub context: Option<String>,
    /// Endpoints instead of those of the context
    #[arg(
        short,
        long,
        value_name = "ADDRESS",
        value_delimiter = ',',
        global = true,
        help_heading = "Which machines"
    )]
    pub endpoints: Vec<String>,
    /// The machines that are meant, instead of the nodes of the context
    #[arg(
        short,
        long,
        value_name = "ADDRESS",
        value_delimiter = ',',
        global = true,
        help_heading = "Which machines"
    )]
    pub nodes: Vec<String>,
}

/// For machines that have no configuration yet.
#[derive(Debug, Clone, Default, Args)]
pub struct Maintenance {
    /// The machines wait for a configuration: each is called at its own address, without credentials
    #[arg(short, long, help_heading = "Which machines")]
    pub insecure: bool,
    /// With --insecure, the fingerprint that the machine prints on its console; without one any machine is believed
    #[arg(
        long,
        value_name = "FINGERPRINT",
        value_delimiter = ',',
        requires = "insecure",
        help_heading = "Which machines"
    )]
    pub cert_fingerprint: Vec<Fingerprint>,
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

    /// The machines that are meant, one by one.
    pub fn machines(&self, maintenance: &Maintenance) -> Outcome<Vec<(String, Node)>> {
        if !maintenance.insecure {
            let nodes = self.nodes(&self.client()?)?;
            return Ok(nodes.names().iter().cloned().zip(nodes.iter().cloned()).collect());
        }
        if self.nodes.is_empty() {
            return Err(Failure::new("--insecure needs the address of each machine, with -n"));
        }
        let machine = |address: &String| {
            let options = ClientOptions::default();
            let client = match &maintenance.cert_fingerprint[..] {
                [] => danger::maintenance_accepting_any_server(address, options)?,
                fingerprints => Client::maintenance(address, fingerprints, options)?,
            };
            Ok((address.clone(), client.endpoint()))
        };
        self.nodes.iter().map(machine).collect()
    }

    /// The machine that is meant, for what is done with one alone.
    pub fn machine(&self) -> Outcome<(String, Node)> {
        let mut machines = self.machines(&Maintenance::default())?;
        match (machines.pop(), machines.len()) {
            (Some(machine), 0) => Ok(machine),
            (_, others) => Err(Failure::new(format!(
                "this is for one machine, and {} are named: choose one with -n",
                others + 1
            ))),
        }
    }

    /// Refuses what loses data unless the machines are named on the command line: those of a context are too easily
    /// forgotten.
    pub fn must_name_machines(&self, what: &str) -> Outcome {
        if self.nodes.is_empty() {
            return Err(Failure::new(format!(
                "{what} is only for machines that are named on the command line: give their addresses with -n"
            )));
        }
        Ok(())
    }

    /// Does the same on every machine that is meant, at once.
    pub async fn ask<T, F, Fut>(&self, work: F) -> Outcome<Answers<T>>
    where
        F: Fn(Node) -> Fut,
        Fut: Future<Output = client::Result<T>>,
    {
        let client = self.client()?;
        Ok(Answers::of(self.nodes(&client)?.each(work).await))
    }

    /// As [`ask`](Self::ask), of machines that may have no configuration yet.
    pub async fn ask_in<T, F, Fut>(&self, maintenance: &Maintenance, work: F) -> Outcome<Answers<T>>
    where
        F: Fn(Node) -> Fut,
        Fut: Future<Output = client::Result<T>>,
    {
        if !maintenance.insecure {
            return self.ask(work).await;
        }
        let machines = self.machines(maintenance)?;
        let answers = machines.into_iter().map(|(name, node)| {
            let answer = work(node);
            async move { (name, answer.await) }
        });
        Ok(Answers::of(join_all(answers).await))
    }
}
