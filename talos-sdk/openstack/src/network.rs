//! What a cluster needs of Neutron: network, security group, ports, floating addresses.

use std::net::IpAddr;

use openstack_sdk::compute::GroupPolicy;
use openstack_sdk::network::{
    Filter, FloatingIp, NewFloatingIp, NewNetwork, NewPort, NewRule, NewSubnet, Port, SecurityGroup, Tagged,
};

use crate::error::{Error, ErrorKind, Result};
use crate::event::Resource;
use crate::machine_config::Addresses;
use crate::run::{Node, Run, address, each, gone, known};
use crate::spec::NodeName;

impl Run<'_> {
    /// Network and subnet (made only where the project has none), security group with its rules, server group.
    pub(crate) async fn ensure_network(&mut self) -> Result<()> {
        if self.found.network.is_none() {
            self.found.network = Some(self.ensure_own_network().await?);
        }
        let group = self.ensure_security_group().await?;
        let server_group = self.ensure_server_group().await?;
        self.state.network.clone_from(&self.found.network);
        self.state.security_group = Some(group.clone());
        self.state.server_group = Some(server_group.clone());
        self.found.security_group = Some(group);
        self.found.server_group = Some(server_group);
        self.save().await
    }

    async fn ensure_own_network(&self) -> Result<String> {
        let (network, name) = (self.cloud.network(), self.spec.own_name());
        let there = network.networks(&Filter::new().with_name(&name)).await?.into_iter().next();
        let made = match there {
            Some(found) => {
                self.found_one(Resource::Network, &name, &found.id);
                found
            }
            None => {
                let new = NewNetwork::new(&name).with_description(self.spec.description());
                let made = network.create_network(&new).await?;
                self.created_one(Resource::Network, &name, &made.id);
                made
            }
        };
        self.ensure_tag(Tagged::Networks, &made.id, &made.tags).await?;
        let there = network.subnets(&Filter::new().with_network(&made.id)).await?.into_iter().next();
        let subnet = match there {
            Some(found) => found,
            None => {
                let mut new = NewSubnet::new(&made.id, &self.spec.network.cidr).with_name(&name);
                for server in &self.spec.network.dns_servers {
                    new = new.with_dns_nameserver(server);
                }
                let subnet = network.create_subnet(&new).await?;
                self.created_one(Resource::Subnet, &name, &subnet.id);
                subnet
            }
        };
        self.ensure_router(&subnet.id).await?;
        Ok(made.id)
    }

    /// A network that was made for the cluster reaches the outside, if there is just one outside or one was named.
    async fn ensure_router(&self, subnet: &str) -> Result<()> {
        let (network, name) = (self.cloud.network(), self.spec.own_name());
        let external = match (&self.found.floating_network, network.external_network().await) {
            (Some(id), _) => id.clone(),
            (None, Ok(external)) => external.id,
            (None, Err(error)) if error.is_retryable() => return Err(error.into()),
            (None, Err(_)) => return Ok(()),
        };
        let there = network.routers(&Filter::new().with_name(&name)).await?.into_iter().next();
        let router = match there {
            Some(found) => {
                self.found_one(Resource::Router, &name, &found.id);
                found
            }
            None => {
                let made = network.create_router(&name, Some(&external)).await?;
                self.created_one(Resource::Router, &name, &made.id);
                made
            }
        };
        self.ensure_tag(Tagged::Routers, &router.id, &router.tags).await?;
        let plugs = network.ports(&Filter::new().with_field("device_id", &router.id)).await?;
        let plugged =
            |port: &Port| port.fixed_ips.iter().any(|fixed| fixed.subnet_id.as_deref() == Some(subnet));
        if !plugs.iter().any(plugged) {
            network.add_router_interface(&router.id, subnet).await?;
        }
        Ok(())
    }

    /// Tags a thing that does not carry the cluster's tag yet.
    async fn ensure_tag(&self, kind: Tagged, id: &str, tags: &[String]) -> Result<()> {
        let tag = self.spec.tag();
        if !tags.contains(&tag) {
            self.cloud.network().add_tag(kind, id, &tag).await?;
        }
        Ok(())
    }

    async fn ensure_security_group(&self) -> Result<String> {
        let (network, name) = (self.cloud.network(), self.spec.own_name());
        let found = network.security_groups(&Filter::new().with_name(&name)).await?;
        let own = |group: &SecurityGroup| self.spec.owns(&group.tags, &group.description);
        let group = match found.into_iter().find(own) {
            Some(group) => {
                self.found_one(Resource::SecurityGroup, &name, &group.id);
                group
            }
            None => {
                let group = network.create_security_group(&name, &self.spec.description()).await?;
                self.created_one(Resource::SecurityGroup, &name, &group.id);
                group
            }
        };
        self.ensure_tag(Tagged::SecurityGroups, &group.id, &group.tags).await?;
        for rule in self.rules(&group.id) {
            if group.rules.iter().any(|there| rule.matches(there)) {
                continue;
            }
            match network.create_rule(&rule).await {
                Err(error) if !error.is_conflict() => return Err(error.into()),
                _ => {}
            }
        }
        Ok(group.id)
    }

    /// Machines of the cluster talk freely; from outside come only Kubernetes, Talos and ping.
    fn rules(&self, group: &str) -> Vec<NewRule> {
        let mut rules = vec![
            NewRule::ingress(group).with_remote_group(group),
            NewRule::ingress(group).with_ipv6().with_remote_group(group),
            NewRule::ingress(group).with_protocol("icmp"),
        ];
        for cidr in &self.spec.network.allowed_cidrs {
            for port in [6443, 50000] {
                rules.push(NewRule::ingress(group).with_ports("tcp", port, port).with_remote_prefix(cidr));
            }
        }
        rules
    }

    /// Control planes shall not share a host, where there are enough. Server groups carry no tags.
    async fn ensure_server_group(&self) -> Result<String> {
        let (compute, name) = (self.cloud.compute(), self.spec.own_name());
        if let Some(group) = compute.server_groups_named(&name).await?.into_iter().next() {
            self.found_one(Resource::ServerGroup, &name, &group.id);
            return Ok(group.id);
        }
        let group = compute.create_server_group(&name, &GroupPolicy::SoftAntiAffinity).await?;
        self.created_one(Resource::ServerGroup, &name, &group.id);
        Ok(group.id)
    }

    /// A port with an address for every node, and a floating address for every control plane if asked for.
    pub(crate) async fn ensure_ports(&mut self) -> Result<()> {
        let ports = self.cloud.network().ports(&Filter::new()).await?;
        let floating = match &self.found.floating_network {
            Some(_) => self.cloud.network().floating_ips(&Filter::new()).await?,
            None => Vec::new(),
        };
        let this = &*self;
        let nodes = each(self.spec.nodes().collect(), |node| {
            let (ports, floating) = (&ports, &floating);
            async move {
                let port = this.ensure_port(&node, ports).await?;
                this.node(node, &port, floating).await
            }
        })
        .await?;
        self.state.ports = nodes.iter().map(|node| (node.name.clone(), node.port.clone())).collect();
        self.found.nodes = nodes;
        self.save().await
    }

    async fn ensure_port(&self, node: &NodeName, ports: &[Port]) -> Result<Port> {
        let network = self.cloud.network();
        let own = |port: &&Port| port.name == node.name && self.spec.owns(&port.tags, &port.description);
        let mut own: Vec<&Port> = ports.iter().filter(own).collect();
        // A creation that was cut off may have come through after the next look: the one in use, else the known one, stays.
        let known_port = self.state.ports.get(&node.name);
        own.sort_by_key(|port| (!port.is_in_use(), known_port != Some(&port.id), &port.id));
        let port = if let Some((port, spare)) = own.split_first() {
            for port in spare.iter().filter(|port| !port.is_in_use()) {
                gone(network.delete_port(&port.id).await)?;
                self.deleted_one(Resource::Port, &port.name, &port.id);
            }
            self.found_one(Resource::Port, &port.name, &port.id);
            (*port).clone()
        } else {
            let new = NewPort::new(&node.name, known(&self.found.network, "the network")?)
                .with_security_group(known(&self.found.security_group, "the security group")?)
                .with_description(self.spec.description());
            let port = network.create_port(&new).await?;
            self.created_one(Resource::Port, &port.name, &port.id);
            port
        };
        self.ensure_tag(Tagged::Ports, &port.id, &port.tags).await?;
        Ok(port)
    }

    async fn node(&self, node: NodeName, port: &Port, floating: &[FloatingIp]) -> Result<Node> {
        let fixed = port.address().ok_or_else(|| {
            Error::new(
                ErrorKind::OpenStack,
                format!("port {} ({}) has no address: give its network a subnet", port.name, port.id),
            )
        })?;
        let floating = match &self.found.floating_network {
            Some(network) if node.control_plane => {
                Some(self.ensure_floating(&node, port, network, floating).await?)
            }
            _ => None,
        };
        Ok(Node {
            name: node.name,
            control_plane: node.control_plane,
            port: port.id.clone(),
            addresses: Addresses { fixed: address(fixed)?, floating },
            server: None,
            fresh: false,
            talos_version: String::new(),
        })
    }

    async fn ensure_floating(
        &self,
        node: &NodeName,
        port: &Port,
        network_id: &str,
        all: &[FloatingIp],
    ) -> Result<IpAddr> {
        let network = self.cloud.network();
        let description = format!("{} {}", self.spec.description(), node.name);
        let found = match all.iter().find(|floating| floating.description == description) {
            Some(found) => {
                self.found_one(Resource::FloatingIp, &found.address, &found.id);
                found.clone()
            }
            None => {
                let new = NewFloatingIp::new(network_id).with_port(&port.id).with_description(description);
                let made = network.create_floating_ip(&new).await?;
                self.created_one(Resource::FloatingIp, &made.address, &made.id);
                made
            }
        };
        self.ensure_tag(Tagged::FloatingIps, &found.id, &found.tags).await?;
        if found.port_id.as_deref() != Some(port.id.as_str()) {
            network.associate_floating_ip(&found.id, Some(&port.id)).await?;
        }
        address(&found.address)
    }
}
