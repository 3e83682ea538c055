//! New access to a cluster.

use std::time::Duration;

use talos_pki::RoleSet;
use talos_proto::machine::GenerateClientConfigurationRequest;
use talosconfig::TalosConfig;

use crate::reply::malformed;
use crate::{Error, ErrorKind, Node, Result};

/// Certificates count in seconds.
const SHORTEST: Duration = Duration::from_secs(1);

impl Node {
    /// A talosconfig with a new client certificate for these roles
    /// (`machine.MachineService/GenerateClientConfiguration`, os:admin, on a control plane node).
    ///
    /// `lifetime` counts from now on the machine's clock, a second at least. The machine knows no endpoints, so the
    /// context is given those of this client: change them if it will be used from somewhere else.
    ///
    /// [`ErrorKind::InvalidArgument`]: not a control plane node, or too short a lifetime.
    pub async fn client_configuration(&self, roles: &RoleSet, lifetime: Duration) -> Result<TalosConfig> {
        let crt_ttl = prost_types::Duration::try_from(lifetime).ok().filter(|_| lifetime >= SHORTEST);
        if crt_ttl.is_none() {
            let text = format!("a certificate can't live for {lifetime:?}: give it a second or more");
            return Err(Error::new(ErrorKind::InvalidArgument, text));
        }
        let message = GenerateClientConfigurationRequest { roles: roles.to_organizations(), crt_ttl };
        let reply = self
            .call(message, |raw, request| async move {
                raw.machine().generate_client_configuration(request).await
            })
            .await?
            .single()?;
        let text = std::str::from_utf8(&reply.talosconfig)
            .map_err(|error| malformed("the talosconfig is no text").with_source(error))?;
        let unusable =
            |error: talosconfig::Error| malformed("the talosconfig can't be used").with_source(error);
        let mut config = TalosConfig::from_yaml(text).map_err(unusable)?;
        config.current_mut(None).map_err(unusable)?.endpoints = self.endpoints();
        Ok(config)
    }
}
