//! Proxies between us and the endpoints: which one, and how it is asked for a connection.

use std::fmt;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::ServerName;
use talos_pki::{Certificate, Clock, SecretString};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsConnector;

use crate::connect::explain;
use crate::dial::{self, BoxIo};
use crate::no_proxy::NoProxy;
use crate::{Endpoint, Error, ErrorKind, Result, endpoint, tls};

/// The head of the answer to CONNECT may not be longer.
const LONGEST_HEAD: usize = 16 << 10;

/// Which connections of a client go through a proxy.
pub(crate) struct Proxies {
    choice: Choice,
    /// Who may issue the certificate of a proxy that speaks TLS; nobody stands for the authorities of the system.
    authorities: Vec<Certificate>,
    clock: Arc<dyn Clock>,
}

enum Choice {
    Direct,
    Always(Proxy),
    /// By the variables of the environment, read at every connection as Go does.
    Environment,
}

#[derive(Clone)]
pub(crate) struct Proxy {
    kind: Kind,
    host: String,
    port: u16,
    credentials: Option<(String, SecretString)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Http,
    Https,
    Socks5,
}

impl Proxies {
    /// `url` as the `proxy-url` of a context: empty for the environment, `direct` for none.
    pub(crate) fn new(
        url: Option<&str>,
        authorities: Vec<Certificate>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self> {
        let choice = match url {
            None | Some("") => Choice::Environment,
            Some("direct") => Choice::Direct,
            Some(url) => Choice::Always(Proxy::parse(url).ok_or_else(|| {
                // It may hold a password, so it is not shown.
                Error::new(
                    ErrorKind::InvalidConfiguration,
                    "`proxy-url` can't be used: write `direct`, or socks5://, http:// or https:// with host and port",
                )
            })?),
        };
        Ok(Self { choice, authorities, clock })
    }

    /// The proxy for an endpoint.
    pub(crate) fn find(&self, endpoint: &Endpoint) -> Result<Option<Proxy>> {
        match &self.choice {
            Choice::Direct => Ok(None),
            Choice::Always(proxy) => Ok(Some(proxy.clone())),
            Choice::Environment => from_environment(endpoint, |name| std::env::var(name).ok()),
        }
    }

    /// A connection to the endpoint, made by the proxy.
    pub(crate) async fn connect(&self, proxy: &Proxy, endpoint: &Endpoint) -> Result<BoxIo> {
        let stream = dial::tcp(&proxy.host, proxy.port).await.map_err(|error| proxy.at(error))?;
        let mut stream: BoxIo = match proxy.kind {
            Kind::Http | Kind::Socks5 => Box::new(stream),
            Kind::Https => {
                let config = tls::of_proxy(&self.authorities, &self.clock)?;
                let name = ServerName::try_from(proxy.host.clone())
                    .map_err(|error| proxy.failed("its host is no name").with_source(error))?;
                let session = TlsConnector::from(config).connect(name, stream).await;
                Box::new(session.map_err(|error| {
                    proxy.at(explain(error, "closed the connection in the TLS handshake"))
                })?)
            }
        };
        match proxy.kind {
            Kind::Http | Kind::Https => proxy.http_connect(&mut stream, endpoint).await?,
            Kind::Socks5 => proxy.socks(&mut stream, endpoint).await?,
        }
        Ok(stream)
    }
}

/// What the environment says: `HTTPS_PROXY` or, without it, `ALL_PROXY`, but for what `NO_PROXY` excepts.
fn from_environment(endpoint: &Endpoint, lookup: impl Fn(&str) -> Option<String>) -> Result<Option<Proxy>> {
    let get = |name: &str| {
        let lower = name.to_ascii_lowercase();
        [name, &lower].into_iter().find_map(|name| lookup(name).filter(|value| !value.is_empty()))
    };
    let Some((variable, url)) =
        ["HTTPS_PROXY", "ALL_PROXY"].into_iter().find_map(|name| Some((name, get(name)?)))
    else {
        return Ok(None);
    };
    if NoProxy::parse(&get("NO_PROXY").unwrap_or_default()).covers(endpoint.host(), endpoint.port()) {
        return Ok(None);
    }
    let proxy = Proxy::parse(&url).or_else(|| Proxy::parse(&format!("http://{url}")));
    proxy.map(Some).ok_or_else(|| {
        Error::new(
            ErrorKind::InvalidConfiguration,
            format!("the environment variable {variable} is no URL of a proxy: write http://host:port"),
        )
    })
}

impl Proxy {
    fn parse(url: &str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        let (kind, default_port) = match scheme.to_ascii_lowercase().as_str() {
            "http" => (Kind::Http, 80),
            "https" => (Kind::Https, 443),
            "socks5" | "socks5h" => (Kind::Socks5, 1080),
            _ => return None,
        };
        let authority = rest.split(['/', '?', '#']).next()?;
        let (user, authority) = match authority.rsplit_once('@') {
            None => (None, authority),
            Some((user, authority)) => (Some(user), authority),
        };
        let credentials = match user {
            None => None,
            Some(user) => {
                let (name, password) = user.split_once(':').unwrap_or((user, ""));
                Some((percent_decoded(name)?, SecretString::new(percent_decoded(password)?)))
            }
        };
        let (host, port) = endpoint::split(authority)?;
        let port = port.map_or(Some(default_port), |port| port.parse().ok().filter(|port| *port != 0))?;
        (!host.is_empty()).then(|| Self { kind, host: host.to_owned(), port, credentials })
    }

