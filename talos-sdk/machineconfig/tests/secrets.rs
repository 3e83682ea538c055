//! The secrets bundle: as Go writes it, made here, checked.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

use std::time::{Duration, SystemTime};

use talos_machineconfig::{Contract, ErrorKind, SecretsBundle};
use talos_pki::{Algorithm, FixedClock, PrivateKey, Role, base64};

const RECORDED: [&str; 3] = [
    include_str!("data/secrets-v1.2.yaml"),
    include_str!("data/secrets-v1.6.yaml"),
    include_str!("data/secrets-v1.13.yaml"),
];

fn clock() -> FixedClock {
    FixedClock::new(SystemTime::UNIX_EPOCH + Duration::from_millis(1_795_348_800_900))
}

/// The key of every line, to compare shapes.
fn keys(text: &str) -> Vec<&str> {
    text.lines().map(|line| line.split_once(':').unwrap().0).collect()
}

#[test]
fn recorded_bundles_are_valid_and_written_as_they_were() {
    for text in RECORDED {
        let bundle = SecretsBundle::from_yaml(text).unwrap();
        bundle.validate().unwrap();
        assert_eq!(bundle.to_yaml().unwrap().expose(), text);
        for ca in [bundle.os_ca(), bundle.kubernetes_ca(), bundle.etcd_ca(), bundle.aggregator_ca()] {
            ca.unwrap();
        }
    }
}

#[test]
fn new_bundles_have_the_shape_of_recorded_ones() {
    for (version, recorded) in ["v1.2", "v1.6", "v1.13"].into_iter().zip(RECORDED) {
        let bundle = SecretsBundle::generate(Contract::parse(version).unwrap(), &clock()).unwrap();
        bundle.validate().unwrap();
        let text = bundle.to_yaml().unwrap();
        assert_eq!(keys(text.expose()), keys(recorded), "{version}");
        assert_eq!(SecretsBundle::from_yaml(text.expose()).unwrap(), bundle);

        let recorded = SecretsBundle::from_yaml(recorded).unwrap();
        let service_account = |bundle: &SecretsBundle| {
            PrivateKey::from_pem(bundle.certs.k8sserviceaccount.as_ref().unwrap().key.expose())
                .unwrap()
                .algorithm()
        };
        assert_eq!(service_account(&bundle), service_account(&recorded));
        for (made, wanted) in [
            (bundle.os_ca(), recorded.os_ca()),
            (bundle.etcd_ca(), recorded.etcd_ca()),
            (bundle.kubernetes_ca(), recorded.kubernetes_ca()),
            (bundle.aggregator_ca(), recorded.aggregator_ca()),
        ] {
            let (made, wanted) = (made.unwrap(), wanted.unwrap());
            assert_eq!(made.key.algorithm(), wanted.key.algorithm());
            assert_eq!(made.certificate.subject_der(), wanted.certificate.subject_der());
            assert_eq!(made.certificate.not_before(), wanted.certificate.not_before());
            assert_eq!(made.certificate.not_after(), wanted.certificate.not_after());
        }
    }
}

#[test]
fn tokens_and_keys_have_their_form_and_differ() {
    let make = || SecretsBundle::generate(Contract::V1_6, &clock()).unwrap();
    let (one, two) = (make(), make());
    for bundle in [&one, &two] {
        for token in [&bundle.secrets.bootstraptoken, &bundle.trustdinfo.token] {
            let (id, secret) = token.expose().split_once('.').unwrap();
            assert_eq!((id.len(), secret.len()), (6, 16));
            assert!(format!("{id}{secret}").bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()));
        }
        let encryption = bundle.secrets.secretboxencryptionsecret.as_ref().unwrap();
        for key in [bundle.cluster.id.as_str(), bundle.cluster.secret.expose(), encryption.expose()] {
            assert_eq!(base64::decode(key).unwrap().len(), 32);
        }
    }
    assert_ne!(one.cluster.id, two.cluster.id);
    assert_ne!(one.secrets.bootstraptoken, one.trustdinfo.token);
    assert_ne!(one.secrets.bootstraptoken, two.secrets.bootstraptoken);
    assert_ne!(one.certs.os, two.certs.os);
}

