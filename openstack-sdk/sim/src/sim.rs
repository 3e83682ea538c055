//! A running simulated OpenStack.

use std::fmt;
use std::io;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::nova::servers;
use crate::serve::{self, Shared};
use crate::world::World;
use crate::{Call, Cidr, Faults, Image, LoopbackNetwork, Options, Port, Server, Service, runner};

/// A simulated OpenStack, serving until it is dropped.
///
/// Its project starts with an external network `external`, a tenant network and subnet `internal`, a router between
/// them, and the `default` security group.
pub struct OpenStackSim {
    shared: Arc<Shared>,
    _tasks: JoinSet<()>,
    _network: Option<LoopbackNetwork>,
}

impl OpenStackSim {
    /// Starts serving on a free port of 127.0.0.1.
    ///
    /// Needs a Tokio runtime with I/O and time.
    ///
    /// # Errors
    /// When no address can be listened on.
    pub async fn start(options: Options) -> io::Result<Self> {
        let (tenant, network) = match options.tenant_network {
            Some(tenant) => (tenant, None),
            None => {
                let network = LoopbackNetwork::reserve()?;
                (network.network(), Some(network))
            }
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let base = format!("http://{}", listener.local_addr()?);
        let (sender, receiver) = mpsc::unbounded_channel();
        let world = Mutex::new(World::new(options, base, tenant, sender));
        let shared = Arc::new(Shared { world, faults: Faults::default() });
        let mut tasks = JoinSet::new();
        tasks.spawn(runner::run(receiver, Arc::clone(&shared)));
        tasks.spawn(serve::accept(listener, Arc::clone(&shared)));
        Ok(Self { shared, _tasks: tasks, _network: network })
    }

    /// Address of Keystone, version 3.
    pub fn auth_url(&self) -> String {
        format!("{}/v3", self.shared.world().url(Service::Identity))
    }

    /// Id of the project.
    pub fn project_id(&self) -> String {
        self.shared.world().keystone.project_id.clone()
    }

    /// A `clouds.yaml` with the cloud `sim`. It has the password in it: write it with mode 0600.
    pub fn clouds_yaml(&self) -> String {
        self.clouds_yaml_with(&[])
    }

    /// [`clouds_yaml`](Self::clouds_yaml) with more keys and their text for the cloud.
    pub fn clouds_yaml_with(&self, extra: &[(&str, &str)]) -> String {
        let auth_url = self.auth_url();
        let world = self.shared.world();
        let mut text = String::from("clouds:\n  sim:\n    auth:\n");
        let auth = [
            ("auth_url", auth_url.as_str()),
            ("username", &world.options.username),
            ("password", &world.keystone.password),
            ("project_name", &world.options.project),
            ("user_domain_name", "Default"),
            ("project_domain_name", "Default"),
        ];
        // A JSON text is a YAML text in double quotes.
        let mut line = |indent: &str, key: &str, value: &str| {
            text.push_str(&format!("{indent}{key}: {}\n", serde_json::Value::from(value)));
        };
        auth.iter().for_each(|(key, value)| line("      ", key, value));
        line("    ", "region_name", &world.options.region);
        line("    ", "interface", "public");
        line("    ", "identity_api_version", "3");
        extra.iter().for_each(|(key, value)| line("    ", key, value));
        text
    }

    /// What goes wrong.
    pub fn faults(&self) -> &Faults {
        &self.shared.faults
    }

    /// Throws all tokens away, as if they had expired.
    pub fn expire_tokens(&self) {
        self.shared.world().keystone.expire_tokens();
    }

    /// Calls so far, oldest first.
    pub fn calls(&self) -> Vec<Call> {
        self.shared.world().calls.clone()
    }

    /// Images, oldest first.
    pub fn images(&self) -> Vec<Image> {
        self.shared.world().glance.inspect()
    }

    /// Servers, oldest first.
    pub fn servers(&self) -> Vec<Server> {
        servers::inspect(&self.shared.world())
    }

    /// Ports, oldest first, without those of routers.
    pub fn ports(&self) -> Vec<Port> {
        self.shared.world().neutron.inspect()
    }

    /// Address range of the ready-made tenant subnet.
    pub fn tenant_network(&self) -> Cidr {
        self.shared.world().neutron.tenant
    }
}

impl fmt::Debug for OpenStackSim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenStackSim").field("auth_url", &self.auth_url()).finish_non_exhaustive()
    }
}
