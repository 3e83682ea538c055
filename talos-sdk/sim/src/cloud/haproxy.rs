//! Reading the part of an HAProxy configuration that says what is forwarded where.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

/// A port, and where its connections go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Service {
    pub(super) port: u16,
    /// The address it is bound to, if it is not bound to all.
    pub(super) address: Option<IpAddr>,
    pub(super) servers: Vec<SocketAddr>,
}

/// Reads the `frontend`, `listen` and `backend` sections. Everything else is ignored.
pub(super) fn parse(text: &str) -> Result<Vec<Service>, String> {
    let mut frontends: Vec<(Vec<Bind>, String)> = Vec::new();
    let mut backends: BTreeMap<String, Vec<SocketAddr>> = BTreeMap::new();
    let mut section = Section::Other;
    for (index, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default();
        let words: Vec<&str> = line.split_whitespace().collect();
        let fail = |why: &str| format!("line {}: {why}", index + 1);
        let need =
            |at: usize, what: &str| words.get(at).copied().ok_or_else(|| fail(&format!("{what} is missing")));
        match words.first().copied() {
            Some("frontend" | "listen") => {
                let name = need(1, "a name")?;
                frontends.push((Vec::new(), name.to_owned()));
                section =
                    if words[0] == "listen" { Section::Listen(name.to_owned()) } else { Section::Frontend };
                if let Section::Listen(name) = &section {
                    backends.insert(name.clone(), Vec::new());
                }
            }
            Some("backend") => {
                let name = need(1, "a name")?;
                backends.insert(name.to_owned(), Vec::new());
                section = Section::Backend(name.to_owned());
            }
            Some("global" | "defaults" | "resolvers" | "userlist" | "peers") => section = Section::Other,
            Some("bind") => {
                let Some((binds, _)) = frontends.last_mut() else {
                    return Err(fail("bind outside of a frontend"));
                };
                let at =
                    bind(need(1, "an address")?).ok_or_else(|| fail("the address to bind cannot be read"))?;
                binds.push(at);
            }
            Some("default_backend" | "use_backend") => {
                let name = need(1, "a backend")?.to_owned();
                let Some((_, backend)) = frontends.last_mut() else { return Err(fail("no frontend before")) };
                *backend = name;
            }
            Some("server") => {
                let (Section::Backend(name) | Section::Listen(name)) = &section else {
                    return Err(fail("server outside of a backend"));
                };
                let address = need(2, "an address")?;
                let address = address.parse().map_err(|_| fail(&format!("{address} is not address:port")))?;
                backends.entry(name.clone()).or_default().push(address);
            }
            _ => {}
        }
    }
    let mut services = Vec::new();
    for (binds, backend) in frontends {
        let servers = backends.get(&backend).ok_or_else(|| format!("there is no backend {backend}"))?;
        for (address, port) in binds {
            services.push(Service { port, address, servers: servers.clone() });
        }
    }
    Ok(services)
}

/// An address, unless it is all of them, and a port.
type Bind = (Option<IpAddr>, u16);

enum Section {
    Other,
    Frontend,
    Listen(String),
    Backend(String),
}

/// Reads `*:6443`, `:6443`, `[::]:6443`, `10.0.0.1:6443`.
fn bind(text: &str) -> Option<Bind> {
    let (host, port) = text.rsplit_once(':')?;
    let port = port.parse().ok()?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    if matches!(host, "" | "*" | "0.0.0.0" | "::") {
        return Some((None, port));
    }
    Some((Some(host.parse().ok()?), port))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn frontends_and_backends() {
        let text = "global\n    maxconn 10\ndefaults\n    mode tcp\n\nfrontend talos # the API\n    bind [::]:50000 v4v6\n    \
                    default_backend talos\n\nbackend talos\n    balance leastconn\n    server a 127.1.2.3:50000 check\n    \
                    server b [::1]:50000 check\nlisten k8s\n  bind 127.0.0.1:6443\n  server a 127.1.2.3:6443\n";
        let services = parse(text).unwrap();
        assert_eq!(services.len(), 2);
        assert_eq!((services[0].port, services[0].address, services[0].servers.len()), (50000, None, 2));
        assert_eq!(services[1].address, Some("127.0.0.1".parse().unwrap()));
        assert_eq!(services[1].servers, ["127.1.2.3:6443".parse().unwrap()]);
    }

    #[test]
    fn errors_name_the_line() {
        for (text, part) in [
            ("frontend", "line 1"),
            ("bind *:1", "outside"),
            ("frontend a\n  bind x", "line 2"),
            ("frontend a\n  bind *:1\n  default_backend b", "no backend b"),
            ("backend a\n  server b host", "line 2"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(part), "{text:?}: {error}");
        }
    }
}
