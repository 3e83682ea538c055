//! How a simulated OpenStack is set up.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::{Cidr, Clock, Machines, NoMachines, SystemClock};

/// A server size.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Flavor {
    /// Its id, as flavors are addressed by.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Virtual processors.
    pub vcpus: u32,
    /// Memory, in MiB.
    pub ram: u32,
    /// Root disk, in GiB.
    pub disk: u32,
}

impl Flavor {
    /// A flavor whose id is its name.
    pub fn new(name: impl Into<String>, vcpus: u32, ram: u32, disk: u32) -> Self {
        let name = name.into();
        Self { id: name.clone(), name, vcpus, ram, disk }
    }
}

/// How many of each a project may have; `-1` is no limit.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Quota {
    /// Servers.
    pub instances: i64,
    /// Virtual processors of all servers.
    pub cores: i64,
    /// Memory of all servers, in MiB.
    pub ram: i64,
    /// Server groups.
    pub server_groups: i64,
    /// Networks.
    pub networks: i64,
    /// Subnets.
    pub subnets: i64,
    /// Ports.
    pub ports: i64,
    /// Security groups.
    pub security_groups: i64,
    /// Rules of all security groups.
    pub security_group_rules: i64,
    /// Floating addresses.
    pub floating_ips: i64,
    /// Routers.
    pub routers: i64,
}

impl Default for Quota {
    fn default() -> Self {
        Self {
            instances: -1,
            cores: -1,
            ram: -1,
            server_groups: 10,
            networks: 100,
            subnets: 100,
            ports: -1,
            security_groups: 10,
            security_group_rules: 100,
            floating_ips: 50,
            routers: 10,
        }
    }
}

/// Options of [`OpenStackSim::start`](crate::OpenStackSim::start).
#[derive(Clone)]
#[non_exhaustive]
pub struct Options {
    /// Seed of every id, token and password made: the same seed and the same calls give the same ones.
    pub seed: u64,
    /// The clock of creation dates and token expiry.
    pub clock: Arc<dyn Clock>,
    /// What boots the servers.
    pub machines: Arc<dyn Machines>,
    /// Name of the user that can log in.
    pub username: String,
    /// Password of that user; `None` makes one from the seed.
    pub password: Option<String>,
    /// Name of the project.
    pub project: String,
    /// Name of the region in the catalog.
    pub region: String,
    /// Life of a token.
    pub token_lifetime: Duration,
    /// Network of the ready-made tenant subnet. `None` reserves a random free /24 of 127.0.0.0/8
    /// for as long as the simulator lives.
    pub tenant_network: Option<Cidr>,
    /// Network that floating addresses come from.
    pub external_network: Cidr,
    /// Flavors on offer.
    pub flavors: Vec<Flavor>,
    /// Quota of the project.
    pub quota: Quota,
    /// How long a server stays `BUILD` before it is booted.
    pub build_time: Duration,
    /// Image data up to this many bytes are kept and can be downloaded; of larger ones only size and hashes.
    pub kept_image_bytes: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            seed: 0,
            clock: Arc::new(SystemClock),
            machines: Arc::new(NoMachines),
            username: "sim".into(),
            password: None,
            project: "sim".into(),
            region: "RegionOne".into(),
            token_lifetime: Duration::from_secs(3600),
            tenant_network: None,
            external_network: Cidr::EXTERNAL,
            flavors: vec![
                Flavor::new("m1.small", 1, 2048, 20),
                Flavor::new("m1.medium", 2, 4096, 40),
                Flavor::new("m1.large", 4, 8192, 80),
            ],
            quota: Quota::default(),
            build_time: Duration::ZERO,
            kept_image_bytes: 1024 * 1024,
        }
    }
}

impl Options {
    /// Sets the seed.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Sets the clock.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Sets what boots the servers.
    #[must_use]
    pub fn with_machines(mut self, machines: Arc<dyn Machines>) -> Self {
        self.machines = machines;
        self
    }

    /// Sets the user's name and password.
    #[must_use]
    pub fn with_user(mut self, name: impl Into<String>, password: impl Into<String>) -> Self {
        self.username = name.into();
        self.password = Some(password.into());
        self
    }

    /// Sets the life of a token.
    #[must_use]
    pub fn with_token_lifetime(mut self, lifetime: Duration) -> Self {
        self.token_lifetime = lifetime;
        self
    }

    /// Sets the network of the tenant subnet.
    #[must_use]
    pub fn with_tenant_network(mut self, network: Cidr) -> Self {
        self.tenant_network = Some(network);
        self
    }

    /// Sets the flavors on offer.
    #[must_use]
    pub fn with_flavors(mut self, flavors: Vec<Flavor>) -> Self {
        self.flavors = flavors;
        self
    }

    /// Sets the quota.
    #[must_use]
    pub fn with_quota(mut self, quota: Quota) -> Self {
        self.quota = quota;
        self
    }

    /// Sets how long a server stays `BUILD`.
    #[must_use]
    pub fn with_build_time(mut self, build_time: Duration) -> Self {
        self.build_time = build_time;
        self
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("seed", &self.seed)
            .field("username", &self.username)
            .field("password", &self.password.as_ref().map(|_| "[redacted]"))
            .field("project", &self.project)
            .field("region", &self.region)
            .field("token_lifetime", &self.token_lifetime)
            .field("tenant_network", &self.tenant_network)
            .field("external_network", &self.external_network)
            .field("flavors", &self.flavors)
            .field("quota", &self.quota)
            .field("build_time", &self.build_time)
            .field("kept_image_bytes", &self.kept_image_bytes)
            .finish_non_exhaustive()
    }
}
