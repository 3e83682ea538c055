//! Certificates of a machine, and the TLS settings made of them.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::time_provider::TimeProvider;
use rustls::{
    ClientConfig, DigitallySignedStruct, DistinguishedName, RootCertStore, ServerConfig, SignatureScheme,
};
use talos_pki::{
    CaOptions, Certificate, CertificateAuthority, Fingerprint, Identity, LeafOptions, Role, Usage,
};

use crate::clock::Clock;
use crate::config::{NodeConfig, split_sans};
use crate::error::{Error, ErrorKind};

/// What a machine shows to others, and how it checks them.
#[derive(Clone)]
pub(crate) struct NodeTls {
    pub(crate) server: Arc<ServerConfig>,
    /// For calls to other machines; workers have none.
    pub(crate) client: Option<Arc<ClientConfig>>,
    /// Of trustd, which knows its callers by a token; only control planes have it.
    pub(crate) trustd: Option<Arc<ServerConfig>>,
    pub(crate) fingerprint: Fingerprint,
}

impl NodeTls {
    /// A certificate that nobody vouches for, and no check of clients.
    pub(crate) fn maintenance(address: Ipv4Addr, clock: &Arc<dyn Clock>) -> Result<Self, Error> {
        let authority = CertificateAuthority::generate(&CaOptions::new("talos"), clock)?;
        let identity = authority.issue(
            &LeafOptions::server().with_ip_addresses([address.into(), Ipv4Addr::LOCALHOST.into()]),
            clock,
        )?;
        let server = server_config(&identity, None, clock, &[b"h2"])?;
        Ok(Self { server, client: None, trustd: None, fingerprint: identity.certificate.fingerprint() })
    }

    /// The certificate that a control plane issues for itself.
    pub(crate) fn issue(
        config: &NodeConfig,
        authority: &CertificateAuthority,
        address: Ipv4Addr,
        hostname: &str,
        clock: &Arc<dyn Clock>,
    ) -> Result<Identity, Error> {
        let (addresses, names) = server_names(config, address, hostname);
        let options = LeafOptions::server()
            .with_common_name(hostname)
            .with_dns_names(names)
            .with_ip_addresses(addresses);
        Ok(authority.issue(&options, clock)?)
    }

    /// The settings of a machine of the cluster that `config` is for.
    pub(crate) fn of_cluster(
        config: &NodeConfig,
        identity: &Identity,
        clock: &Arc<dyn Clock>,
    ) -> Result<Self, Error> {
        let roots = machine_roots(config);
        let verifier = client_verifier(&roots, true)?;
        let server = server_config(identity, Some(verifier), clock, &[b"h2"])?;
        let (client, trustd) = match &config.machine_authority {
            Some(authority) => {
                let forwarder = authority.issue(&LeafOptions::client([Role::Impersonator]), clock)?;
                let trustd = server_config(identity, None, clock, &[b"h2"])?;
                (Some(client_config(Some(&forwarder), &roots, clock)?), Some(trustd))
            }
            None => (None, None),
        };
        Ok(Self { server, client, trustd, fingerprint: identity.certificate.fingerprint() })
    }
}

/// The authorities of the machine API.
fn machine_roots(config: &NodeConfig) -> Vec<&Certificate> {
    std::iter::once(&config.machine_ca).chain(&config.accepted_cas).collect()
}

/// The TLS settings of a worker that calls trustd: it has no certificate to show yet.
pub(crate) fn trustd_client(config: &NodeConfig, clock: &Arc<dyn Clock>) -> Result<Arc<ClientConfig>, Error> {
    client_config(None, &machine_roots(config), clock)
}

/// The names that a machine's certificate is for.
pub(crate) fn server_names(
    config: &NodeConfig,
    address: Ipv4Addr,
    hostname: &str,
) -> (Vec<IpAddr>, Vec<String>) {
    let (mut addresses, mut names) = split_sans(config.cert_sans.iter().map(String::as_str));
    for own in [Ipv4Addr::LOCALHOST, address] {
        let own = IpAddr::V4(own);
        if !addresses.contains(&own) {
            addresses.insert(0, own);
        }
    }
    if !names.iter().any(|name| name == hostname) {
        names.insert(0, hostname.to_owned());
    }
    (addresses, names)
}

