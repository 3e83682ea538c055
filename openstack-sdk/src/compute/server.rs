//! Servers as Nova shows them.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::{SERVERS, TAGS};
use crate::error::{Error, ErrorKind};
use crate::request::Request;
use crate::service::ServiceType;
use crate::text_enum::text_enum;

text_enum! {
    /// The state of a server.
    ServerStatus {
        /// It runs.
        Active = "ACTIVE",
        /// It is being made.
        Build = "BUILD",
        /// It is deleted.
        Deleted = "DELETED",
        /// Something failed; see its fault.
        Error = "ERROR",
        /// It is being rebooted the hard way.
        HardReboot = "HARD_REBOOT",
        /// It is being moved.
        Migrating = "MIGRATING",
        /// It is halted in memory.
        Paused = "PAUSED",
        /// It is being rebooted.
        Reboot = "REBOOT",
        /// It is being made anew.
        Rebuild = "REBUILD",
        /// It is off and off its host.
        ShelvedOffloaded = "SHELVED_OFFLOADED",
        /// It is off.
        Shutoff = "SHUTOFF",
        /// It is deleted but can be restored.
        SoftDeleted = "SOFT_DELETED",
        /// It is halted on disk.
        Suspended = "SUSPENDED",
        /// Nova does not know.
        Unknown = "UNKNOWN",
    }
}

/// How to reboot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RebootKind {
    /// Asks the system to go down.
    Soft,
    /// Cuts the power.
    Hard,
}

impl RebootKind {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            RebootKind::Soft => "SOFT",
            RebootKind::Hard => "HARD",
        }
    }
}

/// A server.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct Server {
    /// The id.
    pub id: String,
    /// The name; not unique.
    pub name: String,
    /// The state.
    pub status: ServerStatus,
    /// What Nova is doing with it.
    #[serde(default, rename = "OS-EXT-STS:task_state")]
    pub task: Option<String>,
    /// Its addresses by the name of the network.
    #[serde(default)]
    pub addresses: BTreeMap<String, Vec<ServerAddress>>,
    /// Its metadata.
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
    /// Its tags; empty before microversion 2.26.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Why it is in `ERROR`.
    #[serde(default)]
    pub fault: Option<Fault>,
    /// When it was asked for, as RFC 3339.
    #[serde(default)]
    pub created: String,
    /// `{"id": …}`, or an empty text for one that boots from a volume.
    #[serde(default)]
    image: Value,
    /// The flavor's id, or from 2.47 on what the flavor was.
    #[serde(default)]
    flavor: Value,
    /// `True` or an empty text.
    #[serde(default)]
    config_drive: String,
}

/// One address of a server.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct ServerAddress {
    /// The address.
    #[serde(rename = "addr")]
    pub address: String,
    /// 4 or 6.
    pub version: u8,
    /// `fixed` or `floating`.
    #[serde(default, rename = "OS-EXT-IPS:type")]
    pub kind: Option<String>,
    /// The address of the interface.
    #[serde(default, rename = "OS-EXT-IPS-MAC:mac_addr")]
    pub mac: Option<String>,
}

/// Why a server is in `ERROR`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Fault {
    /// HTTP-like.
    #[serde(default)]
    pub code: u16,
    /// Nova's text.
    #[serde(default)]
    pub message: String,
}

impl Server {
    /// The id of the image that it was made from.
    pub fn image_id(&self) -> Option<&str> {
        self.image.get("id").and_then(Value::as_str)
    }

    /// The name of its flavor (from microversion 2.47 on), else the flavor's id.
    pub fn flavor(&self) -> Option<&str> {
        self.flavor.get("original_name").or_else(|| self.flavor.get("id")).and_then(Value::as_str)
    }

    /// Whether it was given a config drive.
    pub fn has_config_drive(&self) -> bool {
        !self.config_drive.is_empty()
    }

    /// The state, and the task if there is one.
    pub(super) fn state(&self) -> String {
        match &self.task {
            Some(task) => format!("{} ({task})", self.status),
            None => self.status.to_string(),
        }
    }

