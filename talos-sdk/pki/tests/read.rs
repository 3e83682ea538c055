//! What is read of certificates beside what x509-parser reads, and what is refused.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::net::IpAddr;
use std::time::SystemTime;

use talos_pki::{Certificate, CertificateRequest, ErrorKind, PrivateKey, Usage, pem};
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::prelude::{FromDer as _, X509Certificate};

fn check(read: &Certificate, other: &X509Certificate<'_>) {
    let subject = other.subject();
    let text =
        |attribute: &x509_parser::x509::AttributeTypeAndValue<'_>| attribute.as_str().ok().map(str::to_owned);
    assert_eq!(read.organizations(), subject.iter_organization().filter_map(text).collect::<Vec<_>>());
    assert_eq!(read.common_name().map(str::to_owned), subject.iter_common_name().find_map(text));
    assert_eq!(read.subject_der(), subject.as_raw());
    assert_eq!(read.issuer_der(), other.issuer().as_raw());
    assert_eq!(read.serial(), other.raw_serial());
    assert_eq!(read.public_key_spki(), other.public_key().raw);
    assert_eq!(seconds(read.not_before()), other.validity().not_before.timestamp());
    assert_eq!(seconds(read.not_after()), other.validity().not_after.timestamp());
    let (mut key_id, mut usages, mut dns_names, mut ip_addresses) =
        (None, Vec::new(), Vec::new(), Vec::new());
    for extension in other.extensions() {
        match extension.parsed_extension() {
            ParsedExtension::SubjectKeyIdentifier(id) => key_id = Some(id.0),
            ParsedExtension::ExtendedKeyUsage(usage) => {
                usages.extend(usage.server_auth.then_some(Usage::Server));
                usages.extend(usage.client_auth.then_some(Usage::Client));
            }
            ParsedExtension::SubjectAlternativeName(names) => {
                for name in &names.general_names {
                    match name {
                        GeneralName::DNSName(name) => dns_names.push((*name).to_owned()),
                        GeneralName::IPAddress(bytes) => ip_addresses.extend(address(bytes)),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    assert_eq!(read.subject_key_id(), key_id);
    assert_eq!(read.usages(), usages);
    assert_eq!(read.dns_names(), dns_names);
    assert_eq!(read.ip_addresses(), ip_addresses);
    let first_version = other.version().0 == 0;
    assert_eq!(
        read.is_authority(),
        other.is_ca() || first_version && subject.as_raw() == other.issuer().as_raw()
    );
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    let v4 = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    v4.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from)).ok()
}

fn seconds(instant: SystemTime) -> i64 {
    i64::try_from(instant.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs()).unwrap()
}

const CERTIFICATES: [&str; 7] = [
    include_str!("data/admin.crt"),
    include_str!("data/etcd.crt"),
    include_str!("data/foreign.crt"),
    include_str!("data/k8s.crt"),
    include_str!("data/k8saggregator.crt"),
    include_str!("data/os.crt"),
    include_str!("data/three-roles.crt"),
];

#[test]
fn another_reader_reads_the_same() {
    for text in CERTIFICATES {
        let der = pem::parse(text)[0].content.expose().to_vec();
        let (rest, other) = X509Certificate::from_der(&der).unwrap();
        assert!(rest.is_empty());
        check(&Certificate::from_der(&der).unwrap(), &other);
    }
}

#[test]
fn a_part_of_a_certificate_is_refused() {
    for text in CERTIFICATES {
        let der = pem::parse(text)[0].content.expose().to_vec();
        for length in 0..der.len() {
            let error = Certificate::from_der(&der[..length]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Certificate);
        }
    }
}

#[test]
fn a_length_beyond_all_bytes_is_refused() {
    let sequence = [0x30, 0x88, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF];
    let key = [&[0x30, 0x0D, 0x02, 0x01, 0x00][..], &sequence].concat();
    for der in [&sequence[..], &key] {
        assert_eq!(Certificate::from_der(der).unwrap_err().kind(), ErrorKind::Certificate);
        assert_eq!(CertificateRequest::from_der(der).unwrap_err().kind(), ErrorKind::Request);
        assert_eq!(PrivateKey::from_der(der).unwrap_err().kind(), ErrorKind::Key);
    }
}
