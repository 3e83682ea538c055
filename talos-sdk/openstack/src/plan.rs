//! Everything that can be checked before anything is created.

use std::net::{IpAddr, Ipv4Addr};

use aws_lc_rs::digest::{SHA256, digest};
use openstack_sdk::compute::{Flavor, Usage};
use openstack_sdk::network::Filter;
use talos_cluster::talos_machineconfig::SecretsBundle;

use crate::error::{Error, ErrorKind, Result};
use crate::machine_config::{Addresses, machine_configs, new_secrets, options};
use crate::run::{CLUSTER_ID, Run, known};
use crate::servers::user_data_of;
use crate::spec::ImageSource;
use crate::store::StateFile;

impl Run<'_> {
    /// Secrets read or made (not stored yet), user data measured, flavors, image and network found, name and quota free.
    pub(crate) async fn plan(&mut self) -> Result<()> {
        self.load_secrets().await?;
        self.measure_user_data()?;
        self.find_flavors().await?;
        if let ImageSource::Existing(name) = &self.spec.image {
            self.cloud.image().find_image(name).await.map_err(missing)?;
        }
        self.find_network().await?;
        self.check_name_and_quota().await
    }

    /// The stored secrets, or new ones that only memory has so far.
    async fn load_secrets(&mut self) -> Result<()> {
        if self.found.secrets.is_some() {
            return Ok(());
        }
        let secrets = match self.store.read(StateFile::Secrets).await? {
            Some(text) => {
                self.found.secrets_stored = true;
                let place = self.store.location(StateFile::Secrets);
                let secrets = SecretsBundle::from_yaml(text.expose()).and_then(|secrets| {
                    secrets.validate()?;
                    Ok(secrets)
                });
                secrets.map_err(|error| {
                    Error::new(ErrorKind::Store, format!("{place} can't be used: {error}")).with_source(error)
                })?
            }
            None => new_secrets(&self.checked).await?,
        };
        self.found.secrets = Some(secrets);
        Ok(())
    }

    /// What the cluster's servers carry so that another cluster of the same name is told apart. Not a secret.
    pub(crate) fn cluster_id(&self) -> Result<String> {
        let secrets = known(&self.found.secrets, "the secrets bundle")?;
        let hash = digest(&SHA256, secrets.cluster.id.as_bytes());
        Ok(hash.as_ref().iter().take(16).map(|byte| format!("{byte:02x}")).collect())
    }

    /// Makes the configurations for addresses of the greatest length, which pack worse than the real ones will.
    fn measure_user_data(&self) -> Result<()> {
        let addresses: Vec<Addresses> = (0..self.spec.control_planes)
            .map(|n| {
                let low = 255 - u8::try_from(n).unwrap_or(0);
                let floating = self.spec.network.floating_network.is_some();
                Addresses {
                    fixed: Ipv4Addr::new(198, 151, 253, low).into(),
                    floating: floating.then(|| IpAddr::from(Ipv4Addr::new(203, 137, 249, low))),
                }
            })
            .collect();
        let secrets = known(&self.found.secrets, "the secrets bundle")?;
        let configs = machine_configs(secrets, &options(self.spec, &self.checked, &addresses)?)?;
        user_data_of("control plane", &configs.control_plane)?;
        user_data_of("worker", &configs.worker)?;
        Ok(())
    }

    async fn find_flavors(&mut self) -> Result<()> {
        let compute = self.cloud.compute();
        let control_plane = compute.find_flavor(&self.spec.control_plane_flavor).await.map_err(missing)?;
        let worker = compute.find_flavor(&self.spec.worker_flavor).await.map_err(missing)?;
        self.found.control_plane_flavor = Some(control_plane);
        self.found.worker_flavor = Some(worker);
        Ok(())
    }

    /// The network that is to be used; none if one has to be made.
    async fn find_network(&mut self) -> Result<()> {
        let network = self.cloud.network();
        if let Some(name) = &self.spec.network.floating_network {
            let found = network.find_network(name).await.map_err(missing)?;
            if !found.is_external {
                return Err(Error::new(
                    ErrorKind::InvalidSpec,
                    format!("floating addresses can't come from the network {name}, it is not external"),
                ));
            }
            self.found.floating_network = Some(found.id);
        }
        if let Some(name) = &self.spec.network.network {
            self.found.network = Some(network.find_network(name).await.map_err(missing)?.id);
            return Ok(());
        }
        let tag = self.spec.tag();
        let mut inner: Vec<_> = network
            .networks(&Filter::new())
            .await?
            .into_iter()
            .filter(|network| !network.is_external)
            .collect();
        // One that an earlier run made comes before all others.
        if let Some(own) = inner.iter().find(|network| network.tags.contains(&tag)) {
            self.found.network = Some(own.id.clone());
            return Ok(());
        }
        inner.retain(|network| !network.tags.iter().any(|tag| tag.starts_with("talos-cluster=")));
        if inner.len() > 1 {
            let names: Vec<_> = inner.iter().map(|network| network.name.as_str()).collect();
            return Err(Error::new(
                ErrorKind::InvalidSpec,
                format!("the project has several networks, say which to use: {}", names.join(", ")),
            ));
        }
        self.found.network =
            inner.pop().filter(|network| network.name != self.spec.own_name()).map(|network| network.id);
        Ok(())
    }

    async fn check_name_and_quota(&self) -> Result<()> {
        let id = self.cluster_id()?;
        let servers = self.cluster_servers().await?;
        if let Some(other) = servers.values().find(|server| server.metadata.get(CLUSTER_ID) != Some(&id)) {
            return Err(Error::new(
                ErrorKind::NameTaken,
                format!(
                    "server {} ({}) belongs to another cluster called {:?}: use that one's state, or another name",
                    other.name, other.id, self.spec.name
                ),
            ));
        }
        let missing: Vec<&Flavor> = self
            .spec
            .nodes()
            .filter(|node| !servers.contains_key(&node.name))
            .filter_map(|node| {
                let flavor = if node.control_plane {
                    &self.found.control_plane_flavor
                } else {
                    &self.found.worker_flavor
                };
                flavor.as_ref()
            })
            .collect();
        let limits = self.cloud.compute().limits().await?;
        room("servers", limits.instances, missing.len() as u64)?;
        room("processors", limits.cores, missing.iter().map(|flavor| u64::from(flavor.vcpus)).sum())?;
        room("MiB of memory", limits.ram, missing.iter().map(|flavor| flavor.ram).sum())?;

        let network = self.cloud.network();
        let tagged = Filter::new().with_tag(self.spec.tag());
        let quotas = network.quotas().await?;
        let total = self.spec.control_planes + self.spec.workers;
        let ports = network.ports(&tagged).await?.len();
        room("ports", quotas.port, total.saturating_sub(ports) as u64)?;
        if network.security_groups(&tagged).await?.is_empty() {
            room("security groups", quotas.security_group, 1)?;
        }
        if self.found.floating_network.is_some() {
            let taken = network.floating_ips(&tagged).await?.len();
            let wanted = self.spec.control_planes.saturating_sub(taken);
            room("floating addresses", quotas.floating_ip, wanted as u64)?;
        }
        if self.found.network.is_none() {
            room("networks", quotas.network, 1)?;
            room("subnets", quotas.subnet, 1)?;
        }
        Ok(())
    }

    /// Secrets are stored before anything is made from them.
    pub(crate) async fn store_secrets(&mut self) -> Result<()> {
        if !self.found.secrets_stored {
            let secrets = known(&self.found.secrets, "the secrets bundle")?;
            let text = secrets.to_yaml().map_err(|error| {
                Error::new(ErrorKind::Store, format!("the secrets can't be written: {error}"))
                    .with_source(error)
            })?;
            self.store.write(StateFile::Secrets, &text).await?;
            self.found.secrets_stored = true;
        }
        self.save().await
    }
}

/// What the cloud lacks is not found twice: say so by name.
fn missing(error: openstack_sdk::Error) -> Error {
    if error.is_not_found() || matches!(error.kind(), openstack_sdk::ErrorKind::Ambiguous) {
        return Error::new(ErrorKind::MissingResource, error.to_string()).with_source(error);
    }
    error.into()
}

fn room(what: &str, usage: Usage, more: u64) -> Result<()> {
    if usage.has_room_for(more) {
        return Ok(());
    }
    let limit = usage.limit.unwrap_or(u64::MAX);
    Err(Error::new(
        ErrorKind::Quota,
        format!(
            "the project's quota is {limit} {what}, {} are used and {more} more are needed: raise it or ask for less",
            usage.used
        ),
    ))
}
