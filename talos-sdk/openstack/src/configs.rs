//! Load balancer, name and machine configurations: what follows from the addresses.

use std::time::{Duration, SystemTime};

use talos_cluster::talos_client::talosconfig::TalosConfig;

use crate::check::endpoint;
use crate::error::{Error, ErrorKind, Result};
use crate::haproxy::Haproxy;
use crate::machine_config::{endpoint_url, machine_configs, options};
use crate::run::{Run, known};
use crate::secret::SecretString;
use crate::store::StateFile;

impl Run<'_> {
    /// The load balancer forwards to the control planes, where there is something that sees to it.
    pub(crate) async fn ensure_load_balancer(&mut self) -> Result<()> {
        let mut haproxy = Haproxy::default();
        for node in self.control_planes() {
            haproxy = haproxy.with_server(&node.name, node.addresses.fixed);
        }
        self.keep(StateFile::Haproxy, &SecretString::new(haproxy.to_config())).await?;
        match &self.spec.load_balancer {
            Some(balancer) => balancer.apply(&haproxy).await,
            None => Ok(()),
        }
    }

    /// The endpoint's name has an address.
    pub(crate) async fn wait_for_dns(&mut self) -> Result<()> {
        let (host, port) = endpoint(&endpoint_url(self.spec, &self.control_plane_addresses()))?;
        let why = match tokio::net::lookup_host((host.as_str(), port)).await {
            Ok(mut found) => match found.next() {
                Some(_) => return Ok(()),
                None => "no address".to_owned(),
            },
            Err(error) => error.to_string(),
        };
        Err(Error::new(
            ErrorKind::Cluster,
            format!("the endpoint's name {host} can't be looked up ({why}): create its DNS entry"),
        )
        .with_retryable(true))
    }

    /// Both machine configurations and the talosconfig are stored.
    pub(crate) async fn ensure_machine_configs(&mut self) -> Result<()> {
        let secrets = known(&self.found.secrets, "the secrets bundle")?;
        let addresses = self.control_plane_addresses();
        let configs = machine_configs(secrets, &options(self.spec, &self.checked, &addresses)?)?;
        let written = |error: talos_cluster::talos_machineconfig::Error| {
            Error::new(ErrorKind::Store, format!("a machine configuration can't be written: {error}"))
                .with_source(error)
        };
        self.keep(StateFile::ControlPlane, &configs.control_plane.to_yaml().map_err(written)?).await?;
        self.keep(StateFile::Worker, &configs.worker.to_yaml().map_err(written)?).await?;

        let stored = self.store.read(StateFile::Talosconfig).await?;
        let good = stored.is_some_and(|text| still_good(text.expose(), &configs.talosconfig));
        if !good {
            let text = configs.talosconfig.to_yaml().map_err(|error| {
                Error::new(ErrorKind::Store, format!("the talosconfig can't be written: {error}"))
                    .with_source(error)
            })?;
            self.store.write(StateFile::Talosconfig, &text).await?;
        }
        self.found.configs = Some(configs);
        Ok(())
    }
}

/// Whether a stored talosconfig leads to the same cluster and lasts a while yet. The user's changes to it are then kept.
fn still_good(stored: &str, fresh: &TalosConfig) -> bool {
    const RENEWAL: Duration = Duration::from_secs(30 * 24 * 3600);
    let Ok(stored) = TalosConfig::from_yaml(stored) else { return false };
    let (Ok(old), Ok(new)) = (stored.current(None), fresh.current(None)) else { return false };
    let Ok(Some(identity)) = old.identity() else { return false };
    old.endpoints == new.endpoints
        && old.ca == new.ca
        && identity.certificate.not_after() > SystemTime::now() + RENEWAL
}
