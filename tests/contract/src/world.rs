//! The machines that cases are played on.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use talos_client::resources::Member;
use talos_client::{Client, ClientOptions, danger};
use talos_machineconfig::{Contract, SecretsBundle};
use talos_pki::{Role, RoleSet, SystemClock};
use talos_sim::{
    ClusterOptions, NodeOptions, Pace, SimCluster, SimDisk, SimNode, Simulation, SimulationOptions, Stage,
    TalosVersion,
};
use talosconfig::{Context, TalosConfig};

use crate::case::Shape;

/// The newest patch of every minor that the suite is played for.
pub const VERSIONS: [&str; 6] = ["v1.9.6", "v1.10.9", "v1.11.6", "v1.12.11", "v1.13.9", "v1.14.0-rc.1"];

/// Model of a disk that cases may wipe.
pub(crate) const SPARE: &str = "Spare disk";

/// As long as a cluster may take to come up.
const START: Duration = Duration::from_secs(120);

/// Machines, and credentials for them.
pub struct World {
    pub(crate) tag: String,
    pub(crate) minor: u16,
    /// Where calls go first: a control plane node.
    pub(crate) endpoint: String,
    /// Addresses of control plane nodes.
    pub(crate) control_planes: Vec<String>,
    /// Addresses of workers.
    pub(crate) workers: Vec<String>,
    /// A machine in maintenance mode.
    pub(crate) maintenance: Option<String>,
    /// Whether calls go to the machines that are named.
    pub(crate) forwards: bool,
    /// How many types of resources a server has that is no whole machine.
    pub(crate) only: Option<usize>,
    /// Only where the machines are simulated.
    pub(crate) simulated: Option<Simulated>,
    contexts: BTreeMap<Role, Context>,
    clients: Mutex<HashMap<(Option<Role>, String), Client>>,
}

/// What only simulated machines give.
pub(crate) struct Simulated {
    pub(crate) simulation: Simulation,
    pub(crate) cluster: SimCluster,
}

/// A server that somebody else runs.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Address {
    /// Credentials; its endpoints too, if no endpoint is given.
    pub talosconfig: TalosConfig,
    /// `host` or `host:port`.
    pub endpoint: Option<String>,
    /// A machine in maintenance mode, `host` or `host:port`.
    pub maintenance: Option<String>,
}

impl Address {
    /// A server that these credentials are for.
    #[must_use]
    pub fn new(talosconfig: TalosConfig) -> Self {
        Self { talosconfig, endpoint: None, maintenance: None }
    }

    /// Reached here.
    #[must_use]
    pub fn with_endpoint(mut self, endpoint: impl Into<String>) -> Self {
        self.endpoint = Some(endpoint.into());
        self
    }

    /// With a machine in maintenance mode.
    #[must_use]
    pub fn with_maintenance(mut self, endpoint: impl Into<String>) -> Self {
        self.maintenance = Some(endpoint.into());
        self
    }
}

/// Any error of setting up; it ends the run.
pub type SetupError = Box<dyn std::error::Error + Send + Sync>;

/// No version of Talos has fewer types of resources.
const TYPES: usize = 100;

/// An address that no machine has.
pub(crate) const NOWHERE: &str = "127.255.255.1";

/// Secrets take a while to make, and no case needs others.
fn secrets() -> Result<SecretsBundle, SetupError> {
    static SECRETS: OnceLock<Result<SecretsBundle, String>> = OnceLock::new();
    let made = SECRETS.get_or_init(|| {
        SecretsBundle::generate(Contract::V1_6, &SystemClock).map_err(|error| error.to_string())
    });
    made.clone().map_err(Into::into)
}

impl World {
    /// A simulated cluster of this version.
    ///
    /// # Errors
    /// When the machines do not come up.
    pub async fn simulated(version: &str, shape: Shape) -> Result<Self, SetupError> {
        // A machine that goes down at once may take the answer with it that says so.
        let mut pace = Pace::immediate();
        pace.shutdown = Pace::default().shutdown;
        Self::simulated_at(version, shape, pace).await
    }

