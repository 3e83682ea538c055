//! Keys and certificates recorded from Go: read, written again byte for byte, and made again byte for byte from the same
//! inputs. Provenance: `data/README.md`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

use std::time::{Duration, SystemTime};

use talos_pki::{
    Algorithm, CaOptions, Certificate, CertificateAuthority, CertificateRequest, FixedClock, Identity,
    LeafOptions, PrivateKey, Random, RequestOptions, Result, Role, Usage,
};

macro_rules! recorded {
    ($name:literal) => {
        include_str!(concat!("data/", $name))
    };
}

/// 2026-11-22T12:00:00Z, the fixed time of the recording.
fn recording() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_348_800)
}

/// Hands out what the recorded certificate holds where Go drew random bytes.
struct Replay<'a>(&'a Certificate);

impl Random for Replay<'_> {
    fn fill(&self, out: &mut [u8]) -> Result<()> {
        let recorded = match out.len() {
            20 => self.0.subject_key_id().unwrap(),
            16 => self.0.serial(),
            other => panic!("nobody asks for {other} bytes"),
        };
        // The serial as a DER integer may be longer (sign byte) or shorter.
        let skip = recorded.len().saturating_sub(out.len());
        let recorded = &recorded[skip..];
        let start = out.len() - recorded.len();
        out[..start].fill(0);
        out[start..].copy_from_slice(recorded);
        Ok(())
    }
}

/// The signed part, which alone can be compared where signatures are random.
fn signed_part(der: &[u8]) -> &[u8] {
    // Both sequences have lengths of two bytes.
    assert_eq!((der[1], der[5]), (0x82, 0x82), "long form");
    let length = usize::from(der[6]) << 8 | usize::from(der[7]);
    &der[4..8 + length]
}

fn remake(certificate: &Certificate, key: &PrivateKey) -> CertificateAuthority {
    let mut options = CaOptions::default().with_key(key.clone());
    options.organizations = certificate.organizations().to_vec();
    CertificateAuthority::generate_with(&options, &FixedClock(recording()), &Replay(certificate)).unwrap()
}

#[test]
fn keys_are_written_as_they_were_read() {
    let keys = [
        (recorded!("os.key"), Algorithm::Ed25519),
        (recorded!("admin.key"), Algorithm::Ed25519),
        (recorded!("three-roles.key"), Algorithm::Ed25519),
        (recorded!("etcd.key"), Algorithm::EcdsaP256),
        (recorded!("k8s.key"), Algorithm::EcdsaP256),
        (recorded!("k8saggregator.key"), Algorithm::EcdsaP256),
        (recorded!("k8sserviceaccount-1.6.key"), Algorithm::EcdsaP256),
        (recorded!("k8sserviceaccount.key"), Algorithm::Rsa4096),
    ];
    for (pem, algorithm) in keys {
        let key = PrivateKey::from_pem(pem).unwrap();
        assert_eq!(key.algorithm(), algorithm);
        assert_eq!(key.to_pem().expose(), pem);
    }
}

#[test]
fn pkcs8_of_every_kind_is_read() {
    let pairs = [
        (recorded!("os.pkcs8.key"), recorded!("os.key")),
        (recorded!("k8s.pkcs8.key"), recorded!("k8s.key")),
        (recorded!("k8sserviceaccount.pkcs8.key"), recorded!("k8sserviceaccount.key")),
    ];
    for (pkcs8, talos) in pairs {
        assert_eq!(PrivateKey::from_pem(pkcs8).unwrap().to_pem().expose(), talos);
    }
}

#[test]
fn certificates_are_written_as_they_were_read() {
    for pem in
        [recorded!("os.crt"), recorded!("etcd.crt"), recorded!("k8saggregator.crt"), recorded!("admin.crt")]
    {
        assert_eq!(Certificate::from_pem(pem).unwrap().to_pem(), pem);
    }
}

