//! The HAProxy configuration of a cluster's load balancer, as text.

use std::fmt::Write as _;
use std::net::IpAddr;

/// Where an HAProxy listens, and which control planes it forwards to.
///
/// ```
/// use talos_openstack::Haproxy;
///
/// let haproxy = Haproxy::default().with_server("prod-control-plane-1", [10, 0, 0, 11].into());
/// assert!(haproxy.to_config().contains("server prod-control-plane-1 10.0.0.11:6443 check"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Haproxy {
    /// The address to listen on; `None` for every address, IPv6 included.
    pub bind: Option<IpAddr>,
    /// The port for Kubernetes. Default: 6443. The control planes always have it on 6443.
    pub kubernetes_port: u16,
    /// The port for Talos. Default: 50000. The control planes always have it on 50000.
    pub talos_port: u16,
    /// Names and addresses of the control planes, in order.
    pub servers: Vec<(String, IpAddr)>,
}

impl Default for Haproxy {
    fn default() -> Self {
        Self { bind: None, kubernetes_port: 6443, talos_port: 50000, servers: Vec::new() }
    }
}

impl Haproxy {
    /// Listens on this address only.
    #[must_use]
    pub fn with_bind(mut self, address: IpAddr) -> Self {
        self.bind = Some(address);
        self
    }

    /// Listens for Kubernetes on this port.
    #[must_use]
    pub fn with_kubernetes_port(mut self, port: u16) -> Self {
        self.kubernetes_port = port;
        self
    }

    /// Listens for Talos on this port.
    #[must_use]
    pub fn with_talos_port(mut self, port: u16) -> Self {
        self.talos_port = port;
        self
    }

    /// Adds a control plane. Its name must be a DNS name.
    #[must_use]
    pub fn with_server(mut self, name: impl Into<String>, address: IpAddr) -> Self {
        self.servers.push((name.into(), address));
        self
    }

    /// The text of `haproxy.cfg`.
    ///
    /// Both services keep TLS end to end: the balancer forwards bytes and has no key. A control plane counts as up while
    /// its port accepts connections. Watches and logs may be quiet for long, so a connection is only given up after a day.
    #[must_use]
    pub fn to_config(&self) -> String {
        let mut text = String::from(
            "global\n    log stdout format raw local0 info\n    maxconn 8192\n\n\
             defaults\n    mode tcp\n    log global\n    option tcplog\n    option dontlognull\n    option redispatch\n    \
             option clitcpka\n    option srvtcpka\n    retries 3\n    timeout connect 5s\n    timeout check 5s\n    \
             timeout client 24h\n    timeout server 24h\n    timeout client-fin 30s\n    timeout server-fin 30s\n",
        );
        self.service(&mut text, "kubernetes", self.kubernetes_port, 6443);
        self.service(&mut text, "talos", self.talos_port, 50000);
        text
    }

    fn service(&self, text: &mut String, name: &str, listen: u16, port: u16) {
        let bind = match self.bind {
            Some(IpAddr::V4(address)) => format!("{address}:{listen}"),
            Some(IpAddr::V6(address)) => format!("[{address}]:{listen}"),
            None => format!("[::]:{listen} v4v6"),
        };
        // Writing to a String can't fail.
        let _ = write!(
            text,
            "\nfrontend {name}\n    bind {bind}\n    default_backend {name}\n\n\
             backend {name}\n    balance leastconn\n    default-server inter 2s fall 3 rise 2 on-marked-down shutdown-sessions\n",
        );
        for (server, address) in &self.servers {
            let address = match address {
                IpAddr::V4(address) => address.to_string(),
                IpAddr::V6(address) => format!("[{address}]"),
            };
            let _ = writeln!(text, "    server {server} {address}:{port} check");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forwards_both_services_to_every_control_plane() {
        let text = Haproxy::default()
            .with_server("a-control-plane-1", [10, 0, 0, 11].into())
            .with_server("a-control-plane-2", IpAddr::from([0xfd00, 0, 0, 0, 0, 0, 0, 0x12]))
            .to_config();
        for line in [
            "frontend kubernetes",
            "    bind [::]:6443 v4v6",
            "    server a-control-plane-1 10.0.0.11:6443 check",
            "    server a-control-plane-2 [fd00::12]:6443 check",
            "frontend talos",
            "    bind [::]:50000 v4v6",
            "    server a-control-plane-1 10.0.0.11:50000 check",
            "    server a-control-plane-2 [fd00::12]:50000 check",
        ] {
            assert_eq!(text.lines().filter(|found| *found == line).count(), 1, "{line}\n{text}");
        }
        assert!(text.ends_with('\n'));
    }

    #[test]
    fn listens_where_it_is_told() {
        let text = Haproxy::default()
            .with_bind([127, 0, 3, 2].into())
            .with_kubernetes_port(16443)
            .with_talos_port(15000)
            .with_server("a", [127, 0, 3, 11].into())
            .to_config();
        assert!(text.contains("    bind 127.0.3.2:16443\n") && text.contains("    bind 127.0.3.2:15000\n"));
        assert!(text.contains("    server a 127.0.3.11:6443 check\n"));
    }
}
