//! Small values: PEM text, fingerprints, roles, secrets.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

use talos_pki::{
    Certificate, ErrorKind, Fingerprint, PrivateKey, Role, RoleSet, SecretBytes, SecretString, pem,
};

const OS_CRT: &str = include_str!("data/os.crt");
const OS_KEY: &str = include_str!("data/os.key");

#[test]
fn pem_is_read_between_other_text() {
    let windows = OS_CRT.replace('\n', "\r\n");
    for text in [
        format!("subject: O=talos\n{OS_CRT}trailing"),
        windows,
        format!("-----BEGIN CERTIFICATE-----\nnot base64!\n-----END CERTIFICATE-----\n{OS_CRT}"),
        format!("-----BEGIN CERTIFICATE-----\nMIIB\n{OS_CRT}"),
        OS_CRT.replacen("-----\n", "-----\nProc-Type: 4\nMore: x\n\n", 1),
    ] {
        assert_eq!(Certificate::parse_bundle(&text).unwrap().len(), 1, "{text}");
        assert_eq!(Certificate::from_pem(&text).unwrap().to_pem(), OS_CRT);
    }
    let both = format!("{OS_KEY}{OS_CRT}{OS_CRT}");
    assert_eq!(Certificate::parse_bundle(&both).unwrap().len(), 2);
    assert!(PrivateKey::from_pem(&both).is_ok());
    assert_eq!(Certificate::parse_bundle("").unwrap(), []);
    assert_eq!(Certificate::from_pem("").unwrap_err().kind(), ErrorKind::Pem);
}

#[test]
fn pem_lines_have_64_columns() {
    for length in [0, 1, 47, 48, 49, 96] {
        let text = pem::encode("X", &vec![7; length]);
        assert!(text.lines().all(|line| line.len() <= 64), "{}", *text);
        let blocks = pem::parse(&text);
        assert_eq!((blocks[0].label.as_str(), blocks[0].content.expose()), ("X", &vec![7; length][..]));
    }
}

#[test]
fn damaged_input_is_an_error_of_its_kind() {
    let damaged = pem::encode(pem::CERTIFICATE, &Certificate::from_pem(OS_CRT).unwrap().der()[..200]);
    assert_eq!(Certificate::from_pem(&damaged).unwrap_err().kind(), ErrorKind::Certificate);
    let longer = [Certificate::from_pem(OS_CRT).unwrap().der(), &[0]].concat();
    assert_eq!(Certificate::from_der(&longer).unwrap_err().kind(), ErrorKind::Certificate);
    assert_eq!(PrivateKey::from_pem(OS_CRT).unwrap_err().kind(), ErrorKind::Pem);
    let encrypted = pem::encode("ENCRYPTED PRIVATE KEY", &[1, 2, 3]);
    let error = PrivateKey::from_pem(&encrypted).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Key);
    assert!(error.to_string().contains("encrypted"));
    assert_eq!(PrivateKey::from_der(&[0x30, 0]).unwrap_err().kind(), ErrorKind::Key);
}

#[test]
fn fingerprints_are_base64_and_hex() {
    let fingerprint = Certificate::from_pem(OS_CRT).unwrap().fingerprint();
    let text = fingerprint.to_string();
    assert_eq!(text.len(), 44);
    assert_eq!(text.parse::<Fingerprint>().unwrap(), fingerprint);
    assert_eq!(fingerprint.to_hex().len(), 64);
    assert_eq!(Fingerprint([0xab; 32]).to_hex(), "ab".repeat(32));
    for wrong in ["", "AAAA", &text[..43], "sha256:00"] {
        assert_eq!(wrong.parse::<Fingerprint>().unwrap_err().kind(), ErrorKind::Fingerprint);
    }
}

#[test]
fn roles_are_read_sorted_and_refused_together() {
    let roles = RoleSet::parse(["os:reader", " os:admin ", "", "os:reader"]).unwrap();
    assert_eq!(roles.to_string(), "os:admin,os:reader");
    assert_eq!(roles.to_organizations(), ["os:admin", "os:reader"]);
    assert!(roles.contains_any([Role::Operator, Role::Reader]));
    let error = RoleSet::parse(["os:admin", "root", "os:Admin"]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Role);
    assert!(error.to_string().contains("\"root\", \"os:Admin\""), "{error}");
    assert_eq!(RoleSet::from_organizations(["talos", "os:operator"]), Role::Operator.into());
    assert!(Role::ALL.is_sorted_by_key(|role| role.as_str()));
}

#[test]
fn secrets_are_not_printed() {
    let key = PrivateKey::from_pem(OS_KEY).unwrap();
    let body = OS_KEY.lines().nth(1).unwrap();
    let shown = format!("{:?} {:?} {:?}", key, key.to_pem(), SecretBytes::new(OS_KEY.as_bytes()));
    assert!(!shown.contains(body), "{shown}");
    assert!(shown.contains("[redacted]"));
    assert_eq!(SecretString::from("a"), SecretString::from("a"));
    assert_ne!(SecretString::from("a"), SecretString::from("ab"));
}
