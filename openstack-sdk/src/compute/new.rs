//! Asking for a server.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value, json};

use super::{OLDEST, SERVERS};
use crate::error::{Error, Result};
use crate::request::Request;
use crate::service::ServiceType;
use crate::version::Microversion;

/// The most user data that Nova takes, in bytes after base64 encoding: 49,149 bytes before it.
pub const MAX_USER_DATA: usize = 65_535;

/// `"networks": "none"`.
const NO_NETWORK: Microversion = Microversion::new(2, 37);

/// Where a server is plugged in.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServerNetwork {
    /// Nova makes a port on this network, with this fixed address if there is one, and deletes it with the server.
    Network {
        /// The network's id.
        id: String,
        /// The fixed address.
        address: Option<String>,
    },
    /// A port that exists, by its id. It outlives the server.
    Port(String),
}

/// A server to make.
#[derive(Clone)]
#[non_exhaustive]
pub struct NewServer {
    /// The name.
    pub name: String,
    /// The flavor's id.
    pub flavor: String,
    /// The image's id.
    pub image: Option<String>,
    /// Where it is plugged in, first interface first; with none it has no network.
    pub networks: Vec<ServerNetwork>,
    /// What the system finds as user data, before encoding.
    pub user_data: Option<Vec<u8>>,
    /// Whether metadata and user data come on a small disk too.
    pub config_drive: bool,
    /// Metadata; keys and values of at most 255 characters.
    pub metadata: BTreeMap<String, String>,
    /// Tags (microversion 2.52); of at most 60 characters, without `/` and `,`.
    pub tags: Vec<String>,
    /// Names of security groups for the ports that Nova makes.
    pub security_groups: Vec<String>,
    /// The server group's id.
    pub group: Option<String>,
    /// The availability zone.
    pub availability_zone: Option<String>,
    /// The name of a key pair.
    pub key_name: Option<String>,
    /// Keys of `server` that this crate does not know.
    pub extra: Map<String, Value>,
}

impl NewServer {
    /// A server of that name and flavor.
    pub fn new(name: impl Into<String>, flavor_id: impl Into<String>) -> NewServer {
        NewServer {
            name: name.into(),
            flavor: flavor_id.into(),
            image: None,
            networks: Vec::new(),
            user_data: None,
            config_drive: false,
            metadata: BTreeMap::new(),
            tags: Vec::new(),
            security_groups: Vec::new(),
            group: None,
            availability_zone: None,
            key_name: None,
            extra: Map::new(),
        }
    }

    /// Sets the image.
    pub fn with_image(mut self, id: impl Into<String>) -> NewServer {
        self.image = Some(id.into());
        self
    }

    /// Plugs it into a port that exists.
    pub fn with_port(mut self, id: impl Into<String>) -> NewServer {
        self.networks.push(ServerNetwork::Port(id.into()));
        self
    }

    /// Plugs it into a network.
    pub fn with_network(mut self, id: impl Into<String>) -> NewServer {
        self.networks.push(ServerNetwork::Network { id: id.into(), address: None });
        self
    }

    /// Sets the user data, not yet encoded.
    pub fn with_user_data(mut self, data: impl Into<Vec<u8>>) -> NewServer {
        self.user_data = Some(data.into());
        self
    }

    /// Asks for a config drive, or not.
    pub fn with_config_drive(mut self, config_drive: bool) -> NewServer {
        self.config_drive = config_drive;
        self
    }

    /// Adds a piece of metadata.
    pub fn with_metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> NewServer {
        self.metadata.insert(key.into(), value.into());
        self
    }

    /// Adds a tag.
    pub fn with_tag(mut self, tag: impl Into<String>) -> NewServer {
        self.tags.push(tag.into());
        self
    }

    /// Adds a security group, by name, for the ports that Nova makes.
    pub fn with_security_group(mut self, name: impl Into<String>) -> NewServer {
        self.security_groups.push(name.into());
        self
    }

    /// Puts it into a server group.
    pub fn with_group(mut self, id: impl Into<String>) -> NewServer {
        self.group = Some(id.into());
        self
    }

    /// Sets the availability zone.
    pub fn with_availability_zone(mut self, zone: impl Into<String>) -> NewServer {
        self.availability_zone = Some(zone.into());
        self
    }

    /// Sets the key pair.
    pub fn with_key_name(mut self, name: impl Into<String>) -> NewServer {
        self.key_name = Some(name.into());
        self
    }

