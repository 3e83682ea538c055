//! A network of simulated machines.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::calls::{Call, Calls};
use crate::clock::{Clock, TokioClock};
use crate::cluster::{Cluster, ClusterKey};
use crate::error::{Error, ErrorKind};
use crate::faults::Faults;
use crate::network::{FIRST_HOST, Network};
use crate::node::Node;
use crate::options::{NodeOptions, Pace, SimulationOptions};
use crate::sim_node::SimNode;
use crate::version::TalosVersion;

/// Simulated Talos machines in a network `127.x.y.0/20` of their own, room for some 3,800 of them.
///
/// Clones are handles to the same machines. When the last one goes away, all machines and their sockets end.
///
/// ```
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use talos_sim::{NodeOptions, Simulation, SimulationOptions, Stage};
///
/// let simulation = Simulation::start(SimulationOptions::default().with_seed(7))?;
/// let node = simulation.add_node(NodeOptions::default().with_name("cp-1"))?;
/// node.wait_for(Stage::Maintenance).await;
/// println!("talosctl --insecure -n {} version", node.address());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Simulation(Arc<Owner>);

/// Ends the machines when the last handle goes away; machines themselves hold only the world.
struct Owner(Arc<World>);

impl Drop for Owner {
    fn drop(&mut self) {
        self.0.stop();
    }
}

/// What all machines of a simulation share.
pub(crate) struct World {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) pace: Pace,
    pub(crate) faults: Faults,
    pub(crate) calls: Calls,
    version: Mutex<TalosVersion>,
    network: Network,
    rng: Mutex<fastrand::Rng>,
    nodes: Mutex<BTreeMap<Ipv4Addr, Arc<Node>>>,
    clusters: Mutex<BTreeMap<ClusterKey, Arc<Cluster>>>,
}

impl Simulation {
    /// Claims a free network. Must be called within a tokio runtime, as must everything that adds machines.
    ///
    /// # Errors
    /// [`ErrorKind::Address`] if no network is free.
    pub fn start(options: SimulationOptions) -> Result<Self, Error> {
        let rng = fastrand::Rng::with_seed(options.seed);
        let network = Network::claim()?;
        let world = World {
            clock: options.clock.unwrap_or_else(|| Arc::new(TokioClock::default())),
            pace: options.pace,
            faults: Faults::default(),
            calls: Calls::default(),
            version: Mutex::new(options.talos_version),
            network,
            rng: Mutex::new(rng),
            nodes: Mutex::default(),
            clusters: Mutex::default(),
        };
        Ok(Self(Arc::new(Owner(Arc::new(world)))))
    }

    /// Adds a machine and powers it on.
    ///
    /// # Errors
    /// [`ErrorKind::Options`] if the address is taken or lies outside of the network, [`ErrorKind::Address`] if the
    /// network is full.
    pub fn add_node(&self, options: NodeOptions) -> Result<SimNode, Error> {
        self.add(options, None)
    }

    pub(crate) fn add(&self, options: NodeOptions, server_id: Option<String>) -> Result<SimNode, Error> {
        let world = self.world();
        let node = {
            let mut nodes = world.nodes();
            let address = match options.address {
                Some(address) => world.check_address(address, &nodes)?,
                None => world.free_address(&nodes)?,
            };
            let version = options.talos_version.clone().unwrap_or_else(|| world.version().clone());
            let node = Arc::new(Node::new(world.clone(), address, version, options, server_id));
            nodes.insert(address, node.clone());
            node
        };
        node.power_on();
        Ok(SimNode(node))
    }

    /// The machine with this address or name.
    #[must_use]
    pub fn node(&self, target: &str) -> Option<SimNode> {
        self.world().find(target).map(SimNode)
    }

    /// All machines, by address.
    #[must_use]
    pub fn nodes(&self) -> Vec<SimNode> {
        self.world().nodes().values().cloned().map(SimNode).collect()
    }

    /// Powers a machine off and forgets it. Nothing happens if it does not exist.
    pub fn remove_node(&self, address: Ipv4Addr) {
        let node = self.world().nodes().remove(&address);
        if let Some(node) = node {
            node.power_off();
            self.world().leave(&node);
        }
    }

