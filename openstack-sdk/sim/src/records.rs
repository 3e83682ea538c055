//! What the simulator shows of its world to a test.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use bytes::Bytes;

use crate::{Service, UserData};

/// A call that was answered, or would have been had a fault not swallowed the reply.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Call {
    /// The service called.
    pub service: Service,
    /// HTTP method.
    pub method: String,
    /// Path within the service, without the query: `/v2.1/servers`.
    pub path: String,
    /// Query, as it was sent.
    pub query: String,
    /// HTTP status of the answer; `None` when the connection ended instead.
    pub status: Option<u16>,
}

/// An image in Glance.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Image {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: Option<String>,
    /// `queued`, `saving` or `active`.
    pub status: String,
    /// `private`, `shared`, `community` or `public`.
    pub visibility: String,
    /// Size in bytes once uploaded.
    pub size: Option<u64>,
    /// MD5 of the data, hex.
    pub checksum: Option<String>,
    /// SHA-512 of the data, hex.
    pub sha512: Option<String>,
    /// Tags.
    pub tags: BTreeSet<String>,
    /// Custom properties.
    pub properties: BTreeMap<String, String>,
    /// The data, if they are small enough to be kept.
    pub data: Option<Bytes>,
}

/// A server in Nova.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Server {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// `BUILD`, `ACTIVE`, `SHUTOFF` or `ERROR`.
    pub status: String,
    /// Text of its fault, when it is in `ERROR`.
    pub fault: Option<String>,
    /// Fixed addresses.
    pub addresses: Vec<IpAddr>,
    /// Image it boots from.
    pub image_id: Option<String>,
    /// Its flavor.
    pub flavor_id: String,
    /// User data, decoded from base64.
    pub user_data: Option<UserData>,
    /// Metadata.
    pub metadata: BTreeMap<String, String>,
    /// Tags.
    pub tags: BTreeSet<String>,
    /// Its server group.
    pub server_group: Option<String>,
}

/// A port in Neutron.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Port {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its network.
    pub network_id: String,
    /// Fixed addresses.
    pub addresses: Vec<IpAddr>,
    /// The server (or router, or floating address) it belongs to; empty when free.
    pub device_id: String,
    /// Tags.
    pub tags: BTreeSet<String>,
}