    /// The error of a server in `ERROR`.
    pub(super) fn fault_error(&self) -> Error {
        let (code, message) = match &self.fault {
            Some(fault) => (fault.code, crate::error::one_line(&fault.message)),
            None => (500, "Nova gives no reason".to_owned()),
        };
        let text = format!(
            "server {} ({}) failed with {code}: {message}; delete it and try again",
            self.name, self.id
        );
        Error::new(ErrorKind::ServerFault { code, message }, text)
    }
}

/// Which servers to list.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct ServerQuery {
    /// Servers of exactly this name.
    pub name: Option<String>,
    /// Servers that carry all of these tags.
    pub tags: Vec<String>,
    /// Servers whose metadata has all of these.
    pub metadata: BTreeMap<String, String>,
    /// Servers in this state.
    pub status: Option<ServerStatus>,
}

impl ServerQuery {
    /// All servers of the project.
    pub fn new() -> ServerQuery {
        ServerQuery::default()
    }

    /// Only servers of exactly this name.
    pub fn with_name(mut self, name: impl Into<String>) -> ServerQuery {
        self.name = Some(name.into());
        self
    }

    /// Only servers that carry this tag too (microversion 2.26).
    pub fn with_tag(mut self, tag: impl Into<String>) -> ServerQuery {
        self.tags.push(tag.into());
        self
    }

    /// Only servers whose metadata has this too. Compared here, since Nova's own filter differs between releases.
    pub fn with_metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> ServerQuery {
        self.metadata.insert(key.into(), value.into());
        self
    }

    /// Only servers in this state.
    pub fn with_status(mut self, status: ServerStatus) -> ServerQuery {
        self.status = Some(status);
        self
    }

    /// The request for the first page.
    pub fn request(&self) -> Request {
        let mut request = Request::get(ServiceType::COMPUTE, "servers/detail");
        if let Some(name) = &self.name {
            // Nova takes a regular expression, of its database's own kind.
            request = request.with_query("name", format!("^{}$", escaped(name)));
        }
        if let Some(status) = &self.status {
            request = request.with_query("status", status.as_str());
        }
        if self.tags.is_empty() {
            return request.with_microversion(super::OLDEST, SERVERS);
        }
        request.with_query("tags", self.tags.join(",")).with_microversion(TAGS, SERVERS)
    }

    /// Whether a server fits what Nova can't be trusted to compare.
    pub(super) fn fits(&self, server: &Server) -> bool {
        self.name.as_ref().is_none_or(|name| server.name == *name)
            && self.metadata.iter().all(|(key, value)| server.metadata.get(key) == Some(value))
    }
}

/// A text as a regular expression that is only that text.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if c.is_ascii_punctuation() && c != '-' && c != '_' {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::{Server, ServerQuery, ServerStatus};
    use crate::ErrorKind;

    #[test]
    fn the_query_is_exact() {
        let query = ServerQuery::new().with_name("a.b-1").with_tag("x=1").with_tag("y");
        let request = query.request();
        let pairs: Vec<_> = request.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(pairs, [r"name=^a\.b-1$", "tags=x=1,y"]);
    }

    #[test]
    fn a_failed_server_tells_why() {
        let text = r#"{"id": "7", "name": "cp-1", "status": "ERROR", "image": "", "flavor": {"id": "f"},
            "config_drive": "", "addresses": {}, "OS-EXT-STS:task_state": null,
            "fault": {"code": 500, "created": "", "message": "No valid host\nwas found"}}"#;
        let server: Server = serde_json::from_str(text).unwrap();
        assert_eq!(
            (server.status.clone(), server.image_id(), server.flavor()),
            (ServerStatus::Error, None, Some("f"))
        );
        let error = server.fault_error();
        assert!(matches!(error.kind(), ErrorKind::ServerFault { code: 500, .. }));
        assert!(error.to_string().contains("cp-1 (7) failed with 500: No valid host was found"), "{error}");
    }
}
