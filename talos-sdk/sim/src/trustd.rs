//! trustd: control planes sign the certificates of workers, for whoever knows the machine token.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderValue, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use prost::Message;
use rustls::pki_types::ServerName;
use talos_pki::{
    Certificate, CertificateRequest, Identity, PrivateKey, RequestOptions, RoleSet, SecretString, SignOptions,
};
use talos_proto::securityapi;
use tokio::sync::Notify;
use tonic::Status;

use crate::cluster::Cluster;
use crate::config::NodeConfig;
use crate::forward;
use crate::grpc::{Answer, Messages, ResponseBody, decode, frame, read_one, timeout};
use crate::identity::{server_names, trustd_client};
use crate::local::{with_fault, within};
use crate::run::Run;
use crate::server::{Connection, bind, serve};

/// The port of trustd.
const PORT: u16 = 50_001;
/// The only method of trustd.
pub(crate) const CERTIFICATE: &str = "/securityapi.SecurityService/Certificate";
/// So long a worker waits for one answer.
const ATTEMPT: Duration = Duration::from_secs(10);

/// Listens on a control plane, and returns as soon as it does.
pub(crate) async fn listen(run: &Arc<Run>) {
    let listener = bind(run.address(), PORT).await;
    let (weak, spawner) = (Arc::downgrade(run), run.tasks.spawner());
    run.tasks.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Some(run) = weak.upgrade() else { return };
            let Some(tls) = run.tls().and_then(|tls| tls.trustd) else { continue };
            let connections = spawner.clone();
            spawner.spawn(async move {
                let connect = |_| Connection { run, roles: RoleSet::default(), cut: Notify::new() };
                serve(stream, tls, connections, connect, handle).await;
            });
        }
    });
}

async fn handle(connection: Arc<Connection>, request: Request<Incoming>) -> Response<ResponseBody> {
    within(timeout(request.headers()), answer(&connection, request)).await
}

async fn answer(connection: &Arc<Connection>, request: Request<Incoming>) -> Result<Answer, Status> {
    let path = request.uri().path();
    if path != CERTIFICATE {
        return Err(Status::unimplemented(format!("trustd has no method {path}")));
    }
    let config = connection.run.config();
    let config = config.ok_or_else(|| Status::unavailable("the machine has no configuration"))?;
    let token = request.headers().get("token");
    match token {
        None => return Err(Status::unauthenticated("the call needs the machine token")),
        Some(token) if token.as_bytes() != config.token.expose().as_bytes() => {
            return Err(Status::unauthenticated("this is not the machine token of the cluster"));
        }
        Some(_) => {}
    }
    let work = async {
        let message = read_one(request.into_body()).await?;
        sign(&connection.run, &config, &decode(message)?)
    };
    with_fault(connection, CERTIFICATE, work).await
}

/// Signs for a server, whatever usage and organization the request asks for.
fn sign(run: &Run, config: &NodeConfig, request: &securityapi::CertificateRequest) -> Result<Answer, Status> {
    let text = std::str::from_utf8(&request.csr).unwrap_or_default();
    let wrong = |error: talos_pki::Error| Status::invalid_argument(format!("the request: {error}"));
    let csr = CertificateRequest::from_pem(text).map_err(wrong)?;
    let authority = config.machine_authority.as_ref();
    let authority = authority.ok_or_else(|| Status::internal("this machine cannot sign"))?;
    let signed = authority
        .sign_request(&csr, &SignOptions::server(), &run.node.world.clock)
        .map_err(|error| Status::internal(format!("cannot sign: {error}")))?;
    let authorities: String =
        std::iter::once(&config.machine_ca).chain(&config.accepted_cas).map(Certificate::to_pem).collect();
    Ok(Answer::one(&securityapi::CertificateResponse {
        ca: authorities.into_bytes().into(),
        crt: signed.to_pem().into_bytes().into(),
    }))
}

/// Why a worker has no certificate yet.
pub(crate) enum Refusal {
    /// Nobody listens.
    Nobody,
    /// Who listens gave none.
    Refused(String),
}

