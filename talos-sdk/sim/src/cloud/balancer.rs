//! A TCP load balancer that is configured as HAProxy is.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::{Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use tokio::net::{TcpListener, TcpStream};

use super::haproxy;
use super::http::{Body, read, serve, text};
use crate::tasks::Tasks;

/// The port that takes the configuration.
const CONFIG_PORT: u16 = 8404;
const CONFIG_PATH: &str = "/haproxy.cfg";
/// How long a backend may take to accept a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A load balancer on an address of its own.
pub(super) struct Balancer {
    address: Ipv4Addr,
    config: SocketAddr,
    _ports: Arc<Ports>,
}

struct Ports {
    address: Ipv4Addr,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    config: String,
    ports: BTreeMap<u16, Port>,
}

/// One port that is listened on. Its task and connections end with it.
struct Port {
    servers: Arc<Mutex<Vec<SocketAddr>>>,
    _tasks: Tasks,
}

impl Balancer {
    pub(super) async fn start(tasks: &Tasks, address: Ipv4Addr) -> io::Result<Self> {
        let ports = Arc::new(Ports { address, open: Mutex::default() });
        let shared = ports.clone();
        let config = serve(tasks, address, CONFIG_PORT, move |request| {
            let ports = shared.clone();
            async move { ports.answer(request).await }
        });
        Ok(Self { address, config: config.await?, _ports: ports })
    }

    pub(super) fn address(&self) -> Ipv4Addr {
        self.address
    }

    pub(super) fn config_url(&self) -> String {
        format!("http://{}{CONFIG_PATH}", self.config)
    }
}

impl std::fmt::Debug for Balancer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Balancer").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Ports {
    async fn answer(self: &Arc<Self>, request: Request<Incoming>) -> Response<Body> {
        if request.uri().path() != CONFIG_PATH {
            return text(StatusCode::NOT_FOUND, "the configuration is at /haproxy.cfg\n");
        }
        match *request.method() {
            Method::GET => {
                let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
                text(StatusCode::OK, &open.config)
            }
            Method::PUT => {
                let body = match read(request.into_body()).await {
                    Ok(body) => body,
                    Err(refused) => return refused,
                };
                match self.configure(&String::from_utf8_lossy(&body)).await {
                    Ok(()) => text(StatusCode::OK, "ok\n"),
                    Err(error) => text(StatusCode::BAD_REQUEST, &format!("{error}\n")),
                }
            }
            _ => text(StatusCode::METHOD_NOT_ALLOWED, "GET or PUT\n"),
        }
    }

    /// Takes a configuration: ports that stay keep their connections.
    async fn configure(&self, config: &str) -> Result<(), String> {
        let services = haproxy::parse(config)?;
        let wanted: BTreeMap<u16, Vec<SocketAddr>> = services
            .into_iter()
            .filter(|service| service.address.is_none_or(|address| address == self.address))
            .map(|service| (service.port, service.servers))
            .collect();
        let mut fresh = Vec::new();
        for (port, servers) in &wanted {
            let known = self.open.lock().unwrap_or_else(PoisonError::into_inner).ports.contains_key(port);
            if !known {
                let listener = TcpListener::bind((self.address, *port)).await;
                let listener = listener.map_err(|error| format!("cannot listen on port {port}: {error}"))?;
                fresh.push((*port, listen(listener, servers.clone())));
            }
        }
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.config = config.to_owned();
        open.ports.retain(|port, _| wanted.contains_key(port));
        for (port, servers) in wanted {
            if let Some(port) = open.ports.get(&port) {
                *port.servers.lock().unwrap_or_else(PoisonError::into_inner) = servers;
            }
        }
        open.ports.extend(fresh);
        Ok(())
    }
}

fn listen(listener: TcpListener, servers: Vec<SocketAddr>) -> Port {
    let servers = Arc::new(Mutex::new(servers));
    let tasks = Tasks::default();
    let (shared, spawner) = (servers.clone(), tasks.spawner());
    let turn = Arc::new(AtomicUsize::new(0));
    tasks.spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let servers = shared.lock().unwrap_or_else(PoisonError::into_inner).clone();
            spawner.spawn(forward(client, servers, turn.fetch_add(1, Ordering::Relaxed)));
        }
    });
    Port { servers, _tasks: tasks }
}

/// Connects a client to the first of the servers that accepts, beginning with the one whose turn it is.
async fn forward(mut client: TcpStream, servers: Vec<SocketAddr>, turn: usize) {
    for offset in 0..servers.len() {
        let Some(server) = servers.get((turn + offset) % servers.len()) else { return };
        if let Ok(Ok(mut backend)) = tokio::time::timeout(CONNECT_TIMEOUT, TcpStream::connect(server)).await {
            // Small messages must not wait for more.
            let _ = (client.set_nodelay(true), backend.set_nodelay(true));
            // Either side may end the connection at any time.
            let _ = tokio::io::copy_bidirectional(&mut client, &mut backend).await;
            return;
        }
    }
}
