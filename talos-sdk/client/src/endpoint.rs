//! Where a Talos API listens.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use http::uri::Authority;
use rustls::pki_types::ServerName;

use crate::{Error, ErrorKind, Result};

/// The port of the machine API.
pub const DEFAULT_PORT: u16 = 50000;

/// The address of a Talos API, read as a talosconfig names it.
///
/// | text | host and port |
/// |---|---|
/// | `10.0.0.1`, `cp.example.org` | as written, 50000 |
/// | `10.0.0.1:443`, `cp.example.org:443` | as written |
/// | `fd00::1`, `[fd00::1]` | the address, 50000 |
/// | `[fd00::1]:443` | the address, 443 |
/// | `https://host` | host, **443** |
/// | `https://host:1234`, `grpc://host:1234` | as written |
/// | `grpc://host`, any scheme but https | host, 50000 |
/// | `unix:///run/machined.sock` | a socket of this machine, without TLS |
///
/// But for Unix sockets, TLS is used whatever the scheme says. The certificate of the server is checked against the
/// host.
///
/// ```
/// # use talos_client::Endpoint;
/// # fn main() -> Result<(), talos_client::Error> {
/// let endpoint: Endpoint = "fd00::1".parse()?;
/// assert_eq!((endpoint.host(), endpoint.port()), ("fd00::1", 50000));
/// assert_eq!(endpoint.to_string(), "[fd00::1]:50000");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Endpoint {
    host: String,
    port: u16,
    socket: Option<PathBuf>,
}

impl Endpoint {
    /// The host: an address without brackets, or a name; `localhost` for a Unix socket.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port; zero for a Unix socket.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The path of the Unix socket, for an endpoint that is one.
    #[must_use]
    pub fn unix_socket(&self) -> Option<&Path> {
        self.socket.as_deref()
    }

    /// Host and port as HTTP names them.
    pub(crate) fn authority(&self) -> Result<Authority> {
        if self.socket.is_some() {
            return Ok(Authority::from_static("localhost"));
        }
        let host = self.host_without_zone();
        let text = if host.contains(':') {
            format!("[{host}]:{}", self.port)
        } else {
            format!("{host}:{}", self.port)
        };
        Authority::try_from(text)
            .map_err(|error| invalid(&self.host, "it is neither an address nor a name").with_source(error))
    }

    /// A zone is for this machine alone; no certificate and no request has one.
    fn host_without_zone(&self) -> &str {
        self.host.split('%').next().unwrap_or(&self.host)
    }

    /// The name that the certificate of the server must be for.
    pub(crate) fn server_name(&self) -> Result<ServerName<'static>> {
        let host = self.host_without_zone();
        match host.parse::<IpAddr>() {
            Ok(address) => Ok(ServerName::from(address)),
            Err(_) => ServerName::try_from(host.to_owned()).map_err(|error| {
                invalid(&self.host, "it is neither an address nor a name").with_source(error)
            }),
        }
    }
}

impl FromStr for Endpoint {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        if text.contains('@') {
            return Err(Error::new(
                ErrorKind::InvalidEndpoint,
                "an endpoint can't hold a user name or password: put credentials into `auth` of the context",
            ));
        }
        let trimmed = text.trim();
        // Both `unix:///path` and `unix:/path` are in use; `unix:50000` is a port of a host of that name.
        if let Some(path) = trimmed.strip_prefix("unix:").filter(|path| path.starts_with('/')) {
            let path = path.strip_prefix("//").unwrap_or(path);
            if !path.starts_with('/') {
                return Err(invalid(text, "the path of its socket does not begin with a slash"));
            }
            return Ok(Self { host: "localhost".to_owned(), port: 0, socket: Some(path.into()) });
        }
        let (authority, default_port) = match trimmed.split_once("://") {
            None => (trimmed, DEFAULT_PORT),
            Some((scheme, rest)) => {
                let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
                (authority, if scheme.eq_ignore_ascii_case("https") { 443 } else { DEFAULT_PORT })
            }
        };
        if authority.is_empty() {
            return Err(invalid(text, "it has no host"));
        }

