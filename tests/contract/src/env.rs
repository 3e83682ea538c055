//! What a case sees.

use std::sync::Arc;

use talos_client::{Client, Node};
use talos_pki::Role;
use talos_sim::{SimCluster, SimNode, Simulation};
use talosconfig::Context;

use crate::case::{Case, Target};
use crate::failure::Failure;
use crate::world::{NOWHERE, World};

/// What a case is played on, and as whom.
#[derive(Clone)]
pub struct Env {
    world: Arc<World>,
    role: Option<Role>,
    target: Target,
}

impl Env {
    pub(crate) fn new(world: &Arc<World>, case: &Case) -> Self {
        Self { world: Arc::clone(world), role: case.role, target: case.target }
    }

    pub(crate) fn world(&self) -> &World {
        &self.world
    }

    /// The minor of Talos that the machines run.
    pub(crate) fn minor(&self) -> u16 {
        self.world.minor
    }

    /// The node of the case, called with its role.
    pub(crate) fn node(&self) -> Result<Node, Failure> {
        self.node_of(self.target, self.role)
    }

    /// The node of the case, called with another role.
    pub(crate) fn as_role(&self, role: Role) -> Result<Node, Failure> {
        self.node_of(self.target, Some(role))
    }

    pub(crate) fn node_of(&self, target: Target, role: Option<Role>) -> Result<Node, Failure> {
        let world = &self.world;
        match target {
            Target::Node => Ok(self.client(role)?.node(self.node_name()?)),
            Target::Endpoint => Ok(self.client(role)?.endpoint()),
            Target::Worker => Ok(self.client(role)?.node(self.worker()?)),
            Target::WorkerEndpoint => Ok(self.client_at(role, self.worker()?)?.endpoint()),
            Target::Maintenance => {
                let endpoint = world.maintenance.as_deref();
                let endpoint = endpoint.ok_or_else(|| Failure::missing("no machine in maintenance mode"))?;
                Ok(self.client_at(None, endpoint)?.endpoint())
            }
        }
    }

    /// A client through the first control plane node, with the role of the case.
    pub(crate) fn admin(&self) -> Result<Client, Failure> {
        self.client(Some(Role::Admin))
    }

    fn client(&self, role: Option<Role>) -> Result<Client, Failure> {
        self.client_at(role, &self.world.endpoint)
    }

    /// The credentials of the case.
    pub(crate) fn context(&self) -> Result<&Context, Failure> {
        let context = self.role.and_then(|role| self.world.context(role));
        context.ok_or_else(|| no_credentials(self.role))
    }

    /// A client through one endpoint.
    pub(crate) fn client_at(&self, role: Option<Role>, endpoint: &str) -> Result<Client, Failure> {
        self.world.client(role, endpoint).ok_or_else(|| no_credentials(role))
    }

    /// The node that cases call unless they say otherwise: not the endpoint, if there is another one.
    pub(crate) fn node_name(&self) -> Result<&str, Failure> {
        let nodes = &self.world.control_planes;
        nodes
            .get(1)
            .or(nodes.first())
            .map(String::as_str)
            .ok_or_else(|| Failure::missing("no control plane node"))
    }

    /// There are as many machines as are named, and not one that answers for all.
    pub(crate) fn forwards(&self) -> Result<(), Failure> {
        match self.world.forwards {
            true => Ok(()),
            false => Err(Failure::missing("this server answers for every node that is named")),
        }
    }

    /// The machine is a member of etcd, so that a bootstrap must be refused and changes nothing.
    pub(crate) async fn etcd_runs(&self) -> Result<(), Failure> {
        match self.admin()?.node(self.node_name()?).etcd_members().await {
            Ok(_) => Ok(()),
            Err(error) => Err(Failure::missing(format!("etcd does not run, and must not be begun: {error}"))),
        }
    }

    /// A node that is not there.
    pub(crate) fn unreachable(&self) -> Result<Node, Failure> {
        self.forwards()?;
        Ok(self.admin()?.node(NOWHERE))
    }

    /// Addresses of all control plane nodes, two or more.
    pub(crate) fn control_planes(&self) -> Result<&[String], Failure> {
        match &self.world.control_planes[..] {
            nodes @ [_, _, ..] => Ok(nodes),
            _ => Err(Failure::missing("there are not two control plane nodes")),
        }
    }

    /// The address of a worker.
    pub(crate) fn worker(&self) -> Result<&str, Failure> {
        self.world.workers.first().map(String::as_str).ok_or_else(|| Failure::missing("no worker"))
    }

    /// The simulation.
    pub(crate) fn simulation(&self) -> Result<&Simulation, Failure> {
        self.world.simulation().ok_or_else(|| Failure::missing("only where machines are simulated"))
    }

    /// The simulated cluster.
    pub(crate) fn cluster(&self) -> Result<&SimCluster, Failure> {
        let simulated = self.world.simulated.as_ref();
        simulated.map(|all| &all.cluster).ok_or_else(|| Failure::missing("only where machines are simulated"))
    }

    /// The simulated machine with this address.
    pub(crate) fn machine(&self, address: &str) -> Result<SimNode, Failure> {
        let node = self.simulation()?.node(address);
        node.ok_or_else(|| Failure::missing(format!("no simulated machine {address}")))
    }
}

fn no_credentials(role: Option<Role>) -> Failure {
    Failure::missing(format!("no credentials for {}", role.map_or("nobody", Role::as_str)))
}
