//! Clusters, and clients made of generated stubs.

use std::future::Future;
use std::net::Ipv4Addr;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper_util::rt::TokioIo;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use talos_machineconfig::{Contract, GenerateOptions, SecretsBundle, generate};
use talos_pki::{Certificate, Identity, LeafOptions, Role, SystemClock, Usage};
use talos_proto::cosi::resource::state_client::StateClient;
use talos_proto::machine::machine_service_client::MachineServiceClient;
use talos_sim::{NodeOptions, SimNode, Simulation, SimulationOptions};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tonic::transport::{Channel, Endpoint, Uri};

/// As long as a test waits for anything: far longer than it takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Waits, but not for ever.
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("this takes far too long")
}

/// Asks again and again until the answer is there.
pub(crate) async fn eventually<T, F: Future<Output = Option<T>>>(mut ask: impl FnMut() -> F) -> T {
    soon(async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
}

/// Secrets are expensive, so all tests share one set.
pub(crate) fn secrets() -> &'static SecretsBundle {
    static SECRETS: OnceLock<SecretsBundle> = OnceLock::new();
    SECRETS.get_or_init(|| SecretsBundle::generate(Contract::V1_9, &SystemClock).unwrap())
}

/// Configurations for a control plane and a worker.
pub(crate) fn configs(endpoint: Ipv4Addr, sans: &[String]) -> (String, String) {
    let options = GenerateOptions::new("test", format!("https://{endpoint}:6443"))
        .with_contract(Contract::V1_9)
        .with_kubernetes_version("1.30.4")
        .with_additional_sans(sans.iter().cloned());
    let made = generate(secrets(), &options, &SystemClock).unwrap();
    let text = |config: &talos_machineconfig::Config| config.to_yaml().unwrap().expose().to_owned();
    (text(&made.control_plane), text(&made.worker))
}

/// A simulation with a cluster in it that nobody has bootstrapped.
pub(crate) struct TestCluster {
    pub(crate) simulation: Simulation,
    pub(crate) control_planes: Vec<SimNode>,
    pub(crate) workers: Vec<SimNode>,
}

impl TestCluster {
    pub(crate) fn new(options: SimulationOptions, control_planes: u8, workers: u8) -> Self {
        let simulation = Simulation::start(options).unwrap();
        let network: Ipv4Addr = simulation.cidr().split('/').next().unwrap().parse().unwrap();
        let host = |number: u8| Ipv4Addr::from(u32::from(network) + u32::from(number));
        let (control_plane, worker) = configs(host(10), &[]);
        let add = |name: String, number: u8, config: &str| {
            let options = NodeOptions::default()
                .with_name(name)
                .with_address(host(number))
                .with_user_data(config.to_owned())
                .with_installed(true);
            simulation.add_node(options).unwrap()
        };
        let control_planes =
            (0..control_planes).map(|n| add(format!("cp-{n}"), 10 + n, &control_plane)).collect();
        let workers = (0..workers).map(|n| add(format!("worker-{n}"), 20 + n, &worker)).collect();
        Self { simulation, control_planes, workers }
    }

    /// Bootstraps the first control plane and waits until every machine is ready.
    pub(crate) async fn bootstrap(&self) {
        bootstrap(self.control_planes[0].address()).await;
        for node in self.control_planes.iter().chain(&self.workers) {
            soon(node.wait_until_ready()).await;
        }
    }

    pub(crate) async fn bootstrapped(control_planes: u8, workers: u8) -> Self {
        let cluster = Self::new(SimulationOptions::default(), control_planes, workers);
        cluster.bootstrap().await;
        cluster
    }
}

/// Bootstraps etcd on a control plane, as soon as it can be.
pub(crate) async fn bootstrap(address: Ipv4Addr) {
    let client = admin(address).await;
    eventually(|| {
        let mut client = client.clone();
        async move { client.bootstrap(talos_proto::machine::BootstrapRequest::default()).await.ok() }
    })
    .await;
}

/// A certificate with these roles.
pub(crate) fn identity(roles: &[Role]) -> Identity {
    let options = LeafOptions::client(roles.iter().copied().collect::<talos_pki::RoleSet>());
    secrets().os_ca().unwrap().issue(&options, &SystemClock).unwrap()
}

