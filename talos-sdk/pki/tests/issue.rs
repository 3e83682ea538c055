//! What is issued, judged by rustls (webpki) in real handshakes, and by openssl where it is installed.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test may panic"
)]

use std::fs;
use std::net::IpAddr;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustls::pki_types::ServerName;
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection};
use talos_pki::{
    Algorithm, CaOptions, Certificate, CertificateAuthority, CertificateRequest, ErrorKind, FixedClock,
    Identity, LeafOptions, PrivateKey, RequestOptions, Role, SeededRandom, SignOptions, SystemClock, Usage,
};

fn ca(algorithm: Algorithm) -> CertificateAuthority {
    CertificateAuthority::generate(&CaOptions::new("talos").with_algorithm(algorithm), &SystemClock).unwrap()
}

fn server(ca: &CertificateAuthority) -> Identity {
    let options = LeafOptions::server()
        .with_common_name("node-1.example.org")
        .with_dns_names(["node-1", "node-1.example.org"])
        .with_ip_addresses(["10.5.0.2".parse().unwrap(), "fd00::2".parse().unwrap()]);
    ca.issue(&options, &SystemClock).unwrap()
}

fn roots(ca: &CertificateAuthority) -> Arc<RootCertStore> {
    let mut roots = RootCertStore::empty();
    roots.add(ca.certificate.to_rustls()).unwrap();
    Arc::new(roots)
}

/// A TLS 1.3 handshake in memory with certificates on both sides. Returns what failed.
fn handshake(
    ca: &CertificateAuthority,
    server: &Identity,
    client: &Identity,
    name: &str,
) -> Result<(), String> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(roots(ca), provider.clone()).build().unwrap();
    let (chain, key) = server.to_rustls();
    let server_config = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain, key)
        .unwrap();
    let (chain, key) = client.to_rustls();
    let client_config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots(ca))
        .with_client_auth_cert(chain, key)
        .unwrap();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let mut client = ClientConnection::new(Arc::new(client_config), name).unwrap();
    let mut server = ServerConnection::new(Arc::new(server_config)).unwrap();
    while client.is_handshaking() || server.is_handshaking() {
        let mut wire = Vec::new();
        client.write_tls(&mut wire).unwrap();
        server.read_tls(&mut wire.as_slice()).unwrap();
        server.process_new_packets().map_err(|error| format!("server: {error}"))?;
        let mut wire = Vec::new();
        server.write_tls(&mut wire).unwrap();
        client.read_tls(&mut wire.as_slice()).unwrap();
        client.process_new_packets().map_err(|error| format!("client: {error}"))?;
    }
    Ok(())
}

#[test]
fn both_sides_of_a_handshake_accept_what_is_issued() {
    for algorithm in [Algorithm::Ed25519, Algorithm::EcdsaP256, Algorithm::EcdsaP384, Algorithm::Rsa2048] {
        let ca = ca(algorithm);
        let server = server(&ca);
        for roles in [vec![Role::Admin], vec![Role::Reader, Role::Operator, Role::Admin]] {
            let roles: talos_pki::RoleSet = roles.into_iter().collect();
            let client = ca.issue(&LeafOptions::client(roles.clone()), &SystemClock).unwrap();
            assert_eq!(client.certificate.roles(), roles);
            for name in ["node-1", "node-1.example.org", "10.5.0.2", "fd00::2"] {
                handshake(&ca, &server, &client, name)
                    .unwrap_or_else(|error| panic!("{algorithm:?} {name}: {error}"));
            }
        }
    }
}

#[test]
fn a_handshake_refuses_the_wrong_use_name_and_authority() {
    let ca = ca(Algorithm::Ed25519);
    let server = server(&ca);
    let client = ca.issue(&LeafOptions::client(Role::Admin), &SystemClock).unwrap();
    assert!(handshake(&ca, &server, &client, "node-2").unwrap_err().starts_with("client: "));
    assert!(
        handshake(&ca, &client, &client, "node-1").unwrap_err().starts_with("client: "),
        "client as server"
    );
    assert!(
        handshake(&ca, &server, &server, "node-1").unwrap_err().starts_with("server: "),
        "server as client"
    );
    let other = self::ca(Algorithm::Ed25519);
    let stranger = other.issue(&LeafOptions::client(Role::Admin), &SystemClock).unwrap();
    assert!(handshake(&ca, &server, &stranger, "node-1").unwrap_err().starts_with("server: "));
    let then = FixedClock(SystemTime::now() - Duration::from_secs(3 * 24 * 3600));
    let expired =
        ca.issue(&LeafOptions::client(Role::Admin).with_validity(Duration::from_secs(3600)), &then).unwrap();
    assert!(handshake(&ca, &server, &expired, "node-1").unwrap_err().contains("xpired"));
}