        let (host, port) = split(authority).ok_or_else(|| invalid(text, "its brackets do not match"))?;
        let port = match port {
            None => default_port,
            Some(port) => port
                .parse()
                .ok()
                .filter(|port| *port != 0)
                .ok_or_else(|| invalid(text, "its port is not a number from 1 to 65535"))?,
        };
        let endpoint = Self { host: host.to_owned(), port, socket: None };
        if host.is_empty() {
            return Err(invalid(text, "it has no host"));
        }
        endpoint
            .server_name()
            .map_err(|error| invalid(text, "its host is neither an address nor a name").with_source(error))?;
        Ok(endpoint)
    }
}

/// Host without brackets and port. A text with several colons and no brackets is an IPv6 address.
pub(crate) fn split(authority: &str) -> Option<(&str, Option<&str>)> {
    if let Some(rest) = authority.strip_prefix('[') {
        let (host, rest) = rest.split_once(']')?;
        is_ipv6(host).then_some(())?;
        return match rest {
            "" => Some((host, None)),
            rest => Some((host, Some(rest.strip_prefix(':')?))),
        };
    }
    match authority.split_once(':') {
        None => Some((authority, None)),
        Some((_, port)) if port.contains(':') => is_ipv6(authority).then_some((authority, None)),
        Some((host, port)) => Some((host, Some(port))),
    }
}

fn is_ipv6(host: &str) -> bool {
    host.split('%').next().is_some_and(|address| address.parse::<Ipv6Addr>().is_ok())
}

fn invalid(text: &str, why: &str) -> Error {
    Error::new(
        ErrorKind::InvalidEndpoint,
        format!(
            "{text:?} is not an endpoint, {why}: write an address or a name, with or without a port, such as 10.0.0.1 or cp.example.org:50000"
        ),
    )
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(socket) = &self.socket {
            write!(f, "unix://{}", socket.display())
        } else if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn every_form_that_talosctl_takes() {
        for (text, want) in [
            ("10.0.0.1", "10.0.0.1:50000"),
            ("10.0.0.1:443", "10.0.0.1:443"),
            (" 10.0.0.1 ", "10.0.0.1:50000"),
            ("cp.example.org", "cp.example.org:50000"),
            ("cp.example.org:1", "cp.example.org:1"),
            ("localhost", "localhost:50000"),
            ("fd00::1", "[fd00::1]:50000"),
            ("::1", "[::1]:50000"),
            ("[fd00::1]", "[fd00::1]:50000"),
            ("[fd00::1]:443", "[fd00::1]:443"),
            ("fe80::1%eth0", "[fe80::1%eth0]:50000"),
            ("https://cp.example.org", "cp.example.org:443"),
            ("HTTPS://cp.example.org", "cp.example.org:443"),
            ("https://cp.example.org:50000/some/path", "cp.example.org:50000"),
            ("https://[fd00::1]", "[fd00::1]:443"),
            ("https://[fd00::1]:1234", "[fd00::1]:1234"),
            ("http://10.0.0.1", "10.0.0.1:50000"),
            ("grpc://10.0.0.1", "10.0.0.1:50000"),
            ("grpc://10.0.0.1:1234/", "10.0.0.1:1234"),
            ("unix:///run/machined.sock", "unix:///run/machined.sock"),
            ("unix:/run/machined.sock", "unix:///run/machined.sock"),
            ("unix", "unix:50000"),
            ("unix:50000", "unix:50000"),
        ] {
            assert_eq!(text.parse::<Endpoint>().unwrap().to_string(), want, "{text}");
        }
    }

    #[test]
    fn nonsense_is_refused_with_a_hint() {
        for text in [
            "",
            " ",
            ":50000",
            "https://",
            "10.0.0.1:",
            "10.0.0.1:0",
            "10.0.0.1:70000",
            "10.0.0.1:talos",
            "[::1",
            "[::1]50000",
            "[10.0.0.1]:50000",
            "1:2:3",
            "a b",
            "unix://",
            "unix://run/machined.sock",
            "user:secret@host",
            "https://user:secret@host",
        ] {
            let error = text.parse::<Endpoint>().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidEndpoint, "{text}");
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    }

    #[test]
    fn a_zone_is_not_part_of_the_server_name() {
        let endpoint: Endpoint = "fe80::1%eth0".parse().unwrap();
        assert_eq!(endpoint.server_name().unwrap(), ServerName::from("fe80::1".parse::<IpAddr>().unwrap()));
    }
}