    /// The network in CIDR notation, `127.x.y.0/20`.
    #[must_use]
    pub fn cidr(&self) -> String {
        self.world().network.cidr()
    }

    /// An address in the network that no machine is given unless it asks for it: `number` is the last part, 2 to 9.
    #[must_use]
    pub fn reserved_address(&self, number: u8) -> Ipv4Addr {
        self.world().network.host(number.clamp(2, FIRST_HOST - 1))
    }

    /// What goes wrong.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.world().faults
    }

    /// The calls that machines served, in their order; the last 100,000 are kept.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.world().calls.all()
    }

    /// Forgets the calls so far.
    pub fn clear_calls(&self) {
        self.world().calls.clear();
    }

    pub(crate) fn world(&self) -> &Arc<World> {
        &self.0.0
    }
}

impl std::fmt::Debug for Simulation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let nodes = self.world().nodes().len();
        f.debug_struct("Simulation")
            .field("cidr", &self.cidr())
            .field("nodes", &nodes)
            .finish_non_exhaustive()
    }
}

impl World {
    /// The address with this last number.
    pub(crate) fn host(&self, number: u8) -> Ipv4Addr {
        self.network.host(number)
    }

    /// The version of machines that name none.
    pub(crate) fn version(&self) -> MutexGuard<'_, TalosVersion> {
        self.version.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A random number generator of its own for one machine.
    pub(crate) fn fork_rng(&self) -> fastrand::Rng {
        self.rng.lock().unwrap_or_else(PoisonError::into_inner).fork()
    }

    /// The machine that a client names by address, name or hostname.
    pub(crate) fn find(&self, target: &str) -> Option<Arc<Node>> {
        let nodes = self.nodes();
        match target.parse::<IpAddr>() {
            Ok(IpAddr::V4(address)) => nodes.get(&address).cloned(),
            Ok(IpAddr::V6(_)) => None,
            Err(_) => nodes.values().find(|node| node.name == target || node.hostname() == target).cloned(),
        }
    }

    /// The machines of the cluster with this key.
    pub(crate) fn of_cluster(&self, key: &ClusterKey) -> Vec<Arc<Node>> {
        let nodes: Vec<_> = self.nodes().values().cloned().collect();
        let of =
            |node: &Arc<Node>| node.run().and_then(|run| run.config()).map(|config| ClusterKey::of(&config));
        nodes.into_iter().filter(|node| of(node).as_ref() == Some(key)).collect()
    }

    /// The cluster with this key, made if it is new.
    pub(crate) fn cluster(&self, key: &ClusterKey) -> Arc<Cluster> {
        let mut clusters = self.clusters.lock().unwrap_or_else(PoisonError::into_inner);
        clusters.entry(key.clone()).or_default().clone()
    }

    /// The next address that no machine has.
    pub(crate) fn next_address(&self) -> Result<Ipv4Addr, Error> {
        self.free_address(&self.nodes())
    }

    fn free_address(&self, nodes: &BTreeMap<Ipv4Addr, Arc<Node>>) -> Result<Ipv4Addr, Error> {
        let free = self.network.hosts().find(|address| !nodes.contains_key(address));
        free.ok_or_else(|| Error::new(ErrorKind::Address, "the simulated network is full"))
    }

    fn check_address(
        &self,
        address: Ipv4Addr,
        nodes: &BTreeMap<Ipv4Addr, Arc<Node>>,
    ) -> Result<Ipv4Addr, Error> {
        let refuse = |why: &str| Err(Error::new(ErrorKind::Options, format!("{address} {why}")));
        if !self.network.contains(address) {
            return refuse(&format!(
                "is not for machines of {}, the network of this simulation",
                self.network.cidr()
            ));
        }
        if nodes.contains_key(&address) {
            return refuse("belongs to another machine");
        }
        Ok(address)
    }

    fn nodes(&self) -> MutexGuard<'_, BTreeMap<Ipv4Addr, Arc<Node>>> {
        self.nodes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn leave(&self, node: &Arc<Node>) {
        let clusters: Vec<_> =
            self.clusters.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
        for cluster in clusters {
            cluster.leave(node.address);
        }
    }

    fn stop(&self) {
        let nodes = std::mem::take(&mut *self.nodes());
        for node in nodes.values() {
            node.power_off();
        }
        self.clusters.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
