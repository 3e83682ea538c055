//! Whole clusters, made in one call.

use std::net::Ipv4Addr;
use std::time::Duration;

use talos_machineconfig::{Contract, GenerateOptions, KubeconfigOptions, Patch, SecretsBundle, generate};
use talos_pki::{RoleSet, SecretString};

use crate::error::{Error, ErrorKind};
use crate::options::NodeOptions;
use crate::sim_node::SimNode;
use crate::simulation::Simulation;
use crate::version::TalosVersion;

/// What a cluster of [`Simulation::cluster`] is made of. The default is one control plane and no worker.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ClusterOptions {
    /// Name of the cluster, and of the context in its talosconfig. Default: `sim`.
    pub name: String,
    /// How many control planes there are, at least one. Default: 1.
    pub control_planes: usize,
    /// How many workers there are. Default: none.
    pub workers: usize,
    /// Version of Talos on every machine; that of the simulation if there is none.
    pub talos_version: Option<TalosVersion>,
    /// Version of Kubernetes; the one that the version of Talos ships if there is none.
    pub kubernetes_version: Option<String>,
    /// Patches for the configuration of every machine.
    pub patches: Vec<Patch>,
    /// What every machine is made of: disks, files, the platform. Name, address, version and configuration are set by
    /// the cluster.
    pub machine: NodeOptions,
    /// Secrets of the cluster; new ones if there are none. Two clusters of one simulation must not share them.
    pub secrets: Option<SecretsBundle>,
    /// Whether etcd is bootstrapped and [`Simulation::cluster`] waits until every machine is ready. Default: yes.
    pub bootstrap: bool,
}

impl Default for ClusterOptions {
    fn default() -> Self {
        Self {
            name: "sim".to_owned(),
            control_planes: 1,
            workers: 0,
            talos_version: None,
            kubernetes_version: None,
            patches: Vec::new(),
            machine: NodeOptions::default(),
            secrets: None,
            bootstrap: true,
        }
    }
}

impl ClusterOptions {
    /// Sets the name.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Sets the number of control planes.
    #[must_use]
    pub fn with_control_planes(mut self, count: usize) -> Self {
        self.control_planes = count;
        self
    }

    /// Sets the number of workers.
    #[must_use]
    pub fn with_workers(mut self, count: usize) -> Self {
        self.workers = count;
        self
    }

    /// Sets the version of Talos.
    #[must_use]
    pub fn with_talos_version(mut self, version: TalosVersion) -> Self {
        self.talos_version = Some(version);
        self
    }

    /// Sets the version of Kubernetes, such as `1.34.0`.
    #[must_use]
    pub fn with_kubernetes_version(mut self, version: impl Into<String>) -> Self {
        self.kubernetes_version = Some(version.into());
        self
    }

    /// Adds a patch for the configuration of every machine.
    #[must_use]
    pub fn with_patch(mut self, patch: Patch) -> Self {
        self.patches.push(patch);
        self
    }

    /// Says what every machine is made of.
    #[must_use]
    pub fn with_machine(mut self, machine: NodeOptions) -> Self {
        self.machine = machine;
        self
    }

    /// Sets the secrets.
    #[must_use]
    pub fn with_secrets(mut self, secrets: SecretsBundle) -> Self {
        self.secrets = Some(secrets);
        self
    }

    /// Says whether etcd is bootstrapped. Without, machines stay where a real cluster waits for `Bootstrap`.
    #[must_use]
    pub fn with_bootstrap(mut self, bootstrap: bool) -> Self {
        self.bootstrap = bootstrap;
        self
    }
}