    /// Asks an HTTP proxy for a tunnel.
    async fn http_connect(&self, stream: &mut BoxIo, endpoint: &Endpoint) -> Result<()> {
        let mut request = format!(
            "CONNECT {endpoint} HTTP/1.1\r\nHost: {endpoint}\r\nUser-Agent: talos-sdk/{}\r\n",
            env!("CARGO_PKG_VERSION")
        );
        if let Some((user, password)) = &self.credentials {
            let pair = STANDARD.encode(format!("{user}:{}", password.expose()));
            request.push_str(&format!("Proxy-Authorization: Basic {pair}\r\n"));
        }
        request.push_str("\r\n");
        self.io(stream.write_all(request.as_bytes()).await)?;
        self.io(stream.flush().await)?;

        // Byte by byte, so that nothing of what comes after the head is taken.
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            if head.len() == LONGEST_HEAD {
                return Err(self.failed("what it answers is no HTTP"));
            }
            head.push(self.io(stream.read_u8().await)?);
        }
        let head = String::from_utf8_lossy(&head);
        let mut words = head.split_ascii_whitespace();
        let status = words.next().filter(|word| word.starts_with("HTTP/1.")).and_then(|_| words.next());
        Err(match status.and_then(|status| status.parse::<u16>().ok()) {
            Some(200..=299) => return Ok(()),
            Some(407) => self.failed("it wants other credentials: give user and password in `proxy-url`"),
            Some(status @ (502..=504)) => self.unreachable(&format!("status {status}")),
            Some(status) => self.failed(&format!(
                "it refuses to connect there (status {status}): allow port {}",
                endpoint.port()
            )),
            None => self.failed("what it answers is no HTTP"),
        })
    }

    /// Asks a SOCKS proxy for a connection (RFC 1928, with user and password of RFC 1929). Names are for the proxy to
    /// resolve.
    async fn socks(&self, stream: &mut BoxIo, endpoint: &Endpoint) -> Result<()> {
        let short = |text: &str| -> Result<u8> {
            u8::try_from(text.len())
                .map_err(|_| self.failed("name, user and password may have 255 bytes at most"))
        };
        let offered: &[u8] = if self.credentials.is_some() { &[5, 2, 0, 2] } else { &[5, 1, 0] };
        self.io(stream.write_all(offered).await)?;
        let mut chosen = [0; 2];
        self.io(stream.read_exact(&mut chosen).await)?;
        match (chosen, &self.credentials) {
            ([5, 0], _) => {}
            ([5, 2], Some((user, password))) => {
                let mut request = vec![1, short(user)?];
                request.extend_from_slice(user.as_bytes());
                request.push(short(password.expose())?);
                request.extend_from_slice(password.expose().as_bytes());
                self.io(stream.write_all(&request).await)?;
                let mut verdict = [0; 2];
                self.io(stream.read_exact(&mut verdict).await)?;
                if verdict[1] != 0 {
                    return Err(self.failed("it does not accept user and password of `proxy-url`"));
                }
            }
            ([5, _], _) => {
                return Err(self.failed("it wants other credentials: give user and password in `proxy-url`"));
            }
            _ => return Err(self.failed("it does not speak SOCKS5")),
        }

        let mut request = vec![5, 1, 0];
        match endpoint.host().parse::<IpAddr>() {
            Ok(IpAddr::V4(address)) => {
                request.push(1);
                request.extend_from_slice(&address.octets());
            }
            Ok(IpAddr::V6(address)) => {
                request.push(4);
                request.extend_from_slice(&address.octets());
            }
            Err(_) => {
                request.extend([3, short(endpoint.host())?]);
                request.extend_from_slice(endpoint.host().as_bytes());
            }
        }
        request.extend_from_slice(&endpoint.port().to_be_bytes());
        self.io(stream.write_all(&request).await)?;

        let mut reply = [0; 4];
        self.io(stream.read_exact(&mut reply).await)?;
        match reply[1] {
            0 => {}
            2 => return Err(self.failed("its rules do not allow this connection")),
            3 => return Err(self.unreachable("the network can't be reached")),
            4 => return Err(self.unreachable("the host can't be reached")),
            5 => return Err(self.unreachable("connection refused")),
            6 => return Err(self.unreachable("no answer in time")),
            code => return Err(self.unreachable(&format!("code {code}"))),
        }
        let rest = match reply[3] {
            1 => 4,
            4 => 16,
            3 => usize::from(self.io(stream.read_u8().await)?),
            _ => return Err(self.failed("it does not speak SOCKS5")),
        };
        // The address it is bound to, and the port, mean nothing to us.
        self.io(stream.read_exact(&mut vec![0; rest + 2]).await).map(drop)
    }