    /// The request that makes it.
    ///
    /// # Errors
    /// When the user data is longer than [`MAX_USER_DATA`] once encoded.
    pub fn request(&self) -> Result<Request> {
        let mut server = self.extra.clone();
        server.insert("name".into(), json!(self.name));
        server.insert("flavorRef".into(), json!(self.flavor));
        server.insert("networks".into(), self.networks_value());
        let mut optional = |key: &str, value: Option<Value>| {
            if let Some(value) = value {
                server.insert(key.to_owned(), value);
            }
        };
        let user_data = self.encoded_user_data()?;
        optional("imageRef", self.image.as_ref().map(|image| json!(image)));
        optional("user_data", user_data.as_ref().map(|data| json!(data)));
        optional("config_drive", self.config_drive.then_some(Value::Bool(true)));
        optional("metadata", (!self.metadata.is_empty()).then(|| json!(self.metadata)));
        optional("tags", (!self.tags.is_empty()).then(|| json!(self.tags)));
        optional("availability_zone", self.availability_zone.as_ref().map(|zone| json!(zone)));
        optional("key_name", self.key_name.as_ref().map(|name| json!(name)));
        let groups: Vec<_> = self.security_groups.iter().map(|name| json!({"name": name})).collect();
        optional("security_groups", (!groups.is_empty()).then_some(Value::Array(groups)));

        let mut body = Map::new();
        body.insert("server".into(), Value::Object(server));
        if let Some(group) = &self.group {
            body.insert("os:scheduler_hints".into(), json!({"group": group}));
        }
        let need = match (self.tags.is_empty(), self.networks.is_empty()) {
            (false, _) => SERVERS,
            (true, true) => NO_NETWORK,
            (true, false) => OLDEST,
        };
        let request = Request::post(ServiceType::COMPUTE, "servers")
            .with_microversion(need, SERVERS)
            .with_value(&Value::Object(body));
        Ok(match user_data {
            Some(data) => request.with_secret(data),
            None => request,
        })
    }

    fn networks_value(&self) -> Value {
        if self.networks.is_empty() {
            return json!("none");
        }
        let networks = self.networks.iter().map(|network| match network {
            ServerNetwork::Port(id) => json!({"port": id}),
            ServerNetwork::Network { id, address: None } => json!({"uuid": id}),
            ServerNetwork::Network { id, address: Some(address) } => json!({"uuid": id, "fixed_ip": address}),
        });
        networks.collect()
    }

    fn encoded_user_data(&self) -> Result<Option<String>> {
        let Some(data) = &self.user_data else { return Ok(None) };
        let encoded = BASE64_STANDARD.encode(data);
        if encoded.len() > MAX_USER_DATA {
            return Err(Error::invalid(format!(
                "the user data of server {} takes {} bytes in base64, Nova allows {MAX_USER_DATA}; shorten or compress it",
                self.name,
                encoded.len()
            )));
        }
        Ok(Some(encoded))
    }
}

impl fmt::Debug for NewServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewServer")
            .field("name", &self.name)
            .field("flavor", &self.flavor)
            .field("image", &self.image)
            .field("networks", &self.networks)
            .field("user_data_bytes", &self.user_data.as_ref().map(Vec::len))
            .field("config_drive", &self.config_drive)
            .field("metadata", &self.metadata)
            .field("tags", &self.tags)
            .field("group", &self.group)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use serde_json::{Value, json};

    use super::NewServer;
    use crate::{ErrorKind, Microversion};

    #[test]
    fn the_body_is_that_of_the_compute_api() {
        let server = NewServer::new("cp-1", "f")
            .with_image("i")
            .with_port("p")
            .with_user_data("#!x")
            .with_config_drive(true)
            .with_metadata("cluster", "a")
            .with_tag("cluster=a")
            .with_group("g");
        let request = server.request().unwrap();
        let body: Value = serde_json::from_slice(request.body.as_ref().unwrap()).unwrap();
        let expected = json!({
            "server": {"name": "cp-1", "flavorRef": "f", "imageRef": "i", "networks": [{"port": "p"}],
                "user_data": "IyF4", "config_drive": true, "metadata": {"cluster": "a"}, "tags": ["cluster=a"]},
            "os:scheduler_hints": {"group": "g"}});
        assert_eq!(body, expected);
        assert_eq!(request.microversion.unwrap().need, Microversion::new(2, 52));
        assert!(!format!("{server:?} {request:?}").contains("IyF4"));
    }

    #[test]
    fn user_data_is_measured_as_nova_does() {
        let fits = NewServer::new("a", "f").with_user_data(vec![b'x'; 49_149]);
        assert!(fits.request().is_ok());
        let error = NewServer::new("a", "f").with_user_data(vec![b'x'; 49_152]).request().unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::InvalidArgument);
        assert!(error.to_string().contains("65536"), "{error}");
    }
}
