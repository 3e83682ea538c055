//! Keys and authorities that openssl made: every kind, every encoding, every label.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

use talos_pki::{
    Algorithm, CaOptions, Certificate, CertificateAuthority, CertificateRequest, ErrorKind, FixedClock,
    LeafOptions, PrivateKey, RequestOptions, Role, SignOptions, SystemClock, pem,
};

/// Runs openssl in `folder`; nothing where it is not installed.
fn openssl(folder: &Path, arguments: &str) -> Option<String> {
    let Ok(output) = Command::new("openssl").args(arguments.split(' ')).current_dir(folder).output() else {
        eprintln!("skipped: openssl is not installed");
        return None;
    };
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "openssl {arguments}: {errors}");
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

const KINDS: [(&str, Algorithm, bool); 9] = [
    ("-algorithm ed25519", Algorithm::Ed25519, true),
    ("-algorithm EC -pkeyopt ec_paramgen_curve:P-224", Algorithm::EcdsaP224, false),
    ("-algorithm EC -pkeyopt ec_paramgen_curve:P-256", Algorithm::EcdsaP256, true),
    ("-algorithm EC -pkeyopt ec_paramgen_curve:P-384", Algorithm::EcdsaP384, true),
    ("-algorithm EC -pkeyopt ec_paramgen_curve:P-521", Algorithm::EcdsaP521, true),
    ("-algorithm RSA -pkeyopt rsa_keygen_bits:1024", Algorithm::Rsa(1024), false),
    ("-algorithm RSA -pkeyopt rsa_keygen_bits:2048", Algorithm::Rsa2048, true),
    ("-algorithm RSA -pkeyopt rsa_keygen_bits:2056", Algorithm::Rsa(2056), true),
    ("-algorithm RSA -pkeyopt rsa_keygen_bits:3072", Algorithm::Rsa3072, true),
];

#[test]
fn every_kind_and_encoding_is_read_and_an_authority_of_it_signs() {
    for (kind, algorithm, signs) in KINDS {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        let read = |name: &str| fs::read_to_string(path.join(name)).unwrap();
        let Some(_) = openssl(path, &format!("genpkey {kind} -out pkcs8.key")) else { return };
        openssl(path, "req -x509 -new -key pkcs8.key -out ca.crt -days 9 -subj /O=mine/CN=root").unwrap();
        let mut forms = vec!["pkcs8.key"];
        if algorithm != Algorithm::Ed25519 {
            // PKCS#1 or SEC 1.
            openssl(path, "pkey -in pkcs8.key -traditional -out own.key").unwrap();
            forms.push("own.key");
        }
        let certificate = Certificate::from_pem(&read("ca.crt")).unwrap();
        for form in forms {
            let key = PrivateKey::from_first_block(&read(form)).unwrap();
            assert_eq!(key.algorithm(), algorithm, "{kind} {form}");
            assert_eq!(key.fingerprint(), certificate.fingerprint(), "{kind} {form}");
            let ca = CertificateAuthority::from_pem(&read("ca.crt"), &read(form)).unwrap();
            let options = LeafOptions::client(Role::Admin).with_algorithm(Algorithm::Ed25519);
            let issued = ca.issue(&options, &SystemClock);
            if !signs {
                let error = issued.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Key, "{kind}");
                assert!(error.to_string().contains(&algorithm.to_string()), "{error}");
                continue;
            }
            certificate.check_issuer(&certificate).unwrap();
            let issued = issued.unwrap().certificate;
            issued.check_issuer(&certificate).unwrap();
            assert!(certificate.check_issuer(&issued).is_err());
            fs::write(path.join("leaf.crt"), issued.to_pem()).unwrap();
            openssl(path, "verify -CAfile ca.crt -purpose sslclient leaf.crt").unwrap();

            let request = CertificateRequest::new(&RequestOptions::default().with_roles(Role::Admin), &key);
            fs::write(path.join("r.csr"), request.unwrap().to_pem()).unwrap();
            openssl(path, "req -verify -noout -in r.csr").unwrap();
            let signed = CertificateRequest::from_pem(&read("r.csr")).unwrap();
            let signed = ca.sign_request(&signed, &SignOptions::client(), &SystemClock).unwrap();
            signed.check_issuer(&certificate).unwrap();

            // Written again, it is the same key in the encoding of Talos.
            let written = key.to_pem();
            let again = PrivateKey::from_first_block(written.expose()).unwrap();
            assert_eq!((again.algorithm(), again.fingerprint()), (algorithm, key.fingerprint()));
        }
    }
}