/// Asks the control planes for a certificate, one after the other: that of the configuration's endpoint, and those that
/// the cluster knows.
pub(crate) async fn request(
    run: &Arc<Run>,
    cluster: &Cluster,
    config: &NodeConfig,
    hostname: &str,
) -> Result<Identity, Refusal> {
    let mut targets = cluster.trustd();
    let endpoint = config.endpoint_host.parse().ok().filter(Ipv4Addr::is_loopback);
    targets.extend(endpoint);
    let mut targets: Vec<Ipv4Addr> = targets.into_iter().collect();
    // Many workers share the work among the control planes.
    let first = u32::from(run.address()) as usize % targets.len().max(1);
    targets.rotate_left(first);
    let mut refusal = Refusal::Nobody;
    let refused = |error: talos_pki::Error| Refusal::Refused(error.to_string());
    let mut asked = None;
    for target in targets {
        let (key, csr) = match &asked {
            Some(asked) => asked,
            None => asked.insert(new_request(run, config, hostname).map_err(refused)?),
        };
        let asking = ask(run, config, target, csr);
        let answer = tokio::select! {
            answer = asking => answer,
            () = run.node.world.clock.sleep(ATTEMPT) => Err(Some(Status::deadline_exceeded("no answer"))),
        };
        match answer {
            Ok(certificate) => return Identity::from_pem(&certificate, key.expose()).map_err(refused),
            Err(Some(status)) => {
                refusal = Refusal::Refused(format!("trustd of {target}: {}", status.message()));
            }
            Err(None) => {}
        }
    }
    Err(refusal)
}

/// A new key, and a request for a certificate of it.
fn new_request(
    run: &Run,
    config: &NodeConfig,
    hostname: &str,
) -> Result<(SecretString, CertificateRequest), talos_pki::Error> {
    let (addresses, names) = server_names(config, run.address(), hostname);
    let key = PrivateKey::generate(talos_pki::Algorithm::Ed25519)?;
    let options = RequestOptions::default()
        .with_common_name(hostname)
        .with_dns_names(names)
        .with_ip_addresses(addresses);
    Ok((key.to_pem(), CertificateRequest::new(&options, &key)?))
}

/// Asks one control plane. No status means that nobody listens there.
async fn ask(
    run: &Run,
    config: &NodeConfig,
    target: Ipv4Addr,
    csr: &CertificateRequest,
) -> Result<String, Option<Status>> {
    let internal = |error: &dyn std::fmt::Display| Some(Status::internal(error.to_string()));
    let tls = trustd_client(config, &run.node.world.clock).map_err(|error| internal(&error))?;
    let name = ServerName::from(std::net::IpAddr::V4(target));
    let connected = forward::connect((target, PORT), name, tls, run.tasks.spawner()).await;
    let mut sender = connected.map_err(|error| match error.kind() {
        std::io::ErrorKind::ConnectionRefused => None,
        _ => Some(Status::unavailable(error.to_string())),
    })?;
    let message = securityapi::CertificateRequest { csr: csr.to_pem().into_bytes().into() };
    let body = Full::new(frame(&message.encode_to_vec())).map_err(|never| match never {}).boxed_unsync();
    let mut token = HeaderValue::from_str(config.token.expose()).map_err(|error| internal(&error))?;
    token.set_sensitive(true);
    let request = Request::post(format!("https://{target}:{PORT}{CERTIFICATE}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .header("token", token)
        .body(body)
        .map_err(|error| internal(&error))?;
    let lost = |error: hyper::Error| Some(Status::unavailable(format!("connection lost: {error}")));
    let (parts, body) = sender.send_request(request).await.map_err(lost)?.into_parts();
    let mut messages = Messages::new(body);
    let mut last = None;
    while let Some(message) = messages.next().await.map_err(Some)? {
        last = Some(message);
    }
    let status = messages.status(&parts.headers);
    match last {
        Some(message) if status.code() == tonic::Code::Ok => {
            let reply: securityapi::CertificateResponse = decode(message).map_err(Some)?;
            String::from_utf8(reply.crt.into()).map_err(|error| internal(&error))
        }
        _ => Err(Some(status)),
    }
}
