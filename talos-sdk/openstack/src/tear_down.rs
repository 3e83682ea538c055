//! The removal of a cluster.

use openstack_sdk::Cloud;
use openstack_sdk::compute::ServerQuery;
use openstack_sdk::network::Filter;

use crate::check::check;
use crate::error::{Error, ErrorKind, Result};
use crate::event::{Event, Observer, Resource};
use crate::run::{each, gone};
use crate::spec::Spec;
use crate::state::State;
use crate::store::Store;

/// Removes everything in the cloud that was made for the cluster, known by its tag, and nothing else: servers, floating addresses,
/// ports, the server group, the security group, and network and router if they were made for the cluster.
///
/// The image stays, since other clusters may use it. The secrets and the configurations stay in the store, so that
/// [`bring_up`](crate::bring_up()) can make the same cluster again. Calling it again after a failure goes on.
///
/// # Errors
///
/// [`ErrorKind::Locked`] while another runner works on the cluster, and [`ErrorKind::OpenStack`].
pub async fn tear_down(spec: &Spec, cloud: &Cloud, store: &dyn Store, observer: Observer<'_>) -> Result<()> {
    check(spec)?;
    let _lease = store.lock().await?;
    let state = State::load(store, &spec.name).await?;
    let removal = Removal { spec, cloud, observer };
    removal.servers().await?;
    removal.floating_addresses().await?;
    removal.ports().await?;
    removal.server_group(state.server_group.as_deref()).await?;
    removal.security_group().await?;
    removal.routers().await?;
    removal.network().await?;
    state.cleared().save(store).await
}

struct Removal<'a> {
    spec: &'a Spec,
    cloud: &'a Cloud,
    observer: Observer<'a>,
}

impl Removal<'_> {
    fn tagged(&self) -> Filter {
        Filter::new().with_tag(self.spec.tag())
    }

    fn deleted(&self, resource: Resource, name: &str, id: &str) {
        (self.observer)(&Event::Deleted { resource, name: name.to_owned(), id: id.to_owned() });
    }

    async fn servers(&self) -> Result<()> {
        let compute = self.cloud.compute();
        let servers = compute.servers(&ServerQuery::new().with_tag(self.spec.tag())).await?;
        each(servers, |server| {
            let compute = compute.clone();
            async move {
                gone(compute.delete_server(&server.id).await)?;
                compute.wait_for_server_deleted(&server.id, self.spec.timeouts.servers).await?;
                self.deleted(Resource::Server, &server.name, &server.id);
                Ok(())
            }
        })
        .await
        .map(drop)
    }

    async fn floating_addresses(&self) -> Result<()> {
        let network = self.cloud.network();
        for floating in network.floating_ips(&Filter::new()).await? {
            let own = floating.description.starts_with(&format!("{} ", self.spec.description()));
            if !own && !floating.tags.contains(&self.spec.tag()) {
                continue;
            }
            gone(network.delete_floating_ip(&floating.id).await)?;
            self.deleted(Resource::FloatingIp, &floating.address, &floating.id);
        }
        Ok(())
    }

    async fn ports(&self) -> Result<()> {
        let network = self.cloud.network();
        let all = network.ports(&Filter::new()).await?;
        for port in all.iter().filter(|port| self.spec.owns(&port.tags, &port.description)) {
            gone(network.delete_port(&port.id).await)?;
            self.deleted(Resource::Port, &port.name, &port.id);
        }
        Ok(())
    }

    /// Server groups carry no tags: it is known by its name and, if the state has it, its id.
    async fn server_group(&self, id: Option<&str>) -> Result<()> {
        let compute = self.cloud.compute();
        for group in compute.server_groups_named(&self.spec.own_name()).await? {
            if id.is_some_and(|id| id != group.id) || !group.members.is_empty() {
                continue;
            }
            gone(compute.delete_server_group(&group.id).await)?;
            self.deleted(Resource::ServerGroup, &group.name, &group.id);
        }
        Ok(())
    }

    async fn security_group(&self) -> Result<()> {
        let network = self.cloud.network();
        let all = network.security_groups(&Filter::new().with_name(self.spec.own_name())).await?;
        for group in all.iter().filter(|group| self.spec.owns(&group.tags, &group.description)) {
            gone(network.delete_security_group(&group.id).await)?;
            self.deleted(Resource::SecurityGroup, &group.name, &group.id);
        }
        Ok(())
    }

    async fn routers(&self) -> Result<()> {
        let network = self.cloud.network();
        for router in network.routers(&self.tagged()).await? {
            let plugs = network.ports(&Filter::new().with_field("device_id", &router.id)).await?;
            for port in plugs.iter().filter(|port| port.device_owner == "network:router_interface") {
                for subnet in port.fixed_ips.iter().filter_map(|fixed| fixed.subnet_id.as_deref()) {
                    gone(network.remove_router_interface(&router.id, subnet).await)?;
                }
            }
            gone(network.delete_router(&router.id).await)?;
            self.deleted(Resource::Router, &router.name, &router.id);
        }
        Ok(())
    }

    async fn network(&self) -> Result<()> {
        let network = self.cloud.network();
        for found in network.networks(&self.tagged()).await? {
            let others = network.ports(&Filter::new().with_network(&found.id)).await?;
            if let Some(port) = others.iter().find(|port| !port.device_owner.starts_with("network:")) {
                return Err(Error::new(
                    ErrorKind::OpenStack,
                    format!(
                        "the cluster's network {} still has the port {} ({}), which is not the cluster's: delete it first",
                        found.name, port.name, port.id
                    ),
                ));
            }
            gone(network.delete_network(&found.id).await)?;
            self.deleted(Resource::Network, &found.name, &found.id);
        }
        Ok(())
    }
}