/// A certificate of the right authority that may also serve.
pub(crate) fn server_identity() -> Identity {
    let options = LeafOptions::client([Role::Admin]).with_usages([Usage::Client, Usage::Server]);
    secrets().os_ca().unwrap().issue(&options, &SystemClock).unwrap()
}

pub(crate) fn tls(identity: Option<&Identity>, root: Option<&Certificate>) -> ClientConfig {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let builder = match root {
        Some(root) => {
            let mut roots = RootCertStore::empty();
            roots.add(root.to_rustls()).unwrap();
            builder.with_root_certificates(roots)
        }
        None => builder.dangerous().with_custom_certificate_verifier(Arc::new(Anybody)),
    };
    let mut config = match identity {
        Some(identity) => {
            let (chain, key) = identity.to_rustls();
            builder.with_client_auth_cert(chain, key).unwrap()
        }
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = vec![b"h2".to_vec()];
    config
}

/// A channel to one address.
pub(crate) async fn channel(
    address: Ipv4Addr,
    config: ClientConfig,
) -> Result<Channel, tonic::transport::Error> {
    channel_to(address, 50_000, config).await
}

/// A channel to one port.
pub(crate) async fn channel_to(
    address: Ipv4Addr,
    port: u16,
    config: ClientConfig,
) -> Result<Channel, tonic::transport::Error> {
    let connector = Connector { address, port, tls: TlsConnector::from(Arc::new(config)) };
    Endpoint::from_static("http://simulated").connect_with_connector(connector).await
}

/// A channel with these roles, as soon as the machine listens.
pub(crate) async fn authenticated(address: Ipv4Addr, roles: &[Role]) -> Channel {
    let root = secrets().os_ca().unwrap().certificate;
    let identity = identity(roles);
    eventually(|| {
        let config = tls(Some(&identity), Some(&root));
        async move { channel(address, config).await.ok() }
    })
    .await
}

/// The machine API with these roles.
pub(crate) async fn client(address: Ipv4Addr, roles: &[Role]) -> MachineServiceClient<Channel> {
    MachineServiceClient::new(authenticated(address, roles).await)
}

pub(crate) async fn admin(address: Ipv4Addr) -> MachineServiceClient<Channel> {
    client(address, &[Role::Admin]).await
}

/// The resource API with these roles.
pub(crate) async fn state(address: Ipv4Addr, roles: &[Role]) -> StateClient<Channel> {
    StateClient::new(authenticated(address, roles).await)
}

/// A channel to a machine in maintenance mode.
pub(crate) async fn insecure_channel(address: Ipv4Addr) -> Channel {
    eventually(|| async move { channel(address, tls(None, None)).await.ok() }).await
}

/// The machine API of a machine in maintenance mode.
pub(crate) async fn insecure(address: Ipv4Addr) -> MachineServiceClient<Channel> {
    MachineServiceClient::new(insecure_channel(address).await)
}

/// All messages of a stream that ends.
pub(crate) async fn all<T>(mut stream: tonic::Streaming<T>) -> Result<Vec<T>, tonic::Status> {
    let mut messages = Vec::new();
    while let Some(message) = soon(stream.message()).await? {
        messages.push(message);
    }
    Ok(messages)
}

/// A request with metadata.
pub(crate) fn with<T>(message: T, metadata: &[(&'static str, &str)]) -> tonic::Request<T> {
    let mut request = tonic::Request::new(message);
    for (name, value) in metadata {
        request.metadata_mut().append(*name, value.parse().unwrap());
    }
    request
}

struct Connector {
    address: Ipv4Addr,
    port: u16,
    tls: TlsConnector,
}

impl tower_service::Service<Uri> for Connector {
    type Response = TokioIo<TlsStream<TcpStream>>;
    type Error = std::io::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let (address, port, tls) = (self.address, self.port, self.tls.clone());
        Box::pin(async move {
            let stream = TcpStream::connect((address, port)).await?;
            // A call is several writes, and none may wait for the other side to acknowledge the one before.
            stream.set_nodelay(true)?;
            Ok(TokioIo::new(tls.connect(ServerName::from(std::net::IpAddr::V4(address)), stream).await?))
        })
    }
}

/// Trusts anybody, as clients of maintenance mode do.
#[derive(Debug)]
struct Anybody;

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        rustls::crypto::aws_lc_rs::default_provider().signature_verification_algorithms.supported_schemes()
    }
}