    /// The proxy itself does not do what it is there for.
    fn failed(&self, what: &str) -> Error {
        Error::new(ErrorKind::Proxy, format!("the proxy {self} is of no use: {what}"))
    }

    /// The proxy works; the endpoint does not.
    fn unreachable(&self, what: &str) -> Error {
        Error::new(
            ErrorKind::Unavailable,
            format!(
                "the proxy {self} can't connect to the endpoint ({what}): the machine is not up, or out of its reach"
            ),
        )
    }

    /// Says of an error that it is about the proxy.
    fn at(&self, error: Error) -> Error {
        Error::new(error.kind(), format!("the proxy {self}: {}", error.message())).with_source(error)
    }

    fn io<T>(&self, result: io::Result<T>) -> Result<T> {
        result.map_err(|error| {
            self.failed(&format!("the connection broke before it answered ({error})")).with_source(error)
        })
    }
}

/// Without credentials.
impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.kind {
            Kind::Http => "http",
            Kind::Https => "https",
            Kind::Socks5 => "socks5",
        };
        match self.host.contains(':') {
            true => write!(f, "{scheme}://[{}]:{}", self.host, self.port),
            false => write!(f, "{scheme}://{}:{}", self.host, self.port),
        }
    }
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        if *first != b'%' {
            bytes.push(*first);
            rest = tail;
            continue;
        }
        let (digits, tail) = tail.split_at_checked(2)?;
        let digits = std::str::from_utf8(digits).ok().filter(|text| !text.starts_with('+'))?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = tail;
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn urls_of_proxies_are_read_with_their_credentials() {
        for (url, shown, credentials) in [
            ("http://proxy", "http://proxy:80", None),
            ("https://proxy:8443/", "https://proxy:8443", None),
            ("SOCKS5://[fd00::1]", "socks5://[fd00::1]:1080", None),
            ("socks5h://u@proxy:1", "socks5://proxy:1", Some(("u", ""))),
            ("http://a%40b:p%3aw%25@proxy:3128", "http://proxy:3128", Some(("a@b", "p:w%"))),
        ] {
            let proxy = Proxy::parse(url).unwrap();
            assert_eq!(proxy.to_string(), shown);
            let found = proxy.credentials.as_ref().map(|(user, password)| (user.as_str(), password.expose()));
            assert_eq!(found, credentials, "{url}");
        }
        for url in
            ["", "proxy:80", "ftp://proxy", "http://", "http://proxy:0", "http://%zz@proxy", "http://:80"]
        {
            assert!(Proxy::parse(url).is_none(), "{url}");
        }
    }

    #[test]
    fn the_environment_decides_as_in_go() {
        let found = |variables: &[(&str, &str)], endpoint: &str| {
            let variables: Vec<(String, String)> =
                variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            from_environment(&endpoint.parse().unwrap(), |name| {
                variables.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
            })
            .map(|proxy| proxy.map(|proxy| proxy.to_string()))
        };
        let proxy = Some("http://p:1".to_owned());
        assert_eq!(found(&[], "10.0.0.1").unwrap(), None);
        assert_eq!(found(&[("HTTP_PROXY", "http://p:1")], "10.0.0.1").unwrap(), None, "it is not for TLS");
        for (name, value) in [
            ("HTTPS_PROXY", "http://p:1"),
            ("https_proxy", "http://p:1"),
            ("https_proxy", "p:1"),
            ("ALL_PROXY", "p:1"),
        ] {
            assert_eq!(found(&[(name, value)], "10.0.0.1").unwrap(), proxy, "{name}");
            assert_eq!(found(&[(name, value), ("NO_PROXY", "10.0.0.0/8")], "10.0.0.1").unwrap(), None);
            assert_eq!(found(&[(name, value)], "127.0.0.1").unwrap(), None, "never for this machine itself");
        }
        let both = [("HTTPS_PROXY", "p:1"), ("ALL_PROXY", "p:2"), ("HTTPS_PROXY", "p:3")];
        assert_eq!(found(&both, "cp.example.org").unwrap(), proxy);
        let error = found(&[("HTTPS_PROXY", "http://u:secret@")], "10.0.0.1").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfiguration);
        assert!(!error.to_string().contains("secret"));
    }
}