/// A cluster of a [`Simulation`], with all that its administrator has. Clones are handles to the same machines.
///
/// It keeps the simulation alive.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use talos_sim::{ClusterOptions, Role, Simulation, SimulationOptions};
///
/// let simulation = Simulation::start(SimulationOptions::default())?;
/// let cluster = simulation.cluster(ClusterOptions::default().with_workers(1)).await?;
/// let talosconfig = cluster.talosconfig(Role::Reader)?; // give this to the program under test
/// assert!(talosconfig.expose().contains("endpoints:"));
/// assert!(cluster.nodes().iter().all(|node| node.is_ready()));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct SimCluster {
    simulation: Simulation,
    name: String,
    endpoint: String,
    secrets: SecretsBundle,
    control_plane_config: SecretString,
    worker_config: SecretString,
    control_planes: Vec<SimNode>,
    workers: Vec<SimNode>,
}

/// Lifetime of the certificates in talosconfigs.
const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);

fn cannot(what: &'static str) -> impl Fn(talos_machineconfig::Error) -> Error {
    move |error| Error::new(ErrorKind::Options, format!("cannot make {what}: {error}")).with_source(error)
}

impl Simulation {
    /// Makes a cluster: secrets, configurations, machines that boot from them, and, unless it is told not to, a
    /// bootstrap. It returns when all machines are ready; how long that takes is up to the
    /// [`Pace`](crate::Pace), so put a timeout around it.
    ///
    /// Machines are called `cp-1`, `worker-1` and so on behind the name of the cluster: `sim-cp-1`.
    ///
    /// # Errors
    /// [`ErrorKind::Options`] if there is no control plane or no configuration comes of the options,
    /// [`ErrorKind::Address`] if the network is full.
    pub async fn cluster(&self, options: ClusterOptions) -> Result<SimCluster, Error> {
        let bootstrap = options.bootstrap;
        let cluster = SimCluster::new(self, options)?;
        if bootstrap {
            cluster.bootstrap().await;
        }
        Ok(cluster)
    }
}

impl SimCluster {
    fn new(simulation: &Simulation, options: ClusterOptions) -> Result<Self, Error> {
        if options.control_planes == 0 {
            return Err(Error::new(ErrorKind::Options, "a cluster needs a control plane"));
        }
        let world = simulation.world();
        let clock = &world.clock;
        let version = options.talos_version.unwrap_or_else(|| world.version().clone());
        let contract = Contract::parse(version.tag()).map_err(cannot("a configuration"))?;
        let secrets = match options.secrets {
            Some(secrets) => secrets,
            // Later contracts differ only in a key that takes a second to make and that nothing here uses.
            None => SecretsBundle::generate(Contract::V1_6, clock).map_err(cannot("secrets"))?,
        };
        let first = world.next_address()?;
        let endpoint = format!("https://{first}:6443");
        let mut wanted = GenerateOptions::new(&options.name, &endpoint).with_contract(contract);
        wanted.install_disk = "/dev/vda".to_owned();
        wanted.patches = options.patches;
        if let Some(kubernetes) = &options.kubernetes_version {
            wanted = wanted.with_kubernetes_version(kubernetes);
        }
        let made = generate(&secrets, &wanted, clock).map_err(cannot("a configuration"))?;
        let text = |config: &talos_machineconfig::Config| config.to_yaml().map_err(cannot("a configuration"));
        let mut cluster = Self {
            simulation: simulation.clone(),
            endpoint,
            secrets,
            control_plane_config: text(&made.control_plane)?,
            worker_config: text(&made.worker)?,
            control_planes: Vec::new(),
            workers: Vec::new(),
            name: options.name,
        };
        let node = |kind: &str, number: usize, config: &SecretString| {
            let machine = options.machine.clone();
            machine
                .with_name(format!("{}-{kind}-{number}", cluster.name))
                .with_talos_version(version.clone())
                .with_user_data(config.expose().to_owned())
                .with_installed(true)
        };
        let (mut control_planes, mut workers) = (Vec::new(), Vec::new());
        for number in 1..=options.control_planes {
            let node = node("cp", number, &cluster.control_plane_config);
            control_planes.push(simulation.add_node(if number == 1 {
                node.with_address(first)
            } else {
                node
            })?);
        }
        for number in 1..=options.workers {
            workers.push(simulation.add_node(node("worker", number, &cluster.worker_config))?);
        }
        (cluster.control_planes, cluster.workers) = (control_planes, workers);
        Ok(cluster)
    }