#[test]
fn the_label_of_the_first_block_has_to_fit() {
    let kinds = [Algorithm::Ed25519, Algorithm::EcdsaP256, Algorithm::Rsa2048];
    let keys = kinds.map(|kind| PrivateKey::generate(kind).unwrap().to_pem());
    for (at, key) in keys.iter().enumerate() {
        let block = &pem::parse(key.expose())[0];
        for (other, label) in
            [pem::ED25519_PRIVATE_KEY, pem::EC_PRIVATE_KEY, pem::RSA_PRIVATE_KEY].into_iter().enumerate()
        {
            let text = pem::encode(label, block.content.expose());
            assert_eq!(PrivateKey::from_first_block(&text).is_ok(), at == other, "{label}");
            assert!(PrivateKey::from_pem(&text).is_ok(), "{label}");
        }
        let plain = pem::encode(pem::PRIVATE_KEY, block.content.expose());
        assert_eq!(PrivateKey::from_first_block(&plain).is_ok(), at == 0, "only this one is PKCS#8");
        let behind = format!("{}{}", &*pem::encode("EC PARAMETERS", b"x"), key.expose());
        let error = PrivateKey::from_first_block(&behind).unwrap_err();
        assert!(error.to_string().contains("EC PARAMETERS"), "{error}");
        assert!(PrivateKey::from_pem(&behind).is_ok());
    }
    let encrypted = pem::encode("ENCRYPTED PRIVATE KEY", b"x");
    assert!(PrivateKey::from_first_block(&encrypted).unwrap_err().to_string().contains("decrypt"));
    assert_eq!(PrivateKey::from_first_block("nothing").unwrap_err().kind(), ErrorKind::Pem);
    assert_eq!(Certificate::from_first_block("nothing").unwrap_err().kind(), ErrorKind::Pem);
}

#[test]
fn what_can_only_be_read_is_not_made() {
    for kind in [Algorithm::EcdsaP224, Algorithm::Rsa(1024), Algorithm::Rsa(2056)] {
        assert_eq!(PrivateKey::generate(kind).unwrap_err().kind(), ErrorKind::Options, "{kind}");
    }
    let p521 = CaOptions::new("x").with_algorithm(Algorithm::EcdsaP521);
    let ca = CertificateAuthority::generate(&p521, &SystemClock).unwrap();
    ca.certificate.check_issuer(&ca.certificate).unwrap();
}

#[test]
fn damaged_keys_are_errors() {
    for algorithm in [Algorithm::Ed25519, Algorithm::EcdsaP256, Algorithm::Rsa2048] {
        let key = PrivateKey::generate(algorithm).unwrap().to_pem();
        let block = &pem::parse(key.expose())[0];
        let der = block.content.expose();
        for length in 0..der.len() {
            assert!(PrivateKey::from_der(&der[..length]).is_err(), "{algorithm} cut to {length}");
        }
    }
}

#[test]
fn a_length_beyond_all_bytes_is_an_error() {
    let long = [0x30, 0x88, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF];
    let inside = [&[0x30, 0x0D, 0x02, 0x01, 0x00][..], &long].concat();
    for der in [&long[..], &inside] {
        assert_eq!(PrivateKey::from_der(der).unwrap_err().kind(), ErrorKind::Key);
    }
}

/// Lengths near the end of what a machine word holds, at every place of a certificate and of a request: those of
/// sequences, names, times, numbers, extensions and signatures among them.
#[test]
fn no_length_in_a_certificate_or_a_request_stops_the_reader() {
    let ca = CertificateAuthority::generate(&CaOptions::new("talos"), &SystemClock).unwrap();
    let names =
        LeafOptions::server().with_dns_names(["a.example"]).with_ip_addresses(["10.0.0.1".parse().unwrap()]);
    let leaf = ca.issue(&names, &SystemClock).unwrap().certificate;
    let key = PrivateKey::generate(Algorithm::EcdsaP256).unwrap();
    let request = CertificateRequest::new(&RequestOptions::default().with_dns_names(["a.example"]), &key);
    let request = request.unwrap();
    let lengths: [&[u8]; 6] = [
        &[0x88, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF],
        &[0x88, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xF0],
        &[0x88, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF],
        &[0x84, 0xFF, 0xFF, 0xFF, 0xFF],
        &[0x80],
        &[0xFF],
    ];
    for length in lengths {
        for der in [ca.certificate.der(), leaf.der(), request.der()] {
            for at in 0..der.len() - length.len() {
                let mut hostile = der.to_vec();
                hostile[at..at + length.len()].copy_from_slice(length);
                if let Ok(certificate) = Certificate::from_der(&hostile) {
                    let _ = ca.certificate.check_issuer(&certificate);
                    let _ = certificate.check_issuer(&ca.certificate);
                }
                let _ = CertificateRequest::from_der(&hostile);
                let _ = PrivateKey::from_der(&hostile);
            }
        }
    }
}

#[test]
fn an_administrator_of_kubernetes_looks_as_talos_makes_him() {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    let options = CaOptions::new("kubernetes").with_algorithm(Algorithm::EcdsaP256);
    let ca = CertificateAuthority::generate(&options, &FixedClock(now)).unwrap();
    let admin = ca.issue(&LeafOptions::kubernetes_admin(), &FixedClock(now)).unwrap().certificate;
    assert_eq!(admin.not_before(), now - Duration::from_secs(10));
    assert_eq!(admin.not_after(), now + Duration::from_secs(8760 * 3600));
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("admin.crt"), admin.to_pem()).unwrap();
    let Some(text) = openssl(folder.path(), "x509 -noout -text -in admin.crt") else { return };
    assert!(text.contains("Subject: O = system:masters, CN = admin"), "{text}");
    assert!(text.contains("Digital Signature, Key Encipherment\n"), "{text}");
}