/// The TLS settings of the Kubernetes API on the machine at `address`.
pub(crate) fn kubernetes_tls(
    config: &NodeConfig,
    address: Ipv4Addr,
    hostname: &str,
    clock: &Arc<dyn Clock>,
) -> Result<Arc<ServerConfig>, Error> {
    let authority = config
        .kubernetes_authority
        .as_ref()
        .ok_or_else(|| Error::new(ErrorKind::Options, "the configuration has no authority for Kubernetes"))?;
    let domain = format!("kubernetes.default.svc.{}", config.dns_domain);
    let fixed =
        ["kubernetes", "kubernetes.default", "kubernetes.default.svc", &domain, "localhost", "127.0.0.1"];
    let own = address.to_string();
    let service = config.service_subnets.iter().find_map(|subnet| first_host(subnet));
    let service = service.unwrap_or(Ipv4Addr::new(10, 96, 0, 1)).to_string();
    let names = fixed
        .into_iter()
        .chain([own.as_str(), service.as_str(), hostname, config.endpoint_host.as_str()])
        .chain(config.api_server_sans.iter().map(String::as_str));
    let (addresses, names) = split_sans(names);
    let options = LeafOptions::server()
        .with_organizations(["kube-master"])
        .with_common_name("kube-apiserver")
        .with_dns_names(names)
        .with_ip_addresses(addresses);
    let identity = authority.issue(&options, clock)?;
    let verifier = client_verifier(&[&authority.certificate], false)?;
    server_config(&identity, Some(verifier), clock, &[b"h2", b"http/1.1"])
}

/// The first host address of an IPv4 subnet.
fn first_host(subnet: &str) -> Option<Ipv4Addr> {
    let address: Ipv4Addr = subnet.split('/').next()?.parse().ok()?;
    Some(Ipv4Addr::from(u32::from(address).checked_add(1)?))
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

fn tls_error(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(ErrorKind::Certificate, format!("cannot use a certificate: {error}")).with_source(error)
}

/// Lets rustls see simulated time.
#[derive(Clone)]
struct SimulatedTime(Arc<dyn Clock>);

impl std::fmt::Debug for SimulatedTime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SimulatedTime")
    }
}

impl TimeProvider for SimulatedTime {
    fn current_time(&self) -> Option<UnixTime> {
        self.0.now().duration_since(std::time::UNIX_EPOCH).ok().map(UnixTime::since_unix_epoch)
    }
}

fn server_config(
    identity: &Identity,
    verifier: Option<Arc<dyn ClientCertVerifier>>,
    clock: &Arc<dyn Clock>,
    protocols: &[&[u8]],
) -> Result<Arc<ServerConfig>, Error> {
    let builder = ServerConfig::builder_with_details(provider(), Arc::new(SimulatedTime(clock.clone())))
        .with_safe_default_protocol_versions()
        .map_err(tls_error)?;
    let builder = match verifier {
        Some(verifier) => builder.with_client_cert_verifier(verifier),
        None => builder.with_no_client_auth(),
    };
    let (chain, key) = identity.to_rustls();
    let mut config = builder.with_single_cert(chain, key).map_err(tls_error)?;
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    config.send_tls13_tickets = 0;
    Ok(Arc::new(config))
}

fn client_config(
    identity: Option<&Identity>,
    roots: &[&Certificate],
    clock: &Arc<dyn Clock>,
) -> Result<Arc<ClientConfig>, Error> {
    let builder = ClientConfig::builder_with_details(provider(), Arc::new(SimulatedTime(clock.clone())))
        .with_safe_default_protocol_versions()
        .map_err(tls_error)?
        .with_root_certificates(root_store(roots)?);
    let mut config = match identity {
        Some(identity) => {
            let (chain, key) = identity.to_rustls();
            builder.with_client_auth_cert(chain, key).map_err(tls_error)?
        }
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(Arc::new(config))
}

fn root_store(roots: &[&Certificate]) -> Result<RootCertStore, Error> {
    let mut store = RootCertStore::empty();
    for root in roots {
        store.add(root.to_rustls()).map_err(tls_error)?;
    }
    Ok(store)
}

fn client_verifier(roots: &[&Certificate], required: bool) -> Result<Arc<dyn ClientCertVerifier>, Error> {
    let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(root_store(roots)?), provider());
    if required {
        let inner = builder.build().map_err(tls_error)?;
        return Ok(Arc::new(OnlyClients(inner)));
    }
    builder.allow_unauthenticated().build().map_err(tls_error)
}

/// Takes certificates that are for clients and for nothing else, as the machine API does.
#[derive(Debug)]
struct OnlyClients(Arc<dyn ClientCertVerifier>);

impl ClientCertVerifier for OnlyClients {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.0.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        let verified = self.0.verify_client_cert(leaf, intermediates, now)?;
        let usages = Certificate::from_der(leaf).map(|certificate| certificate.usages() == [Usage::Client]);
        match usages {
            Ok(true) => Ok(verified),
            _ => Err(rustls::CertificateError::InvalidPurpose.into()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}
