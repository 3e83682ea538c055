//! Servers of a simulated OpenStack are machines of a simulation.

use std::net::{IpAddr, Ipv4Addr};

use futures_util::future::BoxFuture;
use openstack_sim::{Boot, Machines, UserData};

use crate::options::NodeOptions;
use crate::sim_node::SimNode;
use crate::simulation::Simulation;
use crate::version::TalosVersion;

/// The image property that says which version of Talos a server plays.
pub const TALOS_VERSION_PROPERTY: &str = "talos_version";

impl Simulation {
    fn of_server(&self, server_id: &str) -> Option<SimNode> {
        self.nodes().into_iter().find(|node| node.0.server_id.as_deref() == Some(server_id))
    }
}

fn version(boot: &Boot) -> Option<TalosVersion> {
    boot.image_properties.get(TALOS_VERSION_PROPERTY).and_then(|tag| tag.parse().ok())
}

impl Machines for Simulation {
    /// The server's first IPv4 address must lie in the network of the simulation.
    fn boot(&self, boot: Boot) -> BoxFuture<'_, Result<(), String>> {
        let mut addresses = boot.addresses.iter().filter_map(|address| match address {
            IpAddr::V4(address) => Some(*address),
            IpAddr::V6(_) => None,
        });
        let address: Option<Ipv4Addr> = addresses.next();
        let version = version(&boot);
        let options = NodeOptions {
            name: Some(boot.name),
            address,
            talos_version: version,
            user_data: boot.user_data.map(UserData::into_bytes),
            // OpenStack boots from an image that has Talos on it.
            installed: true,
            ..NodeOptions::default()
        };
        let booted = match address {
            Some(_) => self.add(options, Some(boot.server_id)).map(drop).map_err(|error| error.to_string()),
            None => Err("a simulated machine needs a fixed IPv4 address".to_owned()),
        };
        Box::pin(std::future::ready(booted))
    }

    fn delete<'a>(&'a self, server_id: &'a str) -> BoxFuture<'a, ()> {
        if let Some(node) = self.of_server(server_id) {
            self.remove_node(node.address());
        }
        Box::pin(std::future::ready(()))
    }

    fn reboot<'a>(&'a self, server_id: &'a str) -> BoxFuture<'a, ()> {
        if let Some(node) = self.of_server(server_id) {
            node.restart();
        }
        Box::pin(std::future::ready(()))
    }

    fn console(&self, server_id: &str) -> String {
        self.of_server(server_id).map(|node| node.console()).unwrap_or_default()
    }
}
