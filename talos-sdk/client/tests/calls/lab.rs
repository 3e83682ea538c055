//! Simulated machines, and clients of them.
#![allow(dead_code, reason = "each test module uses a part of it")]

use std::future::Future;
use std::sync::OnceLock;
use std::time::Duration;

use talos_client::talos_pki::{LeafOptions, Role, RoleSet, SystemClock};
use talos_client::talosconfig::Context;
use talos_client::{Client, ClientOptions, Node};
use talos_machineconfig::{Contract, GenerateOptions, Generated, SecretsBundle, generate};
use talos_sim::{NodeOptions, SimNode, Simulation, SimulationOptions, TalosVersion};

/// As long as a test waits for anything: far longer than it takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("this takes far too long")
}

/// Secrets are expensive, so all tests share one set.
pub(crate) fn secrets() -> &'static SecretsBundle {
    static SECRETS: OnceLock<SecretsBundle> = OnceLock::new();
    SECRETS.get_or_init(|| SecretsBundle::generate(Contract::V1_9, &SystemClock).unwrap())
}

/// Simulated control planes of one cluster, and a client of all.
pub(crate) struct Lab {
    pub(crate) simulation: Simulation,
    pub(crate) machines: Vec<SimNode>,
    pub(crate) configs: Generated,
    pub(crate) client: Client,
}

impl Lab {
    /// Control planes that wait for a bootstrap.
    pub(crate) fn new(options: SimulationOptions, machines: u8) -> Self {
        let simulation = Simulation::start(options).unwrap();
        let addresses: Vec<_> = (2..machines + 2).map(|number| simulation.reserved_address(number)).collect();
        let options = GenerateOptions::new("lab", format!("https://{}:6443", addresses[0]))
            .with_contract(Contract::V1_9)
            .with_kubernetes_version("1.30.4")
            .with_talosconfig_endpoints(addresses.iter().map(ToString::to_string));
        let configs = generate(secrets(), &options, &SystemClock).unwrap();
        let machines = addresses
            .into_iter()
            .enumerate()
            .map(|(number, address)| {
                let options = NodeOptions::default()
                    .with_name(format!("cp-{number}"))
                    .with_address(address)
                    .with_user_data(configs.control_plane.to_yaml().unwrap().expose().to_owned())
                    .with_installed(true);
                simulation.add_node(options).unwrap()
            })
            .collect();
        let client = Client::connect(&configs.talosconfig, ClientOptions::default()).unwrap();
        Self { simulation, machines, configs, client }
    }

    /// Control planes of this version, with etcd and all.
    pub(crate) async fn of_version(version: &str, machines: u8) -> Self {
        let version: TalosVersion = version.parse().unwrap();
        Self::running(SimulationOptions::default().with_talos_version(version), machines).await
    }

    pub(crate) async fn running(options: SimulationOptions, machines: u8) -> Self {
        let lab = Self::new(options, machines);
        soon(async {
            while lab.node(0).bootstrap().await.is_err() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            for machine in &lab.machines {
                machine.wait_until_ready().await;
            }
        })
        .await;
        lab
    }

    /// A control plane whose API answers and that nobody bootstraps.
    pub(crate) async fn answering(options: SimulationOptions) -> Self {
        let lab = Self::new(options, 1);
        soon(async {
            while lab.node(0).version().await.is_err() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
        .await;
        lab
    }

    pub(crate) fn node(&self, number: usize) -> Node {
        self.client.node(self.machines[number].address().to_string())
    }

    /// The same node, for somebody with these roles.
    pub(crate) fn node_as(&self, roles: &[Role], number: usize) -> Node {
        let ca = secrets().os_ca().unwrap();
        let options = LeafOptions::client(roles.iter().copied().collect::<RoleSet>());
        let identity = ca.issue(&options, &SystemClock).unwrap();
        let endpoints = self.machines.iter().map(|machine| machine.address().to_string());
        let context = Context::new(endpoints).with_identity(&ca.certificate, &identity);
        let client = Client::from_context(&context, ClientOptions::default()).unwrap();
        client.node(self.machines[number].address().to_string())
    }

    /// How often a method was served.
    pub(crate) fn calls(&self, method: &str) -> usize {
        self.simulation.calls().iter().filter(|call| call.method() == method).count()
    }
}