#[test]
fn signed_requests_work_as_issued_certificates_do() {
    let ca = ca(Algorithm::Ed25519);
    let address: IpAddr = "10.5.0.2".parse().unwrap();
    for algorithm in [Algorithm::Ed25519, Algorithm::EcdsaP256, Algorithm::Rsa2048] {
        let key = PrivateKey::generate(algorithm).unwrap();
        let wish = RequestOptions::default()
            .with_roles([Role::Admin, Role::Reader])
            .with_common_name("node-1")
            .with_dns_names(["node-1"])
            .with_ip_addresses([address]);
        let request = CertificateRequest::new(&wish, &key).unwrap();
        let request = CertificateRequest::from_pem(&request.to_pem()).unwrap();
        assert_eq!(request.organizations(), ["os:admin", "os:reader"]);
        assert_eq!(request.ip_addresses(), [address]);
        assert_eq!(request.fingerprint(), key.fingerprint());

        let certificate = ca.sign_request(&request, &SignOptions::server(), &SystemClock).unwrap();
        assert_eq!(certificate.organizations(), [""; 0], "a server gets no roles");
        assert_eq!(certificate.common_name(), Some("node-1"));
        let server = Identity::from_pem(&certificate.to_pem(), key.to_pem().expose()).unwrap();

        let certificate = ca.sign_request(&request, &SignOptions::client(), &SystemClock).unwrap();
        assert_eq!(certificate.roles(), [Role::Admin, Role::Reader].into());
        let client = Identity::from_pem(&certificate.to_pem(), key.to_pem().expose()).unwrap();
        handshake(&ca, &server, &client, "10.5.0.2").unwrap();
    }
}

#[test]
fn a_request_with_a_forged_signature_is_refused() {
    let key = PrivateKey::generate(Algorithm::Ed25519).unwrap();
    let request = CertificateRequest::new(&RequestOptions::default().with_roles(Role::Admin), &key).unwrap();
    let mut der = request.der().to_vec();
    *der.last_mut().unwrap() ^= 1;
    assert_eq!(CertificateRequest::from_der(&der).unwrap_err().kind(), ErrorKind::Request);
}

#[test]
fn a_seed_gives_the_same_authority_and_the_same_certificates() {
    let clock = FixedClock(SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000));
    let make = |seed| {
        let random = SeededRandom::new(seed);
        let ca = CertificateAuthority::generate_with(&CaOptions::new("talos"), &clock, &random).unwrap();
        let leaf = ca.issue_with(&LeafOptions::client(Role::Reader), &clock, &random).unwrap();
        (ca.certificate, leaf.certificate, leaf.key.to_pem())
    };
    assert_eq!(make(1), make(1));
    assert_ne!(make(1).0, make(2).0);
    let (ca, leaf, _) = make(3);
    assert_ne!(ca.public_key_spki(), leaf.public_key_spki());
}

#[test]
fn years_after_2049_are_kept() {
    let ca = ca(Algorithm::Ed25519);
    // Both writers: one role, and two.
    for roles in [vec![Role::Admin], vec![Role::Admin, Role::Reader]] {
        let roles: talos_pki::RoleSet = roles.into_iter().collect();
        let clock = FixedClock(SystemTime::UNIX_EPOCH + Duration::from_millis(2_524_607_999_900));
        let options = LeafOptions::client(roles).with_validity(Duration::from_secs(2));
        let leaf = ca.issue(&options, &clock).unwrap().certificate;
        let second = SystemTime::UNIX_EPOCH + Duration::from_secs(2_524_607_999);
        assert_eq!((leaf.not_before(), leaf.not_after()), (second, second + Duration::from_secs(2)));
        let text = String::from_utf8_lossy(leaf.der()).into_owned();
        assert!(text.contains("\x17\x0d491231235959Z\x18\x0f20500101000001Z"));
    }
    let forever = LeafOptions::client(Role::Admin).with_validity(Duration::MAX);
    assert_eq!(ca.issue(&forever, &SystemClock).unwrap_err().kind(), ErrorKind::Options);
    let long = LeafOptions::client(Role::Admin).with_validity(Duration::from_secs(400_000_000_000));
    assert_eq!(ca.issue(&long, &SystemClock).unwrap_err().kind(), ErrorKind::Options);
}

