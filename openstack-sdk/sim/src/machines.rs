//! Who boots a server.

use std::collections::BTreeMap;
use std::net::IpAddr;

use futures_util::future::BoxFuture;

use crate::UserData;

/// What a server is given when Nova boots it.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Boot {
    /// The server's id.
    pub server_id: String,
    /// The server's name.
    pub name: String,
    /// Fixed addresses of its ports, in the order of the request.
    pub addresses: Vec<IpAddr>,
    /// User data, already decoded from base64.
    pub user_data: Option<UserData>,
    /// The image it boots from.
    pub image_id: Option<String>,
    /// Custom properties of that image at boot time.
    pub image_properties: BTreeMap<String, String>,
    /// Metadata of the server.
    pub metadata: BTreeMap<String, String>,
}

impl Boot {
    /// A boot of the server `server_id` called `name`, with nothing else.
    pub fn new(server_id: impl Into<String>, name: impl Into<String>) -> Self {
        Self { server_id: server_id.into(), name: name.into(), ..Self::default() }
    }

    /// Sets the fixed addresses.
    #[must_use]
    pub fn with_addresses(mut self, addresses: impl IntoIterator<Item = IpAddr>) -> Self {
        self.addresses = addresses.into_iter().collect();
        self
    }

    /// Sets the user data (not base64).
    #[must_use]
    pub fn with_user_data(mut self, user_data: impl Into<UserData>) -> Self {
        self.user_data = Some(user_data.into());
        self
    }
}

/// The hook behind Nova: what a server does once it is booted.
///
/// Calls for one server come one after the other; calls for different servers may run at once.
pub trait Machines: Send + Sync + 'static {
    /// Boots a server. It becomes `ACTIVE` when this returns, or `ERROR` with the text of the refusal as its fault.
    fn boot(&self, boot: Boot) -> BoxFuture<'_, Result<(), String>>;

    /// Ends a server. Called once for every boot, also for one that was refused.
    fn delete<'a>(&'a self, server_id: &'a str) -> BoxFuture<'a, ()>;

    /// Restarts a server.
    fn reboot<'a>(&'a self, server_id: &'a str) -> BoxFuture<'a, ()>;

    /// All that the server has written to its console so far.
    fn console(&self, server_id: &str) -> String;
}

/// Servers that do nothing: they become `ACTIVE` and have an empty console.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoMachines;

impl Machines for NoMachines {
    fn boot(&self, _boot: Boot) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(async { Ok(()) })
    }

    fn delete<'a>(&'a self, _server_id: &'a str) -> BoxFuture<'a, ()> {
        Box::pin(async {})
    }

    fn reboot<'a>(&'a self, _server_id: &'a str) -> BoxFuture<'a, ()> {
        Box::pin(async {})
    }

    fn console(&self, _server_id: &str) -> String {
        String::new()
    }
}