#[test]
fn fields_of_the_recorded_certificates() {
    let os = Certificate::from_pem(recorded!("os.crt")).unwrap();
    assert_eq!(os.organizations(), ["talos"]);
    assert!(os.is_authority());
    assert_eq!(os.not_before(), recording());
    assert_eq!(os.not_after(), recording() + Duration::from_secs(87_600 * 3600));
    assert_eq!(os.usages(), [Usage::Server, Usage::Client]);
    assert_eq!(os.fingerprint(), PrivateKey::from_pem(recorded!("os.key")).unwrap().fingerprint());
    assert!(os.is_valid_at(recording()));
    assert!(!os.is_valid_at(recording() - Duration::from_secs(1)));

    let aggregator = Certificate::from_pem(recorded!("k8saggregator.crt")).unwrap();
    assert_eq!(aggregator.subject_der(), [0x30, 0x00]);

    let three = Certificate::from_pem(recorded!("three-roles.crt")).unwrap();
    assert_eq!(three.roles(), [Role::Admin, Role::EtcdBackup, Role::Reader].into());
    assert_eq!(three.usages(), [Usage::Client]);
    assert!(!three.is_authority());
    assert_eq!(three.issuer_der(), os.subject_der());
}

#[test]
fn the_ed25519_authority_made_again_is_byte_equal() {
    let recorded = Certificate::from_pem(recorded!("os.crt")).unwrap();
    let made = remake(&recorded, &PrivateKey::from_pem(recorded!("os.key")).unwrap());
    assert_eq!(made.certificate.der(), recorded.der());
    assert_eq!(made.certificate, recorded);
}

#[test]
fn ecdsa_authorities_made_again_are_equal_but_for_the_signature() {
    let pairs = [
        (recorded!("etcd.crt"), recorded!("etcd.key")),
        (recorded!("k8s.crt"), recorded!("k8s.key")),
        (recorded!("k8saggregator.crt"), recorded!("k8saggregator.key")),
    ];
    for (crt, key) in pairs {
        let recorded = Certificate::from_pem(crt).unwrap();
        let made = remake(&recorded, &PrivateKey::from_pem(key).unwrap());
        assert_eq!(signed_part(made.certificate.der()), signed_part(recorded.der()));
    }
}

#[test]
fn client_certificates_made_again_are_byte_equal() {
    let ca = CertificateAuthority::from_pem(recorded!("os.crt"), recorded!("os.key")).unwrap();
    let cases: [(&str, &str, &[Role]); 2] = [
        (recorded!("admin.crt"), recorded!("admin.key"), &[Role::Admin]),
        (
            recorded!("three-roles.crt"),
            recorded!("three-roles.key"),
            &[Role::Reader, Role::Admin, Role::EtcdBackup],
        ),
    ];
    for (crt, key, roles) in cases {
        let recorded = Identity::from_pem(crt, key).unwrap();
        let roles: talos_pki::RoleSet = roles.iter().copied().collect();
        let options = LeafOptions::client(roles).with_key(recorded.key.clone());
        let made = ca.issue_with(&options, &FixedClock(recording()), &Replay(&recorded.certificate)).unwrap();
        assert_eq!(made.certificate.der(), recorded.certificate.der());
        assert_eq!(made.certificates_to_pem(), crt);
        assert_eq!(made.key_to_pem().expose(), key);
    }
}

#[test]
fn requests_made_again_are_byte_equal() {
    let key = PrivateKey::from_pem(recorded!("admin.key")).unwrap();
    let admin = RequestOptions::default().with_roles(Role::Admin);
    assert_eq!(CertificateRequest::new(&admin, &key).unwrap().to_pem(), recorded!("admin.csr"));
    let more = RequestOptions::default()
        .with_organizations(["os:reader", "os:admin"])
        .with_dns_names(["node-1"])
        .with_ip_addresses(["10.5.0.2".parse().unwrap(), "fd00::2".parse().unwrap()]);
    assert_eq!(CertificateRequest::new(&more, &key).unwrap().to_pem(), recorded!("two-roles.csr"));
}