#[test]
fn an_authority_must_be_one_and_own_its_key() {
    let ca = ca(Algorithm::Ed25519);
    let leaf = ca.issue(&LeafOptions::client(Role::Admin), &SystemClock).unwrap();
    let load = |certificate: &Certificate, key: &PrivateKey| {
        CertificateAuthority::from_pem(&certificate.to_pem(), key.to_pem().expose())
            .map_err(|error| error.kind())
    };
    assert_eq!(load(&ca.certificate, &leaf.key).unwrap_err(), ErrorKind::KeyMismatch);
    assert_eq!(load(&leaf.certificate, &leaf.key).unwrap_err(), ErrorKind::NotAnAuthority);
    assert!(load(&ca.certificate, &ca.key).is_ok());
}

#[test]
fn a_name_that_no_certificate_can_hold_is_refused() {
    let ca = ca(Algorithm::Ed25519);
    let options = LeafOptions::server().with_dns_names(["müller.example"]);
    assert_eq!(ca.issue(&options, &SystemClock).unwrap_err().kind(), ErrorKind::Options);
}

/// Runs openssl in `folder`; nothing where it is not installed.
fn openssl(folder: &std::path::Path, arguments: &[&str]) -> Option<String> {
    let Ok(output) = Command::new("openssl").args(arguments).current_dir(folder).output() else {
        eprintln!("skipped: openssl is not installed");
        return None;
    };
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "openssl {arguments:?}: {errors}");
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn openssl_accepts_and_shows_what_is_issued() {
    for algorithm in [Algorithm::Ed25519, Algorithm::EcdsaP256, Algorithm::Rsa2048] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        let ca = ca(algorithm);
        let client = ca.issue(&LeafOptions::client([Role::Admin, Role::Reader]), &SystemClock).unwrap();
        fs::write(path.join("ca.crt"), ca.certificate.to_pem()).unwrap();
        fs::write(path.join("client.crt"), client.certificates_to_pem()).unwrap();
        fs::write(path.join("server.crt"), server(&ca).certificates_to_pem()).unwrap();
        let verify = ["verify", "-x509_strict", "-CAfile", "ca.crt", "-purpose"];
        for (purpose, file) in [("sslclient", "client.crt"), ("sslserver", "server.crt")] {
            let Some(_) = openssl(path, &[&verify[..], &[purpose, file]].concat()) else { return };
        }
        let text = openssl(path, &["x509", "-noout", "-text", "-in", "client.crt"]).unwrap();
        assert!(text.contains("Subject: O = os:admin + O = os:reader"), "{text}");
        assert!(text.contains("TLS Web Client Authentication\n"), "{text}");
        let text = openssl(path, &["x509", "-noout", "-text", "-in", "server.crt"]).unwrap();
        assert!(
            text.contains("DNS:node-1, DNS:node-1.example.org, IP Address:10.5.0.2, IP Address:FD00:"),
            "{text}"
        );
    }
}

#[test]
fn keys_and_requests_of_openssl_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    for (kind, option) in
        [("ed25519", ""), ("EC", "ec_paramgen_curve:P-256"), ("RSA", "rsa_keygen_bits:2048")]
    {
        let mut arguments = vec!["genpkey", "-algorithm", kind, "-out", "key.pem"];
        if !option.is_empty() {
            arguments.extend(["-pkeyopt", option]);
        }
        let Some(_) = openssl(path, &arguments) else { return };
        let key = PrivateKey::from_pem(&fs::read_to_string(path.join("key.pem")).unwrap()).unwrap();
        let request =
            ["req", "-new", "-key", "key.pem", "-out", "r.csr", "-subj", "/O=os:reader+O=os:admin/CN=me"];
        openssl(path, &[&request[..], &["-addext", "subjectAltName=IP:10.0.0.9,DNS:a.b"]].concat()).unwrap();
        let request = CertificateRequest::from_pem(&fs::read_to_string(path.join("r.csr")).unwrap()).unwrap();
        assert_eq!(request.fingerprint(), key.fingerprint());
        assert_eq!(request.dns_names(), ["a.b"]);
        let signed =
            ca(Algorithm::Ed25519).sign_request(&request, &SignOptions::client(), &SystemClock).unwrap();
        assert_eq!(signed.subject_der(), request.subject_der());
        assert_eq!(signed.usages(), [Usage::Client]);

        // And the other way round: openssl reads our request and our key.
        let ours = CertificateRequest::new(&RequestOptions::default().with_roles(Role::Admin), &key).unwrap();
        fs::write(path.join("ours.csr"), ours.to_pem()).unwrap();
        openssl(path, &["req", "-verify", "-noout", "-in", "ours.csr"]).unwrap();
        let pem = key.to_pem().expose().replace("ED25519 PRIVATE", "PRIVATE");
        fs::write(path.join("ours.key"), pem).unwrap();
        openssl(path, &["pkey", "-noout", "-in", "ours.key"]).unwrap();
    }
}
