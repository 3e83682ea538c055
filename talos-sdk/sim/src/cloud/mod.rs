//! A whole cloud: OpenStack, the machines behind it, an Image Factory and a load balancer.

mod balancer;
mod factory;
mod haproxy;
mod http;
mod image;

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use openstack_sim::{Cidr, OpenStackSim};

use crate::error::{Error, ErrorKind};
use crate::options::SimulationOptions;
use crate::simulation::Simulation;
use crate::tasks::Tasks;
use balancer::Balancer;
use factory::Factory;

/// The last part of the load balancer's address. Servers are given addresses from 130 on.
const BALANCER_HOST: u8 = 2;
/// The part of the simulated network that Neutron gives addresses of.
const TENANT_HOST: u8 = 128;
const TENANT_PREFIX: u8 = 25;

/// Options of a [`SimulatedCloud`].
#[derive(Clone)]
#[non_exhaustive]
pub struct CloudOptions {
    /// Options of the machines.
    pub simulation: SimulationOptions,
    /// Options of OpenStack. Its machines and its tenant network are replaced by those of the cloud.
    pub openstack: Option<openstack_sim::Options>,
    /// Size of the disk images that the Image Factory serves, unpacked, in MiB: at least 1. Default: 4.
    pub image_mebibytes: u32,
    /// Versions that the Image Factory offers, such as `v1.13.9`. It serves others too.
    pub versions: Vec<String>,
}

impl std::fmt::Debug for CloudOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CloudOptions")
            .field("simulation", &self.simulation)
            .field("image_mebibytes", &self.image_mebibytes)
            .field("versions", &self.versions)
            .finish_non_exhaustive()
    }
}

impl Default for CloudOptions {
    fn default() -> Self {
        Self {
            simulation: SimulationOptions::default(),
            openstack: None,
            image_mebibytes: 4,
            versions: factory::default_versions(),
        }
    }
}

impl CloudOptions {
    /// Sets the options of the machines.
    #[must_use]
    pub fn with_simulation(mut self, simulation: SimulationOptions) -> Self {
        self.simulation = simulation;
        self
    }

    /// Sets the options of OpenStack.
    #[must_use]
    pub fn with_openstack(mut self, openstack: openstack_sim::Options) -> Self {
        self.openstack = Some(openstack);
        self
    }

    /// Sets the seed of machines and, unless it has options of its own, of OpenStack.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.simulation.seed = seed;
        self
    }

    /// Sets the size of the disk images, in MiB.
    #[must_use]
    pub fn with_image_mebibytes(mut self, mebibytes: u32) -> Self {
        self.image_mebibytes = mebibytes;
        self
    }

    /// Sets the versions that the Image Factory offers.
    #[must_use]
    pub fn with_versions(mut self, versions: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.versions = versions.into_iter().map(Into::into).collect();
        self
    }
}

/// A cloud on loopback: everything that a bring-up needs, and nothing that leaves this machine.
///
/// It serves until it is dropped. Processes of their own reach it through its [`clouds.yaml`](Self::clouds_yaml), whose
/// cloud `sim` has three keys beside the usual ones:
///
/// | key | value |
/// |---|---|
/// | `talos_sim_factory_url` | URL of the Image Factory |
/// | `talos_sim_load_balancer_address` | address of the load balancer, free for one cluster |
/// | `talos_sim_load_balancer_config_url` | where an HAProxy configuration is sent with HTTP PUT |
#[derive(Debug)]
pub struct SimulatedCloud {
    openstack: OpenStackSim,
    simulation: Simulation,
    factory: Factory,
    balancer: Balancer,
    _tasks: Tasks,
}

impl SimulatedCloud {
    /// Starts everything. Must be called within a tokio runtime with I/O and time.
    ///
    /// # Errors
    /// [`ErrorKind::Address`] if no network is free, [`ErrorKind::Io`] if a socket cannot be listened on.
    pub async fn start(options: CloudOptions) -> Result<Self, Error> {
        let seed = options.simulation.seed;
        let simulation = Simulation::start(options.simulation)?;
        let tasks = Tasks::default();
        let host = |number| simulation.world().host(number);
        let tenant = Cidr::new(host(TENANT_HOST), TENANT_PREFIX)
            .ok_or_else(|| Error::new(ErrorKind::Address, "the simulated network is too small"))?;
        let base = options.openstack.unwrap_or_else(|| openstack_sim::Options::default().with_seed(seed));
        let machines = Arc::new(simulation.clone());
        let openstack = OpenStackSim::start(base.with_machines(machines).with_tenant_network(tenant));
        let openstack = openstack.await.map_err(io_error)?;
        let size = options.image_mebibytes.max(1);
        let factory = Factory::start(&tasks, simulation.world(), size, options.versions);
        let factory = factory.await.map_err(io_error)?;
        let balancer = Balancer::start(&tasks, host(BALANCER_HOST)).await.map_err(io_error)?;
        Ok(Self { openstack, simulation, factory, balancer, _tasks: tasks })
    }

    /// The name of the cloud in [`clouds_yaml`](Self::clouds_yaml).
    #[must_use]
    pub fn cloud_name(&self) -> &'static str {
        "sim"
    }

    /// A `clouds.yaml` with the cloud `sim`. It has the password in it.
    #[must_use]
    pub fn clouds_yaml(&self) -> String {
        self.openstack.clouds_yaml_with(&[
            ("talos_sim_factory_url", &self.factory_url()),
            ("talos_sim_load_balancer_address", &self.load_balancer_address().to_string()),
            ("talos_sim_load_balancer_config_url", &self.load_balancer_config_url()),
        ])
    }

    /// Writes [`clouds_yaml`](Self::clouds_yaml) to `clouds.yaml` in a folder, for the owner's eyes only.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] if the folder is not there or not writable.
    pub fn write_clouds_yaml(&self, folder: &Path) -> Result<PathBuf, Error> {
        let path = folder.join("clouds.yaml");
        write_private(&path, &self.clouds_yaml()).map_err(|error| {
            Error::new(ErrorKind::Io, format!("cannot write {}: {error}", path.display())).with_source(error)
        })?;
        Ok(path)
    }

    /// The simulated OpenStack.
    #[must_use]
    pub fn openstack(&self) -> &OpenStackSim {
        &self.openstack
    }

    /// The simulated machines: one for every server.
    #[must_use]
    pub fn simulation(&self) -> &Simulation {
        &self.simulation
    }

    /// URL of the Image Factory.
    #[must_use]
    pub fn factory_url(&self) -> String {
        self.factory.url()
    }

    /// The paths of the images that the Image Factory was asked for, in their order.
    #[must_use]
    pub fn factory_downloads(&self) -> Vec<String> {
        self.factory.downloads()
    }

    /// Address of the load balancer. It listens on the ports that its configuration names.
    #[must_use]
    pub fn load_balancer_address(&self) -> Ipv4Addr {
        self.balancer.address()
    }

    /// Where an HAProxy configuration is sent with HTTP PUT. GET gives it back.
    #[must_use]
    pub fn load_balancer_config_url(&self) -> String {
        self.balancer.config_url()
    }
}

fn io_error(error: std::io::Error) -> Error {
    Error::new(ErrorKind::Io, format!("cannot listen: {error}")).with_source(error)
}

/// Writes a file that only its owner may read, all of it or nothing.
fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write;
    let temporary = path.with_extension("yaml.part");
    // What a run that was cut off left behind may have another mode.
    let _ = std::fs::remove_file(&temporary);
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&temporary)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&temporary, path)
}
