//! New access to a cluster.

use std::time::Duration;

use talos_pki::RoleSet;
use talos_proto::machine::GenerateClientConfigurationRequest;
use talosconfig::TalosConfig;

use crate::reply::malformed;
use crate::{Node, Result};

impl Node {
    /// A talosconfig with a new client certificate for these roles
    /// (`machine.MachineService/GenerateClientConfiguration`, os:admin, on a control plane node).
    ///
    /// `lifetime` counts in whole seconds from now on the machine's clock and must not be zero. The context has no
    /// endpoints: set those that are reached from where it will be used.
    ///
    /// [`ErrorKind::InvalidArgument`](crate::ErrorKind::InvalidArgument): not a control plane node.
    pub async fn client_configuration(&self, roles: &RoleSet, lifetime: Duration) -> Result<TalosConfig> {
        let message = GenerateClientConfigurationRequest {
            roles: roles.to_organizations(),
            crt_ttl: prost_types::Duration::try_from(lifetime).ok(),
        };
        let reply = self
            .call(message, |raw, request| async move {
                raw.machine().generate_client_configuration(request).await
            })
            .await?
            .single()?;
        let text = std::str::from_utf8(&reply.talosconfig)
            .map_err(|error| malformed("the talosconfig is no text").with_source(error))?;
        TalosConfig::from_yaml(text)
            .map_err(|error| malformed("the talosconfig could not be read").with_source(error))
    }
}