    /// The same, whose machines take their time.
    pub(crate) async fn simulated_at(version: &str, shape: Shape, pace: Pace) -> Result<Self, SetupError> {
        let version: TalosVersion = version.parse()?;
        let options = SimulationOptions::default().with_pace(pace).with_talos_version(version.clone());
        let simulation = Simulation::start(options)?;
        let options = ClusterOptions::default()
            .with_name("contract")
            .with_control_planes(shape.control_planes.into())
            .with_workers(shape.workers.into())
            .with_secrets(secrets()?)
            .with_bootstrap(shape.bootstrapped);
        let late = |_| format!("the simulated machines are not up after {START:?}: {:?}", simulation.nodes());
        let cluster = tokio::time::timeout(START, simulation.cluster(options)).await.map_err(late)??;
        let mut spare = SimDisk::new("vdb", 10 << 30);
        SPARE.clone_into(&mut spare.model);
        let maintenance = match shape.maintenance {
            true => Some(simulation.add_node(NodeOptions::default().with_name("blank").with_disk(spare))?),
            false => None,
        };
        let addresses =
            |nodes: &[SimNode]| nodes.iter().map(|node| node.address().to_string()).collect::<Vec<_>>();
        let control_planes = addresses(cluster.control_planes());
        let context = |role: Role| {
            let config = TalosConfig::from_yaml(cluster.talosconfig(role)?.expose())?;
            Ok((role, config.current(None)?.clone()))
        };
        let world = Self {
            tag: version.tag().to_owned(),
            minor: version.minor(),
            endpoint: control_planes.first().cloned().ok_or("a cluster without control plane nodes")?,
            control_planes,
            workers: addresses(cluster.workers()),
            maintenance: maintenance.as_ref().map(|node| node.address().to_string()),
            forwards: true,
            only: None,
            contexts: Role::ALL.into_iter().map(context).collect::<Result<_, SetupError>>()?,
            clients: Mutex::default(),
            simulated: Some(Simulated { simulation: simulation.clone(), cluster }),
        };
        tokio::time::timeout(START, async {
            if let Some(machine) = &maintenance {
                machine.wait_for(Stage::Maintenance).await;
            }
            let node = world.client(Some(Role::Admin), &world.endpoint).ok_or("no administrator")?.endpoint();
            while node.version().await.is_err() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            Ok::<_, SetupError>(())
        })
        .await
        .map_err(late)??;
        Ok(world)
    }

    /// Whatever answers there.
    ///
    /// # Errors
    /// When it can't be reached.
    pub async fn at(address: Address) -> Result<Self, SetupError> {
        let mut context = address.talosconfig.current(None)?.clone();
        if let Some(endpoint) = address.endpoint {
            context.endpoints = vec![endpoint];
        }
        let endpoint = context.endpoints.first().cloned().ok_or("the talosconfig names no endpoint")?;
        let options = ClientOptions::default().with_endpoints([endpoint.clone()]);
        let client = Client::from_context(&context, options)?;
        let node = client.endpoint();
        let version = node.version().await?;
        let definitions = node.resources_untyped("meta", "ResourceDefinitions.meta.cosi.dev").list().await;
        let types = definitions.map_or(0, |definitions| definitions.len());
        let minor = version.tag.split('.').nth(1).and_then(|minor| minor.parse().ok());
        let mut world = Self {
            minor: minor.ok_or_else(|| format!("{:?} is no version of Talos", version.tag))?,
            tag: version.tag,
            control_planes: Vec::new(),
            workers: Vec::new(),
            maintenance: address.maintenance,
            forwards: client.node(NOWHERE).version().await.is_err(),
            only: Some(types).filter(|types| *types < TYPES),
            simulated: None,
            contexts: BTreeMap::new(),
            clients: Mutex::default(),
            endpoint,
        };
        for member in node.resources::<Member>().list().await.unwrap_or_default() {
            let Some(address) = member.spec.addresses.first() else { continue };
            let list = match member.spec.machine_type.is_control_plane() {
                true => &mut world.control_planes,
                false => &mut world.workers,
            };
            list.push(address.to_string());
        }
        if world.control_planes.is_empty() {
            let own: talos_client::Endpoint = world.endpoint.parse()?;
            world.control_planes.push(own.host().to_owned());
        }
        let hour = Duration::from_secs(3600);
        for role in Role::ALL {
            // A server that issues no certificates is played with the role that there is.
            let Ok(config) = node.client_configuration(&RoleSet::from([role]), hour).await else { continue };
            world.contexts.insert(role, config.current(None)?.clone());
        }
        world.contexts.insert(Role::Admin, context);
        Ok(world)
    }

    /// The version of its machines, as a tag.
    #[must_use]
    pub fn tag(&self) -> &str {
        &self.tag
    }

    /// The minor of that version.
    #[must_use]
    pub fn minor(&self) -> u16 {
        self.minor
    }

    /// The simulation, unless the machines are somebody else's.
    #[must_use]
    pub fn simulation(&self) -> Option<&Simulation> {
        self.simulated.as_ref().map(|simulated| &simulated.simulation)
    }

    /// Credentials of a role.
    pub(crate) fn context(&self, role: Role) -> Option<&Context> {
        self.contexts.get(&role)
    }

    /// A client with this role, or without a certificate, that knows one endpoint.
    pub(crate) fn client(&self, role: Option<Role>, endpoint: &str) -> Option<Client> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (role, endpoint.to_owned());
        if let Some(client) = clients.get(&key) {
            return Some(client.clone());
        }
        let options = ClientOptions::default()
            .with_call_timeout(Duration::from_secs(30))
            .with_endpoints([endpoint.to_owned()]);
        let client = match role {
            Some(role) => Client::from_context(self.contexts.get(&role)?, options),
            // Whoever answers there is who is judged.
            None => danger::maintenance_accepting_any_server(endpoint, options),
        };
        clients.insert(key, client.ok()?.clone());
        clients.get(&(role, endpoint.to_owned())).cloned()
    }
}