#[test]
fn client_certificates_carry_roles_and_validity() {
    let bundle = SecretsBundle::from_yaml(RECORDED[2]).unwrap();
    let admin = bundle.admin_certificate(&clock()).unwrap();
    assert_eq!(admin.key.algorithm(), Algorithm::Ed25519);
    assert_eq!(admin.certificate.organizations(), ["os:admin"]);
    let hours = |certificate: &talos_pki::Certificate| {
        certificate.not_after().duration_since(certificate.not_before()).unwrap().as_secs() / 3600
    };
    assert_eq!(hours(&admin.certificate), 8760);
    let day = Duration::from_secs(24 * 3600);
    let reader = bundle.client_certificate([Role::Reader, Role::Operator], day, &clock()).unwrap();
    assert_eq!(reader.certificate.roles(), [Role::Operator, Role::Reader].into());
    assert_eq!(hours(&reader.certificate), 24);
    let error = bundle.client_certificate(Role::Admin, Duration::MAX, &clock()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidOption);

    let config = bundle.talosconfig("lab", ["10.0.0.2"], &clock()).unwrap();
    let context = config.current(None).unwrap();
    assert_eq!(context.authorities().unwrap(), [bundle.os_ca().unwrap().certificate]);
    assert!(context.identity().unwrap().is_some());
}

#[test]
fn reading_is_lenient_about_keys_and_strict_about_values() {
    let text = RECORDED[2];
    let more = format!(
        "# by hand\nmore: [1]\n{}---\ncluster: {{}}\n",
        text.replace("trustdinfo:", "trustdinfo:\n    more: 1")
    );
    assert_eq!(SecretsBundle::from_yaml(&more).unwrap().to_yaml().unwrap().expose(), text);
    let redacted = "certs:\n    os:\n        crt: eA==\n        key: '******'\n";
    let redacted = SecretsBundle::from_yaml(redacted).unwrap();
    let os = redacted.certs.os.as_ref().unwrap();
    assert_eq!((os.crt.as_str(), os.key.expose()), ("x", "******"));
    assert!(
        redacted.to_yaml().unwrap().expose().ends_with("    os:\n        crt: eA==\n        key: '******'\n")
    );

    let kind = |text: &str| SecretsBundle::from_yaml(text).unwrap_err().kind();
    assert_eq!(kind(""), ErrorKind::Syntax);
    assert_eq!(kind("a: b: c"), ErrorKind::Syntax);
    assert_eq!(kind("cluster: {id: [1]}"), ErrorKind::InvalidValue);
    let error = SecretsBundle::from_yaml("certs:\n  os:\n    key: Geheim\n").unwrap_err();
    assert!(error.to_string().contains("line 3") && !format!("{error:?}").contains("Geheim"), "{error:?}");
}

#[test]
fn all_findings_come_at_once() {
    let empty = SecretsBundle::from_yaml("{}").unwrap().validate().unwrap_err();
    assert_eq!(empty.kind(), ErrorKind::InvalidSecrets);
    let text = empty.to_string();
    for name in [
        "cluster.id",
        "cluster.secret",
        "bootstraptoken",
        "secretbox",
        "trustdinfo.token",
        "certs.etcd",
        "certs.k8s ",
        "certs.k8saggregator",
        "certs.k8sserviceaccount",
        "certs.os",
    ] {
        assert!(text.contains(name), "{name} in {text}");
    }

    let valid = SecretsBundle::from_yaml(RECORDED[2]).unwrap();
    let findings = |change: &dyn Fn(&mut SecretsBundle)| {
        let mut bundle = valid.clone();
        change(&mut bundle);
        bundle.validate().map_err(|error| error.to_string())
    };
    assert!(findings(&|_| ()).is_ok());
    let both = findings(&|bundle| bundle.secrets.aescbcencryptionsecret = Some("x".into())).unwrap_err();
    assert!(both.contains("only one"), "{both}");
    let swapped = findings(&|bundle| {
        let os = bundle.certs.os.as_mut().unwrap();
        os.crt = os.key.expose().to_owned();
    });
    assert!(swapped.unwrap_err().contains("certs.os"));

    // Talos does not compare key and certificate on load; using the authority does.
    let mut mixed = valid.clone();
    mixed.certs.os.as_mut().unwrap().key = valid.certs.etcd.as_ref().unwrap().key.clone();
    assert!(mixed.validate().is_ok());
    let error = mixed.admin_certificate(&clock()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidSecrets);
    assert!(error.to_string().starts_with("certs.os: "), "{error}");
}

#[test]
fn no_secret_is_shown() {
    let bundle = SecretsBundle::from_yaml(RECORDED[2]).unwrap();
    let shown = format!("{bundle:?} {:?}", bundle.to_yaml());
    let certs = &bundle.certs;
    let keys =
        [&certs.os, &certs.k8s, &certs.etcd, &certs.k8saggregator].map(|pair| &pair.as_ref().unwrap().key);
    let service_account = &certs.k8sserviceaccount.as_ref().unwrap().key;
    for key in keys.into_iter().chain([service_account]) {
        let body = key.expose().lines().nth(1).unwrap();
        assert!(!shown.contains(body));
    }
    for secret in [&bundle.cluster.secret, &bundle.secrets.bootstraptoken, &bundle.trustdinfo.token] {
        assert!(!shown.contains(secret.expose()));
    }
}
