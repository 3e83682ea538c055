//! Connections that don't check who answers.
//!
//! Whoever answers such a call gets all that is sent, a machine configuration with every secret of the cluster
//! included. [`Client::maintenance`](crate::Client::maintenance) with the fingerprint that the machine prints on its
//! console is as easy.

use crate::{Client, ClientOptions, Result};

/// A client of a machine in maintenance mode that accepts whatever key the server shows.
pub fn maintenance_accepting_any_server(endpoint: &str, options: ClientOptions) -> Result<Client> {
    Client::in_maintenance(endpoint, None, options)
}
