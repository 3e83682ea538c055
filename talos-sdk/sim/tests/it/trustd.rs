//! Workers are given their certificates by trustd.

use talos_pki::{CertificateRequest, PrivateKey, RequestOptions, Usage};
use talos_proto::securityapi::security_service_client::SecurityServiceClient;
use talos_proto::securityapi::{CertificateRequest as Request, CertificateResponse as Reply};
use talos_sim::{Fault, FaultRule, NodeOptions, Role, SimulationOptions, Stage};
use tonic::{Code, Status};

use crate::harness::{TestCluster, bootstrap, channel_to, configs, eventually, secrets, soon, tls, with};

async fn ask(node: &talos_sim::SimNode, token: Option<&str>, csr: &[u8]) -> Result<Reply, Status> {
    let root = secrets().os_ca().unwrap().certificate;
    let channel = channel_to(node.address(), 50_001, tls(None, Some(&root))).await.unwrap();
    let metadata: Vec<_> = token.into_iter().map(|token| ("token", token)).collect();
    let request = with(Request { csr: csr.to_vec().into() }, &metadata);
    Ok(SecurityServiceClient::new(channel).certificate(request).await?.into_inner())
}

fn token() -> String {
    secrets().trustdinfo.token.expose().to_owned()
}

#[tokio::test]
async fn it_signs_for_servers_and_for_nobody_else() {
    let cluster = TestCluster::bootstrapped(1, 0).await;
    let node = &cluster.control_planes[0];
    let key = PrivateKey::generate(talos_pki::Algorithm::Ed25519).unwrap();
    let options = RequestOptions::default()
        .with_roles([Role::Admin])
        .with_common_name("thief")
        .with_ip_addresses(["127.9.9.9".parse().unwrap()]);
    let csr = CertificateRequest::new(&options, &key).unwrap().to_pem();

    let reply = ask(node, Some(&token()), csr.as_bytes()).await.unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let certificate = talos_pki::Certificate::from_pem(&text(&reply.crt)).unwrap();
    let authority = secrets().os_ca().unwrap().certificate;
    certificate.check_issuer(&authority).unwrap();
    assert_eq!(certificate.usages(), [Usage::Server]);
    assert!(certificate.roles().is_empty() && certificate.organizations().is_empty());
    assert_eq!(certificate.common_name(), Some("thief"));
    assert_eq!(certificate.ip_addresses(), ["127.9.9.9".parse::<std::net::IpAddr>().unwrap()]);
    assert_eq!(certificate.public_key_spki(), key.public_key_spki());
    assert_eq!(text(&reply.ca), authority.to_pem());

    for (token, csr, code) in [
        (None, csr.as_bytes(), Code::Unauthenticated),
        (Some("wrong.token"), csr.as_bytes(), Code::Unauthenticated),
        (Some(&*token()), b"no request", Code::InvalidArgument),
    ] {
        assert_eq!(ask(node, token, csr).await.unwrap_err().code(), code);
    }
    assert!(cluster.simulation.calls().iter().all(|call| call.method() != "Certificate"));
}

#[tokio::test]
async fn a_worker_asks_until_it_has_its_certificate() {
    let cluster = TestCluster::new(SimulationOptions::default(), 1, 1);
    let faults = cluster.simulation.faults();
    faults.fail("Certificate", Code::Unavailable, 1);
    faults.add(FaultRule::new("Certificate", Fault::DropConnection));
    faults.add(FaultRule::new("Certificate", Fault::FailAfter(Code::Internal)));
    // A rule for any call is not used up by what machines ask of each other.
    faults.add(FaultRule::any(Fault::Fail(Code::DataLoss)).on_node(cluster.control_planes[0].address()));
    let worker = &cluster.workers[0];
    eventually(|| async { (faults.pending() == 1).then_some(()) }).await;
    faults.clear();
    bootstrap(cluster.control_planes[0].address()).await;
    soon(worker.wait_until_ready()).await;
    let certificate_of = worker.fingerprint().unwrap();
    assert!(worker.console().contains("no certificate: trustd of"));

    // Another token is refused, and the machine says so.
    let network = cluster.control_planes[0].address();
    let (_, config) = configs(network, &[]);
    let stranger = config.replace(&token(), "aaaaaa.aaaaaaaaaaaaaaaa");
    assert_ne!(stranger, config);
    let options = NodeOptions::default().with_name("stranger").with_user_data(stranger).with_installed(true);
    let stranger = cluster.simulation.add_node(options).unwrap();
    eventually(|| async { stranger.console().contains("not the machine token").then_some(()) }).await;
    assert_eq!(stranger.stage(), Stage::Booting);
    assert_eq!(stranger.fingerprint(), None);
    assert_eq!(worker.fingerprint(), Some(certificate_of));

    // Nobody can sign while the control plane is off.
    cluster.control_planes[0].power_off();
    worker.restart();
    eventually(|| async {
        worker.console().matches("waiting for a control plane").count().gt(&0).then_some(())
    })
    .await;
    cluster.control_planes[0].power_on();
    soon(worker.wait_until_ready()).await;
    assert_ne!(worker.fingerprint(), Some(certificate_of));
}