    /// Bootstraps etcd on the first control plane, unless it was, and waits until every machine is ready: for ever if
    /// that never happens, so put a timeout around it. No call of the API is made, so no fault hits this.
    pub async fn bootstrap(&self) {
        if let Some(first) = self.control_planes.first() {
            first.0.bootstrap().await;
        }
        self.wait_until_ready().await;
    }

    /// Waits until every machine is running and ready, for ever if that never happens: put a timeout around it.
    pub async fn wait_until_ready(&self) {
        for node in self.control_planes.iter().chain(&self.workers) {
            node.wait_until_ready().await;
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The simulation that it is part of.
    #[must_use]
    pub fn simulation(&self) -> &Simulation {
        &self.simulation
    }

    /// The control planes, in the order in which they were made.
    #[must_use]
    pub fn control_planes(&self) -> &[SimNode] {
        &self.control_planes
    }

    /// The workers, in the order in which they were made.
    #[must_use]
    pub fn workers(&self) -> &[SimNode] {
        &self.workers
    }

    /// All machines, control planes first.
    #[must_use]
    pub fn nodes(&self) -> Vec<SimNode> {
        self.control_planes.iter().chain(&self.workers).cloned().collect()
    }

    /// The addresses of the control planes: what a talosconfig calls endpoints.
    #[must_use]
    pub fn endpoints(&self) -> Vec<Ipv4Addr> {
        self.control_planes.iter().map(SimNode::address).collect()
    }

    /// URL of the Kubernetes API.
    #[must_use]
    pub fn kubernetes_endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The secrets, such as the authority of the machine API: with them a test can make any certificate it needs.
    #[must_use]
    pub fn secrets(&self) -> &SecretsBundle {
        &self.secrets
    }

    /// The configuration that control planes boot with.
    #[must_use]
    pub fn control_plane_config(&self) -> &SecretString {
        &self.control_plane_config
    }

    /// The configuration that workers boot with.
    #[must_use]
    pub fn worker_config(&self) -> &SecretString {
        &self.worker_config
    }

    /// A talosconfig for somebody with these roles: one context, called as the cluster, whose endpoints are the
    /// control planes. Its certificate is valid for a year of simulated time.
    ///
    /// # Errors
    /// [`ErrorKind::Options`] if the given secrets lack the authority of the machine API.
    pub fn talosconfig(&self, roles: impl Into<RoleSet>) -> Result<SecretString, Error> {
        let fail = cannot("a talosconfig");
        let clock = &self.simulation.world().clock;
        let authority = self.secrets.os_ca().map_err(&fail)?;
        let identity = self.secrets.client_certificate(roles, YEAR, clock).map_err(&fail)?;
        let endpoints = self.endpoints().into_iter().map(|endpoint| endpoint.to_string());
        let mut config = self.secrets.talosconfig(&self.name, endpoints, clock).map_err(&fail)?;
        let context = config.current_mut(None).map_err(unusable)?;
        *context = context.clone().with_identity(&authority.certificate, &identity);
        config.to_yaml().map_err(unusable)
    }

    /// A kubeconfig for an administrator of its Kubernetes.
    ///
    /// # Errors
    /// [`ErrorKind::Options`] if the given secrets lack the authority of Kubernetes.
    pub fn kubeconfig(&self) -> Result<SecretString, Error> {
        let options = KubeconfigOptions::new(&self.name, &self.endpoint);
        self.secrets.kubeconfig(&options, &self.simulation.world().clock).map_err(cannot("a kubeconfig"))
    }
}

fn unusable(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(ErrorKind::Options, format!("cannot make a talosconfig: {error}")).with_source(error)
}

impl std::fmt::Debug for SimCluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SimCluster")
            .field("name", &self.name)
            .field("control_planes", &self.control_planes)
            .field("workers", &self.workers)
            .finish_non_exhaustive()
    }
}
